"""HTTP to Tenure: credentials, retries, and every error as an exception of `tenure.errors`."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from operator import attrgetter
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError
from stamina import AsyncRetryingCaller

from tenure.contracts.base import Contract
from tenure.errors import Misconfigured, Refusal, RefusalCode, TenureError, Unavailable

_TIMEOUT = httpx.Timeout(60, connect=5)
_LONGEST_WAIT = timedelta(seconds=5)
_CODES = {code.value: code for code in RefusalCode}
_NOTHING: TypeAdapter[None] = TypeAdapter(None)
_TOKEN = re.compile(r"[!-~]+")
"""What a header takes of one; what it does not is told without the token, which is a secret."""

type Parameters = Mapping[str, str | int | bool | None]


class Connection:
    """A pool of connections to one address, and how requests are sent and sent again.

    Every command carries an idempotency key that stays the same over its retries, so that sending it again after a
    timeout carries it out once.
    """

    def __init__(self, url: str, token: SecretStr | None, retry_for: timedelta) -> None:
        headers = {}
        if token is not None:
            if _TOKEN.fullmatch(token.get_secret_value()) is None:
                raise Misconfigured("The token is empty, or no single word: set TENURE_TOKEN to one, or unset it.")
            headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        try:
            self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT)
        except (httpx.InvalidURL, ValueError) as error:
            raise Misconfigured(f"{url!r} is no address of Tenure ({error}): set TENURE_URL.") from error
        self._url = url
        self._retrying = AsyncRetryingCaller(
            attempts=None if retry_for else 1, timeout=retry_for or None, wait_max=_LONGEST_WAIT
        ).on(Unavailable)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get[Result](self, path: str, result: TypeAdapter[Result], parameters: Parameters | None = None) -> Result:
        """Read."""
        response = await self.send(lambda: self.request("GET", path, parameters))
        return parsed(response, result)

    async def pages[Page](
        self, path: str, page: TypeAdapter[Page], parameters: Parameters, *, cursor: str = "after"
    ) -> AsyncIterator[Page]:
        """Read page by page, as they are asked for: the next begins after the `next_` of the cursor in the one before."""
        following = attrgetter(f"next_{cursor}")
        at: str | int | None = None
        while True:
            found = await self.get(path, page, {**parameters, cursor: at})
            yield found
            at = following(found)
            if at is None:
                return

    async def text(self, path: str, parameters: Parameters | None = None) -> str:
        """Read what is no JSON."""
        return (await self.send(lambda: self.request("GET", path, parameters))).text

    async def command[Result](
        self,
        path: str,
        command: Contract,
        result: TypeAdapter[Result],
        key: str | None,
        parameters: Parameters | None = None,
    ) -> Result:
        """Carry out a command, once however often it is sent."""
        headers = {"Idempotency-Key": key or str(uuid4()), "Content-Type": "application/json"}
        content = command.model_dump_json().encode()
        response = await self.send(lambda: self.request("POST", path, parameters, headers=headers, content=content))
        return parsed(response, result)

    async def order(self, path: str, command: Contract, key: str | None) -> None:
        """Carry out a command that answers nothing."""
        await self.command(path, command, _NOTHING, key)

    def request(self, method: str, path: str, parameters: Parameters | None = None, **how: Any) -> httpx.Request:
        """A request, made anew for each attempt."""
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        return self._http.build_request(method, path, params=given, **how)

    async def send(self, make: Callable[[], httpx.Request]) -> httpx.Response:
        """Send a request until it is answered, or for as long as retries may last.

        Raises:
            Refusal: the request was refused.
            Unavailable: there was no answer, or only errors of the server.
        """
        return await self._retrying(self._send, make)

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of a long answer, as they arrive; what breaks off is Unavailable, and not begun again."""
        try:
            async with self._http.stream("GET", path) as response:
                if not response.is_success:
                    await response.aread()
                    raise _error(response)
                yield response.aiter_lines()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def _send(self, make: Callable[[], httpx.Request]) -> httpx.Response:
        try:
            response = await self._http.send(make())
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if not response.is_success:
            raise _error(response)
        return response

    def _unreachable(self, error: httpx.TransportError) -> TenureError:
        if isinstance(error, httpx.UnsupportedProtocol):
            return Misconfigured(f"{self._url!r} is no address of Tenure: set TENURE_URL to one with http or https.")
        why = str(error) or type(error).__name__
        return Unavailable(
            f"Tenure does not answer at {self._url} ({why}). Start it, or set TENURE_URL to where it runs."
        )


def parsed[Result](response: httpx.Response, result: TypeAdapter[Result]) -> Result:
    """The answer as its type.

    Raises:
        TenureError: it is something else: that was not Tenure.
    """
    try:
        return result.validate_json(response.content or b"null")
    except ValidationError as error:
        raise TenureError(f"{response.url} answered, but not as Tenure does. Check TENURE_URL.") from error


def _error(response: httpx.Response) -> TenureError:
    problem = _problem(response)
    detail = str(problem.get("detail") or f"{response.url} answered {response.status_code}.")
    if response.is_server_error:
        return Unavailable(detail)
    places = "; ".join(f"{place['location']}: {place['message']}" for place in problem.get("errors", ()))
    message = f"{detail} {places}." if places else detail
    code = _CODES.get(problem.get("code", ""))
    if code is None:  # a newer server's, or something that is not Tenure
        return TenureError(message)
    return Refusal(code, message, problem.get("details"))


def _problem(response: httpx.Response) -> dict[str, Any]:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return {}
    content: dict[str, Any] = response.json()
    return content
