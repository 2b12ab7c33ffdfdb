"""Wholesale customers as their partners and operators see them: onboarding, what may be assigned, and their users.

A person of the partner adds users here, once the organisation's first-launch wizard is done (USR-02, WIZ-05). The API
does everything, and waits for no wizard (PO-03).
"""

from http import HTTPStatus
from typing import Final
from uuid import uuid4

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tenure.contracts.customer import CustomerSummary, CustomerView, OnboardingState
from tenure.contracts.organisation import Role
from tenure.contracts.review import StoredScreening
from tenure.contracts.user import CreateUser
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId
from web.console.desk import PARTNERS, Visit, key_of, page_after, signed_in, status_after
from web.console.onboarding_wording import STATES, problem

PAGE: Final = 50
_ROLES: Final = (Role.USER, Role.CUSTOMER_ADMIN, Role.CUSTOMER_FULL_ADMIN)


async def customers(visit: Visit) -> Response:
    """The list: a partner's own customers, its own organisation among them where it is one (PO-08, PO-09)."""
    show = visit.request.query_params.get("show", "")
    page = await visit.services.customers.page(
        visit.caller(),
        state=OnboardingState(show) if show in set(OnboardingState) else None,
        after=page_after(visit, OrganisationId),
        limit=PAGE,
    )
    return visit.render("wholesale.html", here="wholesale", show=show, page=page, states=STATES)


async def customer(visit: Visit) -> Response:
    """One customer with everything about its onboarding, and its users."""
    return await _page(visit, await visit.services.customers.show(visit.caller(), visit.organisation_id()))


async def add_user(visit: Visit) -> Response:
    """Add a user with one package; what is wrong with it stands beside the form (USR-02, USR-03)."""
    visit.person_id()
    form = await visit.request.form()
    view = await visit.services.customers.show(visit.caller(), visit.organisation_id())
    if not view.set_up_complete:
        return await _page(visit, view, form=form, refusal=Refusal(RefusalCode.SETUP_INCOMPLETE))
    try:
        await visit.services.users.create(visit.caller(key_of(form)), _new_user(visit, form))
    except ValidationError:
        refusal = Refusal(RefusalCode.INVALID_INPUT, "Give an e-mail address as it is written in mails.")
        return await _page(visit, view, form=form, refusal=refusal)
    except Refusal as refusal:
        return await _page(visit, view, form=form, refusal=refusal)
    return RedirectResponse(f"/console/wholesale/{view.organisation_id}?added=1#users", HTTPStatus.SEE_OTHER)


def acts(visit: Visit, view: CustomerSummary) -> bool:
    """Whether the visitor may change this customer here: a person of its partner."""
    return visit.credential.person_id is not None and visit.credential.partner_id == view.partner_id


async def _page(
    visit: Visit, view: CustomerView, form: FormData | None = None, refusal: Refusal | None = None
) -> Response:
    catalogue = visit.services.catalogue
    after = page_after(visit, PersonId, "users_after")
    users = await visit.services.users.page(visit.caller(), view.organisation_id, after=after, limit=PAGE)
    return visit.render(
        "wholesale_customer.html",
        status_after(refusal),
        here="wholesale",
        view=view,
        problem=problem(view, operates=visit.operates),
        acts=acts(visit, view),
        active=view.state is OnboardingState.ACTIVE,
        packages={each.code: each.name for each in catalogue.packages},
        add_ons={each.code: each.name for each in catalogue.add_ons},
        users=users,
        roles=_ROLES,
        screenings=await _screenings(visit, view),
        form=form or FormData(),
        refusal=refusal,
        added="added" in visit.request.query_params,
        key=uuid4(),
    )


async def _screenings(visit: Visit, view: CustomerView) -> tuple[StoredScreening, ...]:
    if not visit.operates:
        return ()
    return (await visit.services.reviews.screenings(visit.caller(), view.organisation_id)).screenings


def _new_user(visit: Visit, form: FormData) -> CreateUser:
    return CreateUser.model_validate(
        {
            "organisation_id": visit.organisation_id(),
            "email": form.get("email"),
            "name": form.get("name") or None,
            "package": form.get("package") or None,
            "add_ons": tuple(form.getlist("add_on")),
            "role": form.get("role") or Role.USER,
        }
    )


ROUTES = [
    Route("/wholesale", signed_in(customers)),
    Route("/wholesale/{organisation_id}", signed_in(customer)),
    Route("/wholesale/{organisation_id}/users", signed_in(add_user, PARTNERS), methods=["POST"]),
]
