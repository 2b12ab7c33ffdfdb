"""What a vendor's answer means: done, refused, or not known. docs/platform.md is its contract."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from tenure.contracts.platform import Built
from tenure.errors import PlatformRefused, Unavailable

_PASSING: Final = frozenset({408, 409, 425, 429})
"""Refusals that say nothing of the order: too slow, the same key is under way, too early, too many requests."""
_GONE: Final = frozenset({404, 410})
_CODE: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_LONGEST_REST: Final = timedelta(hours=1)


class _Problem(BaseModel):
    """Of a problem (RFC 9457) only what names it is read: the rest may hold somebody's name."""

    type: str = ""
    code: str = ""

    def name(self) -> str | None:
        """Its code, or what its type ends in, where that has the form of a code."""
        candidates = (self.code, "" if self.type == "about:blank" else re.split(r"[/#:]", self.type)[-1])
        return next((code.lower() for code in candidates if _CODE.fullmatch(code.lower())), None)


def built(response: httpx.Response, content: bytes, *, gone: Built | None = None) -> Built:
    """What was built or torn down.

    Args:
        response: The answer.
        content: Its content.
        gone: What is answered of a tear-down where nothing is there; None where something is to be built.

    Raises:
        PlatformRefused: the platform refuses the order.
        Unavailable: nobody knows whether it was carried out.
    """
    status = response.status_code
    if status in {200, 201}:
        try:
            return Built.model_validate_json(content)
        except ValidationError:
            raise Unavailable("The platform's answer has not the form that was agreed.") from None
    problem = _problem(response, content)
    if gone is not None and (status == 204 or (status in _GONE and problem is not None)):
        return gone
    if response.is_client_error and status not in _PASSING:
        raise PlatformRefused((problem and problem.name()) or f"http_{status}")
    raise Unavailable(f"The platform answered {status}.", retry_after=_retry_after(response.headers))


def _problem(response: httpx.Response, content: bytes) -> _Problem | None:
    """The problem that the vendor speaks of; None where something on the way to it may have answered."""
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        return _Problem.model_validate_json(content)
    except ValidationError:
        return _Problem()


def _retry_after(headers: httpx.Headers) -> timedelta | None:
    """How long to leave the platform alone; a date is read by the platform's own clock."""
    value = headers.get("retry-after", "")
    try:
        if re.fullmatch(r"[0-9]{1,9}", value):
            rest = timedelta(seconds=int(value))
        else:
            rest = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):  # no date, one without its zone, or one that no calendar has
        return None
    return min(max(rest, timedelta(0)), _LONGEST_REST)
