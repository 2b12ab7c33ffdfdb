"""Consent to a trial (CO): a link opens the page and does nothing, the page's form acts, and acts once."""

from enum import StrEnum
from http import HTTPStatus
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.links import ConsentLink
from adapters.texts.languages import language
from tenure.contracts.base import Command, Instant
from tenure.contracts.trial import AcceptTrial, ConsentRequest, ConsentState, DeclineTrial
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.ports import Caller
from web import problems
from web.customer.pages import Pages, read_form
from web.customer.wording import moment, service_names

_TOLD_BY_THE_PAGE: Final = frozenset(
    {RefusalCode.NOT_PENDING, RefusalCode.CONSENT_EXPIRED, RefusalCode.CONSENT_NEEDS_FULL_ADMIN}
)
_NOTHING_LEFT: Final = frozenset(
    {RefusalCode.SERVICE_ALREADY_OWNED, RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE, RefusalCode.ALREADY_ON_TRIAL}
)


class Standing(StrEnum):
    """What the page has to say to its reader."""

    OPEN = "open"
    NOT_YOURS = "not_yours"
    """Open, and for others to decide (CO-05)."""
    ACCEPTED = "accepted"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


_CODE: Final = {
    Standing.NOT_YOURS: RefusalCode.CONSENT_NEEDS_FULL_ADMIN,
    Standing.LAPSED: RefusalCode.CONSENT_EXPIRED,
}


class Decision(Command):
    """What the form sends."""

    decision: Literal["accept", "decline"]
    full_administration: bool = False
    """The box, which is not ticked unless somebody ticks it (CO-09)."""


async def show(request: Request) -> Response:
    """The request and where it stands. Whoever opens it, mail scanners too, changes nothing (SF-09)."""
    pages = Pages.of(request)
    return await _page(pages, pages.services.links.read_consent(request.path_params["token"]))


async def decide(request: Request) -> Response:
    """Accept or decline, and show what became of it; sent twice, the second finds the answer of the first (CO-18)."""
    pages = Pages.of(request)
    link = pages.services.links.read_consent(request.path_params["token"])
    sent = await read_form(request, Decision)
    try:
        await _answer(pages, link, sent)
    except Refusal as refusal:
        if refusal.code in _NOTHING_LEFT:
            return await _page(pages, link, problem=refusal.code)
        if refusal.code not in _TOLD_BY_THE_PAGE:
            raise
    return RedirectResponse(request.path_params["token"], HTTPStatus.SEE_OTHER)


async def _answer(pages: Pages, link: ConsentLink, sent: Decision) -> None:
    trial_id, recipient, address = link
    caller, consents = Caller(actor="customer"), pages.services.consents
    if not isinstance(recipient, PersonId) or not await consents.may_decide(trial_id, recipient, address):
        raise Refusal(RefusalCode.CONSENT_NEEDS_FULL_ADMIN)
    if sent.decision == "accept":
        accept = AcceptTrial(trial_id=trial_id, person_id=recipient, full_administration=sent.full_administration)
        await consents.accept(caller, accept)
    else:
        await consents.decline(caller, DeclineTrial(trial_id=trial_id, person_id=recipient))


async def _page(pages: Pages, link: ConsentLink, problem: RefusalCode | None = None) -> Response:
    consents, (trial_id, recipient, address) = pages.services.consents, link
    reader = recipient if isinstance(recipient, PersonId) else None
    asked = await consents.request(trial_id, reader)
    now = await pages.services.installation.now()
    may_decide = reader is not None and await consents.may_decide(trial_id, reader, address)
    standing = _standing(asked, now, may_decide=may_decide)
    spoken = language(asked.language)
    names = service_names([one.service for one in asked.services], pages.services.catalogue, spoken)
    return pages.render(
        "consent.html.j2",
        spoken,
        _status(problem or _CODE.get(standing)),
        asked=asked,
        standing=standing.value,
        problem=None if problem is None else problem.value,
        deadline=moment(asked.deadline_at, asked.time_zone, now, spoken.locale),
        services=list(zip(names, (one.refusal is None for one in asked.services), strict=True)),
    )


def _status(code: RefusalCode | None) -> HTTPStatus:
    return HTTPStatus.OK if code is None else problems.status_of(code)


def _standing(asked: ConsentRequest, now: Instant, *, may_decide: bool) -> Standing:
    if asked.state is not ConsentState.PENDING:
        return Standing(asked.state.value)
    if now >= asked.deadline_at:  # an answer would be too late, whether or not its process has got there (CO-06)
        return Standing.LAPSED
    return Standing.OPEN if may_decide else Standing.NOT_YOURS


ROUTES = [
    Route("/{token}", show),
    Route("/{token}", decide, methods=["POST"]),
]
