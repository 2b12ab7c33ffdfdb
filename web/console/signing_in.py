"""Signing in with a token, and signing out."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from web.console.desk import EVERYBODY, Desk, require_our_page

HOME = "/console/"


async def ask(request: Request) -> Response:
    """The form."""
    return Desk.of(request).render("sign_in.html", next=request.query_params.get("next", HOME), wrong=False)


async def begin(request: Request) -> Response:
    """Check the token and begin a session."""
    require_our_page(request)
    desk = Desk.of(request)
    form = await request.form()
    token, target = str(form.get("token", "")).strip(), _within(str(form.get("next", HOME)))
    credential = await desk.services.tokens.credential(token)
    if credential is None or credential.role not in EVERYBODY:
        return desk.render("sign_in.html", HTTPStatus.UNAUTHORIZED, next=target, wrong=True)
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    desk.sessions.begin(response, token)
    return response


async def end(request: Request) -> Response:
    """Take the session back."""
    require_our_page(request)
    response = RedirectResponse("/console/sign-in", HTTPStatus.SEE_OTHER)
    Desk.of(request).sessions.end(response)
    return response


def _within(target: str) -> str:
    """Only ever a page of the console, whatever a link said."""
    return target if target.startswith(HOME) and "\\" not in target else HOME


ROUTES = [
    Route("/sign-in", ask),
    Route("/sign-in", begin, methods=["POST"]),
    Route("/sign-out", end, methods=["POST"]),
]
