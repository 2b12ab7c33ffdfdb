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
    """Create the schedule `reconcile`, or bring it to what this release wants; a pause by an operator stays.

    One that is as wanted is left alone: an update takes no token, and would undo a pause that comes with it.
    """
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

    def wanted(found: ScheduleUpdateInput) -> ScheduleUpdate | None:
        present = found.description.schedule
        if _alike(present, schedule):
            return None
        schedule.state = present.state
        return ScheduleUpdate(schedule=schedule)

    try:
        await client.create_schedule(names.RECONCILE_SCHEDULE, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(names.RECONCILE_SCHEDULE).update(wanted)


def _alike(present: Schedule, wanted: Schedule) -> bool:
    """Whether a schedule starts the same at the same times; what it starts takes an input without content."""
    one, other = present.action, wanted.action
    assert isinstance(other, ScheduleActionStartWorkflow)
    return (
        isinstance(one, ScheduleActionStartWorkflow)
        and (present.spec, present.policy) == (wanted.spec, wanted.policy)
        and (one.workflow, one.id, one.task_queue, one.execution_timeout)
        == (other.workflow, other.id, other.task_queue, other.execution_timeout)
    )
