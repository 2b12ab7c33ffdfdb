"""Intake of activity: many batches, one statement, one commit, and an exact answer for each batch (AC-10, P7).

While a statement is on its way to the disk, the batches that arrive wait, and the next statement takes them all. So the
price of a commit is shared by as many batches as there are, and a lone batch waits for nobody.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import msgspec

from adapters.postgres.database import Database
from adapters.postgres.pending import wake_processes
from tenure.contracts.activity import FUTURE_TOLERANCE, Event, IntakeResult, RejectedLine
from tenure.errors import RefusalCode, Unavailable
from tenure.ids import OrganisationId
from tenure.policy.activity import fold, is_late

MAX_GROUP = 50_000
"""Events that one statement takes, give or take a batch: some tenths of a second at the rate of the slowest traffic."""
MAX_WAITING = 500_000
"""Events that may wait; what comes then is sent away before it fills the memory."""
COMMIT_SECONDS = 30
"""A database that has not answered by then counts as away."""

# Without these plans, rows are visited in the order of the keys, whatever the planner thinks of the table's size. Two
# batches that lock the same organisations can so never wait for each other.
_BEGIN = """
select business_now(), set_config('enable_hashjoin', 'off', true), set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', 'off', true)
"""
ADVANCE = """
update activity a
   set last_activity_at = s.at, last_kind = s.kind, last_source = s.source
  from unnest(string_to_array($1, ','), $2::text::timestamptz[], string_to_array($3, ','), string_to_array($4, ','))
       with ordinality as s (organisation_id, at, kind, source, position)
 where a.organisation_id = s.organisation_id and not a.closed
   and (coalesce(a.last_activity_at, '-infinity'), coalesce(a.last_kind, '') collate "C",
        coalesce(a.last_source, '') collate "C") < (s.at, s.kind, s.source)
returning s.position, case when old.last_activity_at >= $5 then old.last_activity_at end, a.watched
"""
_LOOK = """
select organisation_id, last_activity_at, closed, fenced_at,
       (coalesce(last_activity_at, '-infinity'), coalesce(last_kind, '') collate "C",
        coalesce(last_source, '') collate "C") >= (s.at, s.kind, s.source) as is_known
  from unnest(string_to_array($1, ','), $2::text::timestamptz[], string_to_array($3, ','), string_to_array($4, ','))
       as s (organisation_id, at, kind, source)
  join activity using (organisation_id)
"""
_HOLD_PURGE = """
update activity a set late_at = s.at
  from unnest($1::text[], $2::timestamptz[]) as s (organisation_id, at)
 where a.organisation_id = s.organisation_id and a.closed and s.at < a.fenced_at
   and s.at > coalesce(greatest(a.last_activity_at, a.late_at), '-infinity')
"""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Standings:
    """What the rows said before the events came; an organisation that is in neither has no row."""

    known: dict[str, datetime] = field(default_factory=dict)
    """The last activity of each organisation that takes some; `_NEVER` where it lies before all of the events."""
    deleted: set[str] = field(default_factory=set)


class _Batch:
    """One caller's events, from its call to its answer."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.newest = fold(events)
        self.rejected: tuple[RejectedLine, ...] = ()
        self.answer: asyncio.Future[IntakeResult] = asyncio.get_running_loop().create_future()

    def reject_future(self, limit: datetime) -> None:
        """Take out what lies ahead of `limit`, so that the newest of the rest is kept."""
        if all(event.at <= limit for event in self.newest.values()):
            return
        code = RefusalCode.FUTURE_EVENT
        self.rejected = tuple(
            RejectedLine(line=line, code=code, reason=code.text)
            for line, event in enumerate(self.events, 1)
            if event.at > limit
        )
        self.events = [event for event in self.events if event.at <= limit]
        self.newest = fold(self.events)

    def settle(self, standings: _Standings) -> IntakeResult:
        """Count the events against what was known before them, and leave what is known after them."""
        known = standings.known
        accepted = older = 0
        gone: Counter[str] = Counter()
        for event in self.events:
            last = known.get(event.organisation_id)
            if last is None:
                gone[event.organisation_id] += 1
            elif event.at > last:
                accepted += 1
            else:
                older += 1
        for organisation_id, event in self.newest.items():
            if organisation_id in known and event.at > known[organisation_id]:
                known[organisation_id] = event.at
        deleted = {key: count for key, count in gone.items() if key in standings.deleted}
        return IntakeResult(
            accepted=accepted,
            older=older,
            unknown=gone.total() - sum(deleted.values()),
            deleted=sum(deleted.values()),
            rejected=self.rejected,
            unknown_organisations=tuple(OrganisationId(key) for key in gone if key not in deleted),
            deleted_organisations=tuple(OrganisationId(key) for key in deleted),
        )


class PostgresActivity:
    """The newest instant of each organisation, kept in its row of `activity`."""

    def __init__(self, database: Database, *, writers: int = 2) -> None:
        """Take the database, and how many statements may be under way at once."""
        self._database = database
        self._writers = writers
        self._waiting: deque[_Batch] = deque()
        self._waiting_events = 0
        self._writing: set[asyncio.Task[None] | None] = set()

    async def record(self, events: Sequence[Event]) -> IntakeResult:
        """Fold the events and commit them; see the port."""
        if not events:
            return IntakeResult()
        if self._waiting_events > MAX_WAITING:
            raise Unavailable("More activity arrives than the database can take. Send it again, more slowly.")
        batch = _Batch(events)
        self._waiting.append(batch)
        self._waiting_events += len(events)
        if len(self._writing) < self._writers:
            # A task of its own: a caller that goes away leaves the batches of the others in good hands.
            self._writing.add(asyncio.create_task(self._write(), name="activity writer"))
        return await batch.answer

    async def _write(self) -> None:
        """Commit group after group until nothing waits."""
        try:
            while group := self._take():
                await self._answer(group)
        finally:
            # At once, and not when the loop comes to it: a batch that arrives in between would wait for nobody.
            self._writing.discard(asyncio.current_task())

    async def _answer(self, group: Sequence[_Batch]) -> None:
        """Commit a group, and tell its callers what became of it."""
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                results = await self._commit(group)
        except TimeoutError:
            _fail(group, Unavailable("The database takes too long. Send the events again."))
        except asyncpg.TransactionRollbackError:
            _fail(group, Unavailable("The intake got in the way of another command. Send the events again."))
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer gets it
            _fail(group, error)
        except BaseException:
            _fail(group, Unavailable("The intake stops. Send the events again."))
            raise
        else:
            for batch, result in zip(group, results, strict=True):
                if not batch.answer.done():
                    batch.answer.set_result(result)

    def _take(self) -> list[_Batch]:
        group: list[_Batch] = []
        events = 0
        while self._waiting and events < MAX_GROUP:
            batch = self._waiting.popleft()
            events += len(batch.events)
            group.append(batch)
        self._waiting_events -= events
        return group

    async def _commit(self, group: Sequence[_Batch]) -> list[IntakeResult]:
        """Write the newest of all, then answer as if the batches had come one after the other."""
        standings = _Standings()
        # What lies before all of the events need not be known exactly.
        oldest = min(event.at for batch in group for event in batch.events)
        pending: dict[str, Event] | None = None
        while pending is None or pending:
            async with self._database.write() as connection:
                now: datetime = await connection.fetchval(_BEGIN)
                if pending is None:
                    pending = _merge(group, now + FUTURE_TOLERANCE)
                    if not pending:
                        break
                ids = sorted(pending)
                rows = await connection.fetch(ADVANCE, *columns([pending[key] for key in ids]), oldest)
                standings.known.update((ids[position - 1], last or _NEVER) for position, last, _ in rows)
                watched = [OrganisationId(ids[position - 1]) for position, _, watched in rows if watched]
                if watched:
                    await wake_processes(connection, *watched)
            pending = {key: event for key, event in pending.items() if key not in standings.known}
            if pending:
                pending = await self._look(pending, group, standings)
        return [batch.settle(standings) for batch in group]

    async def _look(
        self, pending: Mapping[str, Event], group: Sequence[_Batch], standings: _Standings
    ) -> dict[str, Event]:
        """Find out why rows were not updated: there is none, it is closed, or it knows as much already.

        Answers what none of this is true of: what an operator has brought back between the two statements.
        """
        async with self._database.read() as connection:
            rows = await connection.fetch(_LOOK, *columns(list(pending.values())))
        again: dict[str, Event] = {}
        fences: dict[str, tuple[datetime | None, datetime | None]] = {}
        for organisation_id, last, closed, fenced_at, is_known in rows:
            if closed:
                standings.deleted.add(organisation_id)
                fences[organisation_id] = last, fenced_at
            elif is_known:
                standings.known[organisation_id] = last
            else:
                again[organisation_id] = pending[organisation_id]
        # The newest event may be dated after a fence that another of the events should have stopped.
        overlooked = (
            event
            for batch in group
            for event in batch.events
            if event.organisation_id in fences and is_late(event, *fences[event.organisation_id])
        )
        late_at = {key: event.at for key, event in fold(overlooked).items()} if fences else {}
        if late_at:
            async with self._database.write() as connection:
                await connection.fetchval(_BEGIN)
                ids = sorted(late_at)
                await connection.execute(_HOLD_PURGE, ids, [late_at[key] for key in ids])
        return again


def _merge(group: Sequence[_Batch], limit: datetime) -> dict[str, Event]:
    for batch in group:
        batch.reject_future(limit)
    return fold(event for batch in group for event in batch.newest.values())


def _fail(group: Sequence[_Batch], error: Exception) -> None:
    for batch in group:
        if not batch.answer.done():
            batch.answer.set_exception(error)


def columns(events: Sequence[Event]) -> tuple[str, str, str, str]:
    """The events as the statements take them: a text for each column, which Postgres takes apart.

    The driver would need more than half a microsecond to encode each value by itself, and an instant twice that.
    Postgres knows no offset of 16 hours or more, and RFC 3339 has them up to a day.
    """
    instants = msgspec.json.encode([_in_utc(event.at) for event in events]).decode()
    return (
        _joined([event.organisation_id for event in events]),
        f"{{{instants[1:-1]}}}",
        _joined([event.kind for event in events]),
        _joined([event.source for event in events]),
    )


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _joined(values: Sequence[str]) -> str:
    text = ",".join(values)
    if text.count(",") != len(values) - 1:
        raise ValueError("an id, a kind or a source of an event has a comma in it")
    return text
