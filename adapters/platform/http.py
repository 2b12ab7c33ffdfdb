"""Asks a vendor's HTTP API to create accounts, to build services and to tear them down. docs/platform.md is its contract."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from pydantic import SecretStr
from stamina import AsyncRetryingCaller

from adapters.outward import HttpService
from adapters.platform.answers import built
from tenure.contracts.onboarding import AccountOrder
from tenure.contracts.platform import Built, PlatformOrder
from tenure.errors import Unavailable
from tenure.ids import OrganisationId
from tenure.ports import Platform

WHOLE: Final = timedelta(seconds=90)
"""The longest wait for an order with all its attempts; an attempt of the workflow lasts longer, so that the outcome is
written down."""
PATIENCE: Final = timedelta(seconds=10)
"""The longest rest between two attempts; if the platform asks for more, the workflow comes again."""
ATTEMPTS: Final = 3
MAX_BYTES: Final = 64 * 1024


class HttpPlatform(HttpService, Platform):
    """Each attempt carries the order's key: an answer that is lost, late or given twice does no harm (PV-04)."""

    def __init__(self, url: str, token: SecretStr | None, timeout: timedelta) -> None:
        """Prepare to ask at an address such as `https://platform.example/api`; an answer may take `timeout`.

        Raises:
            Misconfigured: the address has another form, or would send the token unencrypted over a network.
        """
        super().__init__(
            "The platform",
            url,
            "TENURE_PLATFORM_URL",
            headers={
                "Accept": "application/json, application/problem+json",
                **({"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}),
            },
            timeout=timeout,
            most_bytes=MAX_BYTES,
        )
        self._retrying = AsyncRetryingCaller(attempts=ATTEMPTS, timeout=WHOLE).on(_again)

    async def build(self, order: PlatformOrder) -> Built:
        """Build one service.

        Raises:
            PlatformRefused: the platform refuses; the code is its own.
            Unavailable: nobody knows whether it did: ask again with the same key.
        """
        request = _Request("PUT", f"v1/services/{quote(order.place)}", order.key, _body(order, "deed", "resource"))
        return await self._carry_out(request)

    async def tear_down(self, order: PlatformOrder) -> Built:
        """Tear one service down; one that was never built, or is gone, is no error.

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        request = _Request(
            "DELETE",
            f"v1/services/{quote(order.place)}",
            order.key,
            parameters={"resource": order.resource} if order.resource else None,
            gone=Built(resource=order.resource or order.place),
        )
        return await self._carry_out(request)

    async def open_account(self, order: AccountOrder) -> str:
        """Create the account of a wholesale customer; answers the platform's name for it.

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        path = f"v1/accounts/{quote(order.organisation_id)}"
        return (await self._carry_out(_Request("PUT", path, order.key, _body(order, "generation")))).resource

    async def close_account(self, organisation_id: OrganisationId) -> None:
        """Close the account of an organisation that is erased; one that was never opened is no error.

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        account = f"{organisation_id}/account"
        path = f"v1/accounts/{quote(organisation_id)}"
        await self._carry_out(_Request("DELETE", path, f"{account}/close", gone=Built(resource=account)))

    async def _carry_out(self, request: "_Request") -> Built:
        try:
            async with asyncio.timeout(WHOLE.total_seconds()):
                return await self._retrying(lambda: self._attempt(request))
        except TimeoutError:
            raise Unavailable("The platform took too long to answer.") from None

    async def _attempt(self, request: "_Request") -> Built:
        headers = {"Idempotency-Key": request.key}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        response, answer = await self._ask(
            request.method, request.path, params=request.parameters, headers=headers, content=request.body
        )
        return built(response, answer, gone=request.gone)


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked of the platform, again and again in the same words."""

    method: str
    path: str
    key: str
    body: bytes | None = None
    parameters: Mapping[str, str] | None = None
    gone: Built | None = None
    """What is answered where nothing is there to be torn down."""


def _body(order: PlatformOrder | AccountOrder, *unsaid: str) -> bytes:
    return order.model_dump_json(exclude={"key", *unsaid}, exclude_none=True).encode()


def _again(error: Exception) -> bool | timedelta:
    """Whether to ask again at once, or after how long."""
    if not isinstance(error, Unavailable):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= PATIENCE else False
