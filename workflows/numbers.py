"""Phone numbers after the end of calling: they rest, and are handed over or released."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.trials import TrialActivities
    from tenure.contracts.trial_process import (
        NumberHoldResult,
        NumberHoldStep,
        NumberRetentionContract,
        TrialAt,
        TrialInput,
    )
    from workflows import _options
    from workflows._waiting import Watch, show

_WAY_OUT = "Calling that is bought for the same organisation before then keeps them; after it they are gone for good."


@workflow.defn(name="NumberRetention")
class NumberRetention(NumberRetentionContract):
    """Phone numbers rest for 15 days after the end of calling, and are released for good (NR)."""

    @workflow.init
    def __init__(self, trial: TrialInput) -> None:
        self._trial = trial
        self._watch = Watch()
        self._step: NumberHoldStep | None = None

    @workflow.run
    async def run(self, trial: TrialInput) -> NumberHoldResult:
        """Wait out the hold."""
        step = await self._look()
        while step.held:
            if self._watch.long_run():
                workflow.continue_as_new(trial)
            await self._watch.rest(step.held_until, _waits_for(step))
            step = await self._look()
        return NumberHoldResult(released=step.released)

    async def _look(self) -> NumberHoldStep:
        """Read whether calling was bought; at its end the hold releases the numbers (NR-02, NR-03)."""
        self._watch.look()
        step = await workflow.execute_activity_method(
            TrialActivities.check_numbers,
            TrialAt(**dict(self._trial), as_of=workflow.now()),
            **_options.facts("Look whether calling was bought, or the hold is over"),
        )
        self._step = step
        show(
            "numbers_held" if step.held else "numbers_settled",
            step.held_until,
            _waits_for(step),
            f"Trial {self._trial.trial_id}",
            *([_WAY_OUT] if step.held else [f"Released for good: {step.released}"]),
        )
        return step

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> NumberHoldStep | None:
        """What was found at the last look."""
        return self._step


def _waits_for(step: NumberHoldStep) -> str:
    return f"NR-01: {step.held} of the trial's phone numbers on hold" if step.held else "NR-02: no number is on hold"
