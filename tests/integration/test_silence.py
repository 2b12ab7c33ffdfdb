"""A database that vanishes without a word: no connection is closed, and nothing that was sent is ever answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from adapters.postgres.bell import answer
from adapters.postgres.database import Connection, Database, Patience
from tenure.errors import Unavailable
from tests.conftest import FreshDatabase
from tests.workflows.proxy import Proxy

SHORT = Patience(statement=0.5, connection=0.5, answer=0.25)
BOUND = 4.0
"""Seconds within which everything here has ended: several times all of SHORT, for a busy machine."""
CALLERS = 3


@pytest.fixture
async def url(fresh_database: FreshDatabase) -> str:
    """A database of the test's own."""
    return await fresh_database()


@asynccontextmanager
async def behind_proxy(url: str, patience: Patience = SHORT) -> AsyncIterator[tuple[Proxy, Database]]:
    """A pool of as many connections as there are callers, whose road can fall silent."""
    credentials, _, rest = url.rpartition("@")
    target, _, name = rest.partition("/")
    proxy = Proxy(target)
    async with (
        proxy.serve(),
        Database.open(f"{credentials}@{proxy.address}/{name}", max_size=CALLERS, patience=patience) as database,
    ):
        yield proxy, database


async def hang(database: Database, begun: asyncio.Event) -> None:
    """A caller in the middle of its transaction."""
    async with database.write() as connection:
        await connection.execute("select 1")
        begun.set()
        await asyncio.Event().wait()


async def hanging(database: Database) -> list[asyncio.Task[None]]:
    """As many callers as there are connections."""
    events = [asyncio.Event() for _ in range(CALLERS)]
    tasks = [asyncio.create_task(hang(database, begun)) for begun in events]
    await asyncio.gather(*(begun.wait() for begun in events))
    return tasks


async def ask(database: Database) -> int:
    """One small transaction."""
    async with database.read() as connection:
        one: int = await connection.fetchval("select 1")
        return one


async def test_callers_that_are_cancelled_give_their_connections_back(url: str) -> None:
    """A silent loss keeps no connection: who is cancelled ends as cancelled, and the next call goes through (XC-07)."""
    async with behind_proxy(url) as (proxy, database), asyncio.timeout(BOUND):
        tasks = await hanging(database)
        proxy.fall_silent()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError] * CALLERS
        assert await asyncio.gather(*(ask(database) for _ in range(CALLERS))) == [1] * CALLERS


async def test_idle_connections_that_are_gone(url: str) -> None:
    """Each costs one caller an answer "try again", soon, and then the pool is whole (XC-07)."""
    async with behind_proxy(url) as (proxy, database), asyncio.timeout(BOUND):
        tasks = await hanging(database)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        proxy.fall_silent()
        ends = await asyncio.gather(*(ask(database) for _ in range(CALLERS)), return_exceptions=True)
        assert [type(end) for end in ends] == [Unavailable] * CALLERS
        assert await asyncio.gather(*(ask(database) for _ in range(CALLERS))) == [1] * CALLERS


async def test_a_statement_that_is_never_answered(url: str) -> None:
    """It ends as Unavailable, and the connection is replaced (XC-07)."""
    async with behind_proxy(url) as (proxy, database), asyncio.timeout(BOUND):

        async def write() -> None:
            async with database.write() as connection:
                proxy.fall_silent()
                await connection.execute("select 1")

        with pytest.raises(Unavailable):
            await write()
        assert await ask(database) == 1


@pytest.mark.parametrize("kind", [Database.read, Database.write, Database.listen])
async def test_no_free_connection(
    url: str, kind: Callable[[Database], AbstractAsyncContextManager[Connection]]
) -> None:
    """Who waits for a connection waits for a bounded time (XC-07)."""
    async with behind_proxy(url) as (_, database), asyncio.timeout(BOUND):
        tasks = await hanging(database)
        with pytest.raises(Unavailable):
            async with kind(database):
                pass
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_answers_the_bell_notices(url: str) -> None:
    """The server has given its right to another by then, so it may not go on as if it had it (EV-03)."""
    async with behind_proxy(url) as (proxy, database), asyncio.timeout(BOUND):

        async def listen() -> None:
            async with answer(database, 0.01) as bell:
                assert not await bell.rings(0.01)
                proxy.fall_silent()
                await bell.rings(0.01)

        with pytest.raises(Unavailable):
            await listen()


async def test_a_relay_that_is_stopped_while_the_database_is_silent(url: str) -> None:
    """It ends as cancelled: a loop that waits outages out must not take its end for one (XC-07)."""
    async with behind_proxy(url) as (proxy, database), asyncio.timeout(BOUND):
        begun = asyncio.Event()

        async def listen() -> None:
            async with answer(database, 0.01) as bell:
                begun.set()
                await bell.rings(60)

        task = asyncio.create_task(listen())
        await begun.wait()
        proxy.fall_silent()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_pool_closes(url: str) -> None:
    """Also over connections whose other end is gone."""
    async with behind_proxy(url) as (proxy, database):
        assert await ask(database) == 1
        proxy.fall_silent()
        begin = time.monotonic()
    assert time.monotonic() - begin < BOUND


async def test_the_server_ends_the_session_of_a_vanished_client(url: str) -> None:
    """And gives its locks back within about a minute, whatever state it was in (SF-05, XC-06)."""
    async with Database.open(url) as database, database.read() as connection:
        rows = await connection.fetch(
            "select name, setting::integer as value from pg_settings"
            " where name like 'tcp_%' or name = 'idle_in_transaction_session_timeout'"
        )
    settings = {row["name"]: row["value"] for row in rows}
    idle, interval = settings["tcp_keepalives_idle"], settings["tcp_keepalives_interval"]
    assert 0 < idle + interval * settings["tcp_keepalives_count"] <= 60
    assert 0 < settings["tcp_user_timeout"] <= 60_000
    assert 0 < settings["idle_in_transaction_session_timeout"] <= 60_000
