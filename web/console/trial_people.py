"""A person of a partner says who at the customer uses a trial (PV-05); with provisioning access alone it cannot (PV-06)."""

from typing import Final
from uuid import uuid4

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.organisation import Access
from tenure.contracts.trial import AssignLicences
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.policy.trial import Action, refuse
from web.console.desk import PARTNERS, Visit, key_of, signed_in
from web.console.trial_changes import back

PAGE: Final = 100
"""People in one form."""


async def look(visit: Visit) -> Response:
    """The customer's people, page by page, ticked where they hold a licence of the trial."""
    visit.person_id()
    view = await visit.trial()
    if refuse(Action.ASSIGN, view.state, view.until, visit.now) is not None:
        raise Refusal(RefusalCode.WRONG_STATE, "Licences of a trial are assigned while it is active.")
    if view.access is not Access.FULL:
        raise Refusal(RefusalCode.ACCESS_LEVEL_INSUFFICIENT)
    customer = await visit.services.organisations.show(visit.caller(), view.organisation_id)
    after = visit.request.query_params.get("after", "")
    rest = [person for person in customer.people if person.person_id > after]
    return visit.render(
        "trial_people.html",
        here="trials",
        view=view,
        people=rest[:PAGE],
        next_after=rest[PAGE - 1].person_id if len(rest) > PAGE else None,
        known=len(customer.people),
        holders=sum(view.licence_set_id in person.licence_sets for person in customer.people),
        key=uuid4(),
    )


async def assign(visit: Visit) -> Response:
    """Who is ticked and was not is given a licence, and who was is not any more; what others have changed since stays."""
    form = await visit.request.form()
    ticked, held = _people(form, "person"), _people(form, "held")
    command = AssignLicences(
        trial_id=visit.trial_id(), by=visit.person_id(), give=tuple(ticked - held), take=tuple(held - ticked)
    )
    return back(await visit.services.trials.assign_licences(visit.caller(key_of(form)), command), "assigned")


def _people(form: FormData, name: str) -> set[PersonId]:
    try:
        return {PersonId(str(value)) for value in form.getlist(name)}
    except ValueError as error:
        raise Refusal(RefusalCode.INVALID_INPUT) from error


ROUTES = [
    Route("/trials/{trial_id}/people", signed_in(look, PARTNERS)),
    Route("/trials/{trial_id}/people", signed_in(assign, PARTNERS), methods=["POST"]),
]
