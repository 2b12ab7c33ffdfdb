"""One clock for a whole simulated installation: the wall's time plus an offset in Postgres (SF-10)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final, Protocol

from temporalio.client import Client

from adapters.postgres.simulation import Execution, Outstanding, PostgresSimulation
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId
from workers.simulation.executions import CLOSE, Executions, Progress, SimulationStuck

type BeforeHop = Callable[[Instant], Awaitable[None]]
"""Called at each instant the clock stops at, before any execution gets there."""

_MARGIN: Final = 2 * CLOSE
"""The clock stops this much after a due date, so that whoever acts on it is moved there."""
_POLL_SECONDS: Final = 0.03
_AT_ONCE: Final = 16
"""Executions that are moved at the same time."""


class Relay(Protocol):
    """What starts the processes that facts ask for, and wakes those that facts concern."""

    async def run_once(self) -> int:
        """Start and wake what waits for it at this moment; answers how many."""
        ...


class SimulationClock:
    """Moves a simulated installation through time, from date to date.

    The next date over all organisations is found, the offset is stored so that `business_now()` is that instant, every
    open execution is moved there and does what falls due, what the facts then ask for is started, and so on.
    """

    def __init__(
        self,
        simulation: PostgresSimulation,
        client: Client,
        relay: Relay,
        *,
        patience: timedelta = timedelta(seconds=60),
    ) -> None:
        """Make the clock of an installation.

        Args:
            simulation: Its database.
            client: Connected to a namespace that may skip time; workers poll there.
            relay: Starts processes at the simulation's now, as `starting_client` says.
            patience: How long, in real time, nothing may move before that counts as an error.
        """
        self._simulation = simulation
        self._relay = relay
        self._patience = patience
        self._executions = Executions(client, patience=patience)
        self._retries: dict[OrganisationId | None, tuple[Instant, ...]] = {}

    async def now(self) -> Instant:
        """The simulation's now."""
        return await self._simulation.now()

    async def advance(self, to: Instant, before_hop: BeforeHop | None = None) -> None:
        """Go forward to an instant, stopping at every date on the way.

        Args:
            to: Where to stop; nothing is left undone that was due by then.
            before_hop: Called at every stop with its instant, before executions get there; heartbeats of feeds, say.

        Raises:
            SimulationStuck: an execution has failed or does not move, or a date stays past due.
        """
        await self.settle()
        while (now := await self.now()) < to:
            dates = [instant for instants in self._retries.values() for instant in instants]
            if look := await self._simulation.next_look([each for each in self._retries if each is not None]):
                dates.append(look)
            stop = min([to, *(max(date, now) + _MARGIN for date in dates)])
            await self._simulation.set(stop)
            if before_hop is not None:
                await before_hop(stop)
            await self.settle()

    async def settle(self) -> None:
        """Let everything that is due now happen: no execution works, nothing has to be started and no date is past.

        Raises:
            SimulationStuck: that does not come about.
        """
        loop = asyncio.get_running_loop()
        known: object = None
        patient_until = 0.0
        while True:
            await self._relay.run_once()
            before = await self._simulation.outstanding()
            executions = await self._simulation.executions()
            progress = await self._hop(executions, await self._simulation.offset())
            after = await self._simulation.outstanding()
            retries = _retries(executions, progress)
            waiting = _waiting(progress, after, retries)
            # What was asked for while executions were looked at one by one may have reached one after its look.
            if not waiting and after.changes == before.changes and not before.to_wake and not before.to_start:
                self._retries = retries
                return
            # Attempts are counted in what is said, and are no progress.
            state = after, [each.workflow_id for each in progress if each.busy]
            if state != known:
                known, patient_until = state, loop.time() + self._patience.total_seconds()
            elif loop.time() > patient_until:
                raise SimulationStuck("The simulation does not go on. " + " ".join(waiting))
            await asyncio.sleep(_POLL_SECONDS)

    async def _hop(self, executions: Sequence[Execution], offset: timedelta) -> list[Progress]:
        free = asyncio.Semaphore(_AT_ONCE)

        async def hop(execution: Execution) -> Progress:
            async with free:
                return await self._executions.hop(execution.workflow_id, offset)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(hop(execution)) for execution in executions]
        except* SimulationStuck as stuck:
            raise SimulationStuck(" ".join(map(str, stuck.exceptions))) from None
        return [task.result() for task in tasks]


def _retries(
    executions: Sequence[Execution], progress: Sequence[Progress]
) -> dict[OrganisationId | None, tuple[Instant, ...]]:
    """When steps that have failed are tried again, by organisation; None for those of the whole installation."""
    found = defaultdict[OrganisationId | None, tuple[Instant, ...]](tuple)
    for execution, each in zip(executions, progress, strict=True):
        if each.retries_at:
            found[execution.organisation_id] += each.retries_at
    return dict(found)


def _waiting(
    progress: Sequence[Progress], outstanding: Outstanding, retrying: Collection[OrganisationId | None]
) -> list[str]:
    """Say what has to happen before the clock may go on, a sentence each.

    A date stays past while the step that would move it on has failed and waits for its next attempt.
    """
    return [
        *(f"{each.workflow_id}: {work}." for each in progress for work in each.busy),
        *(f"{each.workflow_id} is {each.lag} behind." for each in progress if each.lag > CLOSE),
        *(f"{each.workflow_id}: its timer fires." for each in progress if each.at_timer),
        *(f"{workflow_id} is not started." for workflow_id in outstanding.to_start),
        *(f"{workflow_id} is not told of a change." for workflow_id in outstanding.to_wake),
        *(date.sentence for date in outstanding.overdue if date.organisation_id not in retrying),
    ]
