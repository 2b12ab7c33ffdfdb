"""The looks of the processes of wholesale customers."""

from temporalio import activity

from tenure.contracts.onboarding import AddressChangeStep, OnboardingAt, OnboardingStep, ReviewAt, ReviewStep
from tenure.contracts.trial_process import CustomerScreeningStep, TrialAt
from tenure.ports import OnboardingSteps


class OnboardingActivities:
    """Guarded transactions on one customer; each may be repeated."""

    def __init__(self, steps: OnboardingSteps) -> None:
        self._steps = steps

    @activity.defn(name="check_onboarding")
    async def check_onboarding(self, at: OnboardingAt) -> OnboardingStep:
        """Look at an onboarding; what was received is screened from now on (RPL-01)."""
        return await self._steps.check_onboarding(at)

    @activity.defn(name="check_address_change")
    async def check_address_change(self, at: OnboardingAt) -> AddressChangeStep:
        """Look at a change of address (RPL-17)."""
        return await self._steps.check_address_change(at)

    @activity.defn(name="check_customer_screening")
    async def check_customer_screening(self, at: TrialAt) -> CustomerScreeningStep:
        """Look at the screening of a customer that a trial has created (RPL-01)."""
        return await self._steps.check_customer_screening(at)

    @activity.defn(name="check_review")
    async def check_review(self, at: ReviewAt) -> ReviewStep:
        """Look at a review; strictly after its deadline it times out (RPL-07, RPL-08)."""
        return await self._steps.check_review(at)
