"""Where contestants meet: one Postgres for all, a process for each, and the oracle that looks at the rows afterwards."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from temporalio.client import Client

from adapters.postgres.migrate import migrate
from benchmarks.peers import signals, upserts
from benchmarks.scale import Scale
from benchmarks.sender import Job, Sent
from benchmarks.temporal_server import NAMESPACE
from benchmarks.traffic import Traffic, name
from workers.stack.ports import LOOPBACK, free_port
from workers.stack.postgres import embedded_postgres
from workers.stack.server import Server, serve

_ORGANISATIONS: Final = """
insert into organisations (organisation_id, name, country, created_at)
select id, id, 'DE', now() from unnest($1::text[]) as id
"""
_READY_SECONDS: Final = 30.0
_SIGNAL_STARTS: Final = 32
_OPEN_CONNECTIONS: Final = 128
_SETTLING_SECONDS: Final = 300.0


class VoidRoundError(Exception):
    """A row says something else than what was sent: the round does not count."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one contestant."""

    events: int
    seconds: float
    """From the first request until everything was done: answered, and for signals processed."""
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


class Arena:
    """The servers of one run."""

    def __init__(
        self, folder: Path, scale: Scale, database_url: str, stack: AsyncExitStack, report: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self.scale = scale
        self.database_url = database_url
        self._stack = stack
        self._report = report
        self._log = folder / "contestants.log"

    def url(self, database: str) -> str:
        """The URL of one of the databases."""
        return f"{self.database_url.rpartition('/')[0]}/{database}"

    async def enter(self, contestant: str, store: str, *, width: int) -> int:
        """Start a contestant's process; answers the port of its hop."""
        port = free_port()
        process = await self._process(contestant, store, str(port), "--width", str(width))
        await process.ready(lambda: _listens(port), _READY_SECONDS)
        return port

    async def enter_worker(self, address: str) -> None:
        """Start the process that runs the signals' workflows."""
        await self._process("signal-worker", address, "0")

    async def _process(self, contestant: str, *arguments: str) -> Server:
        command = [sys.executable, "-m", "benchmarks.hop", contestant, *arguments]
        return await self._stack.enter_async_context(serve(contestant, command, self._log, self._report))

    async def send(self, job: Job) -> Sent:
        """Let the sender's process carry out a job."""
        return await run_process("benchmarks.sender", job, Sent)


@asynccontextmanager
async def arena(scale: Scale, report: Callable[[str], None]) -> AsyncIterator[Arena]:
    """Start Postgres with a database for Tenure and one for the upserts, each with all organisations in it."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-bench-"))
    try:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(embedded_postgres(folder, report))
            found = Arena(folder, scale, url, stack, report)
            await asyncio.to_thread(migrate, url)
            names = [name(number) for number in range(scale.organisations)]
            connection = await asyncpg.connect(url)
            await connection.execute(_ORGANISATIONS, names)
            await connection.execute("insert into activity (organisation_id) select organisation_id from organisations")
            await connection.execute("create database upserts")
            await connection.execute("vacuum analyze")
            await connection.close()
            connection = await asyncpg.connect(found.url("upserts"))
            await connection.execute(upserts.SCHEMA)
            await connection.execute(
                "insert into last_activity select id, now() - interval '20 days', '', '' from unnest($1::text[]) as id",
                names,
            )
            await connection.execute("vacuum analyze")
            await connection.close()
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Rows:
    """A contestant whose state is rows: Tenure, or the upserts."""

    def __init__(self, arena: Arena, port: int, database_url: str, table: str, events: int) -> None:
        self._arena = arena
        self._port = port
        self._database_url = database_url
        self._table = table
        self.events = events

    async def round(self, traffic: Traffic, *, per_request: int, rate: float | None = None) -> Round:
        """Send a round's traffic, and check every row.

        Raises:
            VoidRoundError: a row is not as the events say.
        """
        await checkpoint(self._database_url)
        # What is sent when it is due must not wait for a connection.
        connections = _OPEN_CONNECTIONS if rate else self._arena.scale.connections
        sent = await self._arena.send(Job(self._port, traffic, per_request, connections, rate))
        await self._check(traffic)
        return Round(sent.events, sent.seconds, sent.latencies)

    async def _check(self, traffic: Traffic) -> None:
        connection = await asyncpg.connect(self._database_url)
        right = traffic.newest()
        rows = await connection.fetch(
            f"select organisation_id, last_activity_at from {self._table} where last_activity_at >= $1",
            min(right.values()),
        )
        await connection.close()
        compare({row["organisation_id"]: row["last_activity_at"] for row in rows}, right)


class Signals:
    """The contestant whose state is workflows."""

    def __init__(self, arena: Arena, address: str, port: int, client: Client) -> None:
        self._arena = arena
        self._address = address
        self._port = port
        self.client = client
        self._processed: dict[str, int] = {}
        self.events = arena.scale.signal_events

    async def at(self, width: int) -> "Signals":
        """The same workflows behind a hop with another number of signals in flight."""
        other = Signals(
            self._arena, self._address, await self._arena.enter("signals", self._address, width=width), self.client
        )
        other._processed = self._processed  # the workflows are the same ones
        return other

    async def start(self) -> None:
        """Start the workflows; no part of any round."""
        slots = asyncio.Semaphore(_SIGNAL_STARTS)

        async def start(organisation_id: str) -> None:
            async with slots:
                await signals.start(self.client, organisation_id)

        await asyncio.gather(*(start(name(number)) for number in range(self._arena.scale.signal_organisations)))

    async def round(self, traffic: Traffic, *, per_request: int) -> Round:
        """Send a round's traffic, wait until every signal was processed, and ask every workflow.

        Raises:
            VoidRoundError: a workflow is not as the events say.
        """
        job = Job(self._port, traffic, per_request, self._arena.scale.connections)
        sent = await self._arena.send(job)
        seen = await self._settle(traffic.counts())
        compare({key: one.last_activity_at for key, one in seen.items()}, traffic.newest())
        done_at = max(one.processed_at.timestamp() for one in seen.values() if one.processed_at)
        return Round(sent.events, max(done_at - sent.began_at, sent.seconds), sent.latencies)

    async def _settle(self, sent: dict[str, int]) -> dict[str, signals.Seen]:
        """Wait for the workflows; how long that took they say themselves, by the server's clock."""
        waiting = {key: self._processed.get(key, 0) + count for key, count in sent.items()}
        settled: dict[str, signals.Seen] = {}
        async with asyncio.timeout(_SETTLING_SECONDS):
            while waiting:
                await asyncio.sleep(1)
                for key in list(waiting):
                    handle = self.client.get_workflow_handle(f"active/{key}")
                    seen = await handle.query(signals.ActiveOrganisation.seen)
                    if seen.events > waiting[key]:
                        raise VoidRoundError(f"{key} has processed {seen.events} signals, {waiting[key]} were sent.")
                    if seen.events < waiting[key]:
                        break
                    settled[key] = seen
                    self._processed[key] = waiting.pop(key)
        return settled


async def connect_signals(arena: Arena, address: str, *, width: int) -> Signals:
    """Bring the signals in: their worker, their hop, and their workflows."""
    await arena.enter_worker(address)
    port = await arena.enter("signals", address, width=width)
    contestant = Signals(arena, address, port, await signals.connect(address, NAMESPACE))
    await contestant.start()
    return contestant


async def run_process[Result](module: str, job: object, result_type: type[Result]) -> Result:
    """Run a module of ours as a process of its own; JSON goes in and comes out.

    Raises:
        VoidRoundError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(msgspec.json.encode(job))
    if process.returncode:
        raise VoidRoundError(f"{module} ended with {process.returncode}.")
    return msgspec.json.decode(output, type=result_type)


async def checkpoint(database_url: str) -> None:
    """Write out what earlier rounds have left, so that it is not written at the cost of the next one."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("checkpoint")
    await connection.close()


def compare(found: Mapping[str, datetime | None], right: Mapping[str, datetime]) -> None:
    """Compare every organisation with what was sent.

    Raises:
        VoidRoundError: one is wrong.
    """
    wrong = [key for key in found.keys() | right.keys() if found.get(key) != right.get(key)]
    if wrong:
        raise VoidRoundError(f"{len(wrong)} organisations are wrong, such as {wrong[0]}: {found.get(wrong[0])}.")


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True
