"""The first launch of an organisation: its plan, the terms, and prompts that are followed one after the other (WIZ).

A person of a partner launches the partner's own organisation, or that of a customer. The wizard goes on where it was left;
once it is complete a launch leads to the organisation's page.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand, WizardStep
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from web.console.desk import PARTNERS, Visit, signed_in, status_after

STEPS: Final = {
    WizardStep.ACCEPT_TERMS: "Accept the terms",
    WizardStep.GET_STARTED: "Get started",
    WizardStep.FOLLOW_PROMPTS: "Follow the prompts",
}
PROMPTS: Final = {
    "organisation": "The name of the organisation is right.",
    "plan": "The plan is the one that was agreed on.",
    "administrators": "It is settled who administers the organisation.",
}
"""What is looked at before users are added; each is ticked."""


async def launch_own(visit: Visit) -> Response:
    """Launch the partner's own organisation (WIZ-01)."""
    visit.person_id()
    return await _launch(visit, await visit.services.organisations.own(visit.caller()))


async def launch(visit: Visit) -> Response:
    """Launch a customer's organisation (WIZ-03)."""
    visit.person_id()
    return await _launch(visit, visit.organisation_id())


async def show(visit: Visit) -> Response:
    """The wizard at its step (WIZ-06)."""
    visit.person_id()
    return await _page(visit, await visit.services.wizards.show(visit.caller(), _command(visit)))


async def accept_terms(visit: Visit) -> Response:
    """Accept the terms of the version that was shown (WIZ-04)."""
    form = await visit.request.form()
    if form.get("accepted") != "true":
        return await _again(visit, Refusal(RefusalCode.TERMS_NOT_ACCEPTED))
    try:
        command = AcceptTerms.model_validate(
            {"organisation_id": visit.organisation_id(), "terms_version": form.get("terms_version")}
        )
    except ValidationError:
        return await _again(visit, Refusal(RefusalCode.TERMS_OUTDATED))
    return await _step(visit, lambda: visit.services.wizards.accept_terms(visit.caller(), command))


async def get_started(visit: Visit) -> Response:
    """Begin the prompts (WIZ-04)."""
    return await _step(visit, lambda: visit.services.wizards.get_started(visit.caller(), _command(visit)))


async def complete(visit: Visit) -> Response:
    """Every prompt was followed: from now on a launch skips the wizard (WIZ-02, WIZ-05)."""
    form = await visit.request.form()
    if set(form.getlist("prompt")) != set(PROMPTS):
        return await _again(visit, Refusal(RefusalCode.SETUP_INCOMPLETE, "Tick every prompt first."))
    return await _step(visit, lambda: visit.services.wizards.complete(visit.caller(), _command(visit)))


async def _step(visit: Visit, step: Callable[[], Awaitable[Wizard]]) -> Response:
    visit.person_id()
    try:
        wizard = await step()
    except Refusal as refusal:
        if refusal.code not in {RefusalCode.TERMS_OUTDATED, RefusalCode.TERMS_NOT_ACCEPTED, RefusalCode.WRONG_STATE}:
            raise
        return await _again(visit, refusal)
    return RedirectResponse(_wizard_of(wizard.organisation_id), HTTPStatus.SEE_OTHER)


async def _launch(visit: Visit, organisation_id: OrganisationId) -> Response:
    command = WizardCommand(organisation_id=organisation_id)
    wizard = await visit.services.wizards.launch(visit.caller(), command)
    if wizard.step is WizardStep.COMPLETE and await _is_wholesale(visit, organisation_id):
        return RedirectResponse(f"/console/wholesale/{organisation_id}", HTTPStatus.SEE_OTHER)
    return RedirectResponse(_wizard_of(organisation_id), HTTPStatus.SEE_OTHER)


async def _again(visit: Visit, refusal: Refusal) -> Response:
    """The wizard where it stands, with what was refused."""
    visit.person_id()
    return await _page(visit, await visit.services.wizards.show(visit.caller(), _command(visit)), refusal)


async def _page(visit: Visit, wizard: Wizard, refusal: Refusal | None = None) -> Response:
    catalogue = visit.services.catalogue
    return visit.render(
        "launched.html" if wizard.step is WizardStep.COMPLETE else "wizard.html",
        status_after(refusal),
        here="launch",
        wizard=wizard,
        steps=STEPS,
        past=list(WizardStep).index(wizard.step),
        prompts=PROMPTS,
        packages={each.code: each.name for each in catalogue.packages},
        add_ons={each.code: each.name for each in catalogue.add_ons},
        services={each.key: each.name for each in catalogue.services},
        wholesale=await _is_wholesale(visit, wizard.organisation_id),
        refusal=refusal,
    )


async def _is_wholesale(visit: Visit, organisation_id: OrganisationId) -> bool:
    """Whether the organisation has a page as a wholesale customer; a partner's own may have none."""
    try:
        await visit.services.customers.show(visit.caller(), organisation_id)
    except Refusal as refusal:
        if refusal.code is not RefusalCode.CUSTOMER_NOT_FOUND:
            raise
        return False
    return True


def _command(visit: Visit) -> WizardCommand:
    return WizardCommand(organisation_id=visit.organisation_id())


def _wizard_of(organisation_id: OrganisationId) -> str:
    return f"/console/organisations/{organisation_id}/set-up"


_SET_UP: Final = "/organisations/{organisation_id}/set-up"

ROUTES = [
    Route("/launch", signed_in(launch_own, PARTNERS), methods=["POST"]),
    Route("/organisations/{organisation_id}/launch", signed_in(launch, PARTNERS), methods=["POST"]),
    Route(_SET_UP, signed_in(show, PARTNERS)),
    Route(f"{_SET_UP}/terms", signed_in(accept_terms, PARTNERS), methods=["POST"]),
    Route(f"{_SET_UP}/start", signed_in(get_started, PARTNERS), methods=["POST"]),
    Route(f"{_SET_UP}/complete", signed_in(complete, PARTNERS), methods=["POST"]),
]
