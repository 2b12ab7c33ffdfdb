"""The steps of trials, of their numbers and of their devices."""

from temporalio import activity

from tenure.contracts.device import DeviceReturnAt, DeviceReturnStep
from tenure.contracts.trial_process import ConsentStep, NumberHoldStep, TrialAt, TrialStep
from tenure.ports import TrialSteps


class TrialActivities:
    """Guarded transactions on one trial; each may be repeated."""

    def __init__(self, steps: TrialSteps) -> None:
        self._steps = steps

    @activity.defn(name="check_consent")
    async def check_consent(self, at: TrialAt) -> ConsentStep:
        """Look at the request; at its deadline it lapses (CO-14)."""
        return await self._steps.check_consent(at)

    @activity.defn(name="check_trial")
    async def check_trial(self, at: TrialAt) -> TrialStep:
        """Look at the trial, and do what is due: activate, remind, expire (PV-07, NO-01, GR-01)."""
        return await self._steps.check_trial(at)

    @activity.defn(name="conclude_trial")
    async def conclude(self, at: TrialAt) -> TrialStep:
        """Close the process, unless mails or orders are left for it."""
        return await self._steps.conclude(at)

    @activity.defn(name="check_numbers")
    async def check_numbers(self, at: TrialAt) -> NumberHoldStep:
        """Look at a hold; at its end the numbers are released for good (NR-02)."""
        return await self._steps.check_numbers(at)

    @activity.defn(name="check_devices")
    async def check_devices(self, at: DeviceReturnAt) -> DeviceReturnStep:
        """Look at a return; what is missing in the end is overdue (DV-09)."""
        return await self._steps.check_devices(at)
