"""A workflow that does nothing but act on time: what the simulation clock is tested with."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


@dataclass(frozen=True)
class Sleep:
    """When an organisation's workflow acts, and how often."""

    organisation_id: str
    due_at: datetime
    times: int = 3
    every: timedelta = timedelta(days=30)


@workflow.defn(name="Sleeper")
class Sleeper:
    """Sleeps until a date, acts, and sleeps until the next one, continuing as new each time."""

    @workflow.run
    async def run(self, sleep: Sleep) -> None:
        await workflow.sleep((sleep.due_at - workflow.now()).total_seconds())
        left = replace(sleep, times=sleep.times - 1, due_at=sleep.due_at + sleep.every)
        await workflow.execute_activity(
            "act",
            left,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(initial_interval=timedelta(hours=2), backoff_coefficient=1),
        )
        if left.times:
            workflow.continue_as_new(left)


@workflow.defn(name="Broken")
class Broken:
    """Fails at once."""

    @workflow.run
    async def run(self, _sleep: Sleep) -> None:
        raise ApplicationError("broken on purpose")
