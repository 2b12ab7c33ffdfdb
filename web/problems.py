"""Errors as `application/problem+json` (RFC 9457), each with a stable `code` (XC-05)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tenure.contracts.base import Contract
from tenure.errors import Refusal, RefusalCode, Unavailable

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
SCHEMA = {"$ref": "#/components/schemas/Problem"}
type Documented = dict[int | str, dict[str, Any]]

_CONTENT = {MEDIA_TYPE: {"schema": SCHEMA}}
RESPONSES: Documented = {
    401: {
        "description": "`unauthenticated`: the request carries no valid credentials.",
        "content": _CONTENT,
        "headers": {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`, but for batches."}},
    },
    "4XX": {"description": "A problem, with its stable code.", "content": _CONTENT},
    503: {
        "description": "`unavailable`: something that is needed does not answer; nothing was lost, try again.",
        "content": _CONTENT,
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "In seconds."}},
    },
}
"""What every operation of the API documents beside its success."""
RETRY_AFTER_SECONDS = 2

_STATUS = {
    RefusalCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    RefusalCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    RefusalCode.ROLE_NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    RefusalCode.PARTNER_NOT_CERTIFIED: HTTPStatus.FORBIDDEN,
    RefusalCode.NOT_TRIAL_OWNER: HTTPStatus.FORBIDDEN,
    RefusalCode.CONSENT_NEEDS_FULL_ADMIN: HTTPStatus.FORBIDDEN,
    RefusalCode.ACCESS_LEVEL_INSUFFICIENT: HTTPStatus.FORBIDDEN,
    RefusalCode.TIER2_USE_DISTRIBUTOR: HTTPStatus.FORBIDDEN,
    RefusalCode.LINK_INVALID: HTTPStatus.NOT_FOUND,
    RefusalCode.ORG_DELETED: HTTPStatus.GONE,
    RefusalCode.CONSENT_EXPIRED: HTTPStatus.GONE,
    RefusalCode.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RefusalCode.INVALID_INPUT: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.REPORT_UNREADABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.FUTURE_EVENT: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.IMPORT_INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.CONFIRMATION_REQUIRED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.CUSTOMER_DETAILS_REQUIRED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.INDUSTRY_UNKNOWN: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.COUNTRY_UNSUPPORTED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.NO_SERVICE_SELECTED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.SERVICE_UNKNOWN: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.SITE_DETAILS_REQUIRED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.LENGTH_NOT_OFFERED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.EXTENSION_TOO_LONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.EXTENSION_TOO_SHORT: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.IDEMPOTENCY_KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.EXTERNAL_ID_REQUIRED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.BILLING_COUNTRY_REQUIRED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.INVALID_COUNTRY: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.ORG_COUNTRY_NOT_SETTABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.UNKNOWN_PACKAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.UNKNOWN_ADD_ON: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.UNKNOWN_TELEPHONY_DOMAIN: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.INVALID_QUANTITY: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.PACKAGE_REQUIRED: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class FieldError(Contract):
    """One place of the input that is wrong."""

    location: str
    """Such as `body.organisation_id`."""
    message: str


class Problem(Contract):
    """What every error of the API looks like."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    """Stable: programs decide by it."""
    details: dict[str, Any] = {}
    """Facts of this refusal for a program."""
    errors: tuple[FieldError, ...] = ()
    """What is wrong with the input, place by place."""


class ProblemResponse(JSONResponse):
    """A response that is a problem."""

    media_type = MEDIA_TYPE


def status_of(code: RefusalCode) -> HTTPStatus:
    """The HTTP status of a refusal: a conflict with the present state, where nothing else is said."""
    if code.value.endswith("_not_found"):
        return HTTPStatus.NOT_FOUND
    return _STATUS.get(code, HTTPStatus.CONFLICT)


def refusals(*codes: RefusalCode) -> Documented:
    """What an operation documents of its own refusals: under each status the codes, and what they say."""
    documented: Documented = {}
    for status in sorted({status_of(code) for code in codes}):
        texts = "\n".join(f"- `{code}`: {code.text}" for code in codes if status_of(code) is status)
        documented[status.value] = {
            "description": f"{status.phrase}\n\n{texts}",
            "content": _CONTENT,
        }
    return documented


def respond(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    details: Mapping[str, object] | None = None,
    errors: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response."""
    problem = Problem(
        title=status.phrase, status=status, code=code, detail=detail, details=dict(details or {}), errors=errors
    )
    content = problem.model_dump(mode="json", exclude_defaults=True) | {"type": problem.type}
    return ProblemResponse(content, status, dict(headers or {}))


async def refused(_request: Request, error: Exception) -> Response:
    """A refusal of the rules or of the door."""
    assert isinstance(error, Refusal)
    headers = {"WWW-Authenticate": "Bearer"} if error.code is RefusalCode.UNAUTHENTICATED else None
    return respond(status_of(error.code), error.code, str(error), details=error.details, headers=headers)


async def invalid(_request: Request, error: Exception) -> Response:
    """Input of the wrong form; what was sent is not repeated, for it may be personal."""
    assert isinstance(error, RequestValidationError)
    errors = tuple(
        FieldError(location=".".join(str(part) for part in item["loc"]), message=item["msg"]) for item in error.errors()
    )
    code = RefusalCode.INVALID_INPUT
    return respond(status_of(code), code, code.text, errors=errors)


async def unavailable(_request: Request, error: Exception) -> Response:
    """Something that the application needs is down; nothing was lost, and trying again is right."""
    logger.warning("Unavailable: %s", error)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return respond(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", str(error), headers=headers)


async def http_error(_request: Request, error: Exception) -> Response:
    """What the framework refuses: an unknown path, a wrong method, a body too large."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        code = RefusalCode.TOO_LARGE
        return respond(status, code, code.text)
    return respond(status, status.name.lower(), error.detail, headers=error.headers)


async def failed(_request: Request, _error: Exception) -> Response:
    """A fault of ours: the traceback goes to the log, not to the caller."""
    return respond(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong here; it is in the log. Try again."
    )


def register(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, failed)
