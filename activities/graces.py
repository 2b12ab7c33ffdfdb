"""The steps of a grace."""

from temporalio import activity

from tenure.contracts.licence import GraceAt, GraceCheck, RenewalGraceResult
from tenure.ports import Licences


class GraceActivities:
    """Guarded transactions on one grace; each may be repeated."""

    def __init__(self, licences: Licences) -> None:
        self._licences = licences

    @activity.defn(name="check_grace")
    async def check(self, at: GraceAt) -> GraceCheck:
        """Look whether the grace is still pending; at its end, remove the licences (RP-05)."""
        return await self._licences.check_grace(at, at.as_of)

    @activity.defn(name="conclude_grace")
    async def conclude(self, at: GraceAt) -> RenewalGraceResult:
        """Evaluate marking once licences and meeting data are gone (DM-01)."""
        return await self._licences.conclude_grace(at, at.as_of)
