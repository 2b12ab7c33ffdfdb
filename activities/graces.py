"""The steps of a grace."""

from temporalio import activity

from tenure.contracts.licence import GraceAt, GraceCheck, RenewalGraceResult
from tenure.contracts.trial_process import GraceEnd
from tenure.ports import Licences


class GraceActivities:
    """Guarded transactions on one grace; each may be repeated."""

    def __init__(self, licences: Licences) -> None:
        self._licences = licences

    @activity.defn(name="check_grace")
    async def check(self, at: GraceAt) -> GraceCheck:
        """Look whether the grace is still pending; at its end, remove the licences (RP-05)."""
        return await self._licences.check_grace(at, at.as_of)

    @activity.defn(name="end_trial")
    async def end_trial(self, at: GraceAt) -> GraceEnd:
        """Move the users where no licence is left, and say whom to tell (GR-06, GR-11)."""
        return await self._licences.end_trial(at, at.as_of)

    @activity.defn(name="hold_numbers")
    async def hold_numbers(self, at: GraceAt) -> int:
        """Hold the phone numbers of a trial whose grace is over (NR-01)."""
        return await self._licences.hold_numbers(at, at.as_of)

    @activity.defn(name="conclude_grace")
    async def conclude(self, at: GraceAt) -> RenewalGraceResult:
        """Evaluate marking once licences and meeting data are gone (DM-01)."""
        return await self._licences.conclude_grace(at, at.as_of)
