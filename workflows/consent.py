"""The customer's consent to a trial: mailed, waited for, and lapsed in the end."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.trials import TrialActivities
    from tenure.contracts.trial import ConsentState
    from tenure.contracts.trial_process import (
        ConsentResult,
        ConsentStep,
        TrialAt,
        TrialConsentContract,
        TrialInput,
    )
    from workflows import _options
    from workflows._delivering import Deliveries
    from workflows._waiting import Watch, show

_CAN_BE_DONE = "One full admin accepts or declines; the partner can resend or cancel."


@workflow.defn(name="TrialConsent")
class TrialConsent(TrialConsentContract):
    """10 days for one full admin of the customer to decide (CO)."""

    @workflow.init
    def __init__(self, trial: TrialInput) -> None:
        self._trial = trial
        self._watch = Watch()
        self._deliveries = Deliveries(self._watch, "Deliver the request for consent")
        self._step: ConsentStep | None = None

    @workflow.run
    async def run(self, trial: TrialInput) -> ConsentResult:
        """Mail the request, and wait."""
        step = await self._look()
        while step.state is ConsentState.PENDING:
            if self._watch.long_run():
                await self._deliveries.withdraw()
                workflow.continue_as_new(trial)
            await self._watch.rest(step.deadline_at, _waits_for(step))
            step = await self._look()
        return ConsentResult(state=step.state)

    async def _look(self) -> ConsentStep:
        """Read what was decided; at the deadline nobody has, and the request lapses (CO-14)."""
        self._watch.look()
        step = await workflow.execute_activity_method(
            TrialActivities.check_consent,
            TrialAt(**dict(self._trial), as_of=workflow.now()),
            **_options.facts("Look whether a full admin has decided"),
        )
        self._step = step
        self._deliveries.follow(step.notices)
        self._show(step)
        return step

    def _show(self, step: ConsentStep) -> None:
        show(
            f"consent_{step.state or 'gone'}",
            step.deadline_at,
            _waits_for(step),
            f"Trial {self._trial.trial_id}",
            *([f"Mails under way: {len(step.notices)}"] if step.notices else []),
            *([_CAN_BE_DONE] if step.state is ConsentState.PENDING else []),
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> ConsentStep | None:
        """What was found at the last look."""
        return self._step


def _waits_for(step: ConsentStep) -> str:
    if step.state is ConsentState.PENDING:
        return "CO-06: waits for a full admin of the customer"
    return f"CO-06: the request is {step.state or 'gone'}"
