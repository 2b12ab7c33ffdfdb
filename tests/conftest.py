"""The servers that tests run against: real ones, started once a session on free ports in a folder of their own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from workers.stack.postgres import embedded_postgres

type FreshDatabase = Callable[[], Awaitable[str]]


@pytest.fixture(scope="session")
def stack_data() -> Iterator[Path]:
    """A data folder for this session's servers.

    Not below pytest's own folder: pytest closes that one to other accounts, and as root Postgres runs as another one.
    """
    folder = Path(tempfile.mkdtemp(prefix="tenure-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres_url(stack_data: Path) -> AsyncIterator[str]:
    """The URL of an empty database, as superuser."""
    async with embedded_postgres(stack_data, print) as url:
        yield url


@pytest.fixture(scope="session")
async def fresh_database(postgres_url: str) -> FreshDatabase:
    """Creates databases of their own: `url = await fresh_database()`, migrated to head, empty, in some 30 ms."""
    from adapters.postgres.migrate import migrate

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def named(database: str) -> str:
        return f"{postgres_url.rpartition('/')[0]}/{database}"

    await execute("create database template_migrated")
    await asyncio.to_thread(migrate, named("template_migrated"))
    numbers = count(1)

    async def create() -> str:
        database = f"test_{next(numbers)}"
        await execute(f"create database {database} template template_migrated")
        return named(database)

    return create
