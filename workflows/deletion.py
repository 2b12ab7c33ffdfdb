"""The countdown of an organisation that nobody uses: silence, a warning, the notice period, the fence."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.countdowns import CountdownActivities
    from tenure.contracts.activity import FUTURE_TOLERANCE, ActivitySignal
    from tenure.contracts.deletion import (
        ActivityReport,
        Assessment,
        CountdownAt,
        CountdownInput,
        CountdownResult,
        CountdownStep,
        DeletionCountdownContract,
        Verdict,
    )
    from tenure.contracts.organisation import GONE, OrganisationState
    from workflows import _options
    from workflows._delivering import Deliveries
    from workflows._waiting import Watch, instant, show


@workflow.defn(name="DeletionCountdown")
class DeletionCountdown(DeletionCountdownContract):
    """Marked, 30 silent days, a warning, 30 days from the warning, the fence; activity starts it again (DM, AC).

    The facts decide, in guarded transactions; this process only looks at the right moments, delivers the warnings, and
    carries nothing that the facts do not say: any execution of it can take over from any other.
    """

    @workflow.init
    def __init__(self, countdown: CountdownInput) -> None:
        self._countdown = countdown
        self._watch = Watch()
        self._step: CountdownStep | None = None
        self._deliveries = Deliveries(self._watch, "Deliver the warning", each=True)
        self._newest: ActivitySignal | None = None
        self._unwritten: list[ActivitySignal] = []
        self._writing = asyncio.Lock()

    @workflow.run
    async def run(self, countdown: CountdownInput) -> CountdownResult:
        """Count down until the organisation is fenced or no longer marked."""
        step = await self._assess()
        while not _is_over(step) and not self._watch.long_run():
            step = await self._follow(step)
        await self._deliveries.withdraw()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not _is_over(step):
            workflow.continue_as_new(countdown)
        return CountdownResult(state=step.state, reason=step.assessment.reason)

    async def _follow(self, step: CountdownStep) -> CountdownStep:
        """Do what the verdict says; answers the step after it."""
        match step.assessment.verdict:
            case Verdict.WARN if step.state is not OrganisationState.WARNED:
                return await self._warn()
            case Verdict.WARN if self._deliveries:
                await self._watch.rest(None, "SF-02: warning_not_accepted")
            case Verdict.FENCE:
                return await self._fence()
            case Verdict.WAIT if await self._rest(step.assessment):
                # Its time has come. The act looks at everything again itself, and answers what holds by then.
                return await (self._fence() if step.state is OrganisationState.WARNED else self._warn())
            case Verdict.HOLD:
                await self._rest(step.assessment)
        return await self._assess()

    async def _assess(self) -> CountdownStep:
        return await self._look(CountdownActivities.assess, "Look at the facts")

    async def _warn(self) -> CountdownStep:
        return await self._look(CountdownActivities.warn, "Begin the warning, if the silence has lasted")

    async def _fence(self) -> CountdownStep:
        return await self._look(CountdownActivities.fence, "Fence, if everything still agrees")

    async def _look(
        self, transaction: Callable[[CountdownActivities, CountdownAt], Awaitable[CountdownStep]], summary: str
    ) -> CountdownStep:
        """Take a guarded step on the facts, and let deliveries and operators follow it."""
        self._watch.look()
        at = CountdownAt(
            organisation_id=self._countdown.organisation_id,
            generation=self._countdown.generation,
            as_of=workflow.now(),
        )
        step = await workflow.execute_activity_method(transaction, at, **_options.facts(summary))
        self._step = step
        self._show(step)
        if step.state is not OrganisationState.WARNED:
            await self._deliveries.withdraw()
        self._deliveries.begin(step.notices)
        return step

    async def _rest(self, assessment: Assessment) -> bool:
        return await self._watch.rest(assessment.due_at, f"{assessment.rule}: {assessment.reason}")

    def _show(self, step: CountdownStep) -> None:
        assessment = step.assessment
        show(
            assessment.reason,
            assessment.due_at,
            f"{assessment.rule}, {assessment.verdict}: {assessment.reason}",
            f"State: {step.state}; warnings so far: {step.cycle}",
            *([f"Counts from {instant(assessment.base_at)}"] if assessment.base_at else []),
            *([f"Detail: {assessment.detail}"] if assessment.detail else []),
            "Any activity starts it again; licences or a managed customer end it.",
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.signal(name="activity", description="Activity of the organisation; it counts from its commit.")
    async def activity(self, activity: ActivitySignal) -> None:
        """Write down the newest activity at once; what comes while a write is pending is folded into the next.

        An instant too far in the future is a wrong clock, by ours or by the database's, which alone counts: it must not
        hide other activity. So only what was written stands for what is older.
        """
        if activity.at > workflow.now() + FUTURE_TOLERANCE:
            return
        self._unwritten.append(activity)
        async with self._writing:
            while self._unwritten:
                await self._write_newest()

    async def _write_newest(self) -> None:
        newest = max(self._unwritten, key=lambda each: each.at)
        if self._newest is None or newest.at > self._newest.at:
            written = await workflow.execute_activity_method(
                CountdownActivities.record,
                ActivityReport(organisation_id=self._countdown.organisation_id, activity=newest),
                **_options.facts("Write down activity"),
            )
            if written.rejected:
                self._unwritten.remove(newest)
                return
            self._newest = newest
        self._unwritten = [each for each in self._unwritten if each.at > newest.at]

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> CountdownStep | None:
        """What was found at the last look."""
        return self._step


def _is_over(step: CountdownStep) -> bool:
    return step.state in GONE or step.assessment.verdict in {Verdict.END, Verdict.UNMARK}
