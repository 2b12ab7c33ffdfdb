"""The servers that tests run against: real ones, started once a session on free ports in a folder of their own."""

import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest
from hypothesis import settings

from adapters.postgres.migrate import migrate
from tenure import names, search
from tenure.settings import InstallationKind
from workers.stack.mail import MailSink
from workers.stack.mail import mail_sink as start_mail_sink
from workers.stack.postgres import embedded_postgres
from workers.stack.server import Report
from workers.stack.temporal import Temporal
from workers.stack.temporal import temporal as start_temporal

_PATIENCE_SECONDS = 10.0
_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 8 * 1024**3
"""Free bytes from which the servers' data are kept there: copying databases is what most tests wait for."""
_DATABASES = 200
"""How many are kept; older ones that nobody is connected to are dropped."""


def pytest_configure() -> None:
    """End by SIGTERM, as `timeout` sends it, like by Ctrl-C: fixtures are closed and their data removed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Who started this in the background, or under nohup, has these ignored, and every program under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # A property holds however busy the machine is: the first example compiles templates, or waits for a processor.
    settings.register_profile("tenure", deadline=None)
    settings.load_profile("tenure")


def reporter(request: pytest.FixtureRequest) -> Report:
    """Show what a server says on the terminal once its start takes long: the first may build Temporal for minutes.

    One of several processes of tests has no terminal of its own: it says so past what pytest captures of it.
    """
    plugins = request.config.pluginmanager
    terminal, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")
    begin = time.monotonic()

    def report(line: str) -> None:
        print(line)  # noqa: T201 - pytest keeps it for failures
        if time.monotonic() - begin <= _PATIENCE_SECONDS:
            return
        if terminal is not None:
            terminal.write_line(line)
        elif capture is not None:
            with capture.global_and_fixture_disabled():
                print(line, file=sys.stderr, flush=True)  # noqa: T201

    return report


@pytest.fixture(scope="session")
def stack_data() -> Iterator[Path]:
    """A data folder for this session's servers.

    Not below pytest's own folder: pytest closes that one to other accounts, and as root Postgres runs as another one.
    """
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _MEMORY_NEEDED
    folder = Path(tempfile.mkdtemp(prefix="tenure-tests-", dir=_MEMORY if in_memory else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres_url(stack_data: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of an empty database, as superuser, on a server whose data goes with it: no test here cuts its power."""
    async with embedded_postgres(stack_data, reporter(request), durable=False) as url:
        yield url


class FreshDatabase(Protocol):
    """Creates a database of the caller's own."""

    async def __call__(self, kind: InstallationKind = InstallationKind.PRODUCTION) -> str:
        """Return the URL, as superuser, of a database migrated to head and otherwise empty."""
        ...


@pytest.fixture(scope="session")
async def fresh_database(postgres_url: str) -> FreshDatabase:
    """What creates databases, each copied within some 70 ms from a migrated one; `await` it without arguments."""
    templates: dict[InstallationKind, asyncio.Task[str]] = {}
    numbers = count(1)
    kept: deque[str] = deque()

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def url(database: str) -> str:
        return f"{postgres_url.rpartition('/')[0]}/{database}"

    async def template(kind: InstallationKind) -> str:
        database = f"template_{kind.value}"
        await execute(f"create database {database}")
        await asyncio.to_thread(migrate, url(database), kind)
        return database

    async def create(kind: InstallationKind = InstallationKind.PRODUCTION) -> str:
        if kind not in templates:
            templates[kind] = asyncio.create_task(template(kind))
        database = f"test_{next(numbers)}"
        await execute(f"create database {database} template {await templates[kind]} strategy file_copy")
        kept.append(database)
        if len(kept) > _DATABASES:
            oldest = kept.popleft()
            try:
                await execute(f"drop database {oldest}")
            except asyncpg.ObjectInUseError:
                kept.append(oldest)
        return url(database)

    return create


@pytest.fixture(scope="session")
async def temporal(stack_data: Path, request: pytest.FixtureRequest) -> AsyncIterator[Temporal]:
    """A Temporal server with the namespaces `tenure` and, able to skip time, `tenure-simulation`."""
    namespaces = {names.NAMESPACE: False, names.SIMULATION_NAMESPACE: True}
    async with start_temporal(
        stack_data, reporter(request), namespaces=namespaces, search_attributes=search.REGISTRY, port=0, ui_port=0
    ) as server:
        yield server


@pytest.fixture(scope="session")
async def mail_sink(stack_data: Path, request: pytest.FixtureRequest) -> AsyncIterator[MailSink]:
    """A mail server that keeps every mail of the session; tests choose recipients of their own and filter by them."""
    async with start_mail_sink(stack_data, reporter(request), smtp_port=0, web_port=0) as sink:
        yield sink
