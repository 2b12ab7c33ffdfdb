"""Organisations: the customer list, one organisation, what happens next to it, and what happened."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, status

from tenure.contracts.audit import AuditEntry
from tenure.contracts.base import Line
from tenure.contracts.erasure import Erasure
from tenure.contracts.forecast import Explanation
from tenure.contracts.organisation import DeleteNow, OrganisationPage, OrganisationView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from web.problems import ProblemResponse, refusals
from web.security import AnyCommander, AnyReader, Ports, StaffReader

router = APIRouter(prefix="/v1/organisations", tags=["organisations"])


@router.get("")
async def list_organisations(
    ports: Ports,
    caller: AnyReader,
    to_be_deleted: Annotated[
        bool | None, Query(description="Only those with the label, or only those without.")
    ] = None,
    named: Annotated[Line | None, Query(max_length=200, description="Only those whose name contains this.")] = None,
    after: Annotated[OrganisationId | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> OrganisationPage:
    """The customer list, in order of id (PS-01); a partner sees its customers (PS-06)."""
    return await ports.organisations.page(caller, to_be_deleted=to_be_deleted, named=named, after=after, limit=limit)


@router.post("/delete-now")
async def delete_organisation_now(ports: Ports, caller: AnyCommander, command: DeleteNow) -> Erasure:
    """The customer's own request: at once and final, by a full admin who types the name (DM-11, DM-12)."""
    return await ports.organisations.delete_now(caller, command)


@router.get("/{organisation_id:org}")
async def show_organisation(ports: Ports, caller: AnyReader, organisation_id: OrganisationId) -> OrganisationView:
    """One organisation with its licences, people and next dates."""
    return await ports.organisations.show(caller, organisation_id)


@router.get("/{organisation_id:org}/explanation")
async def explain_organisation(ports: Ports, caller: AnyReader, organisation_id: OrganisationId) -> Explanation:
    """What happens next, when, by which rule, on which evidence, and what would stop it (WH-01)."""
    return await ports.forecast.explain(caller, organisation_id)


@router.get("/{organisation_id:org}/audit")
async def audit_of_organisation(
    ports: Ports, caller: StaffReader, organisation_id: OrganisationId
) -> Sequence[AuditEntry]:
    """Every state change of the organisation, oldest first (XC-04)."""
    return await ports.audit.of(caller, organisation_id)


@router.post(
    "/{organisation_id:org}/restore",
    status_code=status.HTTP_409_CONFLICT,
    response_class=ProblemResponse,
    responses=refusals(RefusalCode.IRREVERSIBLE),
)
async def restore_organisation(_caller: AnyReader, organisation_id: OrganisationId) -> None:
    """Nobody brings a deleted organisation back: always refused as `irreversible` (DM-09)."""
    raise Refusal(RefusalCode.IRREVERSIBLE, details={"organisation_id": organisation_id})


@router.post(
    "/{organisation_id:org}/exempt",
    status_code=status.HTTP_409_CONFLICT,
    response_class=ProblemResponse,
    responses=refusals(RefusalCode.NO_EXCEPTIONS),
)
async def exempt_organisation(_caller: AnyReader, organisation_id: OrganisationId) -> None:
    """No organisation is exempted from deletion, or paused: always refused as `no_exceptions` (DM-10)."""
    raise Refusal(RefusalCode.NO_EXCEPTIONS, details={"organisation_id": organisation_id})
