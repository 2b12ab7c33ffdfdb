"""The feeds of activity: how far each is complete. A deletion waits for those that are needed (SF-03, P3)."""

from collections.abc import Sequence

import asyncpg

from adapters.postgres import audit
from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.pending import wake_processes
from tenure.contracts.activity import FUTURE_TOLERANCE, Feed, FeedGap, FeedName, Heartbeat
from tenure.contracts.base import Instant
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller

_SELECT = """
select source, rhythm, needed, watermark, heard_at, heard_at is null or heard_at + rhythm < business_now() as late
  from feeds
"""


class PostgresFeeds:
    """Feeds, their heartbeats and their gaps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Feed]:
        """Every feed by name."""
        async with self._database.read() as connection:
            rows = await connection.fetch(f"{_SELECT} order by source")
        return [_feed(row) for row in rows]

    async def register(self, caller: Caller, feed: Feed) -> Feed:
        """Add a feed, or change its rhythm and whether it is needed; what it has delivered only heartbeats say."""

        async def carry_out(connection: Connection) -> Feed:
            added = await connection.fetchval(
                "insert into feeds (source, rhythm, needed) values ($1, $2, $3) on conflict do nothing returning true",
                feed.source,
                feed.rhythm,
                feed.needed,
            )
            before = await _lock(connection, feed.source)
            await connection.execute(
                "update feeds set rhythm = $2, needed = $3 where source = $1", feed.source, feed.rhythm, feed.needed
            )
            if added or (before.rhythm, before.needed) != (feed.rhythm, feed.needed):
                await audit.append(
                    connection,
                    subject=_subject(feed.source),
                    at=await business_now(connection),
                    actor=caller.actor,
                    action="feed_registered" if added else "feed_changed",
                    from_state=None if added else _importance(before),
                    to_state=_importance(feed),
                    details={"rhythm_seconds": feed.rhythm.total_seconds()},
                )
            return await _lock(connection, feed.source)

        return await once(self._database, caller, feed, Feed, carry_out)

    async def heartbeat(self, caller: Caller, heartbeat: Heartbeat) -> Feed:
        """Move the watermark; it never goes back, nor ahead of `business_now()`.

        A regular heartbeat leaves no audit row; the one that ends a silence does.

        Raises:
            Refusal: `feed_not_found`, or `future_event` where the source's clock is more than 5 minutes ahead.
        """

        async def carry_out(connection: Connection) -> Feed:
            before = await _lock(connection, heartbeat.source)
            now = await business_now(connection)
            _refuse_future(heartbeat.watermark, now)
            await connection.execute(
                "update feeds set watermark = greatest(watermark, $2), heard_at = $3 where source = $1",
                heartbeat.source,
                min(heartbeat.watermark, now),
                now,
            )
            after = await _lock(connection, heartbeat.source)
            if before.late:
                await audit.append(
                    connection,
                    subject=_subject(heartbeat.source),
                    at=now,
                    actor=caller.actor,
                    action="feed_heard",
                    from_state="unknown" if before.heard_at is None else "late",
                    to_state="heard",
                    details={"watermark": after.watermark and after.watermark.isoformat()},
                )
            return after

        return await once(self._database, caller, heartbeat, Feed, carry_out)

    async def declare_gap(self, caller: Caller, gap: FeedGap) -> None:
        """Declare a span lost for good; every warned countdown looks at once, and every erasure in quarantine.

        Raises:
            Refusal: `feed_not_found`; `future_event` for a span that is not over; `invalid_input` for an empty one.
        """

        async def carry_out(connection: Connection) -> None:
            await _lock(connection, gap.source)
            now = await business_now(connection)
            _refuse_future(gap.lost_until, now)
            lost_until = min(gap.lost_until, now)
            if gap.lost_from >= lost_until:
                raise Refusal(RefusalCode.INVALID_INPUT, "A gap ends after it begins.")
            await connection.execute(
                "insert into feed_gaps (source, lost_from, lost_until, reason, declared_by, declared_at)"
                " values ($1, $2, $3, $4, $5, $6)",
                gap.source,
                gap.lost_from,
                lost_until,
                gap.reason,
                caller.actor,
                now,
            )
            await audit.append(
                connection,
                subject=_subject(gap.source),
                at=now,
                actor=caller.actor,
                action="gap_declared",
                reason=gap.reason,
                details={"lost_from": gap.lost_from.isoformat(), "lost_until": lost_until.isoformat()},
            )
            concerned = await connection.fetch(
                "select organisation_id from activity where watched"
                " union select organisation_id from erasures where state = 'quarantine'"
            )
            await wake_processes(connection, *(OrganisationId(row["organisation_id"]) for row in concerned))

        await once(self._database, caller, gap, type(None), carry_out)


async def _lock(connection: Connection, source: FeedName) -> Feed:
    row = await connection.fetchrow(f"{_SELECT} where source = $1 for update", source)
    if row is None:
        raise Refusal(RefusalCode.FEED_NOT_FOUND)
    return _feed(row)


def _feed(row: asyncpg.Record) -> Feed:
    return Feed.model_validate(dict(row))


def _subject(source: FeedName) -> str:
    return f"feed:{source}"


def _importance(feed: Feed) -> str:
    return "needed" if feed.needed else "optional"


def _refuse_future(instant: Instant, now: Instant) -> None:
    if instant > now + FUTURE_TOLERANCE:
        raise Refusal(RefusalCode.FUTURE_EVENT)
