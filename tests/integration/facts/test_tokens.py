"""Bearer tokens: shown once, kept as a hash, refused once revoked (P14)."""

import hashlib
import json

import asyncpg
import pytest
from pydantic import ValidationError

from adapters.postgres.tokens import PostgresTokens
from tenure.contracts.credential import Credential, CredentialRole
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId
from tests.integration.deletion.town import OPERATOR, Town, admin

ORDERS = Credential(name="orders", role=CredentialRole.SERVICE)


@pytest.fixture
def tokens(town: Town) -> PostgresTokens:
    """The town's tokens."""
    return PostgresTokens(town.database)


async def test_token_is_known_by_its_hash(town: Town, tokens: PostgresTokens) -> None:
    """A token says whom it was issued to; no row holds it, but its SHA-256 (P14)."""
    token = await tokens.create(OPERATOR, ORDERS)
    assert token.startswith("tnr_")
    assert len(token) == len("tnr_") + 43
    assert await tokens.credential(token) == ORDERS
    [row] = await town.fetch("select * from api_tokens")
    assert row["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    trail = [dict(entry) for entry in await town.fetch("select * from audit")]
    assert token not in json.dumps([dict(row), *trail], default=str)
    assert await town.audit("token/orders") == ["token_created"]


async def test_other_tokens_are_nobody(tokens: PostgresTokens) -> None:
    """What was never issued, is cut short, blank, or a hash itself, is nobody's (P4)."""
    token = await tokens.create(OPERATOR, ORDERS)
    for other in ("", "tnr_", token[:-1], token + "a", token.upper(), hashlib.sha256(token.encode()).hexdigest(), "\0"):
        assert await tokens.credential(other) is None


async def test_partner_tokens(town: Town, tokens: PostgresTokens) -> None:
    """A partner's token names its partner, which has to exist (P14)."""
    partner_id = await town.partner()
    credential = Credential(name="north", role=CredentialRole.PARTNER, partner_id=partner_id)
    assert await tokens.credential(await tokens.create(OPERATOR, credential)) == credential
    with pytest.raises(Refusal) as refused:
        await tokens.create(OPERATOR, credential.model_copy(update={"name": "b", "partner_id": PartnerId("ptr_b")}))
    assert refused.value.code is RefusalCode.PARTNER_NOT_FOUND


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "role": "service"},
        {"name": "Ada Lovelace", "role": "operator"},
        {"name": "north", "role": "partner"},
        {"name": "orders", "role": "service", "partner_id": "ptr_a"},
        {"name": "orders", "role": "service", "person_id": "per_a"},
    ],
)
def test_credentials_are_of_one_kind(fields: dict[str, str]) -> None:
    """A partner's credential has a partner and no other has one, and its name fits into the audit (P14)."""
    with pytest.raises(ValidationError):
        Credential.model_validate(fields)


async def test_revoked(town: Town, tokens: PostgresTokens) -> None:
    """A revoked token is refused for good; its name can then be given to another (P14)."""
    token = await tokens.create(OPERATOR, ORDERS)
    with pytest.raises(Refusal) as refused:
        await tokens.create(OPERATOR, ORDERS)
    assert refused.value.code is RefusalCode.WRONG_STATE
    assert await tokens.credential(token) == ORDERS
    for _ in range(2):
        await tokens.revoke(OPERATOR, "orders")
        assert await tokens.credential(token) is None
    second = await tokens.create(OPERATOR, ORDERS.model_copy(update={"role": CredentialRole.OPERATOR}))
    found = await tokens.credential(second)
    assert found is not None
    assert found.role is CredentialRole.OPERATOR
    assert await tokens.credential(token) is None
    assert await town.audit("token/orders") == ["token_created", "token_revoked", "token_created"]


async def test_tokens_of_people(town: Town, tokens: PostgresTokens) -> None:
    """A partner's token can be a person's of its own organisation, and of no other; it only reads once they are gone (TC-21)."""
    own, other = await town.organisation(), await town.organisation()
    partner_id = await town.partner(own)
    credential = Credential(name="ana", role=CredentialRole.PARTNER, partner_id=partner_id, person_id=admin(own))
    token = await tokens.create(OPERATOR, credential)
    assert await tokens.credential(token) == credential
    stranger = credential.model_copy(update={"name": "eve", "person_id": admin(other)})
    with pytest.raises(Refusal) as refused:
        await tokens.create(OPERATOR, stranger)
    assert refused.value.code is RefusalCode.PERSON_NOT_FOUND
    owner = await asyncpg.connect(town.url)
    await owner.execute("delete from people where person_id = $1", admin(own))
    await owner.close()
    left = await tokens.credential(token)
    assert left is not None
    assert left.person_id is None
