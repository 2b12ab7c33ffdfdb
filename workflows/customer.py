"""A customer that a trial has created: screened, and reviewed where there is a hit, before anything is built for it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.onboardings import OnboardingActivities
    from tenure.contracts.customer_screening import CustomerScreeningState
    from tenure.contracts.onboarding import ScreeningTask
    from tenure.contracts.review import ScreeningTrigger
    from tenure.contracts.trial_process import (
        CustomerScreeningContract,
        CustomerScreeningResult,
        CustomerScreeningStep,
        TrialAt,
        TrialInput,
    )
    from workflows import _options
    from workflows._screening import until_decided
    from workflows._waiting import Watch, show


@workflow.defn(name="CustomerScreening")
class CustomerScreening(CustomerScreeningContract):
    """Its trial has a process of its own, which orders nothing until this one has found it clear (RPL-01, RPL-03, Q-27)."""

    @workflow.init
    def __init__(self, trial: TrialInput) -> None:
        self._trial = trial
        self._watch = Watch()
        self._step: CustomerScreeningStep | None = None

    @workflow.run
    async def run(self, trial: TrialInput) -> CustomerScreeningResult:
        """Screen the customer, and wait for the review where there is a hit."""
        task = ScreeningTask(
            trigger=ScreeningTrigger.CREATE, organisation_id=trial.organisation_id, trial_id=trial.trial_id
        )
        step = await until_decided(
            self._watch,
            task,
            self._read,
            trial,
            screening={CustomerScreeningState.SCREENING},
            review=CustomerScreeningState.PENDING_RPL_REVIEW,
        )
        return CustomerScreeningResult(state=step.state, reason=step.reason)

    async def _read(self) -> CustomerScreeningStep:
        """Read where the screening stands."""
        step = await workflow.execute_activity_method(
            OnboardingActivities.check_customer_screening,
            TrialAt(**dict(self._trial), as_of=workflow.now()),
            **_options.facts("Look where the screening stands"),
        )
        self._step = step
        self._show(step)
        return step

    def _show(self, step: CustomerScreeningStep) -> None:
        due_at, headline = step.looks_at, f"RPL-01, {step.state or 'organisation_gone'}"
        match step.state:
            case CustomerScreeningState.SCREENING if step.looks_at is not None:
                headline = "RPL-16, screening: not possible, tried again; waits"
            case CustomerScreeningState.PENDING_RPL_REVIEW:
                due_at, headline = step.due_at, "RPL-07, pending_rpl_review: a reviewer can decide"
        show(
            str(step.state or "organisation_gone"),
            due_at,
            headline,
            f"Customer {self._trial.organisation_id} of trial {self._trial.trial_id}",
            *([f"Why: {step.reason}"] if step.reason else []),
            *([f"Problem: {step.problem}"] if step.problem else []),
            "Nothing is built for the trial before its customer is clear.",
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> CustomerScreeningStep | None:
        """What was found at the last look."""
        return self._step
