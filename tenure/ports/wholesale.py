"""Wholesale: customers, their users, the review of hits, the first launch, and the steps of their processes."""

from collections.abc import Sequence
from typing import Protocol

from tenure.contracts.base import Instant
from tenure.contracts.customer import (
    CancelSubscription,
    CreateCustomer,
    CustomerPage,
    CustomerView,
    OnboardingState,
    SetPaymentState,
    Subscription,
    UpdateBillingAddress,
)
from tenure.contracts.onboarding import (
    AccountOrder,
    AccountProblem,
    AccountReport,
    AddressChangeStep,
    ListScreeningInput,
    OnboardingAt,
    OnboardingInput,
    OnboardingStep,
    ReviewAt,
    ReviewStep,
    ScreeningDone,
    ScreeningTask,
)
from tenure.contracts.package import BillableItems, Quantities, SetQuantities
from tenure.contracts.review import CaseState, DecideCase, RplCasePage, RplCaseView, ScreeningPage
from tenure.contracts.screening import Screening, Subject
from tenure.contracts.trial_process import CustomerScreeningStep, TrialAt
from tenure.contracts.user import (
    AddOnCommand,
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    DeleteUser,
    NumberAssignment,
    ProvisioningRun,
    ReleaseNumber,
    RunProvisioning,
    SetUserRole,
    User,
    UserPage,
)
from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand
from tenure.ids import OrganisationId, PartnerId, PersonId, RplCaseId
from tenure.ports.caller import Caller


class Customers(Protocol):
    """Wholesale customers as their service providers deal with them. Every refusal leaves nothing behind."""

    async def create(self, caller: Caller, command: CreateCustomer) -> CustomerView:
        """Take in a customer: it is screened, and its account is created (ONB-03 to ONB-09)."""
        ...

    async def show(self, caller: Caller, organisation_id: OrganisationId) -> CustomerView:
        """One customer with its onboarding; a partner sees its own."""
        ...

    async def page(
        self,
        caller: Caller,
        *,
        partner_id: PartnerId | None = None,
        state: OnboardingState | None = None,
        after: OrganisationId | None = None,
        limit: int = 100,
    ) -> CustomerPage:
        """Customers in order of id; a partner sees its own (PO-08)."""
        ...

    async def update_billing_address(self, caller: Caller, command: UpdateBillingAddress) -> CustomerView:
        """Propose a new address: it is screened first (RPL-02, RPL-17)."""
        ...

    async def cancel_subscription(self, caller: Caller, command: CancelSubscription) -> Subscription:
        """End the subscription: the customer is `cancelled` with the last one (PO-08)."""
        ...

    async def set_payment_state(self, caller: Caller, command: SetPaymentState) -> Subscription:
        """Say whether it is paid (BIL-03)."""
        ...


class Users(Protocol):
    """What wholesale customers may assign, and to whom. Every refusal leaves nothing behind."""

    async def set_quantities(self, caller: Caller, command: SetQuantities) -> Quantities:
        """Raise or lower what may be assigned (PKG-11)."""
        ...

    async def page(
        self, caller: Caller, organisation_id: OrganisationId, *, after: PersonId | None = None, limit: int = 100
    ) -> UserPage:
        """A customer's users, in order of id."""
        ...

    async def create(self, caller: Caller, command: CreateUser) -> User:
        """Add a user with a package (USR-03)."""
        ...

    async def delete(self, caller: Caller, command: DeleteUser) -> None:
        """Take a user out (PKG-08)."""
        ...

    async def change_package(self, caller: Caller, command: ChangeUserPackage) -> User:
        """Replace a user's package (PKG-09, ADM-02)."""
        ...

    async def assign_add_on(self, caller: Caller, command: AddOnCommand) -> User:
        """Give an add-on to a user (ADD-03)."""
        ...

    async def remove_add_on(self, caller: Caller, command: AddOnCommand) -> User:
        """Take it back; one that is not there is no error."""
        ...

    async def set_role(self, caller: Caller, command: SetUserRole) -> User:
        """Change what a user may do (ADM-03)."""
        ...

    async def assign_number(self, caller: Caller, command: AssignNumber) -> NumberAssignment:
        """Give a number to a user or location (NUM-02)."""
        ...

    async def release_number(self, caller: Caller, command: ReleaseNumber) -> NumberAssignment:
        """Take it back."""
        ...

    async def run_provisioning(self, caller: Caller, command: RunProvisioning) -> ProvisioningRun:
        """Finish users and numbers (PRV-02 to PRV-05)."""
        ...

    async def billable_items(
        self,
        caller: Caller,
        partner_id: PartnerId,
        *,
        from_: Instant,
        to: Instant,
        after: int | None = None,
        limit: int = 100,
    ) -> BillableItems:
        """Add-ons that were assigned at some time in `[from_, to)` (ADD-05, Q-34)."""
        ...


class Reviews(Protocol):
    """The queue of the restricted-party review."""

    async def page(
        self,
        caller: Caller,
        *,
        state: CaseState | None = None,
        older_than_minutes: int | None = None,
        after: RplCaseId | None = None,
        limit: int = 100,
    ) -> RplCasePage:
        """Open cases by deadline, others and all from the newest on; for reviewers, and operators who read (RPL-13)."""
        ...

    async def show(self, caller: Caller, case_id: RplCaseId) -> RplCaseView:
        """One case with what was found."""
        ...

    async def decide(self, caller: Caller, command: DecideCase) -> RplCaseView:
        """Decide: reviewers alone, once, until 72 hours are over (RPL-08, RPL-14, RPL-15)."""
        ...

    async def screenings(
        self, caller: Caller, organisation_id: OrganisationId, *, before: int | None = None, limit: int = 50
    ) -> ScreeningPage:
        """What was screened of a customer, newest first (RPL-19)."""
        ...


class Wizards(Protocol):
    """The first launch of an organisation (WIZ)."""

    async def launch(self, caller: Caller, command: WizardCommand) -> Wizard:
        """Open it where it was left (WIZ-02, WIZ-06)."""
        ...

    async def show(self, caller: Caller, command: WizardCommand) -> Wizard:
        """Where it stands; to look begins nothing (P14)."""
        ...

    async def accept_terms(self, caller: Caller, command: AcceptTerms) -> Wizard:
        """Accept the terms (WIZ-04)."""
        ...

    async def get_started(self, caller: Caller, command: WizardCommand) -> Wizard:
        """Begin the prompts; the terms come first (WIZ-04)."""
        ...

    async def complete(self, caller: Caller, command: WizardCommand) -> Wizard:
        """The prompts were followed: recorded once (WIZ-05, WIZ-06)."""
        ...


class OnboardingSteps(Protocol):
    """The guarded steps of the processes of wholesale customers; each is safe to repeat."""

    async def check_onboarding(self, at: OnboardingAt) -> OnboardingStep:
        """Look; what was received is screened from now on. Closes the process once it is over."""
        ...

    async def check_address_change(self, at: OnboardingAt) -> AddressChangeStep:
        """Look at a change of address. Closes the process once it is over."""
        ...

    async def check_customer_screening(self, at: TrialAt) -> CustomerScreeningStep:
        """Look at the screening of a customer that a trial has created. Closes the process once it is over."""
        ...

    async def check_review(self, at: ReviewAt) -> ReviewStep:
        """Look; later than the deadline the review times out (RPL-07). Closes the process once it is over."""
        ...

    async def subject(self, task: ScreeningTask) -> Subject | None:
        """Whom to screen; None where nothing is to be screened any more."""
        ...

    async def record_screening(self, task: ScreeningTask, screening: Screening) -> ScreeningDone:
        """Keep the screening and go on by it; `unavailable` where a list was updated meanwhile: screen again."""
        ...

    async def record_unavailable(self, task: ScreeningTask, reason: str) -> None:
        """Keep why nothing could be screened, and when it is tried again (RPL-16)."""
        ...

    async def account(self, onboarding: OnboardingInput) -> AccountOrder | None:
        """What the platform is to create now; None where nothing is ordered. It names the customer: no history holds it."""
        ...

    async def record_account(self, report: AccountReport) -> None:
        """The account is ready: the customer is active, and what came with its creation is provisioned (PRV-01)."""
        ...

    async def record_account_problem(self, problem: AccountProblem) -> None:
        """The platform refuses for good: `provisioning_failed` (B annex 1)."""
        ...

    async def customers_after(self, update: ListScreeningInput, limit: int) -> Sequence[tuple[OrganisationId, Subject]]:
        """The next customers whom the update of a list concerns, in order of id: all that are not over."""
        ...

    async def record_list_screening(
        self, update: ListScreeningInput, organisation_id: OrganisationId, subject: Subject, screening: Screening
    ) -> bool:
        """Keep a screening against an update; answers whether it opened a case. Once for each update (Q-32)."""
        ...

    async def close_list_screening(self, update: ListScreeningInput) -> None:
        """All customers have been screened."""
        ...
