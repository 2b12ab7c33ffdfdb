"""Asks a vendor's HTTP API to build services and to tear them down. docs/platform.md is its contract."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr
from stamina import AsyncRetryingCaller

from adapters.outward import checked
from adapters.platform.answers import built
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.errors import Unavailable
from tenure.ports import Platform

CONNECT: Final = timedelta(seconds=5)
WHOLE: Final = timedelta(seconds=90)
"""Longest waits for the connection, and for an order with all its attempts; an attempt of the workflow lasts longer, so
that the outcome is written down."""
PATIENCE: Final = timedelta(seconds=10)
"""The longest rest between two attempts; if the platform asks for more, the workflow comes again."""
ATTEMPTS: Final = 3
MAX_BYTES: Final = 64 * 1024


class HttpPlatform(Platform):
    """Each attempt carries the order's key: an answer that is lost, late or given twice does no harm (PV-04)."""

    def __init__(self, url: str, token: SecretStr | None, timeout: timedelta) -> None:
        """Prepare to ask at an address such as `https://platform.example/api`; an answer may take `timeout`.

        Raises:
            Misconfigured: the address has another form, or would send the token unencrypted over a network.
        """
        self._seconds = timeout.total_seconds()
        self._http = httpx.AsyncClient(
            base_url=checked(url, "TENURE_PLATFORM_URL"),
            headers={
                "Accept": "application/json, application/problem+json",
                "Accept-Encoding": "identity",
                **({"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}),
            },
            timeout=httpx.Timeout(self._seconds, connect=min(timeout, CONNECT).total_seconds()),
            follow_redirects=False,
        )
        self._retrying = AsyncRetryingCaller(attempts=ATTEMPTS, timeout=WHOLE).on(_again)

    async def __aenter__(self) -> Self:
        """Use it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def build(self, order: PlatformOrder) -> Built:
        """Build one service.

        Raises:
            PlatformRefused: the platform refuses; the code is its own.
            Unavailable: nobody knows whether it did: ask again with the same key.
        """
        content = order.model_dump_json(exclude={"key", "deed", "resource"}, exclude_none=True).encode()
        return await self._carry_out("PUT", order, content)

    async def tear_down(self, order: PlatformOrder) -> Built:
        """Tear one service down; one that was never built, or is gone, is no error.

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        return await self._carry_out("DELETE", order, None)

    async def _carry_out(self, method: str, order: PlatformOrder, content: bytes | None) -> Built:
        try:
            async with asyncio.timeout(WHOLE.total_seconds()):
                return await self._retrying(lambda: self._attempt(method, order, content))
        except TimeoutError:
            raise Unavailable("The platform took too long to answer.") from None

    async def _attempt(self, method: str, order: PlatformOrder, content: bytes | None) -> Built:
        async with self._answer(method, order, content) as response:
            answer = bytearray()
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > MAX_BYTES:
                    raise Unavailable("The platform's answer is too large.")
        return built(order, response, bytes(answer))

    @asynccontextmanager
    async def _answer(self, method: str, order: PlatformOrder, content: bytes | None) -> AsyncIterator[httpx.Response]:
        """The answer to one request, while it arrives. What went wrong is said without the platform's own words."""
        headers = {"Idempotency-Key": order.key}
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream(
                    method,
                    f"v1/services/{quote(order.place)}",
                    params={"resource": order.resource} if order.resource and order.deed is Deed.TEAR_DOWN else None,
                    headers=headers,
                    content=content,
                ) as response,
            ):
                yield response
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable("The platform took too long to answer.") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"The platform cannot be reached ({type(error).__name__}).") from None


def _again(error: Exception) -> bool | timedelta:
    """Whether to ask again at once, or after how long."""
    if not isinstance(error, Unavailable):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= PATIENCE else False
