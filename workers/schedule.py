"""The schedule of the repair."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from tenure import names
from tenure.contracts.process import ReconcileContract, ReconcileInput

_EVERY = timedelta(hours=1)
_OFFSET = timedelta(minutes=17)
"""Not at the full hour, when everybody else's schedules run."""


async def ensure_reconcile(client: Client) -> None:
    """Create the schedule `reconcile`, or bring it to what this release wants; a pause by an operator stays."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            ReconcileContract.run,
            ReconcileInput(),
            id=names.RECONCILE_SCHEDULE,
            task_queue=names.TASK_QUEUE,
            execution_timeout=_EVERY,
            static_summary="Every fact that needs a process has one (EV-03)",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_EVERY, offset=_OFFSET)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_EVERY),
    )

    def wanted(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = found.description.schedule.state
        return ScheduleUpdate(schedule=schedule)

    try:
        await client.create_schedule(names.RECONCILE_SCHEDULE, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(names.RECONCILE_SCHEDULE).update(wanted)
