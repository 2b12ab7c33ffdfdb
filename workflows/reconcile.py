"""The repair on a schedule: every fact that needs a process has one."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.reconciliation import ReconciliationActivities
    from tenure.contracts.process import OverdueAt, ReconcileContract, ReconcileInput, ReconcileResult
    from workflows import _options


@workflow.defn(name="Reconcile")
class Reconcile(ReconcileContract):
    """Every fact that needs a process has one: checked on a schedule (EV-03, P15)."""

    @workflow.run
    async def run(self, scope: ReconcileInput) -> ReconcileResult:
        """Compare facts and executions once."""
        missing = await workflow.execute_activity_method(
            ReconciliationActivities.require_missing, **_options.sweep("Find facts without a process")
        )
        repair = await workflow.execute_activity_method(
            ReconciliationActivities.repair, scope, **_options.sweep("Compare processes and executions")
        )
        overdue = await workflow.execute_activity_method(
            ReconciliationActivities.overdue,
            OverdueAt(as_of=workflow.now()),
            **_options.facts("Count dates that are overdue without a reason"),
        )
        result = ReconcileResult(
            checked=repair.checked,
            restarted=repair.restarted,
            missing=tuple(missing),
            orphaned=repair.orphaned,
            overdue=overdue,
        )
        workflow.set_current_details(
            f"**EV-03**: {result.checked} processes checked, {len(result.restarted)} begun again, "
            f"{len(result.missing)} missing, {len(result.orphaned)} orphaned; {result.overdue} dates overdue."
        )
        return result
