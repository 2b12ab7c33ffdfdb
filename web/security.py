"""Who calls: bearer tokens, and what their roles permit (P14).

The audit names the token, `role:name`, and nothing that a request says of itself: an actor that a client could write
would prove nothing. So every person who operates has a token of their own.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tenure.contracts.credential import OF_SCREENING, Credential, CredentialRole
from tenure.errors import Refusal, RefusalCode
from tenure.ports import Caller
from web.services import Services

MAX_KEY: Final = 255
"""The longest idempotency key, in characters."""

_bearer = HTTPBearer(auto_error=False, description="A token that an operator has issued.")


def services(request: Request) -> Services:
    """The ports behind this application."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


def caller_of(credential: Credential, key: str | None = None) -> Caller:
    """The caller as ports know it."""
    return Caller(
        actor=f"{credential.role}:{credential.name}",
        partner_id=credential.partner_id,
        person_id=credential.person_id,
        role=credential.role,
        key=key,
    )


async def _credential(
    ports: Annotated[Services, Depends(services)],
    authorization: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Credential:
    credential = None
    if authorization is not None:
        credential = await ports.tokens.credential(authorization.credentials)
    if credential is None:
        raise Refusal(RefusalCode.UNAUTHENTICATED)
    return credential


def _permit(*roles: CredentialRole) -> Callable[[Credential], Awaitable[Credential]]:
    async def permitted(credential: Annotated[Credential, Depends(_credential)]) -> Credential:
        if credential.role not in roles:
            raise Refusal(RefusalCode.FORBIDDEN)
        return credential

    return permitted


def _reader(*roles: CredentialRole) -> Callable[[Credential], Awaitable[Caller]]:
    async def reader(credential: Annotated[Credential, Depends(_permit(*roles))]) -> Caller:
        return caller_of(credential)

    return reader


def _commander(*roles: CredentialRole) -> Callable[[Credential, str | None], Awaitable[Caller]]:
    async def commander(
        credential: Annotated[Credential, Depends(_permit(*roles))],
        idempotency_key: Annotated[
            str | None,
            Header(min_length=1, max_length=MAX_KEY, description="The same key and command again does nothing twice."),
        ] = None,
    ) -> Caller:
        return caller_of(credential, idempotency_key)

    return commander


_ANYONE = tuple(set(CredentialRole) - OF_SCREENING)
_STAFF = (CredentialRole.SERVICE, CredentialRole.OPERATOR)
_LISTS = (CredentialRole.LIST_KEEPER, CredentialRole.OPERATOR)

Ports = Annotated[Services, Depends(services)]
AnyReader = Annotated[Caller, Depends(_reader(*_ANYONE))]
"""Services, operators, and partners with their systems, who see their customers; who screens has a place of its own."""
StaffReader = Annotated[Caller, Depends(_reader(*_STAFF))]
OperatorReader = Annotated[Caller, Depends(_reader(CredentialRole.OPERATOR))]
AnyCommander = Annotated[Caller, Depends(_commander(*_ANYONE))]
"""For commands whose own rules say who may."""
StaffCommander = Annotated[Caller, Depends(_commander(*_STAFF))]
ReviewReader = Annotated[Caller, Depends(_reader(CredentialRole.REVIEWER, CredentialRole.OPERATOR))]
"""Reviewers, and operators, who look on (RPL-14)."""
Reviewer = Annotated[Caller, Depends(_commander(CredentialRole.REVIEWER))]
ListReader = Annotated[Caller, Depends(_reader(*_LISTS))]
ListKeeper = Annotated[Caller, Depends(_commander(*_LISTS))]
"""The nightly job, and operators, who put right what it could not do (RPL-16)."""
OperatorCommander = Annotated[Caller, Depends(_commander(CredentialRole.OPERATOR))]
