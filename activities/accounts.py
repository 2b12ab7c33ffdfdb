"""Accounts at the platform, and what became of them."""

from temporalio import activity

from activities.counters import PLATFORM_ORDERS
from tenure.contracts.onboarding import AccountProblem, AccountReport, OnboardingInput
from tenure.errors import PlatformRefused, Unavailable
from tenure.ports import OnboardingSteps, Platform


class AccountActivities:
    """Asks the platform, and writes down its answer in the same attempt.

    After a crash in between, the platform is asked again with the same key and answers the same (PRV-04).
    """

    def __init__(self, platform: Platform, steps: OnboardingSteps) -> None:
        self._platform = platform
        self._steps = steps

    @activity.defn(name="open_account")
    async def open_account(self, onboarding: OnboardingInput) -> None:
        """Have a customer's account created; a refusal is final, until provisioning is run again (PRV-01, PRV-03).

        What is ordered is read here: the customer's name stands in no history (TL-01).

        Raises:
            Unavailable: the platform did not answer; tried again.
        """
        order = await self._steps.account(onboarding)
        if order is None:
            return
        try:
            resource = await self._platform.open_account(order)
        except PlatformRefused as refusal:
            await self._steps.record_account_problem(AccountProblem(order=order, code=refusal.code))
            PLATFORM_ORDERS.add(deed="open_account", result="refused")
            return
        except Unavailable:
            PLATFORM_ORDERS.add(deed="open_account", result="unanswered")
            raise
        await self._steps.record_account(AccountReport(order=order, resource=resource))
        PLATFORM_ORDERS.add(deed="open_account", result="done")
