"""What operators hold in their hands: erasures, breakers and receipts."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.contracts.erasure import AbortErasures, AbortResult, Erasure, ErasureState, Receipt
from tenure.ids import OrganisationId

_ERASURES: TypeAdapter[tuple[Erasure, ...]] = TypeAdapter(tuple[Erasure, ...])
_ABORTED: TypeAdapter[AbortResult] = TypeAdapter(AbortResult)
_BREAKERS: TypeAdapter[tuple[Breaker, ...]] = TypeAdapter(tuple[Breaker, ...])
_BREAKER: TypeAdapter[Breaker] = TypeAdapter(Breaker)
_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)


class Erasures:
    """Erasures, and the way back from the vendor's own mistakes while the quarantine lasts (SF-11)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self, state: ErasureState | None = None) -> tuple[Erasure, ...]:
        """Every erasure, newest first."""
        return await self._connection.get("/v1/erasures", _ERASURES, {"state": state})

    async def plan_abort(self, command: AbortErasures) -> AbortResult:
        """What `abort` would answer now; changes nothing (SF-08)."""
        return await self._connection.command("/v1/erasures/abort", command, _ABORTED, None, {"dry_run": True})

    async def abort(self, command: AbortErasures, *, key: str | None = None) -> AbortResult:
        """Stop the erasures of the organisations named: each is marked again, with its data as it was."""
        return await self._connection.command("/v1/erasures/abort", command, _ABORTED, key)


class Breakers:
    """The breakers of the fleet and of partners (SF-05)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self) -> tuple[Breaker, ...]:
        """The fleet's breaker, and those of partners that are open or were released."""
        return await self._connection.get("/v1/breakers", _BREAKERS)

    async def release(self, command: ReleaseBreaker, *, key: str | None = None) -> Breaker:
        """Let a stated number of deletions through; the token's name and the reason are kept.

        Raises:
            Refusal: `breaker_not_open`.
        """
        return await self._connection.command("/v1/breakers/release", command, _BREAKER, key)


class Receipts:
    """Proofs of erasures; `tenure.receipt` verifies them offline (SF-07)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def show(self, organisation_id: OrganisationId) -> Receipt:
        """The receipt of an erased organisation."""
        return await self._connection.get(f"/v1/receipts/{organisation_id}", _RECEIPT)

    async def chain(self) -> AsyncIterator[Receipt]:
        """Every receipt, oldest first, as they arrive."""
        async with self._connection.stream("/v1/receipts") as lines:
            async for line in lines:
                yield Receipt.model_validate_json(line)
