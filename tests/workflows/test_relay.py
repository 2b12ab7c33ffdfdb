"""The relay: what a fact asks for is started once, soon, and through outages."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from adapters.temporal import TemporalExecutions
from tenure import names
from tenure.errors import Unavailable
from tenure.ids import OrganisationId
from tests.workflows.installation import Installation
from tests.workflows.proxy import Proxy
from workers.connection import connect
from workers.relay import Relay
from workers.simulation.starts import simulated
from workers.stack.temporal import Temporal


@asynccontextmanager
async def running(world: Installation, relay: Relay | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """A relay at work in the background."""
    task: asyncio.Task[None] = asyncio.create_task((relay or world.relay).run(world.application.database))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - other servers have no event for us
            await asyncio.sleep(0.02)


def runs(world: Installation, organisation_id: OrganisationId) -> Callable[[], Awaitable[bool]]:
    """Whether the organisation's countdown runs."""
    return lambda: TemporalExecutions(world.client).is_open(names.deletion_id(organisation_id, 1))


async def test_a_fact_is_heard_at_once(world: Installation) -> None:
    """A committed fact rings the bell: its process starts long before the next poll, and a change wakes it."""
    async with running(world):
        organisation_id = await world.organisation()
        await until(runs(world, organisation_id), 4)
        await world.as_owner("update organisations set state = 'live', marked_at = null")
        await world.as_owner("update processes set wakes = wakes + 1")
        result = await asyncio.wait_for(world.countdown(organisation_id).result(), 4)
        assert result.state == "live"


async def test_many_relays_start_one_execution(world: Installation) -> None:
    """However often and by however many a process is started, one execution has its id (P10, P11)."""
    organisation_id = await world.organisation()
    await asyncio.gather(*(world.relay.run_once() for _ in range(5)))
    description = await world.countdown(organisation_id).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING
    await world.as_owner("update processes set state = 'pending'")
    assert await world.relay.run_once() == 1
    assert (await world.countdown(organisation_id).describe()).run_id == description.run_id


async def test_an_execution_that_has_ended_is_never_started_twice(world: Installation) -> None:
    """A relay that died between the start and its row does not repeat a process that has ended meanwhile (P10, P11)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.as_owner("update organisations set state = 'live', marked_at = null")
    await world.as_owner("update processes set wakes = wakes + 1")
    await world.settle()
    await world.countdown(organisation_id).result()
    ended = await world.countdown(organisation_id).describe()
    await world.as_owner("update processes set state = 'pending'")
    await world.relay.run_once()
    assert (await world.countdown(organisation_id).describe()).run_id == ended.run_id
    assert tuple(await world.row("select state from processes")) == ("started",)


async def test_one_relay_at_a_time_and_the_next_takes_over(world: Installation) -> None:
    """Of two workers one answers the bell; when it ends, the other does."""
    held = (
        "select count(*) from pg_locks where locktype = 'advisory' and granted and objsubid = 1 and database = "
        "(select oid from pg_database where datname = current_database())"
    )
    async with running(world) as first:
        await until(lambda: _is(world, held, 1))
        async with running(world):
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            organisation_id = await world.organisation()
            await until(runs(world, organisation_id))
            assert await _is(world, held, 1)


async def _is(world: Installation, query: str, value: int) -> bool:
    return bool((await world.row(query))[0] == value)


async def test_it_outlives_the_database(world: Installation) -> None:
    """Every connection is cut: the relay waits, listens again, and starts what was asked for meanwhile (P10)."""
    async with running(world) as relay:
        await until(runs(world, await world.organisation("before")))
        await world.as_owner(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        organisation_id = await _once_the_database_answers(lambda: world.organisation("after"))
        await until(runs(world, organisation_id))
        assert not relay.done()


async def _once_the_database_answers[Result](act: Callable[[], Awaitable[Result]]) -> Result:
    """Try again, as a caller does: each idle connection that was cut costs somebody one Unavailable."""
    while True:
        with suppress(Unavailable):
            return await act()


async def test_it_outlives_temporal(world: Installation, temporal: Temporal) -> None:
    """While Temporal is out of reach facts are taken; when it is back, their processes start, each once (P10, P15)."""
    proxy = Proxy(temporal.address)
    async with proxy.serve():
        client = await connect(world.application.settings, address=proxy.address)
        relay = Relay(
            world.application.processes,
            TemporalExecutions(client),
            simulated(client, world.simulation),
            starts_per_second=1000,
        )
        async with running(world, relay) as task:
            proxy.close_road()
            organisation_ids = [await world.organisation(name) for name in ("one", "two")]
            await until(lambda: _unreachable(client.service_client.check_health))
            proxy.open_road()
            for organisation_id in organisation_ids:
                await until(runs(world, organisation_id))
            assert not task.done()


async def _unreachable(call: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return not await call()
    except RPCError:
        return True


async def test_a_process_that_temporal_refuses_holds_up_no_other(world: Installation) -> None:
    """One row cannot be started: it is logged and stays, and the others run."""
    organisation_id = await world.organisation()
    await world.as_owner(
        "insert into processes (workflow_id, type, organisation_id, input, created_at)"
        " select repeat('x', 2000), type, organisation_id, input, created_at - interval '1 day' from processes"
    )
    assert await world.relay.run_once() == 1
    assert await runs(world, organisation_id)()
    assert tuple(await world.row("select count(*) from processes where state = 'pending'")) == (1,)
    await world.as_owner("delete from processes where length(workflow_id) = 2000")


async def test_starts_are_spaced(world: Installation) -> None:
    """A relay keeps to its rate, whatever waits (design, section 3)."""
    for number in range(6):
        await world.organisation(f"many{number}")
    relay = Relay(
        world.application.processes, TemporalExecutions(world.client), world.starting_client, starts_per_second=10
    )
    begin = time.monotonic()
    assert await relay.run_once() == 6
    assert time.monotonic() - begin >= 0.5
