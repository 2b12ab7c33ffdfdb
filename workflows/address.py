"""A new billing address: screened, reviewed where there is a hit, and then in force; the old one is until then."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.onboardings import OnboardingActivities
    from tenure.contracts.customer import AddressState
    from tenure.contracts.onboarding import (
        AddressChangeContract,
        AddressChangeResult,
        AddressChangeStep,
        OnboardingAt,
        OnboardingInput,
        ScreeningTask,
    )
    from tenure.contracts.review import ScreeningTrigger
    from workflows import _options
    from workflows._screening import until_decided
    from workflows._waiting import Watch, show


@workflow.defn(name="AddressChange")
class AddressChange(AddressChangeContract):
    """The customer keeps its services meanwhile; whatever is found, only the change of its address fails (RPL-17)."""

    @workflow.init
    def __init__(self, change: OnboardingInput) -> None:
        self._change = change
        self._watch = Watch()
        self._step: AddressChangeStep | None = None

    @workflow.run
    async def run(self, change: OnboardingInput) -> AddressChangeResult:
        """Screen the address, and wait for the review where there is a hit."""
        task = ScreeningTask(trigger=ScreeningTrigger.ADDRESS_UPDATE, **dict(change))
        step = await until_decided(
            self._watch,
            task,
            self._read,
            change,
            screening={AddressState.SCREENING},  # meanwhile the old address stays
            review=AddressState.PENDING_RPL_REVIEW,
        )
        return AddressChangeResult(state=step.state, reason=step.reason)

    async def _read(self) -> AddressChangeStep:
        """Read where the change stands."""
        step = await workflow.execute_activity_method(
            OnboardingActivities.check_address_change,
            OnboardingAt(**dict(self._change), as_of=workflow.now()),
            **_options.facts("Look where the change of address stands"),
        )
        self._step = step
        self._show(step)
        return step

    def _show(self, step: AddressChangeStep) -> None:
        due_at, headline = step.looks_at, f"RPL-17, {step.state or 'organisation_gone'}"
        match step.state:
            case AddressState.SCREENING if step.looks_at is not None:
                headline = "RPL-16, address_screening: not possible, tried again; waits"
            case AddressState.PENDING_RPL_REVIEW:
                due_at, headline = step.due_at, "RPL-07, address_pending_rpl_review: a reviewer can decide"
        show(
            str(step.state or "organisation_gone"),
            due_at,
            headline,
            f"Customer {self._change.organisation_id}, change {self._change.generation} of its address",
            *([f"Why: {step.reason}"] if step.reason else []),
            *([f"Problem: {step.problem}"] if step.problem else []),
            "The old address is in force until this one is approved.",
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> AddressChangeStep | None:
        """What was found at the last look."""
        return self._step
