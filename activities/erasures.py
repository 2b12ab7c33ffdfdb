"""The steps of an erasure: the clearance, which any worker may ask for, and destruction, which few may (SF-12)."""

from temporalio import activity

from tenure.contracts.erasure import Clearance, EraseStore, ErasureAt, IssueReceipt, Receipt, StoreResult
from tenure.contracts.licence import GraceAt
from tenure.errors import Unavailable
from tenure.ports import Eraser, Erasures, Licences


class ErasureActivities:
    """What comes before destruction."""

    def __init__(self, erasures: Erasures) -> None:
        self._erasures = erasures

    @activity.defn(name="clear_erasure")
    async def clear(self, at: ErasureAt) -> Clearance:
        """Ask whether the purge may begin; once it may, nobody can abort it (SF-11)."""
        return await self._erasures.clear(at)


class DestructionActivities:
    """What deletes for good: registered on the erasure task queue alone, with ports of the erasure role."""

    def __init__(self, eraser: Eraser, licences: Licences) -> None:
        self._eraser = eraser
        self._licences = licences

    @activity.defn(name="erase_store")
    async def erase(self, command: EraseStore) -> StoreResult:
        """Purge one store of an organisation, and read it back (SF-07).

        Raises:
            Unavailable: something was still there; it is tried again, and only forward (XC-07).
        """
        result = await self._eraser.erase(command)
        if result.remaining:
            raise Unavailable(f"{result.remaining} items are still in {result.store}.")
        return result

    @activity.defn(name="issue_receipt")
    async def issue_receipt(self, command: IssueReceipt) -> Receipt:
        """Write the receipt, and leave a tombstone."""
        return await self._eraser.issue_receipt(command)

    @activity.defn(name="purge_meeting_data")
    async def purge_meeting_data(self, at: GraceAt) -> int:
        """Delete the recordings of licences whose grace is over, unless a meetings licence is left (RP-05, RP-06)."""
        return await self._licences.purge_meeting_data(at, at.as_of)
