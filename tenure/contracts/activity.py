"""Activity: the events that keep an organisation alive, and the feeds that bring them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field, StringConstraints

from tenure.contracts.base import Command, Contract, Duration, Instant, Text
from tenure.ids import OrganisationId

FEED_NAME = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
FeedName = Annotated[str, StringConstraints(pattern=FEED_NAME)]
"""The name of an activity source."""

MAX_EVENTS = 10_000
"""Events in one batch."""
MAX_BATCH_BYTES = 8 * 1024 * 1024
"""Size of one batch's body in bytes."""
FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours."""


class ActivityKind(StrEnum):
    """What counts as activity (AC-01)."""

    APP_SIGN_IN = "app_sign_in"
    MESSAGE_SENT = "message_sent"
    MESSAGE_RECEIVED = "message_received"
    TOKEN_REFRESH = "token_refresh"
    ADMIN_CONSOLE_SIGN_IN = "admin_console_sign_in"


class ActivityEvent(Contract):
    """One event: who, what and when at the source. The receiver keeps the newest instant only (AC-10)."""

    organisation_id: OrganisationId
    kind: ActivityKind
    at: Instant
    """When it happened, by the source's clock."""
    source: FeedName
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


class Event(Protocol):
    """What the intake needs of an event, whoever read it: an `ActivityEvent`, or a faster reader's row."""

    @property
    def organisation_id(self) -> str:
        """An id of the form of `OrganisationId`."""
        ...

    @property
    def kind(self) -> str:
        """An `ActivityKind`."""
        ...

    @property
    def at(self) -> datetime:
        """An `Instant`."""
        ...

    @property
    def source(self) -> str:
        """A `FeedName`."""
        ...


class RejectedLine(Contract):
    """A line of a batch that was not taken."""

    line: int
    """Counted from 1."""
    code: str
    reason: str


class IntakeResult(Contract):
    """What became of a batch's events, answered after the commit. The five numbers add up to the lines sent."""

    accepted: int = 0
    """Newer than what was known before this batch: they count as evidence."""
    older: int = 0
    """Not newer than what was known: they change nothing (AC-10)."""
    unknown: int = 0
    """Of organisations that do not exist."""
    deleted: int = 0
    """Of organisations that are deleted: `org_deleted` (AC-11)."""
    rejected: tuple[RejectedLine, ...] = ()
    deleted_organisations: tuple[OrganisationId, ...] = ()
    unknown_organisations: tuple[OrganisationId, ...] = ()


class ActivitySignal(Contract):
    """What the public signal `activity` of a countdown carries."""

    at: Instant
    kind: ActivityKind
    source: FeedName


class Feed(Contract):
    """An activity source: how far it is complete, and how often it should say so (SF-03)."""

    source: FeedName
    rhythm: Duration = Field(gt=timedelta(0), le=timedelta(days=7))
    """A heartbeat is expected at least this often."""
    needed: bool = True
    """Whether an assessment holds while this feed is behind."""
    watermark: Instant | None = None
    """Everything up to this instant has been delivered; None while it is unknown."""
    heard_at: Instant | None = None
    late: bool = False
    """Silent for longer than its rhythm, by the clock of the moment it was read."""


class Heartbeat(Command):
    """A source says that everything up to `watermark` has been delivered."""

    source: FeedName
    watermark: Instant


class FeedGap(Command):
    """A span that a source has lost for good: it counts as activity of everyone (SF-03)."""

    source: FeedName
    lost_from: Instant
    lost_until: Instant
    reason: Text
