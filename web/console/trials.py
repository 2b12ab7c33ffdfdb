"""Trials as partners and operators see them: which end first, how long each has, whom to ask, and what can be done (PS-02 to PS-04)."""

from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.trial import TrialState
from tenure.contracts.trial_page import TrialCursor
from tenure.policy.trial import ABOUT_TO_END
from web.console import trial_acts
from web.console.desk import Visit, page_after, searched, signed_in

PAGE: Final = 50
FILTERS: Final = {
    "": "All",
    "awaiting": "Awaiting details",
    "pending": "Pending consent",
    "ending": "About to end",
    "grace": "In grace",
}
_CURSOR: Final[TypeAdapter[TrialCursor]] = TypeAdapter(TrialCursor)
_STATES: Final = {
    "awaiting": TrialState.AWAITING_DETAILS,
    "pending": TrialState.PENDING_CONSENT,
    "grace": TrialState.GRACE,
}
DONE: Final = {
    "requested": "The request is on its way to the customer: it has until the deadline to consent.",
    "started": "The trial is requested, and is being set up.",
    "resent": "The request is mailed again. Its deadline stays.",
    "provided": "The services are being built.",
    "extended": "The end is moved.",
    "edited": "The services are changed.",
    "assigned": "It is saved who uses the trial.",
    "cancelled": "It is cancelled.",
}
"""What was just done, as the page says it after the form that did it."""


async def trials(visit: Visit) -> Response:
    """Trials with the time that is left to each, the soonest first; whom to ask stands next to them (PS-02, PS-08)."""
    show = visit.request.query_params.get("show", "")
    named = searched(visit)
    page = await visit.services.trials.page(
        visit.caller(),
        state=_STATES.get(show),
        ending_within_days=ABOUT_TO_END.days if show == "ending" else None,
        named=named,
        soonest_first=True,
        after=page_after(visit, _CURSOR.validate_python),
        limit=PAGE,
    )
    refusal = await trial_acts.refusal(visit)
    return visit.render(
        "trials.html",
        here="trials",
        show=show if show in FILTERS else "",
        filters=FILTERS,
        named=named,
        page=page,
        sells=refusal is None and not visit.operates,
        acts={one.trial_id: trial_acts.acts(visit, one, refusal) for one in page.trials},
        key=uuid4(),
    )


async def trial(visit: Visit) -> Response:
    """One trial with all its dates, and what can be done to it; the devices' own end stands apart (PS-03, DV-03)."""
    view = await visit.trial()
    refusal = await trial_acts.refusal(visit)
    devices = visit.services.devices
    return visit.render(
        "trial.html",
        here="trials",
        view=view,
        devices=None if view.device_ends_at is None else await devices.show(visit.caller(), view.trial_id),
        acts=trial_acts.acts(visit, view, refusal),
        early=view.state in trial_acts.EARLY,
        refusal=refusal,
        rules=visit.services.rules,
        done=DONE.get(visit.request.query_params.get("done", "")),
        key=uuid4(),
    )


ROUTES = [Route("/trials", signed_in(trials)), Route("/trials/{trial_id}", signed_in(trial))]
