"""The restricted-party review: its queue, one case, the decision, and what was screened (RPL)."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from tenure.contracts.base import Serial
from tenure.contracts.review import CaseState, DecideCase, RplCasePage, RplCaseView, ScreeningPage
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, RplCaseId
from web.problems import refusals
from web.security import Ports, Reviewer, ReviewReader

router = APIRouter(prefix="/v1", tags=["reviews"])

_DECISION = {
    "Somebody else": {
        "value": {
            "case_id": "case_4f2a",
            "decision": "approve",
            "reason": "Another company of that name, founded after the entry.",
        }
    }
}
_LONGEST_MINUTES = 60 * 24 * 365


@router.get("/reviews")
async def list_rpl_cases(
    ports: Ports,
    caller: ReviewReader,
    state: CaseState | None = None,
    older_than_minutes: Annotated[
        int | None, Query(ge=0, le=_LONGEST_MINUTES, description="Only those that were opened so long ago, or longer.")
    ] = None,
    after: Annotated[RplCaseId | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RplCasePage:
    """Cases with their age; slow ones say so (RPL-13).

    Open ones are in order of their deadlines, the soonest first; those in another state from the newest decision on; and
    all of them from the one that was opened last.
    """
    return await ports.reviews.page(
        caller, state=state, older_than_minutes=older_than_minutes, after=after, limit=limit
    )


@router.post("/reviews/decide", responses=refusals(RefusalCode.CASE_NOT_FOUND, RefusalCode.CASE_CLOSED))
async def decide_rpl_case(
    ports: Ports, caller: Reviewer, command: Annotated[DecideCase, Body(openapi_examples=_DECISION)]
) -> RplCaseView:
    """Decide, once, until 72 hours are over: the same again does nothing, another is refused (RPL-08, RPL-14, RPL-15)."""
    return await ports.reviews.decide(caller, command)


@router.get("/screenings")
async def list_screenings(
    ports: Ports,
    caller: ReviewReader,
    organisation_id: OrganisationId,
    before: Annotated[Serial | None, Query(description="`next_before` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> ScreeningPage:
    """Every screening of a customer, newest first: what was screened, against what, and the result (RPL-19)."""
    return await ports.reviews.screenings(caller, organisation_id, before=before, limit=limit)


@router.get("/reviews/{case_id:case}", responses=refusals(RefusalCode.CASE_NOT_FOUND))
async def get_rpl_case(ports: Ports, caller: ReviewReader, case_id: RplCaseId) -> RplCaseView:
    """One case: the customer beside each entry that it may be, and why."""
    return await ports.reviews.show(caller, case_id)
