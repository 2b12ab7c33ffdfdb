"""Services that Tenure asks by HTTP: a token only goes where it is safe, and answers are bounded in time and size."""

import asyncio
import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from tenure.errors import Misconfigured, Unavailable

CONNECT: Final = timedelta(seconds=5)
"""The longest wait for a connection."""


class HttpService:
    """A client of one service. What goes wrong is said without the service's own words: they may hold a name."""

    def __init__(
        self, name: str, url: str, variable: str, *, headers: Mapping[str, str], timeout: timedelta, most_bytes: int
    ) -> None:
        """Prepare to ask at an address; an answer may take `timeout`, and `most_bytes`.

        Args:
            name: What it is called in errors, such as `The platform`.
            url: Such as `https://platform.example/api`.
            variable: Which environment variable says so.
            headers: Of every request.
            timeout: From the request to the end of its answer.
            most_bytes: As they are sent: no answer is compressed.

        Raises:
            Misconfigured: the address has another form, or would send a token unencrypted over a network.
        """
        self._name = name
        self._seconds = timeout.total_seconds()
        self._most_bytes = most_bytes
        self._http = httpx.AsyncClient(
            base_url=checked(url, variable),
            headers={"Accept-Encoding": "identity", **headers},
            timeout=httpx.Timeout(self._seconds, connect=min(timeout, CONNECT).total_seconds()),
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        """Use it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, method: str, path: str, **request: Any) -> tuple[httpx.Response, bytes]:
        """The answer to one request, and its content.

        Raises:
            Unavailable: it does not come, or not whole, or is too large.
        """
        content = bytearray()
        try:
            async with asyncio.timeout(self._seconds), self._http.stream(method, path, **request) as response:
                async for chunk in response.aiter_raw():
                    content += chunk
                    if len(content) > self._most_bytes:
                        raise Unavailable(f"{self._name}'s answer is too large.")
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable(f"{self._name} took too long to answer.") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._name} cannot be reached ({type(error).__name__}).") from None
        return response, bytes(content)


def checked(url: str, variable: str) -> str:
    """The address, which holds no secret: what was set is not repeated in case that it does.

    Raises:
        Misconfigured: it has another form, or would send a token unencrypted over a network.
    """
    try:
        parts, host = urlsplit(url), httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.username or parts.query or parts.fragment:
        raise Misconfigured(f"{variable} is not understood: expected https://host/path.")
    if parts.scheme == "http" and not is_this_machine(host):
        raise Misconfigured(f"{variable} would send the token unencrypted: use https://.")
    return url


def is_this_machine(host: str) -> bool:
    """Whether a host is this very machine, as its address or as `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
