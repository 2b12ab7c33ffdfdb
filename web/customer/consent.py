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
from tenure.contracts.consent import AcceptTrial, ConsentRequest, DeclineTrial
from tenure.contracts.trial import OVER, ConsentState, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.policy.trial import answer_counts
from tenure.ports import Caller
from web import problems
from web.customer.pages import Pages, read_form
from web.customer.wording import moment, service_names

_TOLD_BY_THE_PAGE: Final = frozenset(
    {
        RefusalCode.NOT_PENDING,
        RefusalCode.CONSENT_EXPIRED,
        RefusalCode.CONSENT_NEEDS_FULL_ADMIN,
        RefusalCode.SERVICE_ALREADY_OWNED,
        RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE,
        RefusalCode.ALREADY_ON_TRIAL,
    }
)


class Standing(StrEnum):
    """What the page has to say to its reader."""

    OPEN = "open"
    NOT_YOURS = "not_yours"
    """Open, and for others to decide (CO-05)."""
    NOTHING_LEFT = "nothing_left"
    """Open, but none of the services can be tried any more: only declining is left (CO-17)."""
    ACCEPTED = "accepted"
    SET_UP = "set_up"
    """Accepted, and its services are set up, or have been, by now."""
    OVER = "over"
    """Accepted, and the trial is over by now."""
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


_CODE: Final = {
    Standing.NOT_YOURS: RefusalCode.CONSENT_NEEDS_FULL_ADMIN,
    Standing.LAPSED: RefusalCode.CONSENT_EXPIRED,
}
"""What an answer would be refused with: the page that says so has the same status."""


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
        if refusal.code not in _TOLD_BY_THE_PAGE:
            raise
    return RedirectResponse(request.path_params["token"], HTTPStatus.SEE_OTHER)


async def _answer(pages: Pages, link: ConsentLink, sent: Decision) -> None:
    trial_id, recipient, address = link
    caller, consents = Caller(actor="customer"), pages.services.consents
    if not isinstance(recipient, PersonId):
        raise Refusal(RefusalCode.CONSENT_NEEDS_FULL_ADMIN)
    if sent.decision == "accept":
        accept = AcceptTrial(trial_id=trial_id, person_id=recipient, full_administration=sent.full_administration)
        await consents.accept(caller, accept, address)
    else:
        await consents.decline(caller, DeclineTrial(trial_id=trial_id, person_id=recipient), address)


async def _page(pages: Pages, link: ConsentLink) -> Response:
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
        problems.status_of(_CODE[standing]) if standing in _CODE else HTTPStatus.OK,
        asked=asked,
        standing=standing.value,
        reasons=sorted({one.refusal.value for one in asked.services if one.refusal is not None}),
        deadline=moment(asked.deadline_at, asked.time_zone, now, spoken.locale),
        services=list(zip(names, (one.refusal is None for one in asked.services), strict=True)),
    )


def _standing(asked: ConsentRequest, now: Instant, *, may_decide: bool) -> Standing:
    if asked.state is ConsentState.ACCEPTED and asked.trial_state in OVER:
        return Standing.OVER
    if asked.state is ConsentState.ACCEPTED and asked.trial_state is not TrialState.AWAITING_DETAILS:
        return Standing.SET_UP
    if asked.state is not ConsentState.PENDING:
        return Standing(asked.state.value)
    if not answer_counts(asked.deadline_at, now):
        return Standing.LAPSED
    if not may_decide:
        return Standing.NOT_YOURS
    return Standing.NOTHING_LEFT if all(service.refusal for service in asked.services) else Standing.OPEN


ROUTES = [
    Route("/{token}", show),
    Route("/{token}", decide, methods=["POST"]),
]
