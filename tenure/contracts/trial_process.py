"""The processes of a trial: the screening of its customer, consent, the trial itself, and the hold of its numbers."""

from temporalio import workflow

from tenure.contracts.base import Contract, Instant
from tenure.contracts.customer_screening import CustomerScreeningReason, CustomerScreeningState
from tenure.contracts.platform import Built, PlatformOrder
from tenure.contracts.trial import ConsentState, TrialState
from tenure.ids import OrganisationId, TrialId


class TrialInput(Contract):
    """Which execution this is: of a screening, a consent, a trial or a hold of numbers."""

    trial_id: TrialId
    organisation_id: OrganisationId
    generation: int = 1


class TrialAt(TrialInput):
    """A step at a business instant."""

    as_of: Instant


class CustomerScreeningStep(Contract):
    """What the facts say of the screening of a trial's customer."""

    state: CustomerScreeningState | None
    """None where the organisation is gone."""
    reason: CustomerScreeningReason | None = None
    due_at: Instant | None = None
    """The deadline of its review."""
    looks_at: Instant | None = None
    """When it is screened again, where that was not possible."""
    problem: str | None = None
    """Why not."""


class CustomerScreeningResult(Contract):
    """How it ended."""

    state: CustomerScreeningState | None
    reason: CustomerScreeningReason | None = None


class ConsentStep(Contract):
    """What the facts say of a request for consent."""

    state: ConsentState | None
    """None where the organisation is gone."""
    deadline_at: Instant | None = None
    notices: tuple[str, ...] = ()
    """Ids of mails that are still to be delivered."""


class ConsentResult(Contract):
    """How the request ended."""

    state: ConsentState | None


class TrialStep(Contract):
    """What the facts say of a trial, after what was due has been done."""

    state: TrialState | None
    """None where the organisation is gone."""
    generation: int
    """Of the trial; greater than the execution's once an extension in grace has begun the next."""
    ends_at: Instant | None = None
    """The end of an active trial, whatever comes before it."""
    due_at: Instant | None = None
    """What comes next by time alone."""
    rule: str = "PV-01"
    reason: str = "awaiting_details"
    orders: tuple[PlatformOrder, ...] = ()
    """What the platform is to do now."""
    problems: dict[str, str] = {}
    """Why an order is not carried out yet, by its key; one that is asked for again at once has none."""
    notices: tuple[str, ...] = ()
    """Ids of mails that are still to be delivered."""


class TrialResult(Contract):
    """How this stretch of the trial ended."""

    state: TrialState | None


class PlatformReport(Contract):
    """The platform has done what it was asked, to be written down."""

    order: PlatformOrder
    built: Built


class PlatformProblem(Contract):
    """The platform refuses, or does not answer, to be written down."""

    order: PlatformOrder
    code: str


class GraceEnd(Contract):
    """What is left to do at the end of a trial's grace, once its licences are removed (GR-11)."""

    notices: tuple[str, ...] = ()
    moved: int = 0
    """How many people went to the free consumer organisation (GR-06)."""


class NumberHoldStep(Contract):
    """What the facts say of a hold."""

    held: int = 0
    """How many numbers are on hold; 0: it is over."""
    held_until: Instant | None = None
    released: int = 0
    """How many this hold has released for good."""


class NumberHoldResult(Contract):
    """How it ended."""

    released: int
    """0 where they went to a purchase, or the organisation is gone."""


@workflow.defn(name="CustomerScreening")
class CustomerScreeningContract:
    """A customer that a trial has created is screened; nothing is built for it before (RPL-01, RPL-03)."""

    @workflow.run
    async def run(self, trial: TrialInput) -> CustomerScreeningResult:
        """Screen, and wait for the review where there is a hit."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> CustomerScreeningStep | None:
        """What was found at the last look."""
        raise NotImplementedError


@workflow.defn(name="TrialConsent")
class TrialConsentContract:
    """10 days for one full admin of the customer to decide (CO)."""

    @workflow.run
    async def run(self, trial: TrialInput) -> ConsentResult:
        """Mail the request, and wait."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> ConsentStep | None:
        """What was found at the last look."""
        raise NotImplementedError


@workflow.defn(name="Trial")
class TrialContract:
    """Details, provisioning, the trial with its notices, and its end (PV, TC, NO)."""

    @workflow.run
    async def run(self, trial: TrialInput) -> TrialResult:
        """Run the trial."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> TrialStep | None:
        """What was found at the last look."""
        raise NotImplementedError


@workflow.defn(name="NumberRetention")
class NumberRetentionContract:
    """Phone numbers rest for 15 days after the end of calling, and are released for good (NR)."""

    @workflow.run
    async def run(self, trial: TrialInput) -> NumberHoldResult:
        """Wait out the hold."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> NumberHoldStep | None:
        """What was found at the last look."""
        raise NotImplementedError
