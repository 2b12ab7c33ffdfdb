"""Intake of activity on a real Postgres: what is kept, what is answered, and what races do not break."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta, timezone
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres import activity as intake
from adapters.postgres.activity import PostgresActivity
from adapters.postgres.database import Connection, Database, lock
from adapters.postgres.migrate import migrate
from tenure.contracts.activity import ActivityEvent, ActivityKind, IntakeResult
from tenure.errors import Unavailable
from tenure.ids import OrganisationId
from tenure.policy.activity import fold
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from workers.stack.postgres import embedded_postgres

START = datetime(2026, 3, 1, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture(scope="module")
async def database_url(fresh_database: FreshDatabase) -> str:
    return await fresh_database()


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url) as database:
        yield database


@pytest.fixture(scope="module")
def activity(database: Database) -> PostgresActivity:
    return PostgresActivity(database)


async def organisations(database: Database, number: int) -> list[OrganisationId]:
    """So many new organisations that nobody has used yet."""
    ids = [OrganisationId(f"org_{next(_numbers):06d}") for _ in range(number)]
    async with database.write() as connection:
        await connection.execute(
            "insert into organisations (organisation_id, name, country, created_at)"
            " select id, 'Name', 'DE', $2 from unnest($1::text[]) as id",
            ids,
            START,
        )
        await connection.execute("insert into activity (organisation_id) select id from unnest($1::text[]) as id", ids)
    return ids


def event(
    organisation_id: str, hours: float, kind: ActivityKind = ActivityKind.APP_SIGN_IN, source: str = "identity"
) -> ActivityEvent:
    return ActivityEvent(
        organisation_id=OrganisationId(organisation_id), kind=kind, at=START + timedelta(hours=hours), source=source
    )


async def rows(database: Database, ids: Sequence[str]) -> dict[str, tuple[datetime | None, str | None, str | None]]:
    async with database.read() as connection:
        found = await connection.fetch("select * from activity where organisation_id = any($1::text[])", ids)
    return {row["organisation_id"]: (row["last_activity_at"], row["last_kind"], row["last_source"]) for row in found}


async def close(connection: Connection, organisation_id: OrganisationId, fenced_at: datetime) -> datetime | None:
    """What a fence does to activity: lock the organisation, then the row, read it, and close it."""
    await lock(connection, organisation_id)
    last: datetime | None = await connection.fetchval(
        "select last_activity_at from activity where organisation_id = $1 for update", organisation_id
    )
    await connection.execute(
        "update activity set closed = true, fenced_at = $2 where organisation_id = $1", organisation_id, fenced_at
    )
    return last


def numbers(result: IntakeResult) -> tuple[int, int, int, int, int]:
    return result.accepted, result.older, result.unknown, result.deleted, len(result.rejected)


class TestWhatIsKept:
    """The newest event of each organisation, whatever came in whatever order."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    async def test_permuted_split_and_repeated_streams_end_in_the_same_row(
        self, data: st.DataObject, database: Database, activity: PostgresActivity
    ) -> None:
        """Every order, division and repetition of a stream leaves the rows that folding it leaves (P7, AC-10)."""
        ids = await organisations(database, 3)
        events = data.draw(
            st.lists(
                st.builds(
                    event,
                    st.sampled_from(ids),
                    st.integers(0, 4),
                    st.sampled_from(ActivityKind),
                    st.sampled_from(["identity", "messaging"]),
                ),
                min_size=1,
            )
        )
        stream = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events)))]))
        cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=4)) | {0, len(stream)})
        batches = [stream[start:end] for start, end in pairwise(cuts)]
        if data.draw(st.booleans()):
            await asyncio.gather(*(activity.record(batch) for batch in batches))
        else:
            for batch in batches:
                await activity.record(batch)
        expected = {key: (one.at, one.kind, one.source) for key, one in fold(events).items()}
        assert await rows(database, list(expected)) == expected

    async def test_an_older_event_changes_nothing(self, database: Database, activity: PostgresActivity) -> None:
        """Late events are judged by their own time; older ones and duplicates leave the row alone (AC-10)."""
        (one,) = await organisations(database, 1)
        await activity.record([event(one, 5)])
        async with database.read() as connection:
            before = await connection.fetchrow("select *, xmin from activity where organisation_id = $1", one)
        assert numbers(await activity.record([event(one, 4), event(one, 5), event(one, -99)])) == (0, 3, 0, 0, 0)
        async with database.read() as connection:
            assert await connection.fetchrow("select *, xmin from activity where organisation_id = $1", one) == before

    async def test_an_instant_is_the_same_in_every_zone(self, database: Database, activity: PostgresActivity) -> None:
        """Event times are compared as instants, whatever offset they came with, to the microsecond (AC-10)."""
        (one,) = await organisations(database, 1)
        first = event(one, 0).at.replace(microsecond=1).astimezone(timezone(timedelta(hours=-9.5)))
        second = (first + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=14)))
        # RFC 3339 has these, too, of which Postgres knows no more than 15:59.
        third, fourth = (
            (second + timedelta(microseconds=number)).astimezone(timezone(timedelta(hours=hours, minutes=59)))
            for number, hours in ((1, 23), (2, -24))
        )
        for at, expected in (
            *((newer, (1, 0)) for newer in (first, second, third, fourth)),
            *((older, (0, 1)) for older in (first.astimezone(UTC), third, fourth)),
        ):
            moved = event(one, 0).model_copy(update={"at": at})
            assert numbers(await activity.record([moved]))[:2] == expected
        assert (await rows(database, [one]))[one][0] == fourth

    async def test_an_imported_instant_is_known(self, database: Database, activity: PostgresActivity) -> None:
        """A row that has an instant and no kind, as imports leave it, is only moved by something later."""
        (one,) = await organisations(database, 1)
        async with database.write() as connection:
            await connection.execute("update activity set last_activity_at = $2 where organisation_id = $1", one, START)
        assert numbers(await activity.record([event(one, -1), event(one, 0)])) == (0, 2, 0, 0, 0)
        assert numbers(await activity.record([event(one, 1)])) == (1, 0, 0, 0, 0)


class TestAnswers:
    """Each batch is told exactly what became of it."""

    async def test_the_numbers_add_up(self, database: Database, activity: PostgresActivity) -> None:
        """Accepted, older, unknown, deleted and rejected are counted by event and add up to the batch (AC-10, AC-11)."""
        known, gone = await organisations(database, 2)
        await activity.record([event(known, 5)])
        async with database.write() as connection:
            await close(connection, gone, START)
        ahead = datetime.now(UTC) + timedelta(minutes=6)
        future = ActivityEvent(organisation_id=known, kind=ActivityKind.MESSAGE_SENT, at=ahead, source="messaging")
        batch = [event(known, 4), event("org_nobody", 1), future, event(known, 6), event(gone, 1), event(known, 7)]
        result = await activity.record([*batch, event("org_nobody", 2), event(gone, 3), event(known, 5)])
        assert numbers(result) == (2, 2, 2, 2, 1)
        assert result.unknown_organisations == ("org_nobody",)
        assert result.deleted_organisations == (gone,)
        assert [(line.line, line.code) for line in result.rejected] == [(3, "future_event")]
        assert (await rows(database, [known]))[known][0] == START + timedelta(hours=7)

    async def test_a_value_that_would_shift_the_others_is_an_error(
        self, database: Database, activity: PostgresActivity
    ) -> None:
        """An event that nobody has validated cannot turn one source into two, and others' events into its own (P4)."""
        (one,) = await organisations(database, 1)
        crooked = event(one, 1).model_copy(update={"source": "identity,messaging"})
        with pytest.raises(ValueError, match="comma"):
            await activity.record([crooked])
        null = event(one, 1).model_copy(update={"source": "null"})
        assert numbers(await activity.record([null])) == (1, 0, 0, 0, 0)
        assert (await rows(database, [one]))[one][2] == "null"

    async def test_an_empty_batch_is_answered(self, activity: PostgresActivity) -> None:
        """A batch without events needs no database."""
        assert await activity.record([]) == IntakeResult()

    async def test_the_future_begins_five_minutes_ahead(self, database: Database, activity: PostgresActivity) -> None:
        """A source's clock may run 5 minutes ahead of `business_now()`; beyond, the event is rejected (SF-10)."""
        (one,) = await organisations(database, 1)
        now = datetime.now(UTC)
        near, far = (
            ActivityEvent(organisation_id=one, kind=ActivityKind.APP_SIGN_IN, at=now + ahead, source="identity")
            for ahead in (timedelta(minutes=4, seconds=55), timedelta(minutes=5, seconds=5))
        )
        assert numbers(await activity.record([far])) == (0, 0, 0, 0, 1)
        assert (await rows(database, [one]))[one][0] is None
        assert numbers(await activity.record([far, near])) == (1, 0, 0, 0, 1)
        assert (await rows(database, [one]))[one][0] == near.at

    async def test_a_simulation_has_its_own_future(self, fresh_database: FreshDatabase) -> None:
        """The only clock of intake is `business_now()`: in a simulation it runs ahead of the wall (SF-10)."""
        async with Database.open(await fresh_database(InstallationKind.SIMULATION)) as database:
            async with database.write() as connection:
                await connection.execute("update installation set clock_offset = interval '100 days'")
            (one,) = await organisations(database, 1)
            activity = PostgresActivity(database)
            for days, expected in ((99, (1, 0, 0, 0, 0)), (101, (0, 0, 0, 0, 1))):
                at = datetime.now(UTC) + timedelta(days=days)
                ahead = ActivityEvent(organisation_id=one, kind=ActivityKind.APP_SIGN_IN, at=at, source="identity")
                assert numbers(await activity.record([ahead])) == expected

    async def test_batches_written_together_are_answered_one_after_the_other(
        self, database: Database, activity: PostgresActivity
    ) -> None:
        """Batches that share a statement are counted as if each had come alone, in the order of their arrival (AC-10)."""
        (one,) = await organisations(database, 1)
        batches = [[event(one, 2)], [event(one, 1)], [event(one, 2), event(one, 3)], [event(one, 3), event(one, 3)]]
        results = await asyncio.gather(*(activity.record(batch) for batch in batches))
        assert [numbers(result)[:2] for result in results] == [(1, 0), (0, 1), (1, 1), (0, 2)]

    async def test_what_waits_is_bounded(
        self, database: Database, activity: PostgresActivity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More than may wait is sent away as `Unavailable` instead of filling the memory; the rest is answered."""
        (one,) = await organisations(database, 1)
        monkeypatch.setattr(intake, "MAX_WAITING", 20)
        batches = ([event(one, hour)] * 10 for hour in range(5))
        results = await asyncio.gather(*(activity.record(batch) for batch in batches), return_exceptions=True)
        assert [type(result) for result in results] == [IntakeResult] * 3 + [Unavailable] * 2


class TestDeletedOrganisations:
    """From the fence on, activity is answered `org_deleted`, and what came too late is not forgotten."""

    @pytest.mark.parametrize(
        ("hours", "late"), [([9], None), ([3], 3), ([3, 4, 9], 4), ([9, 3], 3), ([1], None), ([0.5], None), ([6], None)]
    )
    async def test_an_event_dated_before_the_fence_holds_the_purge(
        self, database: Database, activity: PostgresActivity, hours: list[float], late: float | None
    ) -> None:
        """What is older than the fence and newer than what it knew is kept as `late_at`, and answered deleted (SF-11)."""
        (one,) = await organisations(database, 1)
        await activity.record([event(one, 1)])
        async with database.write() as connection:
            await close(connection, one, START + timedelta(hours=6))
        result = await activity.record([event(one, hour) for hour in hours])
        assert numbers(result) == (0, 0, 0, len(hours), 0)
        async with database.read() as connection:
            row = await connection.fetchrow("select * from activity where organisation_id = $1", one)
        assert row is not None
        assert row["late_at"] == (None if late is None else START + timedelta(hours=late))
        assert (row["last_activity_at"], row["closed"]) == (START + timedelta(hours=1), True)

    async def test_late_evidence_only_moves_forward(self, database: Database, activity: PostgresActivity) -> None:
        """The newest late event is kept, in whatever order late events come (SF-11, P7)."""
        (one,) = await organisations(database, 1)
        async with database.write() as connection:
            await close(connection, one, START + timedelta(hours=6))
        for hour in (2, 5, 3, 5):
            await activity.record([event(one, hour)])
        async with database.read() as connection:
            late_at = await connection.fetchval("select late_at from activity where organisation_id = $1", one)
        assert late_at == START + timedelta(hours=5)

    async def test_an_organisation_brought_back_between_two_statements_is_not_missed(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An abort that commits while a batch is under way makes the batch count, not disappear (P2)."""
        (one,) = await organisations(database, 1)
        async with database.write() as connection:
            await close(connection, one, START)
        activity = PostgresActivity(database)
        look = activity._look

        async def look_after_abort(*args: Mapping[str, object]) -> object:
            async with database.write() as connection:
                await connection.execute(
                    "update activity set closed = false, fenced_at = null where organisation_id = $1", one
                )
            return await look(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(activity, "_look", look_after_abort)
        assert numbers(await activity.record([event(one, 1)])) == (1, 0, 0, 0, 0)
        assert (await rows(database, [one]))[one][0] == START + timedelta(hours=1)

    async def test_activity_that_commits_first_wins_and_what_follows_is_deleted(self, database: Database) -> None:
        """In 300 races every accepted event was seen by the fence, and no refused one is in the row (P2, AC-11)."""
        generator = random.Random(11)
        seen: Counter[str] = Counter()

        async def fence(organisation_id: OrganisationId, pause: float) -> datetime | None:
            await asyncio.sleep(pause)
            async with database.write() as connection:
                return await close(connection, organisation_id, START + timedelta(days=1))

        async def send(activity: PostgresActivity, organisation_id: OrganisationId, pause: float) -> IntakeResult:
            await asyncio.sleep(pause)
            return await activity.record([event(organisation_id, 1)])

        for organisation_id in await organisations(database, 300):
            pauses = generator.uniform(0, 0.004), generator.uniform(0, 0.004)
            last, result = await asyncio.gather(
                fence(organisation_id, pauses[0]), send(PostgresActivity(database), organisation_id, pauses[1])
            )
            accepted = result.accepted == 1
            seen["accepted" if accepted else "deleted"] += 1
            assert accepted is (result.deleted == 0)
            assert accepted is (last is not None)
            assert accepted is ((await rows(database, [organisation_id]))[organisation_id][0] is not None)
        assert min(seen["accepted"], seen["deleted"]) > 10, seen


class TestWatchedOrganisations:
    """A countdown that has warned hears of activity at once."""

    async def test_activity_of_a_warned_organisation_wakes_its_process(
        self, database: Database, activity: PostgresActivity
    ) -> None:
        """Newer activity of a watched organisation wakes its open processes once; older, or unwatched, none (AC-02)."""
        warned, marked = await organisations(database, 2)
        async with database.write() as connection:
            await connection.execute("update activity set watched = true where organisation_id = $1", warned)
            await connection.execute(
                "insert into processes (workflow_id, type, organisation_id, input, state, created_at)"
                " select 'deletion/' || id || '/' || state, 'DeletionCountdown', id, '{}', state, $2"
                "   from unnest($1::text[]) as id cross join unnest(array['started', 'closed']) as state",
                [warned, marked],
                START,
            )
        await activity.record([event(warned, 2), event(warned, 1), event(marked, 2)])
        await activity.record([event(warned, 2), event(warned, 1)])
        async with database.read() as connection:
            woken = await connection.fetch(
                "select organisation_id, state, wakes from processes where organisation_id = any($1::text[])"
                " order by organisation_id, state",
                [warned, marked],
            )
        assert [tuple(row) for row in woken] == [
            (warned, "closed", 0),
            (warned, "started", 1),
            (marked, "closed", 0),
            (marked, "started", 0),
        ]


class TestConcurrency:
    """Many writers, in one process and in several."""

    async def test_equal_batches_are_accepted_once(self, database_url: str, database: Database) -> None:
        """The same batch, sent 24 times at once through three processes' pools, is accepted exactly once (AC-10)."""
        ids = await organisations(database, 50)
        batch = [event(one, number % 3) for number, one in enumerate(ids * 2)]
        async with AsyncExitStack() as stack:
            pools = [await stack.enter_async_context(Database.open(database_url)) for _ in range(3)]
            intakes = [PostgresActivity(pool) for pool in pools]
            results = await asyncio.gather(*(intakes[number % 3].record(batch) for number in range(24)))
        newest_hours = {key: one.at for key, one in fold(batch).items()}
        assert sum(result.older + result.accepted for result in results) == 24 * len(batch)
        first = [result for result in results if result.accepted]
        assert [numbers(result) for result in first] == [(len(batch), 0, 0, 0, 0)]
        assert {key: row[0] for key, row in (await rows(database, ids)).items()} == newest_hours

    async def test_batches_never_wait_for_each_other_in_a_circle(self, database_url: str, database: Database) -> None:
        """Batches of the same organisations in opposite orders, from four processes' pools: no deadlock (XC-06).

        The table is large enough for the planner to look rows up one by one, in the order in which they are asked for.
        """
        generator = random.Random(7)
        ids = (await organisations(database, 20_000))[:200]
        async with database.write() as connection:
            await connection.execute(
                "update activity set watched = true where organisation_id = any($1::text[])", ids[::7]
            )
        owner = await asyncpg.connect(database_url)
        await owner.execute("analyze activity")
        await owner.close()
        async with AsyncExitStack() as stack:
            pools = [await stack.enter_async_context(Database.open(database_url)) for _ in range(4)]

            async def send(batches: list[list[ActivityEvent]], pool: Database) -> list[IntakeResult]:
                intake_of_its_own = PostgresActivity(pool)
                return [await intake_of_its_own.record(batch) for batch in batches]

            streams = [
                [[event(one, generator.random()) for one in generator.sample(ids, 150)] for _ in range(15)]
                for _ in range(12)
            ]
            results = await asyncio.gather(*(send(stream, pools[number % 4]) for number, stream in enumerate(streams)))
        sent = [one for stream in streams for batch in stream for one in batch]
        assert sum(result.accepted + result.older for answered in results for result in answered) == len(sent)
        expected = {key: one.at for key, one in fold(sent).items()}
        assert {key: row[0] for key, row in (await rows(database, list(expected))).items()} == expected

    @pytest.mark.parametrize("writers", [1, 2, 3])
    async def test_no_batch_is_left_behind(self, database: Database, writers: int) -> None:
        """A batch that arrives as a writer ends is written too: no caller waits for ever."""
        (one,) = await organisations(database, 1)
        activity = PostgresActivity(database, writers=writers)

        async def send() -> int:
            return sum([(await activity.record([event(one, number)])).accepted for number in range(1, 21)])

        async with asyncio.timeout(30):
            accepted = await asyncio.gather(*(send() for _ in range(6)))
        assert sum(accepted) == 20

    async def test_a_caller_that_goes_away_takes_nothing_along(
        self, database: Database, activity: PostgresActivity
    ) -> None:
        """Who stops waiting leaves the batches of the others, and its own, in good hands."""
        ids = await organisations(database, 3)
        callers = [asyncio.create_task(activity.record([event(one, 1)])) for one in ids]
        await asyncio.sleep(0)
        callers[0].cancel()
        results = await asyncio.gather(*callers[1:])
        assert [numbers(result) for result in results] == [(1, 0, 0, 0, 0)] * 2
        assert all(row[0] for row in (await rows(database, ids)).values())


class TestFaults:
    """A database that is not there."""

    async def test_a_database_that_is_gone_is_unavailable_and_comes_back(self) -> None:
        """Without Postgres every caller is told to send again; afterwards the same intake goes on, nothing twice."""
        with TemporaryDirectory(prefix="tenure-away-") as folder:
            data = Path(folder)
            async with AsyncExitStack() as stack:
                server = await stack.enter_async_context(AsyncExitStack())
                url = await server.enter_async_context(embedded_postgres(data, print))
                await asyncio.to_thread(migrate, url)
                database = await stack.enter_async_context(Database.open(url))
                (one,) = await organisations(database, 1)
                activity = PostgresActivity(database)
                await activity.record([event(one, 1)])
                await server.aclose()
                results = await asyncio.gather(
                    *(activity.record([event(one, 2)]) for _ in range(3)), return_exceptions=True
                )
                assert [type(result) for result in results] == [Unavailable] * 3
                port = int(url.rpartition(":")[2].partition("/")[0])
                async with embedded_postgres(data, print, port=port):
                    assert numbers(await activity.record([event(one, 1), event(one, 2)])) == (1, 1, 0, 0, 0)

    async def test_a_database_that_hangs_is_unavailable(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A statement that waits for a lock longer than the limit is given up, and the callers told."""
        monkeypatch.setattr(intake, "COMMIT_SECONDS", 0.2)
        (one,) = await organisations(database, 1)
        activity = PostgresActivity(database)
        async with database.write() as connection:
            await close(connection, one, START)
            with pytest.raises(Unavailable, match="too long"):
                await activity.record([event(one, 1)])
        assert numbers(await activity.record([event(one, 1)])) == (0, 0, 0, 1, 0)
