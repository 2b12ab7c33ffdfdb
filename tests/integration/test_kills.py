"""`kill -9` of the worker at every step of warn, fence and erase: the outcome is that of an undisturbed run."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from tenure.contracts.erasure import Store
from tenure.ids import OrganisationId
from tenure.plugin import UNAVAILABLE
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import LINK_SECRET
from tests.workflows.installation import Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=3)
PATIENCE = timedelta(minutes=5)
REACHED = 180.0
"""How long a worker may take to its fault, in seconds; some one or two are usual."""
REPOSITORY = Path(__file__).parents[2]

WARN = (
    "countdowns.warn:before:1",
    "countdowns.warn:after:1",
    "notices.next_attempt:before:1",
    "notices.next_attempt:after:1",
    "mailer.send:before:1",
    "mailer.send:after:1",  # the server has taken the mail: the one crash that may send a second copy (XC-02)
    "notices.accepted:after:1",
    "countdowns.assess:before:1",
    "countdowns.assess:after:1",
)
FENCE = ("countdowns.fence:before:1", "countdowns.fence:after:1", "erasures.clear:before:1", "erasures.clear:after:1")
PURGE = (
    "erasures.clear:before:1",
    "erasures.clear:after:1",
    "eraser.erase:before:1",
    "eraser.erase:after:1",
    # The first call of each is the repetition of what the one before it had done when it died.
    *["eraser.erase:after:2"] * (len(Store) - 1),
    "eraser.issue_receipt:before:1",
    "eraser.issue_receipt:after:1",
)

_FACTS = {
    "organisation": "select state, name, generation, marked_at is null as unmarked from organisations",
    "countdown": "select generation, cycle, hold_reason, end_reason from countdowns order by generation",
    "promises": "select generation, cycle, settled, first_accepted_at is null as untold from promises order by 1, 2",
    "notices": "select kind, generation, cycle, recipient, state, message_id from notices order by recipient",
    "processes": "select workflow_id, type, state, restarts from processes order by workflow_id",
    "next dates": "select kind, rule, reason from next_dates order by kind",
    # How many histories there were is not known to a worker that died when it had asked Temporal to delete them.
    "stores": "select store, case when store <> 'histories' then removed end as removed, remaining from erased_stores"
    " order by store",
    "receipts": "select sequence, organisation_id from receipts order by sequence",
    "audit": "select position, actor, action, from_state, to_state, reason from audit where subject ~ '^org_'"
    " order by position",
    "activity": "select closed, watched, last_activity_at is null as silent from activity",
}


async def facts(world: Installation, queries: Mapping[str, str]) -> str:
    """What the facts say, by what they are of, without what names this test."""
    async with world.application.database.read() as connection:
        found = {name: [dict(row) for row in await connection.fetch(query)] for name, query in queries.items()}
    return json.dumps(found, indent=1, default=str).replace(world.suffix, "x")


async def outcome(world: Installation) -> str:
    """Everything that the facts say in the end, without instants and without what names this test."""
    return re.sub(r"<[0-9a-f-]{36}@", "<id@", await facts(world, _FACTS))


@asynccontextmanager
async def killable(world: Installation, fault: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own, armed with a fault."""
    settings = world.application.settings
    assert settings.database_url is not None
    environment = {
        "FAULT": fault,
        "PYTHONPATH": str(REPOSITORY),
        "TEMPORAL_ADDRESS": world.client.service_client.config.target_host,
        "TENURE_DATABASE_URL": settings.database_url.get_secret_value(),
        "TENURE_LINK_SECRET": LINK_SECRET,
        "TENURE_INSTALLATION": settings.installation.value,
        "TENURE_RULES_FILE": str(settings.rules_file),
        "TENURE_SCREENING_RULES_FILE": str(settings.screening_rules_file),
        "TENURE_SMTP_URL": world.sink.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("killable.py")),
        cwd=REPOSITORY,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"works\n"
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def notice(world: Installation) -> None:
    """Have Temporal notice that nobody works on its activities any more, as it would by itself after their timeouts."""
    for execution in await world.simulation.executions():
        with suppress(RPCError):  # an erasure has taken it along, or its timeout has come
            found = await world.client.get_workflow_handle(execution.workflow_id).describe()
            for activity in found.raw_description.pending_activities:
                if activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED:
                    lost = world.client.get_async_activity_handle(
                        workflow_id=found.id, run_id=found.run_id, activity_id=activity.activity_id
                    )
                    await lost.fail(ApplicationError("Its worker is gone.", type=UNAVAILABLE))


async def through(world: Installation, faults: Sequence[str], act: Callable[[], Awaitable[None]]) -> None:
    """Act while one worker after the other is killed, each at its fault; the last one finishes the work."""
    acting = asyncio.ensure_future(act())
    try:
        for fault in faults:
            async with killable(world, fault) as process:
                dead = asyncio.ensure_future(process.wait())
                await asyncio.wait([acting, dead], timeout=REACHED, return_when=asyncio.FIRST_COMPLETED)
                if acting.done():
                    acting.result()
                    # What the last fault left behind may be seen a moment before the process is gone.
                    await asyncio.wait([dead], timeout=10)
                assert dead.done(), (
                    f"{fault} was not reached: {'nothing is left to do' if acting.done() else 'it takes too long'}."
                )
                assert await dead == -signal.SIGKILL
            await notice(world)
        async with killable(world, ""):
            await acting
    finally:
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


async def until_marked(world: Installation) -> OrganisationId:
    organisation_id = await world.organisation()
    await world.settle()
    return organisation_id


async def until_warned(world: Installation) -> None:
    await world.advance(31 * DAY)


async def until_fenced(world: Installation) -> None:
    promised = (await world.row("select max(not_before) from promises"))[0]
    await world.clock.advance(promised + MOMENT, world.hear)


async def until_erased(world: Installation) -> None:
    await world.advance(25 * timedelta(hours=1))


STAGES = {"warn": (until_warned, WARN), "fence": (until_fenced, FENCE), "purge": (until_erased, PURGE)}


@pytest.fixture(scope="module")
async def undisturbed(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The outcome after each stage where nothing went wrong."""
    url = await fresh_database(InstallationKind.SIMULATION)
    outcomes = {}
    async with installation(temporal, url, mail_sink, tmp_path_factory.mktemp("undisturbed")) as world:
        await until_marked(world)
        for name, (act, _) in STAGES.items():
            await act(world)
            outcomes[name] = await outcome(world)
    return outcomes


@pytest.mark.parametrize("stage", STAGES)
async def test_killed_at_every_step(
    stage: str,
    undisturbed: dict[str, str],
    temporal: Temporal,
    fresh_database: FreshDatabase,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    """Killed before and after each transaction and each mail, the facts end as if nothing had been (P10, XC-01, XC-07).

    The mail server gets at most one copy more, with the same Message-ID (XC-02, P9).
    """
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False, patience=PATIENCE) as world:
        async with killable(world, ""):
            await until_marked(world)
            for name, (act, _) in STAGES.items():
                if name == stage:
                    break
                await act(world)
        act, faults = STAGES[stage]
        await through(world, faults, lambda: act(world))
        assert await outcome(world) == undisturbed[stage]
        copies = world.mails()
        assert len(copies) == (2 if stage == "warn" else 1)
        assert len({mail.message["Message-ID"] for mail in copies}) == 1
