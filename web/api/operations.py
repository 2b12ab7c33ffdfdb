"""What operators hold in their hands: erasures in quarantine, the breakers, and the receipts."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.contracts.erasure import AbortErasures, AbortResult, Erasure, ErasureState, Receipt
from tenure.ids import OrganisationId
from tenure.ports import Erasures
from web.security import OperatorCommander, OperatorReader, Ports, StaffReader

router = APIRouter(prefix="/v1")


@router.get("/erasures", tags=["erasures"])
async def list_erasures(ports: Ports, caller: OperatorReader, state: ErasureState | None = None) -> Sequence[Erasure]:
    """Erasures, newest first."""
    return await ports.erasures.all(caller, state=state)


@router.post("/erasures/abort", tags=["erasures"])
async def abort_erasures(
    ports: Ports,
    caller: OperatorCommander,
    command: AbortErasures,
    dry_run: Annotated[bool, Query(description="Answer what would happen, and change nothing.")] = False,
) -> AbortResult:
    """Stop erasures that a mistake of the vendor began; each organisation is named (SF-08, SF-11)."""
    if dry_run:
        return await ports.erasures.plan_abort(caller, command)
    return await ports.erasures.abort(caller, command)


@router.get("/breakers", tags=["breakers"])
async def list_breakers(ports: Ports, _caller: OperatorReader) -> Sequence[Breaker]:
    """The fleet's breaker, and those of partners that are open or were released (SF-05)."""
    return await ports.breakers.all()


@router.post("/breakers/release", tags=["breakers"])
async def release_breaker(ports: Ports, caller: OperatorCommander, command: ReleaseBreaker) -> Breaker:
    """Let a stated number of deletions through an open breaker; who and why are kept (SF-05)."""
    return await ports.breakers.release(caller, command)


@router.get(
    "/receipts",
    tags=["receipts"],
    response_class=StreamingResponse,
    responses={200: {"description": "One receipt a line.", "content": {"application/x-ndjson": {}}}},
)
async def receipt_chain(ports: Ports, _caller: StaffReader) -> StreamingResponse:
    """The whole chain of receipts, oldest first, as newline-delimited JSON (SF-07)."""
    return StreamingResponse(_lines(ports.erasures), media_type="application/x-ndjson")


async def _lines(erasures: Erasures) -> AsyncIterator[str]:
    async for receipt in erasures.receipts():
        yield receipt.model_dump_json() + "\n"


@router.get("/receipts/{organisation_id:org}", tags=["receipts"])
async def show_receipt(ports: Ports, _caller: StaffReader, organisation_id: OrganisationId) -> Receipt:
    """The receipt of an erased organisation (SF-07)."""
    return await ports.erasures.receipt(organisation_id)
