"""What the core asks of the world: activities and web pages depend on these, `adapters` makes them real."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from tenure.contracts.activity import Event, Feed, FeedGap, Heartbeat, IntakeResult
from tenure.contracts.audit import AuditEntry
from tenure.contracts.base import Contract, Instant
from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.contracts.credential import Credential
from tenure.contracts.deletion import ActivityReport, CountdownAt, CountdownStep
from tenure.contracts.erasure import (
    AbortErasures,
    AbortResult,
    Clearance,
    EraseStore,
    Erasure,
    ErasureAt,
    ErasureState,
    IssueReceipt,
    Receipt,
    StoreResult,
)
from tenure.contracts.forecast import CalendarEntry, Explanation
from tenure.contracts.licence import (
    ExpireLicences,
    GraceCheck,
    GrantLicences,
    LicenceSet,
    RenewalGraceInput,
    RenewalGraceResult,
    RestoreLicences,
)
from tenure.contracts.notice import Delivery, Mail, Notice, NoticeKind
from tenure.contracts.organisation import DeleteNow, Manage, OrganisationPage, OrganisationView
from tenure.contracts.portfolio import ImportReport
from tenure.contracts.process import Figures, Process
from tenure.ids import OrganisationId, PartnerId
from tenure.settings import InstallationKind


class Caller(Contract):
    """Who asks, for the audit and for what they may see."""

    actor: str
    """Such as `operator:ada`, `service:orders`, `partner:ptr_north`, `timer`. No address, no name of a customer."""
    partner_id: PartnerId | None = None
    """Set for a partner's credentials: nothing outside its customers is visible (P14)."""
    key: str | None = None
    """The caller's idempotency key: the same key and command again answers the same and does nothing."""


TIMER = Caller(actor="timer")
"""A process acting on time."""


class Organisations(Protocol):
    """Organisations, and who manages them."""

    async def page(
        self, caller: Caller, *, to_be_deleted: bool | None, after: OrganisationId | None, limit: int
    ) -> OrganisationPage:
        """The customer list (PS-01, PS-06): a partner sees its customers, gone ones are left out."""
        ...

    async def show(self, caller: Caller, organisation_id: OrganisationId) -> OrganisationView:
        """One organisation."""
        ...

    async def manage(self, caller: Caller, command: Manage) -> None:
        """A partner gains a customer: a mark on the partner's own organisation is cleared (DM-02)."""
        ...

    async def unmanage(self, caller: Caller, command: Manage) -> None:
        """A partner loses a customer: its own organisation is evaluated for marking in the same transaction (DM-02)."""
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

    async def conclude_grace(self, grace: RenewalGraceInput, as_of: Instant) -> RenewalGraceResult:
        """Evaluate marking once licences and meeting data are gone, and close the process (DM-01)."""
        ...


class Countdowns(Protocol):
    """The guarded transactions of a countdown. Each re-reads everything under lock and asks `policy.deletion.assess`.

    `warn` and `fence` are tried when their time has come: where the verdict is another, they do what `assess` does.
    A countdown that is over closes its process in the same transaction.
    """

    async def assess(self, at: CountdownAt) -> CountdownStep:
        """Look, carry out a reset or an unmarking, and store the next date."""
        ...

    async def warn(self, at: CountdownAt) -> CountdownStep:
        """Begin a warning: state, promise, and one queued notice for each full admin. Repeating it changes nothing."""
        ...

    async def fence(self, at: CountdownAt) -> CountdownStep:
        """Check everything once more and turn the organisation into `erasing`, or say which condition fails (SF-04).

        Raises:
            Refusal: `clock_ahead`, when `as_of` is ahead of `business_now()` (SF-10).
        """
        ...

    async def record(self, report: ActivityReport) -> IntakeResult:
        """Write down what arrived by signal."""
        ...


class Erasures(Protocol):
    """Erasures as the application and operators see them."""

    async def all(self, caller: Caller, *, state: ErasureState | None = None) -> Sequence[Erasure]:
        """Every erasure, newest first."""
        ...

    async def abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """Stop erasures in quarantine: each organisation is marked again, base = now, next generation (SF-11)."""
        ...

    async def plan_abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """What `abort` would answer now; changes nothing (SF-08)."""
        ...

    async def clear(self, at: ErasureAt) -> Clearance:
        """Ask `policy.erasure.clear` under lock; when cleared, the erasure is `purging` from then on."""
        ...

    async def receipt(self, organisation_id: OrganisationId) -> Receipt:
        """The receipt of an erased organisation."""
        ...

    def receipts(self) -> AsyncIterator[Receipt]:
        """The whole chain, oldest first."""
        ...


class Eraser(Protocol):
    """Destruction: on its own task queue, with its own database role (SF-12)."""

    async def erase(self, command: EraseStore) -> StoreResult:
        """Purge one store of an organisation that is `purging`, and read it back. Safe to repeat."""
        ...

    async def issue_receipt(self, command: IssueReceipt) -> Receipt:
        """Write the receipt and leave a tombstone; `processes` of the organisation are closed. Safe to repeat."""
        ...


class Activity(Protocol):
    """Intake: the newest instant of each organisation."""

    async def record(self, events: Sequence[Event]) -> IntakeResult:
        """Fold the events and commit them; answers after the commit, a rejected event by its place in the sequence.

        Raises:
            Unavailable: the database does not answer, or too many events wait for it. Sending again is right and
                harmless: what was committed is then answered as older.
        """
        ...


class Feeds(Protocol):
    """The sources of activity."""

    async def all(self) -> Sequence[Feed]:
        """Every feed by name."""
        ...

    async def register(self, caller: Caller, feed: Feed) -> Feed:
        """Add a feed, or change its rhythm and whether it is needed."""
        ...

    async def heartbeat(self, caller: Caller, heartbeat: Heartbeat) -> Feed:
        """Move a watermark; it never goes back, nor ahead of `business_now()`."""
        ...

    async def declare_gap(self, caller: Caller, gap: FeedGap) -> None:
        """Declare a span lost for good."""
        ...


class Notices(Protocol):
    """The ledger of notices."""

    async def next_attempt(self, notice_id: str) -> Delivery | None:
        """Read state and promise again just before sending, and record the attempt.

        None when nothing is to be sent any more: the notice is final, or what it says is no longer true (then it is
        dropped). The promise is moved where acceptance now could not keep it.
        """
        ...

    async def accepted(self, notice_id: str, answer: str) -> Notice:
        """The mail server took it (250); the promise and its acceptance are recorded with it."""
        ...

    async def refused(self, notice_id: str, answer: str) -> Notice:
        """The mail server refuses it for good (5xx)."""
        ...

    async def deferred(self, notice_id: str, answer: str) -> None:
        """Not now (4xx, no connection): the attempt is on record, and another follows."""
        ...

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[Notice]:
        """All notices of an organisation that the caller may see, oldest first (P14)."""
        ...

    async def preview(
        self, caller: Caller, kind: NoticeKind, organisation_id: OrganisationId, as_of: Instant
    ) -> Delivery:
        """What would be sent to the organisation's first full admin at that instant (WH-03). Changes nothing."""
        ...


class Writer(Protocol):
    """Turns a delivery into a mail."""

    def write(self, delivery: Delivery) -> Mail:
        """Render subject, text and HTML in the recipient's language and zone."""
        ...


class Mailer(Protocol):
    """Sends a mail."""

    async def send(self, mail: Mail) -> str:
        """Hand the mail to the server; answers with the server's words after its 250, without the address.

        Raises:
            MailRefused: The server refuses the recipient for good.
            Unavailable: 4xx, a timeout, no connection, or a 5xx that is not about the recipient: try again.
        """
        ...


class Breakers(Protocol):
    """The breakers of fleet and partners."""

    async def all(self) -> Sequence[Breaker]:
        """The fleet's breaker, and each partner's that is open or was released."""
        ...

    async def release(self, caller: Caller, command: ReleaseBreaker) -> Breaker:
        """Let a stated number of fences through, and wake what is held."""
        ...


class Forecast(Protocol):
    """What happens next, answered from facts alone (WH-01)."""

    async def explain(self, caller: Caller, organisation_id: OrganisationId) -> Explanation:
        """What, when, why, and what would stop it."""
        ...

    async def calendar(self, caller: Caller, partner_id: PartnerId | None) -> Sequence[CalendarEntry]:
        """The next dates of a partner's customers, earliest first (WH-02)."""
        ...


class Imports(Protocol):
    """An existing base, brought in as a whole."""

    async def store(self, caller: Caller, content: bytes, media_type: str) -> ImportReport:
        """Validate every row, then store all in one transaction, or nothing (WH-07)."""
        ...

    async def report(self, import_id: str) -> ImportReport | None:
        """How an import went, and how many of its processes run."""
        ...


class Processes(Protocol):
    """The table between facts and executions."""

    async def to_start(self, limit: int) -> Sequence[Process]:
        """Pending processes, oldest first."""
        ...

    async def started(self, workflow_id: str) -> None:
        """An execution has this id: it is never started again."""
        ...

    async def to_wake(self, limit: int) -> Sequence[Process]:
        """Started processes that facts concern since the last signal."""
        ...

    async def woken(self, workflow_id: str, wakes: int) -> None:
        """The signal for so many changes was delivered, or the execution is closed."""
        ...

    async def open(self, after: str | None, limit: int) -> Sequence[Process]:
        """Started and pending processes in order of id, for the repair."""
        ...

    async def require_missing(self) -> Sequence[str]:
        """Insert the rows of processes that facts need and nothing names; answers their ids (EV-03)."""
        ...

    async def restart(self, workflow_id: str) -> bool:
        """Make a process pending again whose execution is gone though its fact still needs it."""
        ...

    async def overdue(self, as_of: Instant) -> int:
        """Next dates past due by more than a day without a recorded reason (P15)."""
        ...

    async def figures(self) -> Figures:
        """The state of the installation in numbers, for the metrics."""
        ...


class Executions(Protocol):
    """Workflow executions, as Temporal has them."""

    def running(self) -> AsyncIterator[str]:
        """The workflow ids that seem to run, in no order. A moment behind: a hint where to look, never a ground to act."""
        ...

    async def is_open(self, workflow_id: str) -> bool:
        """Whether an execution with this id runs, as the primary knows it."""
        ...

    async def wake(self, workflow_id: str) -> bool:
        """Tell an execution that facts have changed; False where none with this id runs."""
        ...


class Histories(Protocol):
    """The histories that Temporal keeps of an organisation's executions, and that an erasure takes along."""

    async def delete(self, workflow_ids: Sequence[str]) -> int:
        """Delete every execution with one of these ids; answers how many there were. Safe to repeat."""
        ...

    async def remaining(self, workflow_ids: Sequence[str]) -> int:
        """How many of these ids Temporal still knows."""
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
