"""From the mark to the receipt."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from tenure.contracts.activity import IntakeResult
from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.contracts.deletion import ActivityReport, CountdownAt, CountdownStep
from tenure.contracts.erasure import (
    AbortErasures,
    AbortResult,
    Clearance,
    EraseStore,
    Erasure,
    ErasureAt,
    ErasureState,
    IssueReceipt,
    Receipt,
    StoreResult,
)
from tenure.ids import OrganisationId
from tenure.ports.caller import Caller


class Countdowns(Protocol):
    """The guarded transactions of a countdown. Each re-reads everything under lock and asks `policy.deletion.assess`.

    `warn` and `fence` are tried when their time has come: where the verdict is another, they do what `assess` does.
    A countdown that is over closes its process in the same transaction.
    """

    async def assess(self, at: CountdownAt) -> CountdownStep:
        """Look, carry out a reset or an unmarking, and store the next date."""
        ...

    async def warn(self, at: CountdownAt) -> CountdownStep:
        """Begin a warning: state, promise, and one queued notice for each full admin. Repeating it changes nothing."""
        ...

    async def fence(self, at: CountdownAt) -> CountdownStep:
        """Check everything once more and turn the organisation into `erasing`, or say which condition fails (SF-04).

        Raises:
            Refusal: `clock_ahead`, when `as_of` is ahead of `business_now()` (SF-10).
        """
        ...

    async def record(self, report: ActivityReport) -> IntakeResult:
        """Write down what arrived by signal."""
        ...


class Erasures(Protocol):
    """Erasures as the application and operators see them."""

    async def all(self, caller: Caller, *, state: ErasureState | None = None) -> Sequence[Erasure]:
        """Every erasure, newest first."""
        ...

    async def abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """Stop erasures in quarantine: each organisation is marked again, base = now, next generation (SF-11)."""
        ...

    async def plan_abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """What `abort` would answer now; changes nothing (SF-08)."""
        ...

    async def clear(self, at: ErasureAt) -> Clearance:
        """Ask `policy.erasure.clear` under lock; when cleared, the erasure is `purging` from then on."""
        ...

    async def receipt(self, organisation_id: OrganisationId) -> Receipt:
        """The receipt of an erased organisation."""
        ...

    def receipts(self) -> AsyncIterator[Receipt]:
        """The whole chain, oldest first."""
        ...


class Eraser(Protocol):
    """Destruction: on its own task queue, with its own database role (SF-12)."""

    async def erase(self, command: EraseStore) -> StoreResult:
        """Purge one store of an organisation that is `purging`, and read it back. Safe to repeat."""
        ...

    async def issue_receipt(self, command: IssueReceipt) -> Receipt:
        """Write the receipt and leave a tombstone; `processes` of the organisation are closed. Safe to repeat."""
        ...


class Breakers(Protocol):
    """The breakers of fleet and partners."""

    async def all(self) -> Sequence[Breaker]:
        """The fleet's breaker, and each partner's that is open or was released."""
        ...

    async def release(self, caller: Caller, command: ReleaseBreaker) -> Breaker:
        """Let a stated number of fences through, and wake what is held."""
        ...
