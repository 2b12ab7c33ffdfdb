"""The embedded Postgres, started for real in a folder of the test's own."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import psycopg
import pytest

from workers.stack.errors import StackError
from workers.stack.ports import free_port
from workers.stack.postgres import embedded_postgres, require_database


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tenure-postgres-"))
    yield folder
    shutil.rmtree(folder)


def postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postgres" / "data" / "postmaster.pid").read_text().split()[0]))


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_data_is_found_again_after_a_restart(data: Path) -> None:
    """What one run committed the next one reads, under the same password, on whatever port."""
    async with embedded_postgres(data, print) as url:
        await query(url, "create table kept as select 42 as answer")
    async with embedded_postgres(data, print) as url:
        assert await query(url, "select answer from kept") == 42


async def test_it_starts_again_after_the_server_was_killed(data: Path) -> None:
    """`kill -9` of the postmaster, as a crash: its stale lock file is no obstacle, and no commit is lost (P10)."""
    ended = asyncio.Event()

    def report(line: str) -> None:
        if line.startswith("Postgres ended unexpectedly (exit code 137)"):
            ended.set()

    async with embedded_postgres(data, report) as url:
        await query(url, "create table kept as select 42 as answer")
        postmaster(data).kill()
        await asyncio.wait_for(ended.wait(), 10)
    assert (data / "postgres" / "data" / "postmaster.pid").exists()
    async with embedded_postgres(data, print) as url:
        assert await query(url, "select answer from kept") == 42


async def test_it_starts_although_the_old_process_number_belongs_to_another_program(data: Path) -> None:
    """A container that is started again gives the number in the stale lock file to something else."""
    async with embedded_postgres(data, print):
        lock = (data / "postgres" / "data" / "postmaster.pid").read_text().splitlines()
    stale = data / "postgres" / "data" / "postmaster.pid"
    uid = (data / "postgres" / "data").stat().st_uid
    other = await asyncio.create_subprocess_exec(
        "cat", stdin=asyncio.subprocess.PIPE, user=uid if os.geteuid() == 0 else None
    )
    stale.write_text("\n".join([str(other.pid), *lock[1:]]))
    shutil.chown(stale, uid)
    async with embedded_postgres(data, print) as url:
        assert await query(url, "select 1") == 1
    other.kill()
    await other.wait()


async def test_nothing_outlives_the_process_that_started_it(data: Path) -> None:
    """The stack is killed with `kill -9`; its Postgres ends in order all the same."""
    script = f"""
import asyncio
from pathlib import Path
from workers.stack.postgres import embedded_postgres
async def main():
    async with embedded_postgres(Path({str(data)!r}), lambda line: None) as url:
        print(url, flush=True)
        await asyncio.sleep(3600)
asyncio.run(main())
"""
    stack = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert stack.stdout is not None
    url = (await stack.stdout.readline()).decode().strip()
    assert await query(url, "select 1") == 1  # from another process than the one that started it
    server = postmaster(data)
    stack.kill()
    await stack.wait()
    await asyncio.to_thread(server.wait, 20)
    assert not (data / "postgres" / "data" / "postmaster.pid").exists()


async def test_it_is_as_durable_as_production_and_reachable_by_every_driver(data: Path) -> None:
    """Commits reach the disk before they are answered; asyncpg and psycopg take the same URL."""
    async with embedded_postgres(data, print) as url:
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": "200",
            "listen_addresses": "127.0.0.1",
            "timezone": "UTC",
            "server_encoding": "UTF8",
        }.items():
            assert await query(url, f"show {name}") == value
        assert int(str(await query(url, "show server_version_num"))) >= 180000
        with psycopg.connect(url) as connection:
            row = connection.execute("select current_database(), usesuper from pg_user").fetchone()
        assert row == ("tenure", True)


async def test_what_is_thrown_away_waits_for_no_disk(data: Path) -> None:
    """Only where that was asked for, as the server of this session is."""
    async with embedded_postgres(data, print, durable=False) as url:
        assert await query(url, "show fsync") == "off"
        server = postmaster(data)
    assert not server.is_running()


async def test_a_stranger_on_the_machine_is_refused(postgres_url: str) -> None:
    """The loopback interface is open to every account of the machine: a password guards the superuser."""
    head, _, tail = postgres_url.partition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{head.rpartition(':')[0]}:wrong@{tail}")


async def test_a_taken_port_is_told_in_one_sentence(data: Path) -> None:
    """The message names the port and the variable that chooses another."""
    async with embedded_postgres(data, print, port=(port := free_port())):
        with pytest.raises(StackError, match=rf"^Postgres cannot listen on port {port} .*TENURE_POSTGRES_PORT\.$"):
            async with embedded_postgres(data / "other", print, port=port):
                pass


async def test_data_in_use_is_told_in_one_sentence(data: Path) -> None:
    """A second stack on the same folder is refused before anything is touched."""
    async with embedded_postgres(data, print) as url:
        with pytest.raises(
            StackError, match=rf"process {postmaster(data).pid}\): stop that stack, or .* TENURE_DATA\.$"
        ):
            async with embedded_postgres(data, print):
                pass
        assert await query(url, "select 1") == 1


async def test_a_database_out_of_reach_is_told_with_the_three_ways_out() -> None:
    """Start it, name another one, or use the embedded one."""
    with pytest.raises(StackError, match=r"^The database cannot be reached \(.*\): start .*, set .*, or unset .*\.$"):
        await require_database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")


async def test_a_database_in_reach_passes(postgres_url: str) -> None:
    """A database that answers raises nothing."""
    await require_database(postgres_url)


async def test_postgres_that_cannot_start_is_told_with_its_log(data: Path) -> None:
    """The server's own last words are in the message, and where the rest is."""
    async with embedded_postgres(data, print):
        pass
    (data / "postgres" / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(StackError, match=r"ended while it started \(exit code 1\): .*; its log is .*postgres\.log\.$"):
        async with embedded_postgres(data, print):
            pass
