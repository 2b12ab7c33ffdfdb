"""Orders to the platform, and what became of them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.counters import PLATFORM_ORDERS
from tenure.contracts.platform import NO_ANSWER, Built, PlatformOrder
from tenure.contracts.trial_process import PlatformProblem, PlatformReport
from tenure.errors import PlatformRefused, Unavailable
from tenure.ports import Platform, TrialSteps

REFUSED: Final = "platform_refused"
"""The type of the failure by which a refused order is tried again."""
_REFUSAL_INTERVAL: Final = timedelta(hours=1)
"""A person has to put something right in between."""


class ProvisioningActivities:
    """Asks the platform, and writes down its answer in the same attempt.

    After a crash in between, the platform is asked again with the same key and answers the same (PV-04).
    """

    def __init__(self, platform: Platform, steps: TrialSteps) -> None:
        self._platform = platform
        self._steps = steps

    @activity.defn(name="build_service")
    async def build(self, order: PlatformOrder) -> Built:
        """Have one service built.

        Raises:
            ApplicationError: the platform refuses or did not answer, which is written down; tried again.
        """
        return await self._carry_out(self._platform.build, order)

    @activity.defn(name="tear_down_service")
    async def tear_down(self, order: PlatformOrder) -> Built:
        """Have one service torn down.

        Raises:
            ApplicationError: as for `build`.
        """
        return await self._carry_out(self._platform.tear_down, order)

    async def _carry_out(self, ask: Callable[[PlatformOrder], Awaitable[Built]], order: PlatformOrder) -> Built:
        try:
            built = await ask(order)
        except PlatformRefused as refusal:
            await self._problem(order, refusal.code, "refused")
            raise ApplicationError(
                "The platform refuses; its code is with the trial, and it is asked again.",
                type=REFUSED,
                next_retry_delay=_REFUSAL_INTERVAL,
                category=ApplicationErrorCategory.BENIGN,
            ) from None
        except Unavailable:
            await self._problem(order, NO_ANSWER, "unanswered")
            raise
        await self._steps.record_platform(PlatformReport(order=order, built=built))
        _count(order, "done")
        return built

    async def _problem(self, order: PlatformOrder, code: str, result: str) -> None:
        """Nothing is tried again in silence: partner and operator find why with the trial."""
        await self._steps.record_problem(PlatformProblem(order=order, code=code))
        _count(order, result)


def _count(order: PlatformOrder, result: str) -> None:
    PLATFORM_ORDERS.add(deed=order.deed, result=result)
