"""The reviewer's pages: the queue by deadline, one case with the customer beside what was found, and the decision (RPL).

They belong to the console, whose sessions, headers and looks they share; a reviewer signs in there and sees these alone.
Everything works by keyboard and without scripts, of which the console's policy allows none.
"""

from http import HTTPStatus
from typing import Final
from uuid import uuid4

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tenure.contracts.review import CaseState, DecideCase, RplCaseView
from tenure.contracts.screening import Agreement
from tenure.errors import Refusal, RefusalCode
from tenure.ids import RplCaseId
from web import problems
from web.console.comparison import compare, country
from web.console.desk import OPERATORS, REVIEWERS, Visit, key_of, page_after, signed_in
from web.console.differences import Likeness
from web.console.review_wording import DECISIONS, KINDS, PUBLISHERS, STATES, effect, is_late, missed

PAGE: Final = 50
_LOOK: Final = REVIEWERS | OPERATORS
"""Operators look, and do not decide (RPL-14)."""


async def queue(visit: Visit) -> Response:
    """Those that are open by deadline, the soonest first; where others are asked for, these from the newest on (RPL-13)."""
    show = visit.request.query_params.get("show", CaseState.OPEN)
    page = await visit.services.reviews.page(
        visit.caller(),
        state=CaseState(show) if show in set(CaseState) else None,
        after=page_after(visit, RplCaseId),
        limit=PAGE,
    )
    return visit.render("reviews.html", here="reviews", show=show, page=page, states=STATES)


async def case(visit: Visit) -> Response:
    """One case. Looking at it changes nothing."""
    return await _page(visit, await visit.services.reviews.show(visit.caller(), visit.case_id()))


async def plan(visit: Visit) -> Response:
    """Say what the chosen decision does and ask to confirm it; or show the case again with what is missing in the form."""
    form = await visit.request.form()
    view = await visit.services.reviews.show(visit.caller(), visit.case_id())
    if form.get("back"):
        return await _page(visit, view, form=form)
    try:
        command = _command(visit, form)
    except ValidationError:
        return await _page(visit, view, form=form, problem=RefusalCode.INVALID_INPUT)
    if not _is_open(view):
        return await _page(visit, view, form=form, problem=RefusalCode.CASE_CLOSED)
    title, meaning = DECISIONS[command.decision]
    return visit.render(
        "review_confirm.html",
        here="reviews",
        view=view,
        command=command,
        title=title,
        meaning=meaning,
        effect=effect(view, command.decision),
        key=uuid4(),
    )


async def decide(visit: Visit) -> Response:
    """Carry out what was confirmed, exactly once: who comes second finds the case with the first decision (RPL-15)."""
    form = await visit.request.form()
    try:
        command = _command(visit, form)
    except ValidationError as error:
        raise Refusal(RefusalCode.INVALID_INPUT) from error
    reviews, caller = visit.services.reviews, visit.caller(key_of(form))
    try:
        view = await reviews.decide(caller, command)
    except Refusal as refusal:
        if refusal.code is not RefusalCode.CASE_CLOSED:
            raise
        return await _page(
            visit, await reviews.show(caller, command.case_id), form=form, problem=RefusalCode.CASE_CLOSED
        )
    if view.decided_by != caller.actor:  # the same decision, made by somebody else a moment before
        return await _page(visit, view, form=form, problem=RefusalCode.CASE_CLOSED)
    return RedirectResponse(f"/console/reviews/{command.case_id}", HTTPStatus.SEE_OTHER)


async def _page(
    visit: Visit, view: RplCaseView, form: FormData | None = None, problem: RefusalCode | None = None
) -> Response:
    versions = {each.list_id: str(each.version) for each in view.lists}
    first = None
    if not _is_open(view):
        waiting = (await visit.services.reviews.page(visit.caller(), state=CaseState.OPEN, limit=2)).cases
        first = next((one for one in waiting if one.case_id != view.case_id), None)
    return visit.render(
        "review.html",
        HTTPStatus.OK if problem is None else problems.status_of(problem),
        here="reviews",
        view=view,
        is_open=_is_open(view),
        decides=visit.credential.role in REVIEWERS,
        is_yours=view.decided_by == visit.caller().actor,
        comparisons=[compare(view.subject, hit, versions) for hit in view.found],
        country=None if view.subject is None or view.subject.country is None else country(view.subject.country),
        kind=None if view.subject is None else KINDS.get(view.subject.kind),
        decisions=[(one.value, *words, effect(view, one)) for one, words in DECISIONS.items()],
        missed=missed(view),
        publishers=PUBLISHERS,
        chosen=form.get("decision") if form else None,
        reason=form.get("reason", "") if form else "",
        problem=None if problem is None else problem.value,
        first=first,
        Agreement=Agreement,
        Likeness=Likeness,
    )


def _is_open(view: RplCaseView) -> bool:
    """Whether a decision still counts."""
    return view.state is CaseState.OPEN and not is_late(view, view.as_of)


def _command(visit: Visit, form: FormData) -> DecideCase:
    return DecideCase.model_validate(
        {"case_id": visit.case_id(), "decision": form.get("decision"), "reason": form.get("reason")}
    )


ROUTES = [
    Route("/reviews", signed_in(queue, _LOOK)),
    Route("/reviews/{case_id}", signed_in(case, _LOOK)),
    Route("/reviews/{case_id}/plan", signed_in(plan, REVIEWERS), methods=["POST"]),
    Route("/reviews/{case_id}/decide", signed_in(decide, REVIEWERS), methods=["POST"]),
]
