"""Feeds on a real Postgres: watermarks, silence, gaps, and what of it is on record."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from adapters.postgres import audit
from adapters.postgres.database import Database
from adapters.postgres.feeds import PostgresFeeds
from tenure.contracts.activity import Feed, FeedGap, Heartbeat
from tenure.errors import Refusal, RefusalCode
from tenure.ports import Caller
from tests.conftest import FreshDatabase

OPERATOR = Caller(actor="operator:ada")
SERVICE = Caller(actor="service:identity")
_numbers = count(1)


@pytest.fixture(scope="module")
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    async with Database.open(await fresh_database()) as database:
        yield database


@pytest.fixture(scope="module")
def feeds(database: Database) -> PostgresFeeds:
    return PostgresFeeds(database)


@pytest.fixture
async def source(feeds: PostgresFeeds) -> str:
    source = f"feed-{next(_numbers)}"
    await feeds.register(OPERATOR, Feed(source=source, rhythm=timedelta(minutes=5)))
    return source


async def one(feeds: PostgresFeeds, source: str) -> Feed:
    (feed,) = [feed for feed in await feeds.all() if feed.source == source]
    return feed


async def heard_ago(database: Database, source: str, ago: timedelta) -> None:
    async with database.write() as connection:
        await connection.execute(
            "update feeds set heard_at = business_now() - $2::interval where source = $1", source, ago
        )


async def trail(database: Database, source: str) -> list[tuple[str, str | None, str | None]]:
    async with database.write() as connection:
        assert await audit.verify(connection, f"feed:{source}")
        rows = await connection.fetch("select * from audit where subject = $1 order by position", f"feed:{source}")
    return [(row["action"], row["from_state"], row["to_state"]) for row in rows]


async def test_a_new_feed_has_delivered_nothing(feeds: PostgresFeeds, source: str) -> None:
    """Until its first heartbeat a feed's watermark is unknown, whatever its registration says: assessments hold (P3)."""
    now = datetime.now(UTC)
    await feeds.register(
        OPERATOR, Feed(source=source, rhythm=timedelta(minutes=5), watermark=now, heard_at=now, late=False)
    )
    feed = await one(feeds, source)
    assert (feed.watermark, feed.heard_at, feed.late, feed.needed) == (None, None, True, True)


async def test_a_heartbeat_moves_the_watermark_forward_only(feeds: PostgresFeeds, source: str) -> None:
    """A watermark never goes back; an earlier one still says that the feed lives (SF-03)."""
    now = datetime.now(UTC)
    marks = [now - timedelta(minutes=minutes) for minutes in (30, 10, 20)]
    beats = [await feeds.heartbeat(SERVICE, Heartbeat(source=source, watermark=mark)) for mark in marks]
    assert [beat.watermark for beat in beats] == [marks[0], marks[1], marks[1]]
    heard = [beat.heard_at for beat in beats if beat.heard_at]
    assert heard == sorted(heard)
    assert heard[0] >= now
    assert not any(beat.late for beat in beats)


async def test_heartbeats_at_once_leave_the_newest(feeds: PostgresFeeds, source: str) -> None:
    """Concurrent heartbeats end at the newest watermark, in whatever order they commit (SF-03, P7)."""
    now = datetime.now(UTC)
    marks = [now - timedelta(minutes=minutes) for minutes in (9, 3, 7, 1, 5)]
    await asyncio.gather(*(feeds.heartbeat(SERVICE, Heartbeat(source=source, watermark=mark)) for mark in marks))
    assert (await one(feeds, source)).watermark == max(marks)


async def test_a_watermark_is_never_ahead_of_the_clock(feeds: PostgresFeeds, source: str) -> None:
    """A source's clock up to 5 minutes ahead counts as now; beyond that the heartbeat is refused (SF-10)."""
    near = await feeds.heartbeat(
        SERVICE, Heartbeat(source=source, watermark=datetime.now(UTC) + timedelta(minutes=4, seconds=55))
    )
    assert near.watermark is not None
    assert near.watermark <= datetime.now(UTC)
    with pytest.raises(Refusal) as refusal:
        await feeds.heartbeat(
            SERVICE, Heartbeat(source=source, watermark=datetime.now(UTC) + timedelta(minutes=5, seconds=5))
        )
    assert refusal.value.code is RefusalCode.FUTURE_EVENT
    assert (await one(feeds, source)).watermark == near.watermark


async def test_a_feed_is_late_when_it_is_silent_beyond_its_rhythm(
    database: Database, feeds: PostgresFeeds, source: str
) -> None:
    """Silence up to the rhythm is fine, beyond it the feed is late until the next heartbeat (SF-03)."""
    await feeds.heartbeat(SERVICE, Heartbeat(source=source, watermark=datetime.now(UTC)))
    for minutes, late in ((4, False), (6, True)):
        await heard_ago(database, source, timedelta(minutes=minutes))
        assert (await one(feeds, source)).late is late
    assert not (await feeds.heartbeat(SERVICE, Heartbeat(source=source, watermark=datetime.now(UTC)))).late


async def test_what_changes_a_feed_is_on_record(database: Database, feeds: PostgresFeeds, source: str) -> None:
    """Registration, change, the end of a silence and a gap leave audit rows; a regular heartbeat leaves none (XC-04)."""
    now = datetime.now(UTC)
    beat = Heartbeat(source=source, watermark=now)
    await feeds.heartbeat(SERVICE, beat)
    await feeds.heartbeat(SERVICE, beat)
    await heard_ago(database, source, timedelta(hours=1))
    await feeds.heartbeat(SERVICE, beat)
    for needed in (True, False, False):
        await feeds.register(OPERATOR, Feed(source=source, rhythm=timedelta(minutes=5), needed=needed))
    gap = FeedGap(source=source, lost_from=now - timedelta(hours=2), lost_until=now, reason="disk full")
    await feeds.declare_gap(OPERATOR, gap)
    assert await trail(database, source) == [
        ("feed_registered", None, "needed"),
        ("feed_heard", "unknown", "heard"),
        ("feed_heard", "late", "heard"),
        ("feed_changed", "needed", "optional"),
        ("gap_declared", None, None),
    ]


async def test_the_same_command_is_carried_out_once(database: Database, feeds: PostgresFeeds, source: str) -> None:
    """A gap that is declared twice under one idempotency key is declared once (P10)."""
    now = datetime.now(UTC)
    gap = FeedGap(source=source, lost_from=now - timedelta(hours=2), lost_until=now, reason="disk full")
    caller = OPERATOR.model_copy(update={"key": f"gap-{source}"})
    for _ in range(2):
        await feeds.declare_gap(caller, gap)
    async with database.read() as connection:
        assert await connection.fetchval("select count(*) from feed_gaps where source = $1", source) == 1


async def test_a_gap_lies_in_the_past(database: Database, feeds: PostgresFeeds, source: str) -> None:
    """A span that is not over, or is none, would move everybody's dates for nothing: it is refused, and nothing kept."""
    now = datetime.now(UTC)
    minute = timedelta(minutes=1)
    for lost_from, lost_until, code in (
        (now, now + 6 * minute, RefusalCode.FUTURE_EVENT),
        (now, now, RefusalCode.INVALID_INPUT),
        (now, now - minute, RefusalCode.INVALID_INPUT),
        (now + 2 * minute, now + 4 * minute, RefusalCode.INVALID_INPUT),
    ):
        with pytest.raises(Refusal) as refusal:
            await feeds.declare_gap(
                OPERATOR, FeedGap(source=source, lost_from=lost_from, lost_until=lost_until, reason="lost")
            )
        assert refusal.value.code is code
    async with database.read() as connection:
        assert await connection.fetchval("select count(*) from feed_gaps where source = $1", source) == 0


async def test_a_gap_is_heard_by_every_warned_countdown(database: Database, feeds: PostgresFeeds, source: str) -> None:
    """A lost span counts as activity of everyone, and who has been warned must hear of it at once (SF-03)."""
    now = datetime.now(UTC)
    async with database.write() as connection:
        await connection.execute(
            "insert into organisations (organisation_id, name, country, created_at)"
            " select 'org_' || name, name, 'DE', now() from unnest(array['warned', 'marked']) as name;"
            "insert into activity (organisation_id, watched) values ('org_warned', true), ('org_marked', false);"
            "insert into processes (workflow_id, type, organisation_id, input, state, created_at)"
            " select 'deletion/' || organisation_id || '/1', 'DeletionCountdown', organisation_id, '{}', 'started', now()"
            "   from activity"
        )
    gap = FeedGap(source=source, lost_from=now - timedelta(hours=2), lost_until=now, reason="disk full")
    await feeds.declare_gap(OPERATOR, gap)
    async with database.read() as connection:
        woken = await connection.fetch("select organisation_id, wakes from processes order by 1")
    assert [tuple(row) for row in woken] == [("org_marked", 0), ("org_warned", 1)]


async def test_an_unknown_feed_is_refused(feeds: PostgresFeeds) -> None:
    """A heartbeat or a gap of a feed that nobody registered is a mistake, not a new feed."""
    now = datetime.now(UTC)
    for attempt in (
        feeds.heartbeat(SERVICE, Heartbeat(source="nobody", watermark=now)),
        feeds.declare_gap(
            OPERATOR, FeedGap(source="nobody", lost_from=now - timedelta(hours=1), lost_until=now, reason="lost")
        ),
    ):
        with pytest.raises(Refusal) as refusal:
            await attempt
        assert refusal.value.code is RefusalCode.FEED_NOT_FOUND
    assert all(feed.source != "nobody" for feed in await feeds.all())
