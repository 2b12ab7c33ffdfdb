"""What a person of a partner does to its trial: mail the request again, set it up, extend it, end it (CO-11, PV-01, TC-01, TC-10).

Each form carries its key, and leads back to the trial's page: sent twice, it acts once (P10).
"""

from http import HTTPStatus
from uuid import uuid4

from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tenure.contracts.base import Instant
from tenure.contracts.trial import CancelTrial, ExtendTrial, ProvideDetails, ResendConsent, TrialState, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_calling
from web.console import trial_acts
from web.console.desk import PARTNERS, Visit, key_of, signed_in, status_after


def back(view: TrialView, done: str) -> Response:
    """Go back to the trial's page, which says what was done."""
    return RedirectResponse(f"/console/trials/{view.trial_id}?done={done}", HTTPStatus.SEE_OTHER)


async def resend(visit: Visit) -> Response:
    """Mail the request for consent again (CO-11)."""
    form = await visit.request.form()
    command = ResendConsent(trial_id=visit.trial_id(), by=visit.person_id())
    return back(await visit.services.trials.resend_consent(visit.caller(key_of(form)), command), "resent")


async def provide_details(visit: Visit) -> Response:
    """Say what provisioning needs, and have the services built (PV-01)."""
    form = await visit.request.form()
    try:
        command = ProvideDetails.model_validate(
            {"trial_id": visit.trial_id(), "by": visit.person_id(), "seats": form.get("seats")}
        )
    except ValidationError as error:
        raise Refusal(RefusalCode.INVALID_INPUT, "Give the number of seats: 1 to 100,000.") from error
    return back(await visit.services.trials.provide_details(visit.caller(key_of(form)), command), "provided")


async def look_at_extension(visit: Visit) -> Response:
    """The present end beside the new one, before anything happens (TC-03)."""
    view = await visit.trial()
    return await _extension(visit, view, visit.request.query_params.get("days"))


async def extend(visit: Visit) -> Response:
    """Replace the end; an earlier one is ticked first (TC-01 to TC-03)."""
    form = await visit.request.form()
    days = str(form.get("days", ""))
    try:
        command = ExtendTrial(
            trial_id=visit.trial_id(),
            by=visit.person_id(),
            days=_whole(days),
            confirmed=form.get("confirmed") == "true",
        )
        return back(await visit.services.trials.extend(visit.caller(key_of(form)), command), "extended")
    except Refusal as refusal:
        view = await visit.trial()
        return await _extension(visit, view, days, refusal)


async def look_at_end(visit: Visit) -> Response:
    """What it means to cancel the trial, before it is confirmed (TC-10)."""
    view = await visit.trial()
    return await _cancellation(visit, view)


async def cancel(visit: Visit) -> Response:
    """End a request or a trial, once that is confirmed (CO-13, TC-10)."""
    form = await visit.request.form()
    command = CancelTrial(trial_id=visit.trial_id(), by=visit.person_id(), confirmed=form.get("confirmed") == "true")
    try:
        return back(await visit.services.trials.cancel(visit.caller(key_of(form)), command), "cancelled")
    except Refusal as refusal:
        if refusal.code is not RefusalCode.CONFIRMATION_REQUIRED:
            raise
        view = await visit.trial()
        return await _cancellation(visit, view, Refusal(refusal.code, "Nothing has happened: tick “Yes” first."))


async def _extension(visit: Visit, view: TrialView, days: str | None, refusal: Refusal | None = None) -> Response:
    visit.person_id()
    new_end: Instant | None = None
    if days is not None:
        try:
            length = _whole(days)
            rule.require_extension(length, visit.services.rules)
            new_end = rule.extended(visit.now, length)
        except Refusal as wrong:
            refusal = refusal or wrong
    resumes = rule.refuse(rule.Action.EDIT, view.state, view.until, visit.now) is not None
    return visit.render(
        "trial_extend.html",
        status_after(refusal),
        here="trials",
        view=view,
        possible=rule.refuse(rule.Action.EXTEND, view.state, view.until, visit.now) is None,
        days=days,
        longest=visit.services.rules.longest_extension_days,
        new_end=new_end,
        resumes=resumes,
        earlier=not resumes and new_end is not None and view.ends_at is not None and new_end < view.ends_at,
        refusal=refusal,
        key=uuid4(),
    )


async def _cancellation(visit: Visit, view: TrialView, refusal: Refusal | None = None) -> Response:
    visit.person_id()
    return visit.render(
        "trial_cancel.html",
        status_after(refusal),
        here="trials",
        view=view,
        possible=rule.refuse(rule.Action.CANCEL, view.state, view.until, visit.now) is None,
        pending=view.state is TrialState.PENDING_CONSENT,
        early=view.state in trial_acts.EARLY,
        rules=visit.services.rules,
        calling=has_calling(trial_acts.on_trial(view), visit.services.catalogue),  # phone numbers go on hold (TC-09)
        refusal=refusal,
        key=uuid4(),
    )


def _whole(value: str) -> int:
    """A number of days as it was typed.

    Raises:
        Refusal: `invalid_input` where it is none.
    """
    if not value.strip().isdecimal() or len(value) > 5:
        raise Refusal(RefusalCode.INVALID_INPUT, "Give a whole number of days.")
    return int(value)


ROUTES = [
    Route("/trials/{trial_id}/resend", signed_in(resend, PARTNERS), methods=["POST"]),
    Route("/trials/{trial_id}/details", signed_in(provide_details, PARTNERS), methods=["POST"]),
    Route("/trials/{trial_id}/extend", signed_in(look_at_extension, PARTNERS)),
    Route("/trials/{trial_id}/extend", signed_in(extend, PARTNERS), methods=["POST"]),
    Route("/trials/{trial_id}/cancel", signed_in(look_at_end, PARTNERS)),
    Route("/trials/{trial_id}/cancel", signed_in(cancel, PARTNERS), methods=["POST"]),
]
