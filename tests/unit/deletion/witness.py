"""An independent witness of the simulated world: it judges every act by what truly happened, and knows no policy.

It keeps its own record of events, heartbeats, mails and acts, and states each promise of the product in its own words.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
_INSTANT = timedelta(microseconds=1)


class BrokenPromise(AssertionError):
    """Something was done that must never be done."""


def require(*, holds: bool, otherwise: str) -> None:
    """Raise unless a promise holds."""
    if not holds:
        raise BrokenPromise(otherwise)


@dataclass
class FeedRecord:
    """What is truly known of a feed at the moment of an act."""

    rhythm: timedelta
    complete_until: datetime
    heard_at: datetime

    def vouches_for(self, instant: datetime, now: datetime) -> bool:
        """Whether it has delivered everything up to the instant, and is not silent now."""
        return self.complete_until >= instant and now - self.heard_at <= max(self.rhythm, timedelta(minutes=2))


@dataclass
class OrganisationRecord:
    """What truly happened to one organisation."""

    zone: ZoneInfo
    counting_from: datetime | None = None
    known_events: list[datetime] = field(default_factory=list)
    licences: int = 0
    customers: int = 0
    holding_requests: set[str] = field(default_factory=set)
    """Requests that have deferred the deletion of this cycle."""
    warned_at: datetime | None = None
    warned_of: datetime | None = None
    """The end of activity that the present warning speaks of."""
    printed: list[datetime] = field(default_factory=list)
    attempts: list[datetime] = field(default_factory=list)
    accepted: list[datetime] = field(default_factory=list)
    open_recipients: int = 0
    looked_under: str = ""
    """The version of the rules at the last look."""
    fenced_at: datetime | None = None
    stopped: bool = False
    """The breaker has opened since its fence."""
    known_at_fence: datetime | None = None


class Witness:
    """Sees everything, and raises BrokenPromise."""

    def __init__(
        self, zones: Mapping[str, str], *, proceeds: bool, per_second: float, per_hour: int, per_day: int
    ) -> None:
        self.organisations = {name: OrganisationRecord(ZoneInfo(zone)) for name, zone in zones.items()}
        self.lost_until: list[datetime] = []
        self.fences: list[datetime] = []
        self.acts: list[datetime] = []
        self.stopped = False
        self.version = ""
        self.rehearses = False
        self._proceeds = proceeds
        self._per_minute = (60 + 30) * per_second + 1
        self._per_hour, self._per_day = per_hour, per_day
        self._released = 0

    # What happens.

    def marked(self, name: str, now: datetime) -> None:
        """A countdown begins."""
        record = self.organisations[name]
        record.counting_from = now
        self.voided(name)

    def voided(self, name: str) -> None:
        """The warning no longer stands."""
        record = self.organisations[name]
        record.warned_at = record.warned_of = None
        record.printed, record.attempts, record.accepted = [], [], []
        record.open_recipients = 0
        record.holding_requests = set()

    def delivered(self, name: str, event_at: datetime) -> None:
        """A feed has delivered an event."""
        insort(self.organisations[name].known_events, event_at)

    def ruled(self, version: str, *, dry_run: bool) -> None:
        """Other rules are in force."""
        self.version, self.rehearses = version, dry_run

    def looked(self, name: str) -> None:
        """A process has looked at the facts, by the rules in force."""
        self.organisations[name].looked_under = self.version

    def stops(self) -> None:
        """The breaker opens: what is in quarantine now is not purged without a release (P5)."""
        self.stopped = True
        for record in self.organisations.values():
            record.stopped = record.fenced_at is not None

    def releases(self, number: int) -> None:
        """An operator releases a number."""
        self.stopped = False
        self._released += number

    # What is done, and whether it may be.

    def warned(self, name: str, as_of: datetime, now: datetime, recipients: int, feeds: Sequence[FeedRecord]) -> None:
        """A warning begins: 30 silent days that every feed vouches for, nothing held, one at a time (DM-05, DM-16)."""
        record = self.organisations[name]
        end = self._end_of_activity(record)
        require(holds=record.warned_at is None, otherwise="warned twice in one cycle")
        require(holds=as_of >= end + MONTH, otherwise="warned before 30 silent days")
        require(holds=record.licences == 0 and record.customers == 0, otherwise="warned though something is held")
        vouched = all(feed.vouches_for(end + MONTH, as_of) for feed in feeds)
        require(holds=vouched, otherwise="warned while a feed is behind")
        self._acted(now)
        record.warned_at, record.warned_of, record.open_recipients = as_of, end, recipients
        if recipients == 0:
            record.attempts.append(as_of)

    def mailed(self, name: str, now: datetime, printed: datetime) -> None:
        """A mail goes out with a date: a full day of the organisation, 30 days ahead, never earlier than the last."""
        record = self.organisations[name]
        require(holds=record.warned_of == self._end_of_activity(record), otherwise="mailed though it came back")
        local = printed.astimezone(record.zone)
        day_before = (printed - _INSTANT).astimezone(record.zone).date()
        require(holds=day_before < local.date(), otherwise="the date printed is no full day")
        require(holds=bool(record.accepted) or printed >= now + MONTH, otherwise="less than 30 days printed")
        require(holds=printed < now + MONTH + timedelta(hours=26), otherwise="a date far too late")
        require(holds=printed >= max(record.printed, default=printed), otherwise="a promise moved earlier")
        record.printed.append(printed)
        record.attempts.append(now)

    def taken(self, name: str, now: datetime) -> None:
        """A mail server has accepted a mail."""
        self.organisations[name].accepted.append(now)
        self.organisations[name].open_recipients -= 1

    def given_up(self, name: str) -> None:
        """A recipient is refused for good, or not tried any more."""
        self.organisations[name].open_recipients -= 1

    def deferred_by(self, name: str, request: str) -> None:
        """A pending request defers a deletion that would be due: one request in a cycle (DP-05)."""
        record = self.organisations[name]
        record.holding_requests.add(request)
        require(holds=len(record.holding_requests) == 1, otherwise="two requests deferred one deletion")

    def fenced(self, name: str, as_of: datetime, now: datetime, feeds: Sequence[FeedRecord], pending: set[str]) -> None:
        """The point of no return, judged by the truth (P1, P2, P3, P8, SF-01, SF-02, SF-05, DM-06, DM-08, DM-13)."""
        record = self.organisations[name]
        told = self._told(record)
        require(holds=record.warned_at is not None, otherwise="fenced unwarned")
        require(holds=told is not None, otherwise="fenced though nobody was told")
        assert record.warned_at is not None
        assert told is not None
        require(holds=self._end_of_activity(record) == record.warned_of, otherwise="fenced though it came back")
        require(holds=as_of >= record.warned_at + MONTH, otherwise="warned and fenced within 30 days")
        require(holds=as_of >= max(record.printed, default=as_of), otherwise="fenced before the date printed")
        require(holds=as_of >= told + MONTH, otherwise="fenced within 30 days of the telling")
        deadline = max([told + MONTH, *record.printed])
        vouched = all(feed.vouches_for(deadline, as_of) for feed in feeds)
        require(holds=vouched, otherwise="fenced while a feed is behind")
        require(holds=record.licences == 0 and record.customers == 0, otherwise="fenced though something is held")
        deferring = pending & record.holding_requests if record.holding_requests else pending
        require(holds=not deferring, otherwise="fenced while a request is pending")
        require(holds=not self.rehearses, otherwise="fenced in a rehearsal")
        require(holds=record.looked_under == self.version, otherwise="fenced under rules that nobody had looked by")
        self._counted(now)
        self._acted(now)
        record.fenced_at, record.known_at_fence = now, max(record.known_events, default=None)
        record.stopped = False

    def aborted(self, name: str) -> None:
        """An operator brings an organisation back from the quarantine."""
        self.organisations[name].fenced_at = None

    def purged(self, name: str, now: datetime, feeds: Sequence[FeedRecord]) -> None:
        """The purge begins: quarantine over, feeds past the fence, nothing late, nobody has stopped it (SF-11, P5)."""
        record = self.organisations[name]
        require(holds=record.fenced_at is not None, otherwise="purged though not fenced")
        assert record.fenced_at is not None
        require(holds=now >= record.fenced_at + DAY, otherwise="purged within the quarantine")
        require(
            holds=all(feed.complete_until >= record.fenced_at for feed in feeds),
            otherwise="purged before the feeds had passed the fence",
        )
        known = record.known_at_fence
        late = [at for at in record.known_events if at < record.fenced_at and (known is None or at > known)]
        require(holds=not late, otherwise="purged though it was active before its fence")
        require(holds=record.customers == 0, otherwise="purged though it manages a customer")
        require(holds=not self.stopped, otherwise="purged while the breaker is open")
        if record.stopped:
            require(holds=self._released > 0, otherwise="purged without a release")
            self._released -= 1

    def _end_of_activity(self, record: OrganisationRecord) -> datetime:
        assert record.counting_from is not None
        return max([record.counting_from, *record.known_events[-1:], *self.lost_until])

    def _told(self, record: OrganisationRecord) -> datetime | None:
        if record.accepted:
            return record.accepted[0]
        return record.attempts[0] if self._proceeds and record.open_recipients == 0 and record.attempts else None

    def _counted(self, now: datetime) -> None:
        """A fence beyond what an hour or a day allows needs one that an operator released (SF-05, P5)."""
        require(holds=not self.stopped, otherwise="fenced while the breaker is open")
        in_an_hour = len(self.fences) - bisect_right(self.fences, now - timedelta(hours=1))
        in_a_day = len(self.fences) - bisect_right(self.fences, now - DAY)
        if in_an_hour >= self._per_hour or in_a_day >= self._per_day:
            require(holds=self._released > 0, otherwise="more fences than the breaker allows")
            self._released -= 1
        insort(self.fences, now)

    def _acted(self, now: datetime) -> None:
        """Warnings and fences keep within the rate, also after an outage (SF-05, SF-06)."""
        insort(self.acts, now)
        in_a_minute = len(self.acts) - bisect_right(self.acts, now - timedelta(minutes=1))
        require(holds=in_a_minute <= self._per_minute, otherwise="more warnings and fences than the rate allows")
