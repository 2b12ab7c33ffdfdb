"""The relay: it starts the processes that facts ask for, and wakes those that facts concern."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Never

import asyncpg
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from adapters.postgres.bell import answer
from adapters.postgres.database import Database
from tenure import names, search
from tenure.contracts.process import Process
from tenure.errors import Unavailable
from tenure.ports import Executions, Processes

_BATCH = 200
_AT_ONCE = 16
_POLL_SECONDS = 5.0
"""How long a change can stay unnoticed when its notification was lost."""
_LONGEST_BACKOFF_SECONDS = 30.0

_FAULTS_OF_THE_REQUEST = frozenset(
    {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.OUT_OF_RANGE}
)
OUTAGES = (OSError, TimeoutError, RPCError, asyncpg.PostgresError, asyncpg.InterfaceError, Unavailable)
"""What passes: a service that is away, or comes back."""

_logger = logging.getLogger(__name__)


class Relay:
    """Carries the rows of `processes` to Temporal, at a bounded rate, each at least once and to one effect."""

    def __init__(
        self, processes: Processes, executions: Executions, client: Client, *, starts_per_second: float
    ) -> None:
        """Make the relay.

        Args:
            processes: The rows.
            executions: Where to wake.
            client: Where to start; in a simulation, one whose workflows begin at the simulation's now.
            starts_per_second: How fast it starts and wakes.
        """
        self._processes = processes
        self._executions = executions
        self._client = client
        self._pace = _Pace(starts_per_second)

    async def run(self, database: Database) -> Never:
        """Answer the bell for ever; outages of Postgres and Temporal are waited out."""
        backoff = 0.0
        while True:
            try:
                async with answer(database, _POLL_SECONDS) as bell:
                    while True:
                        moved = await self.run_once()
                        backoff = 0.0
                        if not moved:
                            await bell.rings(_POLL_SECONDS)
            except* OUTAGES as outage:
                backoff = min(max(2 * backoff, 1.0), _LONGEST_BACKOFF_SECONDS)
                _logger.warning("The relay waits %.0f seconds: %s", backoff, outage.exceptions[0])
                await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311

    async def run_once(self) -> int:
        """Start and wake what waits for it at this moment; answers how many."""
        wakes = await self._each(self._wake, await self._processes.to_wake(_BATCH))
        starts = await self._each(self._start, await self._processes.to_start(_BATCH))
        return wakes + starts

    async def _each(self, act: Callable[[Process], Awaitable[None]], processes: Sequence[Process]) -> int:
        """Act on every process, some at once; one that cannot be served does not keep the others from it."""
        free = asyncio.Semaphore(_AT_ONCE)

        async def served(process: Process) -> bool:
            async with free:
                await self._pace.turn()
                try:
                    await act(process)
                except RPCError as error:
                    if error.status not in _FAULTS_OF_THE_REQUEST:
                        raise
                    _logger.exception("Temporal refuses the process %s", process.workflow_id)
                    return False
                return True

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(served(process)) for process in processes]
        return [task.result() for task in tasks].count(True)

    async def _start(self, process: Process) -> None:
        await start(self._client, process)
        await self._processes.started(process.workflow_id)

    async def _wake(self, process: Process) -> None:
        await self._executions.wake(process.workflow_id)
        await self._processes.woken(process.workflow_id, process.wakes)


async def start(client: Client, process: Process) -> None:
    """Start the execution of a process; one that has its id already is that execution.

    Its id is never taken twice, also when the relay dies between this call and its row, unless the repair has found
    that the execution is gone and the facts still need it (EV-03).
    """
    reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if process.restarts else WorkflowIDReusePolicy.REJECT_DUPLICATE
    try:
        await client.start_workflow(
            process.type.value,
            process.input,
            id=process.workflow_id,
            task_queue=names.TASK_QUEUE,
            id_reuse_policy=reuse,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            search_attributes=search.at_start(process.organisation_id, process.partner_id, process.due_at),
            static_summary=f"{process.type} of {process.organisation_id or 'the installation'}",
            static_details=_details(process),
        )
    except WorkflowAlreadyStartedError:
        _logger.info("%s has been started before", process.workflow_id)


def _details(process: Process) -> str | None:
    """Whom it concerns, where that is somebody."""
    if process.organisation_id is None:
        return None
    of = f", a customer of `{process.partner_id}`" if process.partner_id else ""
    return f"Organisation `{process.organisation_id}`{of}."


class _Pace:
    """Spaces what happens, so that it stays within a rate."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next place."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now)
        delay = self._next - now
        self._next += self._interval
        await asyncio.sleep(delay)
