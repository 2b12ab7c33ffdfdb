"""The embedded Temporal: a server, its web interface, and the namespaces Tenure needs."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.envconfig import ClientConfig

from workers.stack.namespaces import ensure_namespace
from workers.stack.ports import LOOPBACK, claim_port, free_port
from workers.stack.server import Report, serve
from workers.stack.temporal_programs import CommandLine, find_programs

TEMPLATES: Final = Path(__file__).parents[2] / "deploy" / "temporal"
TIME_SKIPPING_KEY: Final = "frontend.WorkflowTimeSkippingEnabled"
_READY_SECONDS: Final = 60.0
_SERVICES: Final = ("history", "matching", "worker")


@dataclass(frozen=True, slots=True)
class Temporal:
    """Where Temporal answers."""

    address: str
    """`host:port` of its frontend."""
    ui_url: str | None
    """Its web interface; None where somebody else runs the server."""


@asynccontextmanager
async def temporal(
    data: Path,
    report: Report,
    *,
    namespaces: Mapping[str, bool],
    search_attributes: Sequence[SearchAttributeKey[Any]],
    address: str = "",
    port: int = 7233,
    ui_port: int = 8233,
) -> AsyncIterator[Temporal]:
    """Find or start Temporal, and make sure that its namespaces and search attributes are there.

    A server that runs already is used where it is. Otherwise one is started; where its program comes from,
    `find_programs` says.

    Args:
        data: The stack's data folder; the server's database, configuration and logs live in `temporal` below it.
        report: Told what happens.
        namespaces: Each namespace, and whether its executions may skip time.
        search_attributes: The custom search attributes, registered in every namespace.
        address: The server that runs already, as TEMPORAL_ADDRESS names it; empty to start one.
        port: The frontend's port; 0 for any free one.
        ui_port: The web interface's port; 0 for any free one.

    Raises:
        StackError: There is no server to start, a port is taken, or the server does not become ready.
    """
    if address:
        # Others may run it far away: with TLS and keys, as Temporal's own environment configuration says.
        secured = ClientConfig.load_client_connect_config()
        for namespace in namespaces:
            await ensure_namespace(secured | {"target_host": address, "namespace": namespace}, search_attributes)
        report(f"Temporal is used at {address}.")
        yield Temporal(address, None)
        return

    programs = await find_programs(report, server_wide=len(set(namespaces.values())) == 1)
    home = (data / "temporal").resolve()
    home.mkdir(parents=True, exist_ok=True)
    frontend = claim_port(port, "Temporal", "TENURE_TEMPORAL_PORT")
    ui = claim_port(ui_port, "Temporal's web interface", "TENURE_TEMPORAL_UI_PORT")
    address, ui_url = f"{LOOPBACK}:{frontend}", f"http://{LOOPBACK}:{ui}"

    async def answers() -> bool:
        try:
            await Client.connect(address)
        except RuntimeError:
            return False
        return True

    async def shows() -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, ui)
        except OSError:
            return False
        writer.close()
        return True

    async with AsyncExitStack() as stack:
        if isinstance(programs, CommandLine):
            command = _dev_server(programs, home, frontend, ui, skipping=any(namespaces.values()))
            server = await stack.enter_async_context(serve("Temporal", command, home / "server.log", report))
            await server.ready(answers, _READY_SECONDS)
            web = server
        else:
            _forget_earlier_members(home / "server.db")
            server_file, ui_folder = _configure(home, frontend, ui, namespaces)
            command = [programs.server, "--allow-no-auth", "--config-file", server_file, "start"]
            server = await stack.enter_async_context(serve("Temporal", command, home / "server.log", report))
            await server.ready(answers, _READY_SECONDS)
            command = [programs.ui, "--root", ui_folder, "--config", ".", "--env", "ui", "start"]
            web = await stack.enter_async_context(serve("Temporal's web interface", command, home / "ui.log", report))
        for namespace in namespaces:
            await ensure_namespace({"target_host": address, "namespace": namespace}, search_attributes)
        await web.ready(shows, _READY_SECONDS)
        report(f"Temporal listens on {address}; its web interface is {ui_url}.")
        yield Temporal(address, ui_url)


def _dev_server(programs: CommandLine, home: Path, port: int, ui_port: int, *, skipping: bool) -> list[str | Path]:
    settings = {  # as in deploy/temporal/dynamic-config.yaml, which says why
        TIME_SKIPPING_KEY: skipping,
        "system.namespaceCacheRefreshInterval": "1s",
        "history.timerProcessorMaxTimeShift": "10ms",
        "history.workflowIdReuseMinimalInterval": "0s",
    }
    return [
        *(programs.temporal, "server", "start-dev"),
        *("--ip", LOOPBACK, "--port", str(port), "--ui-port", str(ui_port)),
        *("--db-filename", home / "dev-server.db", "--sqlite-pragma", "journal_mode=wal"),
        *(f"--dynamic-config-value={key}={json.dumps(value)}" for key, value in settings.items()),
    ]


def _forget_earlier_members(database: Path) -> None:
    """Empty the server's list of its members: it would look for those of the last run, on ports that are gone.

    A server started within half a minute of its predecessor would wait for them for the better part of a minute.
    """
    if database.exists():
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("delete from cluster_membership")


def _configure(home: Path, port: int, ui_port: int, namespaces: Mapping[str, bool]) -> tuple[Path, Path]:
    """Write the configuration and return the server's file and the web interface's folder."""
    folder = home / "config"
    folder.mkdir(exist_ok=True)
    values = {
        "database": home / "server.db",
        "dynamic_config": folder / "dynamic-config.yaml",
        "frontend": port,
        "frontend_membership": free_port(),
        **{service: free_port() for service in _SERVICES},
        **{f"{service}_membership": free_port() for service in _SERVICES},
        "port": ui_port,
        "namespace": next(iter(namespaces)),
    }
    skipping = [{"value": True, "constraints": {"namespace": name}} for name, on in namespaces.items() if on]
    for name in ("server.yaml", "dynamic-config.yaml", "ui.yaml"):
        text = Template((TEMPLATES / name).read_text()).substitute(values)
        if name == "dynamic-config.yaml" and skipping:
            text += f"{TIME_SKIPPING_KEY}: {json.dumps(skipping)}\n"
        (folder / name).write_text(text)
    return folder / "server.yaml", folder
