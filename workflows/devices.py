"""Trial devices: told of, waited for, and overdue in the end."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.trials import TrialActivities
    from tenure.contracts.device import (
        DeviceReturnAt,
        DeviceReturnContract,
        DeviceReturnInput,
        DeviceReturnResult,
        DeviceReturnStep,
    )
    from workflows import _options
    from workflows._delivering import Deliveries
    from workflows._waiting import Watch, show

_WAY_OUT = "Each is registered by its serial number; what is missing in the end is on the partner's list."


@workflow.defn(name="DeviceReturn")
class DeviceReturn(DeviceReturnContract):
    """The device end date, 14 days, and then what is missing is overdue (DV-02, DV-09)."""

    @workflow.init
    def __init__(self, devices: DeviceReturnInput) -> None:
        self._devices = devices
        self._watch = Watch()
        self._deliveries = Deliveries(self._watch, "Deliver the device agreement")
        self._step: DeviceReturnStep | None = None

    @workflow.run
    async def run(self, devices: DeviceReturnInput) -> DeviceReturnResult:
        """Wait for the devices."""
        step = await self._look()
        while not step.over or step.notices:
            if self._watch.long_run():
                await self._deliveries.withdraw()
                workflow.continue_as_new(devices)
            if step.over:
                await self._watch.wait()
            else:
                await self._watch.rest(step.due_at, _waits_for(step))
            step = await self._look()
        return DeviceReturnResult(outstanding=step.outstanding)

    async def _look(self) -> DeviceReturnStep:
        """Read what came back; 14 days after the device end date the rest is overdue."""
        self._watch.look()
        step = await workflow.execute_activity_method(
            TrialActivities.check_devices,
            DeviceReturnAt(**dict(self._devices), as_of=workflow.now()),
            **_options.facts("Look what has come back"),
        )
        self._step = step
        self._deliveries.follow(step.notices)
        show(
            "devices_settled" if step.over else "devices_out",
            step.due_at,
            _waits_for(step),
            f"Trial {self._devices.trial_id}",
            *([f"Mails under way: {len(step.notices)}"] if step.notices else []),
            *([] if step.over else [_WAY_OUT]),
        )
        return step

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> DeviceReturnStep | None:
        """What was found at the last look."""
        return self._step


def _waits_for(step: DeviceReturnStep) -> str:
    if not step.over:
        return f"DV-02: waits for {step.outstanding} of the trial's devices"
    return (
        f"DV-09: {step.outstanding} of the trial's devices are still out" if step.outstanding else "DV-09: all are back"
    )
