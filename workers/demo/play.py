"""The demonstration itself: a stack of its own, the script, the timeline, the verdict."""

import asyncio
import base64
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapters.postgres.outside import PostgresOutside
from adapters.postgres.simulation import PostgresSimulation
from adapters.postgres.tokens import PostgresTokens
from tenure import portfolio
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.credential import Credential, CredentialRole
from tenure.contracts.portfolio import LicenceSetRecord, OrganisationRecord, PortfolioRecord
from tenure.ports import Caller
from tenure.settings import InstallationKind, ServerSettings
from workers import worker
from workers.demo import findings, report
from workers.demo.mails import arrived
from workers.demo.picture import picture
from workers.demo.script import END, PATHS, SCRIPT, START
from workers.demo.timeline import compare, read, write
from workers.demo.world import World
from workers.development import Development, StackSettings, development
from workers.simulation.clock import SimulationClock
from workers.simulation.starts import simulated
from workers.stack.ports import free_port

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
PORTFOLIO: Final = EXAMPLES / "portfolio.csv"
RULES: Final = EXAMPLES / "demo-rules.json"
EXPECTED: Final = EXAMPLES / "expected-timeline.jsonl"
_CALLER: Final = Caller(actor="demo")
_PATIENCE: Final = timedelta(minutes=3)
"""The first screening reads dictionaries and lists: ten seconds, or a minute where others use the machine, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """How the demonstration is to run."""

    stay: bool = True
    """Whether the stack stays up afterwards, until Ctrl-C."""
    expected: Path = EXPECTED
    """The timeline that is expected."""
    record: Path | None = None
    """Where to write what happened, in the form of the expectation."""


async def play(console: Console, wishes: Wishes) -> int:
    """Bring up a stack, play the script on it, and compare; answers the exit code: 0 where all was as expected.

    The stack is its own, with data that is thrown away: what the environment names is left alone.

    Raises:
        StackError: a piece of the stack cannot start.
        SimulationStuck: the simulation cannot go on.
    """
    webhook_secret = SecretStr(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    with tempfile.TemporaryDirectory(prefix="tenure-demo-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        settings = ServerSettings(
            installation=InstallationKind.SIMULATION,
            database_url=None,
            erasure_database_url=None,
            smtp_url=None,
            rules_file=RULES,
            webhook_secret=webhook_secret,
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            metrics_port=0,
            starts_per_second=1000,
        )
        stack = StackSettings(
            data=Path(folder), temporal_address="", temporal_port=0, temporal_ui_port=0, mail_port=0, mail_web_port=0
        )

        def tell(line: str) -> None:
            console.print(line, style="bright_black", highlight=False)

        async with development(tell, settings, stack, relaying=False) as running:
            code = await _run(console, running, webhook_secret, wishes)
            if wishes.stay:
                await _show_links(console, running)
                await worker.relay(running.application, running.client).run(running.application.database)
            return code


async def _run(console: Console, running: Development, webhook_secret: SecretStr, wishes: Wishes) -> int:
    simulation = PostgresSimulation(running.application.database)
    relay = worker.relay(running.application, running.client)
    clock = SimulationClock(simulation, running.client, relay, patience=_PATIENCE)
    records = await asyncio.to_thread(_records)
    organisations = {str(each.organisation_id): each for each in records if isinstance(each, OrganisationRecord)}
    licence_sets = [each for each in records if isinstance(each, LicenceSetRecord)]

    async with _world(running, simulation, webhook_secret) as world:
        await simulation.set(START)
        with _progress(console) as progress:
            await _live(world, clock, progress)
        history = await simulation.history()
        mails = arrived(world.mailbox(), world.notices)
        happened = findings.entries(history, mails, world.entries, world.clientele.names)
        client = simulated(running.client, simulation)
        customers = await world.clientele.table(world.operator)
        faults = [
            fault async for fault in findings.faults(world.operator, client, simulation, history, mails, world.notices)
        ]

    organisations |= world.newcomers | world.clientele.records
    history = world.clientele.renamed(history)
    console.print(report.timeline(happened, organisations, PATHS, START))
    console.print()
    console.print(picture(organisations, licence_sets, history, START, END))
    console.print()
    console.print(customers)
    console.print()
    if wishes.record is not None:
        await asyncio.to_thread(write, wishes.record, happened)
    expected = await asyncio.to_thread(read, wishes.expected)
    found = compare(expected, happened)
    if found:
        console.print(report.differences(found, START))
    return report.verdict(console, len(expected), found, faults)


async def _live(world: World, clock: SimulationClock, progress: Progress) -> None:
    """Import the portfolio, and let the script happen, each event at its instant."""
    task = progress.add_task("", total=(END - START).days, told="The portfolio is imported")

    async def before_hop(stop: Instant) -> None:
        progress.update(task, completed=(stop - START).days)
        await world.before_hop(stop)

    await world.register_feeds()
    await world.before_hop(START)
    await world.operator.imports.run(PORTFOLIO, wait=False)
    for event in SCRIPT:
        await clock.advance(event.at, before_hop)
        progress.update(task, told=event.told)
        for act in event.acts:
            await act(world, event.at)
    await clock.advance(END, before_hop)
    await world.look()


@asynccontextmanager
async def _world(
    running: Development, simulation: PostgresSimulation, webhook_secret: SecretStr
) -> AsyncIterator[World]:
    database, mail = running.application.database, running.mail
    assert mail is not None
    tokens = PostgresTokens(database)
    service = await tokens.create(_CALLER, Credential(name="platform", role=CredentialRole.SERVICE))
    operator = await tokens.create(_CALLER, Credential(name="ada", role=CredentialRole.OPERATOR))
    reviewer = await tokens.create(_CALLER, Credential(name="rita", role=CredentialRole.REVIEWER))
    async with AsyncExitStack() as stack:

        async def sign_in(credential: Credential) -> Tenure:
            token = await tokens.create(_CALLER, credential)
            return await stack.enter_async_context(Tenure(running.url, token))

        yield World(
            service=await stack.enter_async_context(Tenure(running.url, service, webhook_secret=webhook_secret)),
            operator=await stack.enter_async_context(Tenure(running.url, operator)),
            reviewer=await stack.enter_async_context(Tenure(running.url, reviewer)),
            sign_in=sign_in,
            mailbox=mail.messages,
            outside=PostgresOutside(database),
            simulation=simulation,
        )


def _records() -> list[PortfolioRecord]:
    return [row.record for row in portfolio.read(PORTFOLIO.read_bytes(), portfolio.CSV) if row.record is not None]


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("Day {task.completed:>3.0f} of {task.total:.0f}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}"),
        console=console,
        transient=True,
    )


async def _show_links(console: Console, running: Development) -> None:
    reviewer = Credential(name="visitor", role=CredentialRole.REVIEWER)
    token = await PostgresTokens(running.application.database).create(_CALLER, reviewer)
    console.print()
    console.print(
        f"Temporal's web interface: {running.temporal.ui_url}/namespaces/{running.client.namespace}/workflows"
    )
    console.print(f"Mails: {running.mail.web_url if running.mail else ''}")
    console.print(f"Console and API: {running.url}, token {running.token}")
    console.print(f"The review that is open: the same, token {token}")
    console.print("Ctrl-C stops all of it.")
