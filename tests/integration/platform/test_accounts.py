"""Accounts of wholesale customers: created once, refused with a code, asked for again where nobody knows (PRV-01, PRV-04)."""

import asyncio
import json

import pytest
from starlette.responses import Response

from adapters.platform.http import ATTEMPTS, HttpPlatform
from adapters.postgres.database import Database
from adapters.postgres.platform import PostgresPlatform
from tenure.errors import PlatformRefused, Unavailable
from tenure.ids import OrganisationId
from tests.integration.platform.conftest import ORGANISATION, World, account, order
from tests.integration.platform.vendor import Fault, Vendor, answers, loses_the_answer, problem


async def test_an_organisation_has_one_account(world: World) -> None:
    """The same order again, many at once, or the order of a retry: one account, and always its name (PRV-04)."""
    first = await world.platform.open_account(account())
    again = await asyncio.gather(*(world.platform.open_account(account(turn)) for turn in (1, 1, 2, 3)))
    assert set(again) == {first}
    assert await world.standing() == [first]


async def test_an_account_is_no_service(world: World) -> None:
    """What a trial of the same organisation builds and tears down does not touch it (PRV-01)."""
    opened = await world.platform.open_account(account())
    built = await world.platform.build(order())
    assert sorted(await world.standing()) == sorted([opened, built.resource])


async def test_what_a_vendor_is_told(http: HttpPlatform, vendor: Vendor) -> None:
    """Whose account under which key in path and header, and a body with what it is made of (ONB-05, PRV-01)."""
    await http.open_account(account())
    [request] = vendor.requests
    assert (request.method, request.url.path) == ("PUT", f"/base/v1/accounts/{ORGANISATION}")
    assert list(vendor.keys) == [f"{ORGANISATION}/account/1"]
    assert json.loads(vendor.bodies[0]) == {
        "organisation_id": ORGANISATION,
        "name": "Bakery",
        "country": "DE",
        "services": ["messaging", "calling"],
        "sites": [{"url": "bakery.meetings.example", "time_zone": "Europe/Berlin", "pstn": "cisco"}],
    }


async def test_it_is_closed_for_good(world: World) -> None:
    """Closed once, asked for again or never opened: no error, and nothing of the organisation stands (XC-07)."""
    await world.platform.close_account(ORGANISATION)
    await world.platform.open_account(account())
    for _ in range(2):
        await world.platform.close_account(ORGANISATION)
    assert await world.standing() == []


async def test_what_a_vendor_is_told_of_the_end(http: HttpPlatform, vendor: Vendor) -> None:
    """Whose account, under a key of its own, and nothing else; what is not there is closed (XC-07)."""
    await http.close_account(ORGANISATION)
    [request] = vendor.requests
    assert (request.method, request.url.path) == ("DELETE", f"/base/v1/accounts/{ORGANISATION}")
    assert (list(vendor.keys), vendor.bodies) == ([f"{ORGANISATION}/account/close"], [b""])


@pytest.mark.parametrize("fault", [answers(Response(status_code=503)), answers(Response(b"no json")), loses_the_answer])
async def test_nobody_knows_whether_it_was_created(http: HttpPlatform, vendor: Vendor, fault: Fault) -> None:
    """A vendor that fails, mumbles or loses its answer is asked again under the same key, and there is one account (PRV-04)."""
    vendor.fail(*[fault] * ATTEMPTS)
    with pytest.raises(Unavailable):
        await http.open_account(account())
    assert await http.open_account(account()) == vendor.standing[0]
    assert set(vendor.keys) == {account().key}
    assert len(vendor.standing) == 1


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (problem(422, code="country_unsupported", detail="Ada Lovelace"), "country_unsupported"),
        (problem(404), "http_404"),
        (problem(410, code="gone"), "gone"),
    ],
)
async def test_a_vendor_refuses(http: HttpPlatform, vendor: Vendor, refusal: Response, code: str) -> None:
    """Its code and no other word; what is not found is no account (PRV-05)."""
    vendor.fail(answers(refusal))
    with pytest.raises(PlatformRefused) as refused:
        await http.open_account(account())
    assert refused.value.code == code
    assert len(vendor.requests) == 1


async def test_an_answer_without_content_is_none(http: HttpPlatform, vendor: Vendor) -> None:
    """What tells a tear-down that all is gone does not tell an account's name (PRV-01)."""
    vendor.fail(*[answers(Response(status_code=204))] * ATTEMPTS)
    with pytest.raises(Unavailable, match="204"):
        await http.open_account(account())


async def test_nobody_who_is_gone_gets_an_account(database: Database) -> None:
    """Fenced or unknown: refused, and nothing is left that a purge would miss (SF-11)."""
    platform = PostgresPlatform(database)
    async with database.write() as connection:
        await connection.execute("update organisations set state = 'erasing' where organisation_id = $1", ORGANISATION)
    with pytest.raises(PlatformRefused, match="org_deleted"):
        await platform.open_account(account())
    nobody = account().model_copy(update={"organisation_id": OrganisationId("org_nobody")})
    with pytest.raises(PlatformRefused, match="organisation_not_found"):
        await platform.open_account(nobody)
    async with database.read() as connection:
        assert await connection.fetchval("select count(*) from platform_resources") == 0
