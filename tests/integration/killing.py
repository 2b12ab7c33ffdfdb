"""`kill -9` of workers, one after the other, and what the facts say in the end: the same as if nothing had been."""

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

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from tenure.plugin import UNAVAILABLE
from tests.integration.deletion.town import LINK_SECRET
from tests.workflows.installation import Installation

PATIENCE = timedelta(minutes=5)
REACHED = 180.0
"""How long a worker may take to its fault, in seconds; some one or two are usual."""
REPOSITORY = Path(__file__).parents[2]

_FACTS = {
    "screenings": "select trigger, result, generation, list_id, subject ->> 'names' as names from screenings order by 1, 2, 5",
    "cases": "select trigger, state, decided_by from rpl_cases order by 1, 2",
    "platform": "select service, torn_down_at is null as stands from platform_resources order by 1, 2",
    "licences": "select kind, state, services, wholesale from licence_sets order by services",
    "processes": "select type, state from processes order by 1, 2",
    "next dates": "select kind, rule, reason from next_dates order by 1",
    "audit": "select actor, action, from_state, to_state, reason, count(*) from audit where subject ~ '^(org|trl)_'"
    " group by 1, 2, 3, 4, 5 order by 2, 1, 3, 4, 5",
}
_ITS_OWN = re.compile(r"(?<=<)[0-9a-f-]{36}(?=@)|[0-9a-f]{32}|\d{4}-\d\d-\d\dT?[^\"]*")
"""Message ids, other ids that are made by chance, and instants."""


async def outcome(world: Installation, more: Mapping[str, str]) -> str:
    """Everything that the facts say in the end, without instants and without what names this test.

    Args:
        world: Where it happened.
        more: What else to ask, or what to ask more closely, by what it is of.
    """
    async with world.application.database.read() as connection:
        found = {
            name: [dict(row) for row in await connection.fetch(query)] for name, query in {**_FACTS, **more}.items()
        }
    return _ITS_OWN.sub("its own", json.dumps(found, indent=1, default=str).replace(world.suffix, "x"))


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
