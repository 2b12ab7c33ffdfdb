"""Bearer tokens: shown once, kept as a hash, looked up by it."""

import hashlib
import secrets

from adapters.postgres import audit
from adapters.postgres.database import Connection, Database, business_now
from tenure.contracts.credential import Credential
from tenure.errors import Refusal, RefusalCode
from tenure.ports import Caller

_PREFIX = "tnr_"
_RANDOM_BYTES = 32  # RFC 6750 section 5.2 asks that tokens cannot be guessed; 256 bits are beyond any search


class PostgresTokens:
    """The port `Tokens` on Postgres, with what an operator does to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def credential(self, token: str) -> Credential | None:
        """Whom a token was issued to; None where there is no such token, or it is revoked.

        The look-up is by digest, so that its time says nothing about any token that exists.
        """
        async with self._database.read() as connection:
            row = await connection.fetchrow(
                "select name, role, partner_id, person_id from api_tokens where token_hash = $1 and revoked_at is null",
                _digest(token),
            )
        return None if row is None else Credential.model_validate(dict(row))

    async def create(self, caller: Caller, credential: Credential) -> str:
        """Issue a token: `tnr_` and 32 random bytes. It is answered here, and never again.

        Raises:
            Refusal: `partner_not_found`; `person_not_found` for one that is not of the partner's own organisation; or
                `wrong_state` while a token of this name is in use.
        """
        token = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        async with self._database.write() as connection:
            await _insert(connection, credential, _digest(token))
            await _record(connection, caller, credential.name, "token_created")
        return token

    async def revoke(self, caller: Caller, name: str) -> bool:
        """Refuse a token from now on; one that is not in use stays as it is, and the answer is False."""
        async with self._database.write() as connection:
            revoked = await connection.fetchval(
                "update api_tokens set revoked_at = business_now() where name = $1 and revoked_at is null"
                " returning true",
                name,
            )
            if revoked:
                await _record(connection, caller, name, "token_revoked")
        return bool(revoked)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def _insert(connection: Connection, credential: Credential, token_hash: str) -> None:
    if credential.partner_id is not None and not await connection.fetchval(
        "select true from partners where partner_id = $1", credential.partner_id
    ):
        raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
    if credential.person_id is not None and not await connection.fetchval(
        "select true from people p join partners t using (organisation_id) where p.person_id = $1 and t.partner_id = $2",
        credential.person_id,
        credential.partner_id,
    ):
        raise Refusal(RefusalCode.PERSON_NOT_FOUND)
    created = await connection.fetchval(
        "insert into api_tokens as known (token_hash, name, role, partner_id, person_id, created_at)"
        " values ($1, $2, $3, $4, $5, business_now())"
        " on conflict (name) do update set token_hash = $1, role = $3, partner_id = $4, person_id = $5,"
        " revoked_at = null, created_at = excluded.created_at where known.revoked_at is not null returning true",
        token_hash,
        credential.name,
        credential.role,
        credential.partner_id,
        credential.person_id,
    )
    if not created:
        raise Refusal(RefusalCode.WRONG_STATE, "A token of this name is in use: revoke it first, or choose another.")


async def _record(connection: Connection, caller: Caller, name: str, action: str) -> None:
    await audit.append(
        connection,
        subject=f"token/{name}",
        at=await business_now(connection),
        actor=caller.actor,
        action=action,
    )
