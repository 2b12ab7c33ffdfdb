"""The web application: the API under `/v1`, the console, the customer's pages, and the health of the process."""

from collections.abc import Mapping
from typing import Any, override

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenure.contracts.activity import MAX_BATCH_BYTES
from tenure.contracts.bounce import MAX_REPORT_BYTES
from tenure.contracts.portfolio import MAX_IMPORT_BYTES
from tenure.contracts.screening import MAX_LIST_BYTES
from tenure.settings import ServerSettings
from tenure.signature import Verifier
from web import problems
from web.api import (
    bounces,
    calendar,
    consents,
    conversions,
    customers,
    devices,
    facts,
    feeds,
    health,
    imports,
    lists,
    notices,
    operations,
    organisations,
    reviews,
    trials,
    users,
    wizards,
)
from web.console.app import create_console
from web.customer.app import create_customer_pages
from web.intake import create_router
from web.limits import BodyLimit
from web.metrics import ErrorCount, Metrics
from web.services import Services

_ROOMS = (
    organisations,
    facts,
    trials,
    consents,
    conversions,
    devices,
    customers,
    users,
    reviews,
    wizards,
    operations,
    feeds,
    calendar,
    notices,
    bounces,
    imports,
    lists,
)
_DESCRIPTION = """
Reads are GETs, and change nothing. Commands are POSTs with one JSON object, in which a field that is not known is refused.

- **Who calls**: a bearer token, issued for a role. A service reports facts, an operator holds the switches as well; a partner's
  token sees its customers, and with a person's name on it deals with them; a service provider's onboards its wholesale
  customers; a reviewer's decides on restricted-party hits, a list keeper's loads lists, and neither reaches anything else.
- **Once**: a command with an `Idempotency-Key` is carried out once, however often it is sent with it, and answers the same.
- **Pages**: a list answers up to `limit` items in a fixed order, and `next_after`, which is passed as `after` for the next
  page; it is null on the last.
- **Refusals**: `application/problem+json` with a stable `code`; a refused command has changed nothing.
- **Times**: instants are RFC 3339 with an offset, durations ISO 8601.
"""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin",  # never a path, which may hold a link's token; `no-referrer` would hide whose form it is
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""For every response that does not set its own."""
_ONLY_BY_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""As well, where people reach the pages by TLS: for a year their browsers take no other way."""


class Web(FastAPI):
    """The application, whose OpenAPI document describes its problems as they are, and whose every answer has its headers."""

    def __init__(self, headers: Mapping[str, str], **options: Any) -> None:
        """Take the headers of every answer that does not set its own, and what the framework takes."""
        super().__init__(**options)
        self._headers = headers

    @override
    def build_middleware_stack(self) -> ASGIApp:
        # Around all of it: what answers a fault stands outside of whatever else is added.
        return _DefaultHeaders(super().build_middleware_stack(), self._headers)

    @override
    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schema = problems.Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        return document


def create_app(services: Services, settings: ServerSettings) -> FastAPI:
    """Build the application over its ports; nothing is opened here.

    Raises:
        Misconfigured: the session secret is too short, or the webhook secret is none.
    """
    secure = settings.public_url.startswith("https://")
    app = Web(
        _HEADERS | (_ONLY_BY_TLS if secure else {}),
        title="Tenure",
        summary="The commercial life of customer organisations.",
        description=_DESCRIPTION,
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the framework's pages load scripts from other places
        redoc_url=None,
        redirect_slashes=False,  # the framework's leads wherever a request says that we are, and out of TLS behind a proxy
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    problems.register(app)
    for room in _ROOMS:
        app.include_router(room.router, responses=problems.RESPONSES)
    metrics = Metrics()
    app.include_router(_intake(services, settings, metrics), responses=problems.RESPONSES)
    app.include_router(metrics.router())
    app.include_router(health.router)
    app.mount("/console", create_console(services, settings))
    for path, pages in create_customer_pages(services).items():
        app.mount(path, pages)
    for path in ("/", "/console"):
        app.add_api_route(path, _front_door, include_in_schema=False)
    app.add_middleware(
        BodyLimit,
        paths={
            "/v1/activity": MAX_BATCH_BYTES,
            "/v1/imports": MAX_IMPORT_BYTES,
            "/v1/lists/update": MAX_LIST_BYTES,
            "/v1/notices/bounced": MAX_REPORT_BYTES,
        },
    )
    app.add_middleware(ErrorCount, metrics=metrics)
    return app


def _intake(services: Services, settings: ServerSettings, metrics: Metrics) -> APIRouter:
    secrets = settings.webhook_secret.get_secret_value() if settings.webhook_secret is not None else ""
    return create_router(services.activity, Verifier(secrets), metrics)


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _front_door() -> RedirectResponse:
    return RedirectResponse("/console/")


class _DefaultHeaders:
    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
