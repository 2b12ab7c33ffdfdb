"""The peer's Temporal server: the official one, on the same Postgres as everything else that is measured."""

import asyncio
import json
import random
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from temporalio.client import Client

from workers.stack.errors import StackError
from workers.stack.namespaces import ensure_namespace
from workers.stack.ports import LOOPBACK
from workers.stack.server import Report, serve
from workers.stack.temporal import TEMPLATES
from workers.stack.temporal import temporal as sqlite_temporal
from workers.stack.temporal_programs import SERVER_VERSION, Official, find_programs

NAMESPACE: Final = "peer"
_DATABASE: Final = "temporal"
_READY_SECONDS: Final = 90.0
# Lists of workflows need an extension that the embedded Postgres lacks; they stay in SQLite, and nobody asks for them.
_PERSISTENCE: Final = Template("""\
persistence:
  defaultStore: main
  visibilityStore: visibility
  numHistoryShards: 4 # as in the server's own configuration for Postgres
  datastores:
    main:
      sql:
        {pluginName: postgres12, databaseName: temporal, connectProtocol: tcp, connectAddr: "$server", user: "$user",
         password: "$password", maxConns: 20, maxIdleConns: 20, maxConnLifetime: 1h}
    visibility:
      sql:
        {pluginName: sqlite, databaseName: "$visibility", connectProtocol: tcp, connectAddr: localhost, maxConns: 1,
         maxIdleConns: 1, connectAttributes: {mode: rwc, setup: "true", journal_mode: wal, synchronous: "1"}}

""")
# What the server's schema tool writes beside the schema itself; without it the server refuses to start.
_VERSIONS: Final = """
create table schema_version (
    version_partition int not null, db_name varchar(255) not null, creation_time timestamp, curr_version varchar(64),
    min_compatible_version varchar(64), primary key (version_partition, db_name)
)
"""


@asynccontextmanager
async def peer_temporal(folder: Path, database_url: str, report: Report) -> AsyncIterator[tuple[str, str]]:
    """Run a Temporal server for the peer; yields its address and what it stores its state in.

    The schema comes with the server's source, which Go keeps where it has built the server. Where that is out of reach
    the server runs as the development stack runs it, on SQLite without a sync for each commit: faster for the peer.
    """
    schemas = await _schemas()
    if schemas is None:
        async with sqlite_temporal(
            folder, report, namespaces={NAMESPACE: False}, search_attributes=[], port=0, ui_port=0
        ) as server:
            yield server.address, "SQLite"
        return
    programs = await find_programs(report, server_wide=False)
    assert isinstance(programs, Official)
    await _create_database(database_url, schemas)
    frontend = next(_low_ports())
    configuration = _configure(folder / "temporal-on-postgres", database_url, frontend)
    address = f"{LOOPBACK}:{frontend}"

    async def answers() -> bool:
        try:
            await Client.connect(address)
        except RuntimeError:
            return False
        return True

    command: list[str | Path] = [programs.server, "--allow-no-auth", "--config-file", configuration, "start"]
    async with serve("The peer's Temporal", command, configuration.with_name("server.log"), report) as process:
        await process.ready(answers, _READY_SECONDS)
        await ensure_namespace({"target_host": address, "namespace": NAMESPACE}, [])
        yield address, "Postgres"


async def _schemas() -> Path | None:
    """The folder of the server's schemas for Postgres, from Go's module cache."""
    go = shutil.which("go")
    if go is None:
        return None
    module = f"go.temporal.io/server@v{'.'.join(map(str, SERVER_VERSION))}"
    process = await asyncio.create_subprocess_exec(
        go, "mod", "download", "-json", module, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return Path(json.loads(output)["Dir"]) / "schema" / "postgresql" / "v12" if process.returncode == 0 else None


async def _create_database(database_url: str, schemas: Path) -> None:
    server = await asyncpg.connect(database_url)
    await server.execute(f"create database {_DATABASE}")
    await server.close()
    connection = await asyncpg.connect(f"{database_url.rpartition('/')[0]}/{_DATABASE}")
    await connection.execute((schemas / "temporal" / "schema.sql").read_text())
    version = max((schemas / "temporal" / "versioned").iterdir(), key=_version).name.removeprefix("v")
    await connection.execute(_VERSIONS)
    await connection.execute("insert into schema_version values (0, $1, now(), $2, '0.1')", _DATABASE, version)
    await connection.close()


def _low_ports() -> Iterator[int]:
    """Free ports that fit a signed 16-bit number: the server's schema for Postgres has no larger ones."""
    for port in random.sample(range(20_000, 2**15), 2**15 - 20_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            yield port


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, folder.name.removeprefix("v").split(".")))


def _configure(home: Path, database_url: str, frontend: int) -> Path:
    """The stack's configuration with another store."""
    home.mkdir(parents=True, exist_ok=True)
    url = urlsplit(database_url)
    persistence = _PERSISTENCE.substitute(
        server=f"{url.hostname}:{url.port}",
        user=url.username,
        password=url.password,
        visibility=home / "visibility.db",
    )
    before, _, after = (TEMPLATES / "server.yaml").read_text().partition("persistence:\n")
    if not after:
        raise StackError("The stack's Temporal configuration has no persistence section any more.")
    text = before + persistence + after[after.index("global:") :]
    (home / "dynamic-config.yaml").write_text((TEMPLATES / "dynamic-config.yaml").read_text())
    services = ("history", "matching", "worker")
    ports = _low_ports()
    values = {"dynamic_config": home / "dynamic-config.yaml", "frontend": frontend, "frontend_membership": next(ports)}
    values |= {name: next(ports) for service in services for name in (service, f"{service}_membership")}
    path = home / "server.yaml"
    path.write_text(Template(text).substitute(values))
    path.chmod(0o600)
    return path
