"""A trial: details, provisioning, the days in which it is active, and its end."""

from collections.abc import Awaitable, Callable, Mapping

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.trials import TrialActivities
    from tenure.contracts.platform import PlatformOrder
    from tenure.contracts.trial import TrialState
    from tenure.contracts.trial_process import TrialAt, TrialContract, TrialInput, TrialResult, TrialStep
    from workflows import _options
    from workflows._building import Orders
    from workflows._delivering import Deliveries
    from workflows._waiting import Watch, instant, show

_EVENTS: Mapping[str, str] = {
    "awaiting_details": "details from its partner",
    "screening": "the screening of its customer",
    "rpl_review": "the review of its customer",
    "provisioning": "the platform",
    "reminder": "its reminder",
    "trial": "its end",
}
"""What the operator reads of what comes next, by the step's reason."""
_CAN_BE_DONE: Mapping[TrialState | None, str] = {
    TrialState.AWAITING_DETAILS: "Its partner gives the details, or cancels it.",
    TrialState.PROVISIONING: "Its partner can cancel it.",
    TrialState.ACTIVE: "Its partner can extend, edit or cancel it; a paid order converts it.",
}
"""In the states in which the process waits (18.1)."""
_ASKED_AGAIN = "It can have the platform asked again at once: it gives the details once more."


@workflow.defn(name="Trial")
class Trial(TrialContract):
    """Details, provisioning, the trial with its notices, and its end (PV, TC, NO).

    The facts decide, in guarded transactions; this process looks at the right moments, has the platform build, and
    delivers mails. After its end the grace has a process of its own; an extension in grace begins the next generation.
    """

    @workflow.init
    def __init__(self, trial: TrialInput) -> None:
        self._trial = trial
        self._watch = Watch()
        self._orders = Orders(self._watch)
        self._deliveries = Deliveries(self._watch, "Deliver a mail about the trial")
        self._step: TrialStep | None = None

    @workflow.run
    async def run(self, trial: TrialInput) -> TrialResult:  # noqa: ARG002 - all state was made of it already
        """Run the trial, from consent or request to its end."""
        step = await self._look()
        while step.state is TrialState.AWAITING_DETAILS:  # the partner gives them whenever it likes (PV-08)
            step = await self._pause(step)
        while step.state is TrialState.PROVISIONING:  # until every service stands (PV-03)
            step = await self._pause(step)
        while step.state is TrialState.ACTIVE:  # a reminder, changes of services and end, the end (NO, TC)
            step = await self._pause(step)
        step = await self._conclude()
        while step.orders or step.notices:  # what is left to tear down, and to tell
            await self._renew()
            await self._watch.wait()
            step = await self._conclude()
        return TrialResult(state=step.state)

    async def _pause(self, step: TrialStep) -> TrialStep:
        """Sleep until something falls due or has changed, and look again."""
        await self._renew()
        if step.due_at is None:
            await self._watch.wait()
        else:
            await self._watch.rest(step.due_at, _waits_for(step))
        return await self._look()

    async def _renew(self) -> None:
        """Go on in a next run, where this one has become long: that finds in the facts what is under way."""
        if self._watch.long_run():
            await self._deliveries.withdraw()
            await self._orders.withdraw()
            workflow.continue_as_new(self._trial)

    async def _look(self) -> TrialStep:
        return await self._step_by(TrialActivities.check_trial, "Look at the trial, and do what is due")

    async def _conclude(self) -> TrialStep:
        return await self._step_by(TrialActivities.conclude, "Close the trial's process")

    async def _step_by(
        self, transaction: Callable[[TrialActivities, TrialAt], Awaitable[TrialStep]], summary: str
    ) -> TrialStep:
        """Take a guarded step on the facts, and let platform, mails and operators follow it."""
        self._watch.look()
        at = TrialAt(**dict(self._trial), as_of=workflow.now())
        step = await workflow.execute_activity_method(transaction, at, **_options.facts(summary))
        self._step = step
        self._orders.follow(step.orders, step.problems)
        self._deliveries.follow(step.notices)
        self._show(step)
        return step

    def _show(self, step: TrialStep) -> None:
        state = step.state or "organisation_gone"
        show(
            str(state),
            step.due_at,
            _waits_for(step),
            f"Trial {self._trial.trial_id}, generation {step.generation}: {state}",
            *([f"Ends {instant(step.ends_at)}"] if step.ends_at else []),
            *(f"Platform: {_order(order, step)}" for order in step.orders),
            *([f"Mails under way: {len(step.notices)}"] if step.notices else []),
            *([_CAN_BE_DONE[step.state]] if step.state in _CAN_BE_DONE else []),
            *([_ASKED_AGAIN] if step.problems and step.state is TrialState.PROVISIONING else []),
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> TrialStep | None:
        """What was found at the last look."""
        return self._step


def _waits_for(step: TrialStep) -> str:
    if step.reason in _EVENTS:
        return f"{step.rule}: waits for {_EVENTS[step.reason]}"
    return "Tears down and tells what is left" if step.orders or step.notices else "Done"


def _order(order: PlatformOrder, step: TrialStep) -> str:
    problem = step.problems.get(order.key)
    said = f"{order.deed} {order.service}"
    return f"{said}, not done yet ({problem}), tried again by itself" if problem else said
