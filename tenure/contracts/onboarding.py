"""The processes of wholesale customers: onboarding, review, change of address, and what follows an updated list."""

from enum import StrEnum

from temporalio import workflow

from tenure.contracts.base import Contract, Instant
from tenure.contracts.customer import AddressState, NewSite, OnboardingReason, OnboardingState
from tenure.contracts.portfolio import Country
from tenure.contracts.review import CaseState, ScreeningTrigger
from tenure.contracts.screening import ListId
from tenure.ids import OrganisationId, RplCaseId, TrialId


class OnboardingInput(Contract):
    """Which execution of a customer's onboarding this is; a retry of provisioning is the next generation."""

    organisation_id: OrganisationId
    generation: int = 1


class OnboardingAt(OnboardingInput):
    """A step at a business instant."""

    as_of: Instant


class AccountOrder(Contract):
    """The platform is to create a customer's account; its key makes it do that once (PRV-01)."""

    key: str
    organisation_id: OrganisationId
    generation: int
    name: str
    country: Country
    """The organisation's country in the identity system (ONB-05)."""
    services: tuple[str, ...]
    """Of the creation package."""
    sites: tuple[NewSite, ...] = ()


class OnboardingStep(Contract):
    """What the facts say of an onboarding."""

    state: OnboardingState | None
    """None where the organisation is gone, or another execution has taken over."""
    reason: OnboardingReason | None = None
    due_at: Instant | None = None
    """The deadline of its review."""
    looks_at: Instant | None = None
    """When it is screened again, where that was not possible."""
    problem: str | None = None
    """Why not, or why the platform refuses."""


class OnboardingResult(Contract):
    """How this execution ended."""

    state: OnboardingState | None
    reason: OnboardingReason | None = None


class ScreeningTask(Contract):
    """Screen a customer as its onboarding, the change of its address, or the trial that has created it, asks."""

    trigger: ScreeningTrigger
    organisation_id: OrganisationId
    generation: int = 1
    trial_id: TrialId | None = None
    """The trial; None where it is a wholesale customer."""


class ScreeningDone(StrEnum):
    """What became of a task."""

    CLEAR = "clear"
    MATCH = "match"
    UNAVAILABLE = "unavailable"
    """A list or the provider: the case stays where it is, and is screened again (RPL-16)."""
    VOID = "void"
    """Nothing is to be screened any more."""


class AccountReport(Contract):
    """The platform has created the account, to be written down."""

    order: AccountOrder
    resource: str


class AccountProblem(Contract):
    """The platform refuses to, to be written down."""

    order: AccountOrder
    code: str


class ReviewInput(Contract):
    """Which review this is."""

    case_id: RplCaseId
    organisation_id: OrganisationId


class ReviewAt(ReviewInput):
    """A step at a business instant."""

    as_of: Instant


class ReviewStep(Contract):
    """What the facts say of a review."""

    state: CaseState | None
    """None where the organisation is gone."""
    trigger: ScreeningTrigger = ScreeningTrigger.CREATE
    opened_at: Instant | None = None
    deadline_at: Instant | None = None
    """None where nothing waits for it: a hit after the update of a list (Q-32)."""
    slow_at: Instant | None = None
    """When it counts as slow (RPL-13)."""


class ReviewResult(Contract):
    """How it ended."""

    state: CaseState | None


class AddressChangeStep(Contract):
    """What the facts say of a change of address."""

    state: AddressState | None
    """None where the organisation is gone, or a later change has taken over."""
    reason: OnboardingReason | None = None
    due_at: Instant | None = None
    looks_at: Instant | None = None
    problem: str | None = None


class AddressChangeResult(Contract):
    """How it ended."""

    state: AddressState | None
    reason: OnboardingReason | None = None


class ListScreeningInput(Contract):
    """An update of a list: every customer is screened against what it added or changed (Q-32)."""

    list_id: ListId
    version: int
    after: OrganisationId | None = None
    """Customers up to here are done."""
    screened: int = 0
    hits: int = 0


class ListScreeningPage(Contract):
    """One page of customers."""

    screened: int
    hits: int
    next_after: OrganisationId | None = None
    """None on the last page."""


class ListScreeningResult(Contract):
    """How many customers were screened, and how many cases that opened."""

    screened: int
    hits: int


@workflow.defn(name="WholesaleOnboarding")
class WholesaleOnboardingContract:
    """Screening, review where there is a hit, the account, and the users that came with the request (ONB, RPL, PRV)."""

    @workflow.run
    async def run(self, onboarding: OnboardingInput) -> OnboardingResult:
        """Bring a customer in."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> OnboardingStep | None:
        """What was found at the last look."""
        raise NotImplementedError


@workflow.defn(name="RplReview")
class RplReviewContract:
    """72 hours for a reviewer to decide (RPL-07)."""

    @workflow.run
    async def run(self, review: ReviewInput) -> ReviewResult:
        """Wait for the decision."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> ReviewStep | None:
        """What was found at the last look."""
        raise NotImplementedError


@workflow.defn(name="AddressChange")
class AddressChangeContract:
    """A new billing address is screened; the old one stays in force until that clears (RPL-17)."""

    @workflow.run
    async def run(self, change: OnboardingInput) -> AddressChangeResult:
        """Screen the address, and wait for the review where there is a hit."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> AddressChangeStep | None:
        """What was found at the last look."""
        raise NotImplementedError


@workflow.defn(name="ListScreening")
class ListScreeningContract:
    """Every customer against what the update of a list has changed (Q-32)."""

    @workflow.run
    async def run(self, update: ListScreeningInput) -> ListScreeningResult:
        """Screen page by page."""
        raise NotImplementedError
