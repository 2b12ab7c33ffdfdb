"""Peer 1, the obvious Temporal design: a workflow for each organisation, each event a signal, and one updatable timer.

The timer is that of Temporal's own samples (`updatable_timer`): a signal sets a new wake-up time, and the sleeping
workflow wakes, cancels its timer and starts another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from tenure.contracts.activity import Event, IntakeResult

TASK_QUEUE = "activity"


class Seen(BaseModel):
    """What a workflow knows of its organisation."""

    events: int = 0
    last_activity_at: datetime | None = None
    processed_at: datetime | None = None
    """When the last signal was processed, by the server's clock."""


class Life(BaseModel):
    """How long the silences are, and what was seen by an earlier run."""

    silence: timedelta = timedelta(days=30)
    notice: timedelta = timedelta(days=30)
    seen: Seen = Seen()


@activity.defn(name="warn")
async def warn(organisation: str) -> None:
    """Where a mail would be sent."""


@activity.defn(name="erase")
async def erase(organisation: str) -> None:
    """Where everything would be deleted."""


@workflow.defn(name="ActiveOrganisation")
class ActiveOrganisation:
    """Silence, a warning, silence again, the end; any activity starts it again."""

    @workflow.init
    def __init__(self, life: Life) -> None:
        self._seen = life.seen
        self._changed = False

    @workflow.run
    async def run(self, life: Life) -> None:
        """Live from activity to activity; continue as new where the server suggests it."""
        base = self._seen.last_activity_at or workflow.now()
        while True:
            if await self._silent_until(base + life.silence):
                await self._tell(warn)
                if await self._silent_until(workflow.now() + life.notice):
                    await self._tell(erase)
                    return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(life.model_copy(update={"seen": self._seen}))
            base = workflow.now()

    async def _silent_until(self, wake_up: datetime) -> bool:
        self._changed = False
        try:
            await workflow.wait_condition(lambda: self._changed, timeout=max(wake_up - workflow.now(), timedelta(0)))
        except TimeoutError:
            return True
        return False

    async def _tell(self, step: Callable[[str], Awaitable[None]]) -> None:
        await workflow.execute_activity(step, workflow.info().workflow_id, start_to_close_timeout=timedelta(minutes=1))

    @workflow.signal(name="activity")
    def activity(self, at: datetime) -> None:
        """Somebody used the organisation."""
        self._seen.events += 1
        self._seen.last_activity_at = max(at, self._seen.last_activity_at or at)
        self._seen.processed_at = workflow.now()
        self._changed = True

    @workflow.query(name="seen")
    def seen(self) -> Seen:
        """What is known."""
        return self._seen


async def connect(address: str, namespace: str) -> Client:
    """A client that speaks pydantic."""
    return await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)


def worker(client: Client) -> Worker:
    """A worker with room for every organisation in its cache."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ActiveOrganisation],
        activities=[warn, erase],
        max_cached_workflows=2000,
        max_concurrent_workflow_tasks=200,
        max_concurrent_workflow_task_polls=20,
    )


async def start(
    client: Client, organisation_id: str, life: Life | None = None
) -> WorkflowHandle[ActiveOrganisation, None]:
    """Start an organisation's workflow unless it runs."""
    return await client.start_workflow(
        ActiveOrganisation.run,
        life or Life(),
        id=f"active/{organisation_id}",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


class SignalActivity:
    """The `Activity` port over signals: answers when the server has stored every signal."""

    def __init__(self, client: Client, *, in_flight: int = 64) -> None:
        self._client = client
        self._slots = asyncio.Semaphore(in_flight)

    async def record(self, events: Sequence[Event]) -> IntakeResult:
        """Signal each event's workflow."""

        async def send(event: Event) -> None:
            async with self._slots:
                handle = self._client.get_workflow_handle(f"active/{event.organisation_id}")
                await handle.signal(ActiveOrganisation.activity, event.at)

        await asyncio.gather(*(send(event) for event in events))
        return IntakeResult(accepted=len(events))
