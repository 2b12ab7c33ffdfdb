"""The steps of a countdown."""

from temporalio import activity

from tenure.contracts.activity import IntakeResult
from tenure.contracts.deletion import ActivityReport, CountdownAt, CountdownStep
from tenure.ports import Countdowns


class CountdownActivities:
    """Guarded transactions on one countdown; each may be repeated."""

    def __init__(self, countdowns: Countdowns) -> None:
        self._countdowns = countdowns

    @activity.defn(name="assess_countdown")
    async def assess(self, at: CountdownAt) -> CountdownStep:
        """Look at the facts, and carry out a reset or an unmarking."""
        return await self._countdowns.assess(at)

    @activity.defn(name="warn")
    async def warn(self, at: CountdownAt) -> CountdownStep:
        """Begin a warning, if it is due (DM-05)."""
        return await self._countdowns.warn(at)

    @activity.defn(name="fence")
    async def fence(self, at: CountdownAt) -> CountdownStep:
        """Turn the organisation into `erasing`, if everything still agrees (SF-04).

        Raises:
            Refusal: `clock_ahead`, for the moment it takes our clock to get there (SF-10).
        """
        return await self._countdowns.fence(at)

    @activity.defn(name="record_activity")
    async def record(self, report: ActivityReport) -> IntakeResult:
        """Write down activity that came by signal."""
        return await self._countdowns.record(report)
