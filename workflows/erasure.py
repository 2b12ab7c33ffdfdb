"""The erasure of an organisation: quarantine, every store, the receipt."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.erasures import DestructionActivities, ErasureActivities
    from tenure.contracts.erasure import (
        Clearance,
        EraseStore,
        ErasureAt,
        ErasureContract,
        ErasureInput,
        ErasureResult,
        ErasureState,
        IssueReceipt,
        Receipt,
        Store,
        StoreResult,
    )
    from workflows import _options
    from workflows._waiting import Watch, instant, show


@workflow.defn(name="Erasure")
class Erasure(ErasureContract):
    """Quarantine, then every store, then the receipt (SF-07, SF-11)."""

    @workflow.init
    def __init__(self, erasure: ErasureInput) -> None:
        self._erasure = erasure
        self._watch = Watch()
        self._clearance: Clearance | None = None

    @workflow.run
    async def run(self, erasure: ErasureInput) -> ErasureResult:
        """Erase one organisation for good, unless an operator aborts in the quarantine."""
        clearance = await self._clear()
        while not clearance.cleared:
            if clearance.aborted:
                return ErasureResult(state=ErasureState.ABORTED)
            if self._watch.long_run():
                workflow.continue_as_new(erasure)
            await self._watch.rest(clearance.due_at, f"SF-11: {clearance.held_because}")
            clearance = await self._clear()
        for store in Store:
            await self._erase(store)
        receipt = await self._issue_receipt()
        return ErasureResult(state=ErasureState.ERASED, receipt_hash=receipt.hash)

    async def _clear(self) -> Clearance:
        """Ask for the clearance; once it is given, there is no way back."""
        self._watch.look()
        clearance = await workflow.execute_activity_method(
            ErasureActivities.clear,
            ErasureAt(
                organisation_id=self._erasure.organisation_id,
                generation=self._erasure.generation,
                as_of=workflow.now(),
            ),
            **_options.facts("Ask whether the purge may begin"),
        )
        self._clearance = clearance
        if not clearance.cleared and not clearance.aborted:
            show(
                clearance.held_because or "quarantine",
                clearance.due_at,
                f"SF-11, the purge waits: {clearance.held_because}",
                f"Fenced at {instant(self._erasure.fenced_at)}; cause: {self._erasure.cause}",
                "An operator can abort until the purge begins.",
            )
        return clearance

    async def _erase(self, store: Store) -> StoreResult:
        show("purging", None, f"SF-11, purges {store}: there is no way back")
        return await workflow.execute_activity_method(
            DestructionActivities.erase,
            EraseStore(organisation_id=self._erasure.organisation_id, generation=self._erasure.generation, store=store),
            **_options.destruction(f"Purge {store} and read it back"),
        )

    async def _issue_receipt(self) -> Receipt:
        show("purging", None, "SF-07, writes the receipt")
        return await workflow.execute_activity_method(
            DestructionActivities.issue_receipt,
            IssueReceipt(organisation_id=self._erasure.organisation_id, generation=self._erasure.generation),
            **_options.destruction("Write the receipt"),
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> Clearance | None:
        """What was found at the last look."""
        return self._clearance
