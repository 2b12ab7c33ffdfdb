"""The customer list, and one organisation with all that is known of it."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tenure.contracts.audit import AuditEntry
from tenure.contracts.organisation import OrganisationView
from tenure.ids import OrganisationId
from web.console.desk import EVERYBODY, REVIEWERS, Visit, page_after, searched, signed_in
from web.console.timeline import picture

PAGE = 50


async def home(visit: Visit) -> Response:
    """The first page: the customers, and for a reviewer the reviews."""
    if visit.credential.role in REVIEWERS:
        return RedirectResponse("/console/reviews", HTTPStatus.SEE_OTHER)
    return await customers(visit)


async def customers(visit: Visit) -> Response:
    """The list, with the label, the next dates and alerts (PS-01, PS-06, PS-07)."""
    show = "to-be-deleted" if visit.request.query_params.get("show") == "to-be-deleted" else ""
    named = searched(visit)
    page = await visit.services.organisations.page(
        visit.caller(),
        to_be_deleted=True if show else None,
        named=named,
        after=page_after(visit, OrganisationId),
        limit=PAGE,
    )
    breakers = await visit.services.breakers.all() if visit.operates else ()
    feeds = await visit.services.feeds.all() if visit.operates else ()
    return visit.render(
        "customers.html",
        here="customers",
        show=show,
        named=named,
        page=page,
        open_breakers=[breaker for breaker in breakers if breaker.open_since is not None],
        late_feeds=[feed for feed in feeds if feed.late],
    )


async def organisation(visit: Visit) -> Response:
    """What happens next to it and why, and everything that led there (WH-01)."""
    organisation_id = visit.organisation_id()
    view = await visit.services.organisations.show(visit.caller(), organisation_id)
    explanation = await visit.services.forecast.explain(visit.caller(), organisation_id)
    return visit.render(
        "organisation.html",
        here="customers",
        view=view,
        explanation=explanation,
        picture=picture(explanation),
        tries=visit.credential.person_id is not None
        and visit.credential.partner_id in view.partners
        and not view.is_own_org,
        trials=(await visit.services.trials.page(visit.caller(), organisation_id=organisation_id)).trials,
        notices=await visit.services.notices.of(visit.caller(), organisation_id),
        audit=await _audit(visit, view),
    )


async def _audit(visit: Visit, view: OrganisationView) -> Sequence[AuditEntry]:
    if not visit.operates:
        return ()
    return await visit.services.audit.of(visit.caller(), view.organisation_id)


ROUTES = [
    Route("/", signed_in(home, EVERYBODY)),
    Route("/organisations/{organisation_id}", signed_in(organisation)),
]
