"""The customer's pages as applications of their own, one for each kind of link that `adapters.links` makes."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tenure.errors import Refusal, RefusalCode, Unavailable
from web import problems
from web.customer import consent, set_up
from web.customer.pages import MAX_FORM_BYTES, Pages
from web.customer.wording import of_browser
from web.limits import BodyLimit
from web.services import Services

logger = logging.getLogger(__name__)

STATIC: Final = Path(__file__).parent / "static"
_ROOMS: Final = {"/consent": consent.ROUTES, "/set-up": set_up.ROUTES}


def create_customer_pages(services: Services) -> Mapping[str, Starlette]:
    """Build the applications over the ports, by the path that each is mounted under."""
    pages = Pages(services)
    return {path: _application(pages, routes) for path, routes in _ROOMS.items()}


def _application(pages: Pages, routes: list[Route]) -> Starlette:
    application = Starlette(
        routes=[Mount("/static", StaticFiles(directory=STATIC)), *routes],
        middleware=[Middleware(BodyLimit, paths={}, otherwise=MAX_FORM_BYTES)],
        exception_handlers={
            Refusal: _refused,
            Unavailable: _unavailable,
            HTTPException: _http_error,
            Exception: _failed,
        },
    )
    application.router.redirect_slashes = False  # as in `web.app`: a link is worth what it says, and stays within TLS
    application.state.pages = pages
    return application


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if error.code is RefusalCode.LINK_INVALID:
        return _error(request, "link", problems.status_of(error.code))
    if error.code in {RefusalCode.FORBIDDEN, RefusalCode.INVALID_INPUT}:
        return _error(request, "form", problems.status_of(error.code))
    return _error(request, "gone", problems.status_of(error.code))


async def _unavailable(request: Request, error: Exception) -> Response:
    logger.warning("Unavailable: %s", error)
    return _error(request, "unavailable", HTTPStatus.SERVICE_UNAVAILABLE)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return _error(request, "link" if status is HTTPStatus.NOT_FOUND else "form", status)


async def _failed(request: Request, _fault: Exception) -> Response:
    return _error(request, "fault", HTTPStatus.INTERNAL_SERVER_ERROR)


def _error(request: Request, what: str, status: HTTPStatus) -> Response:
    spoken = of_browser(request.headers.get("accept-language", ""))
    return Pages.of(request).render("error.html.j2", spoken, status, what=what)
