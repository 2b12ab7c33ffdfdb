"""Limits on bodies: what is too large is refused as soon as that is known, as a problem like every other."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenure.errors import RefusalCode
from web import problems

MAX_BODY_BYTES = 1024 * 1024
"""Where a path says nothing else: ten thousand organisations to abort fit."""


class BodyLimit:
    """Refuses a body that declares, or turns out to have, more bytes than its path takes.

    The framework's own limit answers a declared size in plain text, without a code.
    """

    def __init__(self, app: ASGIApp, paths: Mapping[str, int], otherwise: int = MAX_BODY_BYTES) -> None:
        """Take the limits of the paths that have their own, and that of all others."""
        self._app = app
        self._paths = paths
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body limited."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._paths.get(scope["path"], self._otherwise)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            code = RefusalCode.TOO_LARGE
            await problems.respond(problems.status_of(code), code, code.text)(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, limited, send)
