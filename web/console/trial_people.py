"""A person of a partner says who at the customer uses a trial (PV-05); with provisioning access alone it cannot (PV-06)."""

from uuid import uuid4

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.organisation import Access
from tenure.contracts.trial import AssignLicences
from tenure.errors import Refusal, RefusalCode
from tenure.policy.trial import Action, refuse
from web.console.desk import PARTNERS, Visit, key_of, signed_in
from web.console.trial_changes import back


async def look(visit: Visit) -> Response:
    """The customer's people, ticked where they hold a licence of the trial."""
    visit.person_id()
    view = await visit.services.trials.show(visit.caller(), visit.trial_id())
    if refuse(Action.ASSIGN, view.state, view.until, visit.now) is not None:
        raise Refusal(RefusalCode.WRONG_STATE, "Licences of a trial are assigned while it is active.")
    if view.access is not Access.FULL:
        raise Refusal(RefusalCode.ACCESS_LEVEL_INSUFFICIENT)
    customer = await visit.services.organisations.show(visit.caller(), view.organisation_id)
    return visit.render("trial_people.html", here="trials", view=view, people=customer.people, key=uuid4())


async def assign(visit: Visit) -> Response:
    """Those who are ticked hold a licence from now on, and nobody else."""
    form = await visit.request.form()
    try:
        command = AssignLicences.model_validate(
            {"trial_id": visit.trial_id(), "by": visit.person_id(), "people": tuple(form.getlist("person"))}
        )
    except ValidationError as error:
        raise Refusal(RefusalCode.INVALID_INPUT) from error
    return back(await visit.services.trials.assign_licences(visit.caller(key_of(form)), command), "assigned")


ROUTES = [
    Route("/trials/{trial_id}/people", signed_in(look, PARTNERS)),
    Route("/trials/{trial_id}/people", signed_in(assign, PARTNERS), methods=["POST"]),
]
