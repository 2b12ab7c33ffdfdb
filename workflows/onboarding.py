"""The onboarding of a wholesale customer: screened, reviewed where there is a hit, and given an account."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.accounts import AccountActivities
    from activities.onboardings import OnboardingActivities
    from tenure.contracts.customer import OnboardingState
    from tenure.contracts.onboarding import (
        OnboardingAt,
        OnboardingInput,
        OnboardingResult,
        OnboardingStep,
        ScreeningTask,
        WholesaleOnboardingContract,
    )
    from tenure.contracts.review import ScreeningTrigger
    from workflows import _options
    from workflows._screening import until_decided
    from workflows._waiting import Watch, show

_UNSCREENED = frozenset({OnboardingState.RECEIVED, OnboardingState.SCREENING})


@workflow.defn(name="WholesaleOnboarding")
class WholesaleOnboarding(WholesaleOnboardingContract):
    """Screening, review where there is a hit, the account (ONB, RPL, PRV).

    The facts decide, in guarded transactions. A retry of provisioning after a refusal is the next generation.
    """

    @workflow.init
    def __init__(self, onboarding: OnboardingInput) -> None:
        self._onboarding = onboarding
        self._watch = Watch()
        self._step: OnboardingStep | None = None

    @workflow.run
    async def run(self, onboarding: OnboardingInput) -> OnboardingResult:
        """Bring a customer in."""
        task = ScreeningTask(trigger=ScreeningTrigger.CREATE, **dict(onboarding))
        step = await until_decided(
            self._watch, task, self._read, onboarding, screening=_UNSCREENED, review=OnboardingState.PENDING_RPL_REVIEW
        )
        while step.state is OnboardingState.PROVISIONING:  # until the platform has answered (PRV-01)
            await workflow.execute_activity_method(
                AccountActivities.open_account, onboarding, **_options.platform("Create the customer's account")
            )
            self._watch.look()
            step = await self._read()
        return OnboardingResult(state=step.state, reason=step.reason)

    async def _read(self) -> OnboardingStep:
        """Read where the onboarding stands."""
        step = await workflow.execute_activity_method(
            OnboardingActivities.check_onboarding,
            OnboardingAt(**dict(self._onboarding), as_of=workflow.now()),
            **_options.facts("Look where the onboarding stands"),
        )
        self._step = step
        self._show(step)
        return step

    def _show(self, step: OnboardingStep) -> None:
        due_at, headline = step.looks_at, "ONB-08, screening: against the restricted-party lists"
        match step.state:
            case OnboardingState.SCREENING if step.looks_at is not None:
                headline = "RPL-16, screening: not possible, tried again; waits"
            case OnboardingState.PENDING_RPL_REVIEW:
                due_at, headline = step.due_at, "RPL-07, pending_rpl_review: a reviewer can decide"
            case OnboardingState.PROVISIONING:
                headline = "PRV-01, provisioning: the platform creates the account"
            case OnboardingState.ACTIVE | OnboardingState.ERROR | OnboardingState.CANCELLED | None:
                headline = f"ONB-08, {step.state or 'organisation_gone'}"
        show(
            str(step.state or "organisation_gone"),
            due_at,
            headline,
            f"Customer {self._onboarding.organisation_id}, generation {self._onboarding.generation}",
            *([f"Why: {step.reason}"] if step.reason else []),
            *([f"Problem: {step.problem}"] if step.problem else []),
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> OnboardingStep | None:
        """What was found at the last look."""
        return self._step
