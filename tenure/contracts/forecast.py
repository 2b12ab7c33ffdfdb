"""What happens next, when, why, and what would stop it (WH-01, WH-02)."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import StringConstraints

from tenure.contracts.base import Contract, Instant
from tenure.contracts.deletion import Evidence
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import TrialService, TrialState
from tenure.ids import OrganisationId, PartnerId, TrialId


class NextKind(StrEnum):
    """What a next date is the date of."""

    CONSENT_DEADLINE = "consent_deadline"
    TRIAL_REMINDER = "trial_reminder"
    TRIAL_END = "trial_end"
    NUMBER_RELEASE = "number_release"
    DEVICE_RETURN = "device_return"
    LICENCE_EXPIRY = "licence_expiry"
    LICENCE_REMOVAL = "licence_removal"
    DELETION_WARNING = "deletion_warning"
    DELETION = "deletion"
    PURGE = "purge"
    SCREENING = "screening"
    """Somebody is screened, or screened again (RPL-16)."""
    RPL_REVIEW = "rpl_review"
    """The end of a review (RPL-07)."""


TRIAL_CANCELLED = "trial_cancelled"
"""The reason of a licence removal whose licences are gone already: only meeting data waits for it (Q-32)."""

SCREENING_UNAVAILABLE = "screening_unavailable"
"""The reason of a screening that was not possible: a list or the provider is missing, and it is tried again (RPL-16)."""


OF_A_TRIAL = "trial"
"""The reason of a review that a trial waits for: its customer is screened, which it has created (RPL-05)."""


class NextDate(Contract):
    """One of an organisation's next dates, as stored with the rule that set it."""

    organisation_id: OrganisationId
    kind: NextKind
    subject: str
    """The id of what falls due."""
    due_at: Instant
    rule: str
    """The requirement behind it, such as `DM-05`."""
    reason: str
    """Why it stands where it stands, such as `silence` or `feed_behind`."""
    looks_at: Instant | None = None
    """When the process looks next, if that is not the due date itself (a hold, a place in the queue)."""


class UndatedTrial(Contract):
    """A trial that waits for something which comes by no date: details, or the platform (PV-04, PV-08)."""

    trial_id: TrialId
    state: TrialState
    services: tuple[TrialService, ...] = ()
    """What is to be built or torn down."""


class Explanation(Contract):
    """The answer to "what happens next to this organisation"."""

    organisation_id: OrganisationId
    name: str
    state: OrganisationState
    as_of: Instant
    simulation: bool
    next: tuple[NextDate, ...]
    """Earliest first; empty where nothing is pending."""
    sentences: tuple[str, ...]
    """The same in words: what, when, by which rule."""
    would_stop_it: tuple[str, ...]
    evidence: Evidence


class CalendarEntry(NextDate):
    """A next date with the names that a calendar shows."""

    organisation_name: str
    partner_id: PartnerId | None = None


CALENDAR_DAYS: Final = 366
"""How far an iCalendar file reaches where nothing is said: what a year has, in days from now."""
MAX_CALENDAR_DAYS: Final = 3650
"""How far it reaches at most."""
MAX_CALENDAR_EVENTS: Final = 5000
"""Events in one iCalendar file at most: the earliest. More than that no calendar shows."""

CalendarCursor = Annotated[
    str,
    StringConstraints(
        max_length=200,
        pattern=r"^[0-9]{1,17}\.org_[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?\.[a-z_]{1,40}\.[A-Za-z0-9_-]{1,80}$",
    ),
]
"""Where a page of dates ended: `next_after` of the page before."""


class CalendarPage(Contract):
    """The next dates of many organisations, earliest first (WH-02)."""

    dates: tuple[CalendarEntry, ...]
    next_after: CalendarCursor | None = None
    """Where the next page begins; None at the end."""
