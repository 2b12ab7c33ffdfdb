"""The repair: facts and executions are compared, and what does not fit is put right (EV-03, P15)."""

from temporalio import activity

from tenure.contracts.process import OverdueAt, ProcessState, ReconcileInput, RepairResult
from tenure.ports import Executions, Processes

_PAGE = 1000


class ReconciliationActivities:
    """Each compares in one direction; none does more than to start or to wake what then reads the facts itself."""

    def __init__(self, processes: Processes, executions: Executions) -> None:
        self._processes = processes
        self._executions = executions

    @activity.defn(name="require_missing_processes")
    async def require_missing(self) -> list[str]:
        """Write down the processes that facts need and nothing names; answers their workflow ids."""
        return list(await self._processes.require_missing())

    @activity.defn(name="repair_executions")
    async def repair(self, scope: ReconcileInput) -> RepairResult:
        """Begin again what should run and does not, and wake what runs and should not, so that it ends.

        The list of running executions is a moment behind: it only says which to ask about. What is told to run again
        was asked for by its id, and the facts are checked once more under lock.
        """
        running = set()
        async for workflow_id in self._executions.running():
            activity.heartbeat()
            running.add(workflow_id)
        checked, restarted, after = 0, list[str](), None
        while page := await self._processes.open(after, _PAGE):
            for process in page:
                after = process.workflow_id
                checked += 1
                if after in running or process.state is not ProcessState.STARTED or len(restarted) >= scope.limit:
                    running.discard(after)
                elif not await self._executions.is_open(after) and await self._processes.restart(after):
                    restarted.append(after)
                activity.heartbeat()
        orphaned = []
        for workflow_id in sorted(running)[: scope.limit]:
            activity.heartbeat()
            if await self._executions.wake(workflow_id):
                orphaned.append(workflow_id)
        return RepairResult(checked=checked, restarted=tuple(restarted), orphaned=tuple(orphaned))

    @activity.defn(name="count_overdue_dates")
    async def overdue(self, at: OverdueAt) -> int:
        """How many next dates are past due by more than a day, with no recorded reason."""
        return await self._processes.overdue(at.as_of)
