"""The grace of suspended licences: restored, or removed in the end."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.erasures import DestructionActivities
    from activities.graces import GraceActivities
    from tenure.contracts.licence import (
        GraceAt,
        GraceCheck,
        GraceOutcome,
        RenewalGraceContract,
        RenewalGraceInput,
        RenewalGraceResult,
    )
    from workflows import _options
    from workflows._waiting import Watch, show


@workflow.defn(name="RenewalGrace")
class RenewalGrace(RenewalGraceContract):
    """Suspended licences rest for 30 days (trial) or 60 (subscription), then are removed or have been restored."""

    @workflow.init
    def __init__(self, grace: RenewalGraceInput) -> None:
        self._grace = grace
        self._watch = Watch()
        self._check: GraceCheck | None = None

    @workflow.run
    async def run(self, grace: RenewalGraceInput) -> RenewalGraceResult:
        """Wait out the grace."""
        check = await self._look()
        while check.outcome is None:
            if self._watch.long_run():
                workflow.continue_as_new(grace)
            await self._watch.rest(check.removal_due_at, "RP-01: grace")
            check = await self._look()
        if check.outcome is GraceOutcome.REMOVED and check.purge_meeting_data:
            await self._purge_meeting_data()
        return await self._conclude()

    async def _look(self) -> GraceCheck:
        self._watch.look()
        check = await workflow.execute_activity_method(
            GraceActivities.check, self._now(), **_options.facts("Look whether the grace is over")
        )
        self._check = check
        if check.outcome is None:
            show(
                "grace",
                check.removal_due_at,
                "RP-01, the licences rest",
                f"Licence set {self._grace.licence_set_id}, of a {self._grace.kind}",
                "A paid subscription (or, for a trial, an extension) restores them.",
            )
        return check

    async def _purge_meeting_data(self) -> None:
        show("purging", None, "RP-05, purges the meeting data")
        await workflow.execute_activity_method(
            DestructionActivities.purge_meeting_data,
            self._now(),
            **_options.destruction("Purge meeting data, unless a meetings licence is back"),
        )

    async def _conclude(self) -> RenewalGraceResult:
        return await workflow.execute_activity_method(
            GraceActivities.conclude, self._now(), **_options.facts("Close the grace, and evaluate marking")
        )

    def _now(self) -> GraceAt:
        return GraceAt(**dict(self._grace), as_of=workflow.now())

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> GraceCheck | None:
        """What was found at the last look."""
        return self._check
