"""What was screened, and the review of what was found (RPL)."""

from enum import StrEnum

from tenure.contracts.base import Command, Contract, Duration, Instant, Text
from tenure.contracts.screening import Hit, ListVersion, Subject
from tenure.ids import OrganisationId, PartnerId, RplCaseId, TrialId


class ScreeningTrigger(StrEnum):
    """Why a customer was screened (RPL-19, Q-32)."""

    CREATE = "create"
    ADDRESS_UPDATE = "address_update"
    LIST_UPDATE = "list_update"
    """A list was updated, and the customer was compared with what changed."""


class ScreeningResult(StrEnum):
    """What a screening found."""

    CLEAR = "clear"
    MATCH = "match"


class StoredScreening(Contract):
    """A screening as it is kept (RPL-19)."""

    screening_id: int
    organisation_id: OrganisationId
    trigger: ScreeningTrigger
    result: ScreeningResult
    subject: Subject | None
    """What was screened; None once the organisation is erased."""
    lists: tuple[ListVersion, ...]
    hits: tuple[Hit, ...] = ()
    """What a reviewer had to look at."""
    known: tuple[Hit, ...] = ()
    """What a reviewer had cleared for this customer before: neither the customer nor the entry has changed since."""
    screened_at: Instant
    case_id: RplCaseId | None = None


class ScreeningPage(Contract):
    """A page of screenings, newest first."""

    screenings: tuple[StoredScreening, ...]
    next_before: int | None = None
    """Pass it as `before` for the next page; None on the last."""


class CaseState(StrEnum):
    """Where a review stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNRESOLVED = "unresolved"
    TIMED_OUT = "timed_out"


class Decision(StrEnum):
    """What a reviewer may say."""

    APPROVE = "approve"
    """The customer is none of the entries."""
    REJECT = "reject"
    UNRESOLVED = "unresolved"
    """It cannot be found out."""


DECIDED = {
    Decision.APPROVE: CaseState.APPROVED,
    Decision.REJECT: CaseState.REJECTED,
    Decision.UNRESOLVED: CaseState.UNRESOLVED,
}


class RplCase(Contract):
    """A case in the queue."""

    case_id: RplCaseId
    organisation_id: OrganisationId
    partner_id: PartnerId
    customer_name: str
    trial_id: TrialId | None = None
    """The trial that has created the customer, and waits; None where it is a wholesale customer."""
    trigger: ScreeningTrigger
    state: CaseState
    opened_at: Instant
    deadline_at: Instant
    age: Duration
    """From its opening until now, or until it was closed."""
    slow: bool = False
    """Open for longer than most are: 60 minutes (RPL-13)."""
    decided_at: Instant | None = None
    """When it was closed, be it because the time was over; None while it is open."""
    hits: int


class RplCaseView(RplCase):
    """A case with the customer beside each entry that it may be."""

    subject: Subject | None
    """None once the organisation is erased."""
    found: tuple[Hit, ...]
    omitted: int = 0
    """How many more entries there were than one screening lists."""
    lists: tuple[ListVersion, ...]
    decided_by: str | None = None
    reason: str | None = None
    as_of: Instant
    """When this was read, for the time that is left."""


class RplCasePage(Contract):
    """A page of cases.

    Open ones are in order of their deadlines, the soonest first; those in another state from the newest decision on; and
    all of them from the one that was opened last.
    """

    cases: tuple[RplCase, ...]
    next_after: RplCaseId | None = None
    """Pass it as `after` for the next page; None on the last."""


class DecideCase(Command):
    """A reviewer decides; the same again does nothing (RPL-14, RPL-15)."""

    case_id: RplCaseId
    decision: Decision
    reason: Text
