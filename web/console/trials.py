"""Trials as partners and operators see them; a person of a partner mails a pending request again, or ends it (PS-02 to PS-04)."""

from typing import Final
from uuid import uuid4

from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.trial import CancelTrial, ResendConsent, TrialState, TrialView
from tenure.ids import TrialId
from web.console.desk import PARTNERS, Visit, key_of, signed_in

PAGE: Final = 50
ENDING_DAYS: Final = 30
"""How far ahead a trial is about to end: as far as the mails to partners look (NO-04)."""
_STATES: Final = {"pending": TrialState.PENDING_CONSENT, "awaiting": TrialState.AWAITING_DETAILS}


async def trials(visit: Visit) -> Response:
    """Trials with the time that is left to each; whom to ask stands next to those about to end (PS-02, PS-08)."""
    show = visit.request.query_params.get("show", "")
    page = await visit.services.trials.page(
        visit.caller(),
        state=_STATES.get(show),
        ending_within_days=ENDING_DAYS if show == "ending" else None,
        after=_after(visit.request.query_params.get("after")),
        limit=PAGE,
    )
    if show == "ending":  # the soonest first, as far as the page goes
        soonest = tuple(sorted(page.trials, key=lambda one: (one.ends_at is None, one.ends_at)))
        page = page.model_copy(update={"trials": soonest})
    return visit.render("trials.html", here="trials", show=show, page=page, acts=acts, visit=visit, key=uuid4())


async def trial(visit: Visit) -> Response:
    """One trial with all its dates; the devices' own end stands apart from the trial's (PS-03, DV-03)."""
    return _page(visit, await visit.services.trials.show(visit.caller(), visit.trial_id()))


async def resend(visit: Visit) -> Response:
    """Mail the request for consent again (CO-11)."""
    form = await visit.request.form()
    command = ResendConsent(trial_id=visit.trial_id(), by=visit.person_id())
    return _page(visit, await visit.services.trials.resend_consent(visit.caller(key_of(form)), command), done="resent")


async def cancel(visit: Visit) -> Response:
    """End a request or a trial, once that is confirmed (CO-13, TC-10)."""
    form = await visit.request.form()
    command = CancelTrial(trial_id=visit.trial_id(), by=visit.person_id(), confirmed=form.get("confirmed") == "true")
    return _page(visit, await visit.services.trials.cancel(visit.caller(key_of(form)), command), done="cancelled")


def acts(visit: Visit, view: TrialView) -> bool:
    """Whether the visitor may change this trial here: a person of its partner."""
    return visit.credential.person_id is not None and visit.credential.partner_id == view.partner_id


def _page(visit: Visit, view: TrialView, done: str | None = None) -> Response:
    return visit.render(
        "trial.html", here="trials", view=view, acts=acts(visit, view), key=uuid4(), done=done, states=TrialState
    )


def _after(value: str | None) -> TrialId | None:
    try:
        return TrialId(value) if value else None
    except ValueError:
        return None


ROUTES = [
    Route("/trials", signed_in(trials)),
    Route("/trials/{trial_id}", signed_in(trial)),
    Route("/trials/{trial_id}/resend", signed_in(resend, PARTNERS), methods=["POST"]),
    Route("/trials/{trial_id}/cancel", signed_in(cancel, PARTNERS), methods=["POST"]),
]
