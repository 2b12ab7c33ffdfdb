"""A person of a partner changes what is on trial: tick to add, untick to remove, save (TC-07, TC-08, TC-09)."""

from uuid import uuid4

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.licence import ServiceKey
from tenure.contracts.trial import AskOffer, EditTrial, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_calling
from web.console import choices, trial_forms
from web.console.desk import PARTNERS, Visit, key_of, signed_in
from web.console.trial_acts import on_trial
from web.console.trial_changes import back
from web.console.trial_forms import Faults


async def look(visit: Visit) -> Response:
    """What is on trial, and what could be."""
    view = await visit.trial()
    return await _page(visit, view, on_trial(view))


async def edit(visit: Visit) -> Response:
    """Replace the services; before one is removed, it is said what goes with it (TC-07, TC-09)."""
    form = await visit.request.form()
    view = await visit.trial()
    ticked = tuple(str(key) for key in form.getlist("service"))
    removed = [key for key in on_trial(view) if key not in ticked]
    if removed and ticked and form.get("confirmed") != "true":
        return await _page(visit, view, ticked, form=form, removed=removed)
    try:
        command = EditTrial.model_validate(
            {
                "trial_id": view.trial_id,
                "by": visit.person_id(),
                "services": ticked,
                "site": trial_forms.site(form, visit.services.catalogue),
            }
        )
        return back(await visit.services.trials.edit(visit.caller(key_of(form)), command), "edited")
    except ValidationError as error:
        return await _page(visit, view, ticked, form=form, faults=trial_forms.faults(error))
    except Refusal as refusal:
        return await _page(visit, view, ticked, form=form, refusal=refusal)


async def _page(
    visit: Visit,
    view: TrialView,
    ticked: tuple[ServiceKey, ...],
    *,
    form: FormData | None = None,
    removed: list[ServiceKey] | None = None,
    faults: Faults | None = None,
    refusal: Refusal | None = None,
) -> Response:
    question = AskOffer(partner_id=view.partner_id, organisation_id=view.organisation_id, by=visit.person_id())
    offer = await visit.services.trials.offer(visit.caller(), question)
    customer = await visit.services.organisations.show(visit.caller(), view.organisation_id)
    catalogue = visit.services.catalogue
    present = on_trial(view)
    return visit.render(
        "trial_services.html",
        trial_forms.status(faults, refusal),
        here="trials",
        view=view,
        possible=rule.refuse(rule.Action.EDIT, view.state, view.until, visit.now) is None,
        present=present,
        ticked=ticked,
        offered=[
            each.model_copy(update={"refusal": None})
            if each.service in present or each.refusal is RefusalCode.REQUEST_PENDING
            else each
            for each in offer.services
        ],
        sites=frozenset(service.key for service in catalogue.services if service.site_required),
        zones=choices.zones(customer.country, visit.now),
        numbers_go=has_calling(removed or (), catalogue) and not has_calling(ticked, catalogue),
        rules=visit.services.rules,
        form=form or FormData(),
        removed=removed or [],
        faults=faults or {},
        refusal=refusal,
        refused_services=trial_forms.refused_services(refusal),
        key=uuid4(),
    )


ROUTES = [
    Route("/trials/{trial_id}/services", signed_in(look, PARTNERS)),
    Route("/trials/{trial_id}/services", signed_in(edit, PARTNERS), methods=["POST"]),
]
