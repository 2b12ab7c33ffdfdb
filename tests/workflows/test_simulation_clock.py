"""The simulation clock on a real server and a real database, with a workflow that only acts on time."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from adapters.postgres.database import Connection, Database
from adapters.postgres.simulation import PostgresSimulation
from tenure import names
from tenure.errors import Misconfigured
from tenure.plugin import UNAVAILABLE
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.sleeper import Broken, Sleep, Sleeper
from workers.simulation.clock import SimulationClock
from workers.simulation.executions import SimulationStuck
from workers.simulation.starts import simulated
from workers.stack.temporal import Temporal

type Act = tuple[str, datetime, datetime]
"""Whose, when by the installation's clock, and when it was due."""


@dataclass
class Sleepers:
    """A simulated installation whose organisations only sleep and act."""

    database: Database
    simulation: PostgresSimulation
    client: Client
    task_queue: str
    acts: list[Act] = field(default_factory=list)
    failures: int = 0
    """How many attempts of each act fail."""
    error: Exception = field(default_factory=lambda: OSError("the database is away, on purpose"))
    """By what."""

    def clock(self, patience: timedelta = timedelta(seconds=30)) -> SimulationClock:
        return SimulationClock(self.simulation, self.client, self, patience=patience)

    async def add(self, name: str, in_: timedelta, workflow_type: str = "Sleeper") -> Sleep:
        """An organisation that acts for the first time after `in_`, and then twice more, 30 days apart."""
        sleep = Sleep(f"org_{name}", await self.simulation.now() + in_)
        async with self.database.write() as connection:
            await connection.execute(
                "insert into organisations (organisation_id, name, country, created_at) values ($1, 'x', 'DE', now())",
                sleep.organisation_id,
            )
            await _put_date(connection, sleep)
            await connection.execute(
                "insert into processes (workflow_id, type, organisation_id, input, created_at)"
                " values ($1, $2, $3, $4, now())",
                f"{self.task_queue}/{name}",
                workflow_type,
                sleep.organisation_id,
                {"due_at": sleep.due_at.isoformat()},
            )
        return sleep

    async def run_once(self) -> int:
        """What the relay does, for these workflows."""
        async with self.database.read() as connection:
            rows = await connection.fetch("select * from processes where state = 'pending'")
        client = simulated(self.client, self.simulation)
        for row in rows:
            sleep = Sleep(row["organisation_id"], datetime.fromisoformat(row["input"]["due_at"]))
            await client.start_workflow(row["type"], sleep, id=row["workflow_id"], task_queue=self.task_queue)
            async with self.database.write() as connection:
                await connection.execute(
                    "update processes set state = 'started' where workflow_id = $1", row["workflow_id"]
                )
        return len(rows)

    @activity.defn(name="act")
    async def act(self, left: Sleep) -> None:
        """Write down when it is, and the next date."""
        if activity.info().attempt <= self.failures:
            raise self.error
        async with self.database.write() as connection:
            now = await connection.fetchval("select business_now()")
            self.acts.append((left.organisation_id, now, left.due_at - left.every))
            if left.times:
                await _put_date(connection, left)
                return
            for table in ("delete from next_dates", "update processes set state = 'closed'"):
                await connection.execute(f"{table} where organisation_id = $1", left.organisation_id)


async def _put_date(connection: Connection, sleep: Sleep) -> None:
    await connection.execute(
        "insert into next_dates values ($1::text, 'deletion', $1::text, $2, 'DM-08', 'silence')"
        " on conflict (organisation_id, kind, subject) do update set due_at = $2",
        sleep.organisation_id,
        sleep.due_at,
    )


@asynccontextmanager
async def sleeping(temporal: Temporal, url: str, *, working: bool = True) -> AsyncIterator[Sleepers]:
    client = await Client.connect(
        temporal.address, namespace=names.SIMULATION_NAMESPACE, data_converter=pydantic_data_converter
    )
    async with Database.open(url) as database:
        sleepers = Sleepers(database, PostgresSimulation(database), client, f"sleepers-{uuid.uuid4()}")
        if not working:
            yield sleepers
            return
        worker = Worker(client, task_queue=sleepers.task_queue, workflows=[Sleeper, Broken], activities=[sleepers.act])
        async with worker:
            yield sleepers


@pytest.fixture
async def sleepers(temporal: Temporal, fresh_database: FreshDatabase) -> AsyncIterator[Sleepers]:
    async with sleeping(temporal, await fresh_database(InstallationKind.SIMULATION)) as installation:
        yield installation


async def test_everything_happens_when_it_is_due(sleepers: Sleepers) -> None:
    """Over 200 days, also for what begins on the way, nothing is early, late, left out or out of order (SF-10, XC-01)."""
    clock = sleepers.clock()
    start = await clock.now()
    due = [await sleepers.add(f"early-{number}", timedelta(days=30, hours=number)) for number in range(3)]
    await clock.advance(start + timedelta(days=45))
    due += [await sleepers.add(f"late-{number}", timedelta(days=40, minutes=number)) for number in range(5)]
    await clock.advance(start + timedelta(days=200))

    expected = sorted((sleep.due_at + n * sleep.every, sleep.organisation_id) for sleep in due for n in range(3))
    assert sorted((due_at, organisation) for organisation, _, due_at in sleepers.acts) == expected
    assert all(timedelta(0) <= now - due_at < timedelta(minutes=2) for _, now, due_at in sleepers.acts)
    assert timedelta(0) <= await clock.now() - start - timedelta(days=200) < timedelta(minutes=2)


async def test_failed_steps_are_tried_again(sleepers: Sleepers) -> None:
    """A step that fails is tried again, hours later, and the date that it holds up does not stop the clock (XC-01)."""
    sleepers.failures = 3
    sleep = await sleepers.add("unlucky", timedelta(days=1))
    await sleepers.clock().advance(sleep.due_at + timedelta(days=70))

    late = [now - due_at for _, now, due_at in sleepers.acts]
    assert len(late) == 3
    assert all(timedelta(hours=2) <= each < timedelta(hours=7) for each in late)


async def test_an_error_that_stays_stops_the_clock(sleepers: Sleepers) -> None:
    """A step that fails by a bug is not followed from attempt to attempt for ever: the error names workflow and activity (P15)."""
    sleepers.failures = 1_000_000
    sleep = await sleepers.add("unlucky", timedelta(days=1))
    with pytest.raises(SimulationStuck, match=rf"{sleepers.task_queue}/unlucky: activity act \(.*away, on purpose"):
        await sleepers.clock().advance(sleep.due_at + timedelta(days=70))
    assert await sleepers.simulation.now() < sleep.due_at + timedelta(days=1)


async def test_an_outage_is_followed_to_its_end(sleepers: Sleepers) -> None:
    """However often somebody does not answer, who is asked answers in the end, and nothing is lost (XC-01)."""
    sleepers.failures, sleepers.error = 8, ApplicationError("The platform answered 503.", type=UNAVAILABLE)
    sleep = await sleepers.add("patient", timedelta(days=1))
    await sleepers.clock().advance(sleep.due_at + timedelta(days=2))
    assert len(sleepers.acts) == 1


async def test_outside_events_come_before_what_is_due(sleepers: Sleepers) -> None:
    """Heartbeats are given at each stop before a workflow looks, so that no feed seems behind by the hop (SF-03)."""
    heard: list[datetime] = []

    async def before_hop(stop: datetime) -> None:
        assert not [act for act in sleepers.acts if act[1] > stop]
        heard.append(stop)

    sleep = await sleepers.add("watched", timedelta(days=1))
    end = sleep.due_at + timedelta(days=100)
    await sleepers.clock().advance(end, before_hop)

    assert [now >= due_at for _, now, due_at in sleepers.acts] == [True] * 3
    assert all(any(due_at <= stop for stop in heard) for _, _, due_at in sleepers.acts)
    assert heard[-1] == end


async def test_a_standstill_names_who_waits_for_what(temporal: Temporal, fresh_database: FreshDatabase) -> None:
    """Without a worker the clock stops, and the error names the workflow and what it waits for (P15)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with sleeping(temporal, url, working=False) as sleepers:
        sleep = await sleepers.add("alone", timedelta(days=1))
        with pytest.raises(SimulationStuck, match=rf"{sleepers.task_queue}/alone: workflow task, attempt 1\."):
            await sleepers.clock(patience=timedelta(seconds=1)).advance(sleep.due_at)


async def test_a_failed_workflow_stops_the_clock(sleepers: Sleepers) -> None:
    """A workflow that fails is an error of the simulation at once, not a date that is quietly missed (P15)."""
    sleep = await sleepers.add("broken", timedelta(days=1), "Broken")
    with pytest.raises(SimulationStuck, match=r"/broken ended as failed\."):
        await sleepers.clock().advance(sleep.due_at)


async def test_a_production_clock_is_never_moved(fresh_database: FreshDatabase) -> None:
    """An installation that was not created as a simulation has no clock to move, in code or in the database (SF-10)."""
    async with Database.open(await fresh_database()) as database:
        with pytest.raises(Misconfigured, match="not created as a simulation"):
            PostgresSimulation(database)
