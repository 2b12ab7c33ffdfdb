"""Who lives in the simulated world: organisations and the feeds that tell of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tenure.contracts.deletion import Promise
from tenure.contracts.organisation import OrganisationState
from tenure.ids import TrialRequestId

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass
class Source:
    """A feed: it gathers events and delivers them at its beats, unless it is down."""

    name: str
    rhythm: timedelta
    down_since: datetime | None = None
    loses: bool = False
    beaten_at: datetime = START
    waiting: list[tuple[datetime, str]] = field(default_factory=list)

    def beat(self, now: datetime) -> list[tuple[datetime, str]]:
        """Come to the last beat before now; answers what it delivers."""
        until = now if self.down_since is None else min(self.down_since, now)
        step = self.rhythm * 0.9
        beats = (until - self.beaten_at) // step
        if beats <= 0:
            return []
        self.beaten_at += beats * step
        delivered = [event for event in self.waiting if event[0] <= self.beaten_at]
        self.waiting = [event for event in self.waiting if event[0] > self.beaten_at]
        return delivered


@dataclass
class Organisation:
    """An organisation as the facts have it."""

    name: str
    zone: str
    recipients: int
    state: OrganisationState = OrganisationState.LIVE
    generation: int = 0
    cycle: int = 0
    counting_from: datetime | None = None
    last_activity_at: datetime | None = None
    turn_at: datetime | None = None
    turn_lag: timedelta = timedelta(0)
    held_by: TrialRequestId | None = None
    rules_version: str | None = None
    promise: Promise | None = None
    licences: int = 1
    customers: int = 0
    requests: dict[TrialRequestId, datetime] = field(default_factory=dict)
    queued: set[int] = field(default_factory=set)
    fenced_at: datetime | None = None
    late: bool = False
    purging: bool = False
    looks: int = 0
    """Counts what makes earlier plans to look obsolete."""
