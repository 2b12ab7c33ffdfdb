"""A person of a partner asks for a trial: whom it is for, what is found of them, and what is to be tried (TR).

Two pages. The first takes the customer's details, or an organisation that the partner manages leads past it. The second
says what was found, and how the trial would begin: Tenure decides that, not the form (TR-13). What was typed travels in
the forms, never in an address: it is personal.
"""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.organisation import OrganisationView
from tenure.contracts.trial import AskOffer, RequestTrial, TrialOffer, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import TrialId
from web.console import choices, trial_forms
from web.console.desk import PARTNERS, Visit, signed_in
from web.console.trial_changes import back
from web.console.trial_forms import Faults

_DETAILS: Final = ("company_name", "admin_email", "admin_name", "industry", "country")


async def begin(visit: Visit) -> Response:
    """The customer's details; an organisation that is named leads to what can be tried there (TR-04, TR-20)."""
    organisation_id = visit.request.query_params.get("organisation")
    if organisation_id:
        return await _look(visit, FormData([("organisation_id", organisation_id)]))
    await visit.services.trials.offer(visit.caller(), _question(visit, {}))  # who may not ask is told at once
    return _customer(visit, FormData())


async def look(visit: Visit) -> Response:
    """What is found of the customer, and how a trial would begin; nothing happens yet (TR-05, TR-13, TR-14)."""
    form = await visit.request.form()
    if form.get("change"):
        return _customer(visit, form)
    faults = {} if form.get("organisation_id") else trial_forms.faults_of_details(form)
    return _customer(visit, form, faults) if faults else await _look(visit, form)


async def request(visit: Visit) -> Response:
    """Begin the trial, or the request for consent to one; sent twice, it is one trial (TR-12, TR-23)."""
    form = await visit.request.form()
    offer = await visit.services.trials.offer(visit.caller(), _question(visit, form))
    if offer.path is TrialPath.EXISTING_CUSTOMER and form.get("confirmed") != "true":
        refusal = Refusal(RefusalCode.CONFIRMATION_REQUIRED, "Nothing was sent: say that it is the right organisation.")
        return await _offer(visit, form, offer, refusal=refusal)
    try:
        command = _command(visit, form)
    except ValidationError as error:
        faults = trial_forms.faults(error)
        return await _offer(visit, form, offer, faults=faults)
    try:
        view = await visit.services.trials.request(visit.caller(), command)
    except Refusal as refusal:
        return await _offer(visit, form, offer, refusal=refusal)
    done = "requested" if view.state is TrialState.PENDING_CONSENT else "started"
    return back(view, done)


async def _look(visit: Visit, form: FormData) -> Response:
    try:
        offer = await visit.services.trials.offer(visit.caller(), _question(visit, form))
    except Refusal as refusal:
        if form.get("organisation_id"):
            raise
        return _customer(visit, form, refusal=refusal)
    return await _offer(visit, form, offer)


def _customer(visit: Visit, form: FormData, faults: Faults | None = None, refusal: Refusal | None = None) -> Response:
    """The first page."""
    catalogue = visit.services.catalogue
    return visit.render(
        "trial_customer.html",
        trial_forms.status(faults, refusal),
        here="trials",
        form=form,
        faults=faults or {},
        refusal=refusal,
        industries=dict(sorted(catalogue.industries.items(), key=lambda pair: (pair[0] == "other", pair[1]))),
        countries=choices.countries(frozenset(catalogue.countries)),
    )


async def _offer(
    visit: Visit,
    form: FormData,
    offer: TrialOffer,
    faults: Faults | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The second page."""
    customer = await _managed(visit, offer)
    country = customer.country if customer else str(form.get("country", ""))
    catalogue = visit.services.catalogue
    return visit.render(
        "trial_offer.html",
        trial_forms.status(faults, refusal),
        here="trials",
        form=form,
        faults=faults or {},
        refusal=refusal,
        refused_services=trial_forms.refused_services(refusal),
        offer=offer,
        customer=customer,
        details={name: str(form.get(name, "")) for name in _DETAILS},
        industry=catalogue.industries.get(str(form.get("industry", ""))),
        sites=frozenset(service.key for service in catalogue.services if service.site_required),
        zones=choices.zones(country, visit.now),
        languages=choices.languages(),
        language=choices.language_of(country),
        lines=range(trial_forms.DEVICE_LINES),
        days=visit.services.rules.consent_period.days,
        returned=visit.services.rules.device_return.days,
        trial=form.get("trial") or f"trl_{uuid4()}",
    )


async def _managed(visit: Visit, offer: TrialOffer) -> OrganisationView | None:
    """The customer's details, to a partner that manages it (TR-20); others see its name alone (CO-16)."""
    if offer.path is not TrialPath.ADD_ON or offer.organisation_id is None:
        return None
    return await visit.services.organisations.show(visit.caller(), offer.organisation_id)


def _question(visit: Visit, form: FormData | Mapping[str, str]) -> AskOffer:
    """Whom a form is about.

    Raises:
        Refusal: `forbidden` to a token that is nobody's; `organisation_not_found` for what is no id.
    """
    try:
        return AskOffer.model_validate(
            {
                "partner_id": visit.credential.partner_id,
                "by": visit.person_id(),
                "organisation_id": form.get("organisation_id") or None,
                "admin_email": form.get("admin_email") or None,
                "country": form.get("country") or None,
            }
        )
    except ValidationError as error:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND) from error


def _command(visit: Visit, form: FormData) -> RequestTrial:
    """The request that a form means; what the services do not need is left out of it (TR-09)."""
    return RequestTrial.model_validate(
        {name: form.get(name) or None for name in (*_DETAILS, "organisation_id", "length_days")}
        | {
            "trial_id": _trial_id(form),
            "partner_id": visit.credential.partner_id,
            "requested_by": visit.person_id(),
            "services": tuple(form.getlist("service")),
            "site": trial_forms.site(form, visit.services.catalogue),
            "devices": trial_forms.devices(form),
        }
        | {name: form[name] for name in ("language", "time_zone") if form.get(name)}
    )


def _trial_id(form: FormData) -> TrialId:
    try:
        return TrialId(str(form.get("trial", "")))
    except ValueError as error:
        raise Refusal(RefusalCode.INVALID_INPUT) from error


ROUTES = [
    Route("/trials/new", signed_in(begin, PARTNERS)),
    Route("/trials/new", signed_in(look, PARTNERS), methods=["POST"]),
    Route("/trials/new/request", signed_in(request, PARTNERS), methods=["POST"]),
]
