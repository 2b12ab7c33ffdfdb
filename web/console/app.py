"""The console as an application of its own, mounted under `/console`."""

import logging
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tenure.errors import Refusal, Unavailable
from tenure.settings import ServerSettings
from web import problems
from web.console import (
    calendar,
    customers,
    devices,
    feeds,
    operations,
    previews,
    reviews,
    signing_in,
    trial_changes,
    trial_people,
    trial_request,
    trial_services,
    trials,
    wholesale,
    wizard,
)
from web.console.desk import Desk
from web.console.session import Sessions
from web.services import Services

logger = logging.getLogger(__name__)

STATIC: Final = Path(__file__).parent / "static"
_ROOMS: Final = (
    signing_in,
    customers,
    wizard,
    wholesale,
    reviews,
    trial_request,
    trial_services,
    trial_people,
    trial_changes,
    trials,
    devices,
    previews,
    calendar,
    operations,
    feeds,
)


def create_console(services: Services, settings: ServerSettings) -> Starlette:
    """Build the console over the application's ports.

    Raises:
        Misconfigured: the session secret is too short.
    """
    sessions = Sessions(settings.session_secret, secure=settings.public_url.startswith("https://"))
    routes: list[Route | Mount] = [route for room in _ROOMS for route in room.ROUTES]
    console = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        exception_handlers={
            Refusal: _refused,
            Unavailable: _unavailable,
            HTTPException: _http_error,
            Exception: _failed,
        },
    )
    console.router.redirect_slashes = False  # as in `web.app`
    console.state.desk = Desk(services, sessions)
    return console


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return _error(request, problems.status_of(error.code), str(error))


async def _unavailable(request: Request, error: Exception) -> Response:
    logger.warning("Unavailable: %s", error)
    return _error(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(request, HTTPStatus(error.status_code), error.detail)


async def _failed(request: Request, _fault: Exception) -> Response:
    return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; it is in the log.")


def _error(request: Request, status: HTTPStatus, detail: str) -> Response:
    return Desk.of(request).render("error.html", status, title=status.phrase, detail=detail)
