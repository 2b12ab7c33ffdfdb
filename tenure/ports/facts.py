"""Facts that services and operators report and read."""

from collections.abc import Sequence
from typing import Protocol

from tenure.contracts.audit import AuditEntry
from tenure.contracts.base import Instant
from tenure.contracts.credential import Credential
from tenure.contracts.erasure import (
    Erasure,
)
from tenure.contracts.forecast import CalendarCursor, CalendarPage, Explanation
from tenure.contracts.licence import (
    ExpireLicences,
    GraceCheck,
    GrantLicences,
    LicenceSet,
    RenewalGraceInput,
    RenewalGraceResult,
    RestoreLicences,
)
from tenure.contracts.organisation import DeleteNow, GrantFullAccess, Manage, OrganisationPage, OrganisationView
from tenure.contracts.portfolio import ImportReport
from tenure.contracts.trial_process import GraceEnd
from tenure.ids import OrganisationId, PartnerId
from tenure.ports.caller import Caller
from tenure.settings import InstallationKind


class Organisations(Protocol):
    """Organisations, and who manages them."""

    async def page(
        self,
        caller: Caller,
        *,
        to_be_deleted: bool | None,
        named: str | None = None,
        after: OrganisationId | None,
        limit: int,
    ) -> OrganisationPage:
        """The customer list (PS-01, PS-06): a partner sees its customers, gone ones are left out.

        `named` keeps those whose name contains that, whatever its case and accents.
        """
        ...

    async def show(self, caller: Caller, organisation_id: OrganisationId) -> OrganisationView:
        """One organisation."""
        ...

    async def own(self, caller: Caller) -> OrganisationId:
        """The partner's own organisation, where a partner calls (WIZ-01)."""
        ...

    async def manage(self, caller: Caller, command: Manage) -> None:
        """A partner gains a customer: a mark on the partner's own organisation is cleared (DM-02)."""
        ...

    async def unmanage(self, caller: Caller, command: Manage) -> None:
        """A partner loses a customer: its own organisation is evaluated for marking in the same transaction (DM-02)."""
        ...

    async def grant_full_access(self, caller: Caller, command: GrantFullAccess) -> None:
        """The customer lets a managing partner administer everything (RO-02)."""
        ...

    async def delete_now(self, caller: Caller, command: DeleteNow) -> Erasure:
        """The customer's own request (DM-11, DM-12)."""
        ...


class Licences(Protocol):
    """Facts about licence sets, and the end of their grace."""

    async def grant(self, caller: Caller, command: GrantLicences) -> LicenceSet:
        """New licences: the organisation is unmarked (DP-01, DP-02)."""
        ...

    async def expire(self, caller: Caller, command: ExpireLicences) -> LicenceSet:
        """Suspend the licences and begin their grace (RP-01)."""
        ...

    async def restore(self, caller: Caller, command: RestoreLicences) -> LicenceSet:
        """Bring suspended licences back, strictly before the end of grace (RP-03)."""
        ...

    async def check_grace(self, grace: RenewalGraceInput, as_of: Instant) -> GraceCheck:
        """Look whether a grace is still pending; at its end, remove the licences (RP-05). Safe to repeat."""
        ...

    async def purge_meeting_data(self, grace: RenewalGraceInput, as_of: Instant) -> int:
        """Delete recordings, unless another meetings licence is back by now (RP-06); answers how many went.

        Called with the database role that may delete (SF-12).
        """
        ...

    async def end_trial(self, grace: RenewalGraceInput, as_of: Instant) -> GraceEnd:
        """After a trial's licences: move the users where no licence is left, and say whom to tell (GR-06, GR-11)."""
        ...

    async def hold_numbers(self, grace: RenewalGraceInput, as_of: Instant) -> int:
        """Hold the phone numbers of a trial whose grace is over; answers how many are held (NR-01)."""
        ...

    async def conclude_grace(self, grace: RenewalGraceInput, as_of: Instant) -> RenewalGraceResult:
        """Evaluate marking once licences and meeting data are gone, and close the process (DM-01)."""
        ...


class Forecast(Protocol):
    """What happens next, answered from facts alone (WH-01)."""

    async def explain(self, caller: Caller, organisation_id: OrganisationId) -> Explanation:
        """What, when, why, and what would stop it."""
        ...

    async def calendar(
        self,
        caller: Caller,
        partner_id: PartnerId | None,
        *,
        within_days: int | None = None,
        after: CalendarCursor | None = None,
        limit: int = 100,
    ) -> CalendarPage:
        """The next dates of a partner's customers, earliest first, page by page (WH-02)."""
        ...


class Imports(Protocol):
    """An existing base, brought in as a whole."""

    async def store(self, caller: Caller, content: bytes, media_type: str) -> ImportReport:
        """Validate every row, then store all in one transaction, or nothing (WH-07)."""
        ...

    async def report(self, import_id: str) -> ImportReport | None:
        """How an import went, and how many of its processes run."""
        ...


class AuditTrail(Protocol):
    """The audit, to read."""

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[AuditEntry]:
        """What happened to an organisation that the caller may see, oldest first (XC-04, P14)."""
        ...


class Tokens(Protocol):
    """Bearer tokens of the HTTP API and the console."""

    async def credential(self, token: str) -> Credential | None:
        """Whom a token was issued to; None where there is no such token, or it is revoked."""
        ...


class Installation(Protocol):
    """The database that everything stands on."""

    @property
    def kind(self) -> InstallationKind:
        """What it was created as: a simulation says so on every screen (SF-10)."""
        ...

    async def now(self) -> Instant:
        """`business_now()`; also the proof that the database answers.

        Raises:
            Unavailable: it does not.
        """
        ...
