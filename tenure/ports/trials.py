"""Trials: the commands and reads of the outside, the steps of their processes, and the platform that builds services."""

from collections.abc import Sequence
from typing import Protocol

from tenure.contracts.consent import AcceptTrial, ConsentRequest, DeclineTrial
from tenure.contracts.conversion import ClaimNumbers, Conversion, ConvertTrial, OrderSetUp, TieOrder
from tenure.contracts.device import (
    DeviceCursor,
    DeviceReturnAt,
    DeviceReturnPage,
    DeviceReturnStep,
    DeviceReturnView,
    FindDemoOrder,
    RegisterReturn,
    RequestReturnLabel,
    ReturnGuide,
    ShipDevices,
)
from tenure.contracts.onboarding import AccountOrder
from tenure.contracts.platform import Built, PlatformOrder
from tenure.contracts.trial import (
    AskOffer,
    AssignLicences,
    CancelTrial,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    RequestTrial,
    ResendConsent,
    TrialOffer,
    TrialState,
    TrialView,
)
from tenure.contracts.trial_page import TrialCursor, TrialPage
from tenure.contracts.trial_process import (
    ConsentStep,
    NumberHoldStep,
    PlatformProblem,
    PlatformReport,
    TrialAt,
    TrialStep,
)
from tenure.ids import OrderId, OrganisationId, PartnerId, PersonId, TrialId
from tenure.ports.caller import Caller


class Trials(Protocol):
    """Trials as partners, customers and services deal with them. Every refusal leaves nothing behind."""

    async def offer(self, caller: Caller, question: AskOffer) -> TrialOffer:
        """What this partner could try with a customer, and how it would begin (TR-05, TR-14, TR-20)."""
        ...

    async def request(self, caller: Caller, command: RequestTrial) -> TrialView:
        """Begin a trial, or the request for consent to one (TR-12)."""
        ...

    async def show(self, caller: Caller, trial_id: TrialId) -> TrialView:
        """One trial; a partner sees its own."""
        ...

    async def page(
        self,
        caller: Caller,
        *,
        partner_id: PartnerId | None = None,
        organisation_id: OrganisationId | None = None,
        state: TrialState | None = None,
        ending_within_days: int | None = None,
        named: str | None = None,
        soonest_first: bool = False,
        after: TrialCursor | None = None,
        limit: int = 100,
    ) -> TrialPage:
        """Trials in order of id, which stays while they change, or those first that end first (PS-02).

        `ending_within_days` keeps active ones that end so soon, and those in grace; `named` those of customers whose
        name contains that.
        """
        ...

    async def resend_consent(self, caller: Caller, command: ResendConsent) -> TrialView:
        """Mail the request again; who receives it is found anew, the deadline stays (CO-12)."""
        ...

    async def cancel(self, caller: Caller, command: CancelTrial) -> TrialView:
        """End a request or a trial (CO-11, CO-13, TC-10, TC-11)."""
        ...

    async def provide_details(self, caller: Caller, command: ProvideDetails) -> TrialView:
        """Say what provisioning needs; again, it is tried again (PV-01, PV-02)."""
        ...

    async def extend(self, caller: Caller, command: ExtendTrial) -> TrialView:
        """Replace the end (TC-01 to TC-06)."""
        ...

    async def edit(self, caller: Caller, command: EditTrial) -> TrialView:
        """Replace the services (TC-07 to TC-09)."""
        ...

    async def assign_licences(self, caller: Caller, command: AssignLicences) -> TrialView:
        """Say who holds a licence of the trial (PV-05, PV-06)."""
        ...

    async def convert(self, caller: Caller, command: ConvertTrial) -> Conversion:
        """A paid order was processed (TC-12 to TC-20)."""
        ...

    async def claim_numbers(self, caller: Caller, command: ClaimNumbers) -> TrialView:
        """Phone numbers on hold go to a purchase, strictly before the hold ends (NR-03)."""
        ...

    async def plan_conversion(self, caller: Caller, command: ConvertTrial) -> Conversion:
        """What `convert` would answer now; changes nothing (TC-19)."""
        ...


class Consents(Protocol):
    """The customer's side of a trial that needs consent, and of an order that is set up.

    Where somebody comes by a link, `address` says which of their addresses it was sent to: it has to be their present
    one (SF-09).
    """

    async def pending(
        self, caller: Caller, organisation_id: OrganisationId, person_id: PersonId
    ) -> Sequence[ConsentRequest]:
        """What a full admin is shown who signs in to the admin console, mailed or not (CO-07)."""
        ...

    async def request(self, trial_id: TrialId, reader: PersonId | None = None) -> ConsentRequest:
        """What the consent page shows to a person, where it is one. Changes nothing, and is no activity (SF-09)."""
        ...

    async def may_decide(self, trial_id: TrialId, person_id: PersonId, address: int | None = None) -> bool:
        """Whether this person is a full admin of the trial's organisation at this moment (CO-05)."""
        ...

    async def accept(self, caller: Caller, command: AcceptTrial, address: int | None = None) -> TrialView:
        """One full admin is enough; a second acceptance changes nothing (CO-04, CO-17, CO-18)."""
        ...

    async def decline(self, caller: Caller, command: DeclineTrial, address: int | None = None) -> None:
        """The same as a lapse, at once (CO-20)."""
        ...

    async def may_set_up(self, order_id: OrderId, person_id: PersonId, address: int) -> bool:
        """Whether this person is the order's contact (TC-15)."""
        ...

    async def set_up(self, order_id: OrderId) -> OrderSetUp:
        """What the set-up page shows. Changes nothing."""
        ...

    async def plan_tie(self, command: TieOrder) -> OrderSetUp:
        """What `tie` would answer now: the customer data to check (TC-17). Changes nothing."""
        ...

    async def tie(self, caller: Caller, command: TieOrder) -> OrderSetUp:
        """Tie an order to the organisation of its trial, and to no other (TC-17, TC-18)."""
        ...


class Devices(Protocol):
    """Trial devices (DV)."""

    async def ship(self, caller: Caller, command: ShipDevices) -> DeviceReturnView:
        """Devices were shipped: their end date is mailed, and their return is waited for."""
        ...

    async def request_return_label(self, caller: Caller, command: RequestReturnLabel) -> ReturnGuide:
        """A new label, in the USA only (DV-05)."""
        ...

    async def register_return(self, caller: Caller, command: RegisterReturn) -> DeviceReturnView:
        """Devices came back; a serial number that was not shipped is refused (DV-07)."""
        ...

    async def show(self, caller: Caller, trial_id: TrialId) -> DeviceReturnView:
        """The devices of one trial."""
        ...

    async def outstanding(
        self,
        caller: Caller,
        *,
        partner_id: PartnerId | None = None,
        overdue: bool | None = None,
        after: DeviceCursor | None = None,
        limit: int = 100,
    ) -> DeviceReturnPage:
        """What is still to come back, the earliest due first, page by page (DV-09)."""
        ...

    async def find_demo_order(self, caller: Caller, command: FindDemoOrder) -> str:
        """The demo order number, to those who can say enough about it (DV-08)."""
        ...


class TrialSteps(Protocol):
    """The guarded transactions of the processes of trials. Each reads the facts under lock, and may be repeated."""

    async def check_consent(self, at: TrialAt) -> ConsentStep:
        """Look; at the deadline the request lapses (CO-14)."""
        ...

    async def check_trial(self, at: TrialAt) -> TrialStep:
        """Look, and do what is due: activate, remind, expire (PV-07, NO-01, GR-01)."""
        ...

    async def record_platform(self, report: PlatformReport) -> None:
        """Write down what the platform has done."""
        ...

    async def record_problem(self, problem: PlatformProblem) -> None:
        """Write down that the platform refuses, or does not answer; the trial's process is told of what is new."""
        ...

    async def conclude(self, at: TrialAt) -> TrialStep:
        """Close the process, unless mails or orders are left for it: then they are answered."""
        ...

    async def check_numbers(self, at: TrialAt) -> NumberHoldStep:
        """Look; at its end the hold releases the numbers for good (NR-02)."""
        ...

    async def check_devices(self, at: DeviceReturnAt) -> DeviceReturnStep:
        """Look; 14 days after the device end date what is missing is overdue (DV-09)."""
        ...


class Platform(Protocol):
    """What creates accounts, builds services and tears them down, once for each key."""

    async def build(self, order: PlatformOrder) -> Built:
        """Build one service.

        Raises:
            PlatformRefused: it will not, for now.
            Unavailable: nobody knows whether it did: ask again with the same key.
        """
        ...

    async def tear_down(self, order: PlatformOrder) -> Built:
        """Tear one service down; one that was never built, or is gone, is no error.

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        ...

    async def open_account(self, order: AccountOrder) -> str:
        """Create the account of a wholesale customer with its package's services; answers the platform's name for it.

        There is one for an organisation: a later order answers the same (PRV-01, PRV-04).

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        ...

    async def close_account(self, organisation_id: OrganisationId) -> None:
        """Close the account of an organisation that is erased, for good; one that was never opened is no error (XC-07).

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        ...
