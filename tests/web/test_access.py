"""Who may do what over HTTP, and that reading changes nothing."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tenure import Tenure
from tenure.contracts.credential import CredentialRole
from tenure.ids import PartnerId
from tests.integration.deletion.town import admin
from tests.web.site import Site, code
from tests.web.trade import Trade

_IDS = {"organisation_id": "org_a", "trial_id": "trl_a", "order_id": "ord_a", "import_id": "0", "case_id": "case_a"}
"""What stands in the paths of the API."""


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer tnr_wrong", "Basic YWRhOmFkYQ=="])
async def test_without_a_token_nothing_is_answered(site: Site, authorization: str | None) -> None:
    """Every operation of the API but the signed intake and the health asks for a valid bearer token (P14)."""
    async with httpx.AsyncClient(base_url=site.url) as http:
        document = (await http.get("/v1/openapi.json")).json()
        operations = [
            (method, path.format_map(_IDS))
            for path, methods in document["paths"].items()
            for method in methods
            if path.startswith("/v1/") and path != "/v1/activity"
        ]
        assert len(operations) > 25
        for method, path in operations:
            headers = {"Authorization": authorization} if authorization else {}
            response = await http.request(method, path, headers=headers)
            assert response.status_code == 401, (method, path)
            assert code(response) == "unauthenticated"
            assert response.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_token_is_refused(site: Site, http: httpx.AsyncClient) -> None:
    """Revoking a token ends it at once."""
    assert (await http.get("/v1/organisations")).status_code == 200
    await site.town.execute("update api_tokens set revoked_at = business_now()")
    assert code(await http.get("/v1/organisations")) == "unauthenticated"


async def test_a_service_does_not_hold_the_switches(http: httpx.AsyncClient) -> None:
    """Breakers, erasures, feeds and imports are in the hands of operators alone (SF-05, SF-11)."""
    for path in ("/v1/erasures", "/v1/breakers", "/v1/imports/0"):
        assert code(await http.get(path)) == "forbidden"
    for path, command in {
        "/v1/erasures/abort": {"organisations": ["org_a"], "reason": "x"},
        "/v1/breakers/release": {"scope": "fleet", "count": 1, "reason": "x"},
        "/v1/feeds/register": {"source": "a", "rhythm": "PT1H"},
    }.items():
        assert code(await http.post(path, json=command)) == "forbidden"


@pytest.fixture
async def partner_id(site: Site) -> PartnerId:
    """A partner."""
    return await site.town.partner()


@pytest.fixture
async def partner(site: Site, partner_id: PartnerId) -> AsyncIterator[httpx.AsyncClient]:
    """Plain HTTP with the partner's token."""
    token = await site.token(CredentialRole.PARTNER, partner_id)
    async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as http:
        yield http


async def test_a_partner_sees_its_customers_and_no_trace_of_others(
    site: Site, partner: httpx.AsyncClient, partner_id: PartnerId
) -> None:
    """What is not a partner's customer answers exactly as what does not exist (PS-06, P14)."""
    own = await site.town.organisation(managed_by=partner_id)
    other = await site.town.warned()
    listed = (await partner.get("/v1/organisations")).json()["organisations"]
    assert [organisation["organisation_id"] for organisation in listed] == [own]
    assert all(entry["organisation_id"] == own for entry in (await partner.get("/v1/calendar")).json()["dates"])
    assert (await partner.get("/v1/calendar.ics")).text.count("BEGIN:VEVENT") == 0
    for suffix in ("", "/explanation", "/notices", "/notices/preview"):
        assert (await partner.get(f"/v1/organisations/{own}{suffix}")).status_code == 200
        refused = await partner.get(f"/v1/organisations/{other}{suffix}")
        missing = await partner.get(f"/v1/organisations/org_none{suffix}")
        assert (refused.status_code, code(refused)) == (404, "organisation_not_found")
        assert refused.text == missing.text


async def test_a_partner_changes_nothing(site: Site, partner: httpx.AsyncClient, partner_id: PartnerId) -> None:
    """A partner's token reports no facts, holds no switches, and cannot ask for a customer's deletion (DM-12, P14)."""
    own = await site.town.organisation(managed_by=partner_id)
    before = await site.digest()
    for path, command in {
        "/v1/licence-sets/grant": {"licence_set_id": "lic_a", "organisation_id": own, "kind": "trial"},
        "/v1/managements/end": {"partner_id": partner_id, "organisation_id": own},
        "/v1/erasures/abort": {"organisations": [own], "reason": "x"},
        "/v1/breakers/release": {"scope": "fleet", "count": 1, "reason": "x"},
        "/v1/feeds/heartbeat": {"source": "identity", "watermark": "2026-01-01T00:00:00Z"},
    }.items():
        assert code(await partner.post(path, json=command)) == "forbidden"
    deletion = {"organisation_id": own, "person_id": admin(own), "confirmation": "Name of " + own[4:]}
    assert code(await partner.post("/v1/organisations/delete-now", json=deletion)) == "role_not_allowed"
    assert code(await partner.get(f"/v1/organisations/{own}/audit")) == "forbidden"
    assert await site.digest() == before


async def test_nobody_brings_back_or_exempts(site: Site, operator: Tenure, http: httpx.AsyncClient) -> None:
    """A request to restore is `irreversible`, one to exempt `no_exceptions`, for every organisation and role (DM-09, DM-10)."""
    marked = await site.town.organisation()
    await site.town.mark(marked)
    erased = await site.town.purging()
    await site.town.erase(erased)
    before = await site.digest()
    token = await site.token(CredentialRole.OPERATOR, name="root")
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        for organisation_id in (marked, erased, "org_none"):
            restore = await http.post(f"/v1/organisations/{organisation_id}/restore", headers=headers)
            exempt = await http.post(f"/v1/organisations/{organisation_id}/exempt", headers=headers)
            assert (restore.status_code, code(restore)) == (409, "irreversible")
            assert (exempt.status_code, code(exempt)) == (409, "no_exceptions")
    after = await site.digest()
    changed = {table for table in after if after[table] != before[table]}
    assert changed <= {"api_tokens", "audit"}  # the token of this test
    assert await site.town.audit(marked) == ["marked"]


async def test_no_get_changes_anything(site: Site, operator: Tenure, trade: Trade) -> None:
    """Reading everything there is to read, as API and as pages, leaves every table as it was (P14)."""
    town = site.town
    warned = await town.warned()
    erased = await town.purging()
    await town.erase(erased)
    await town.fenced()
    trial_id = await trade.asked(await town.organisation())
    token = await site.token(CredentialRole.OPERATOR, name="reader")
    before = await site.digest()
    async with httpx.AsyncClient(base_url=site.url) as http:
        form = {"Origin": site.url, "Content-Type": "application/x-www-form-urlencoded"}
        assert (await http.post("/console/sign-in", content=f"token={token}", headers=form)).status_code == 303
        document = (await http.get("/v1/openapi.json")).json()
        api = [path for path, methods in document["paths"].items() if "get" in methods]
        pages = ["", "?show=to-be-deleted", "calendar", "calendar.ics", "erasures", "breakers", "feeds", "sign-in"]
        pages += ["trials", "trials?show=ending", "devices", "devices?show=overdue", f"trials/{trial_id}"]
        pages += [f"organisations/{warned}", f"organisations/{warned}/warning", f"receipts/{erased}"]
        for path in api:
            for organisation_id in (warned, erased):
                address = path.format_map(_IDS | {"organisation_id": organisation_id, "trial_id": trial_id})
                response = await http.get(address, headers={"Authorization": f"Bearer {token}"})
                assert response.status_code < 500, (address, response.text)
        for page in pages:
            response = await http.get(f"/console/{page}")
            assert response.status_code == 200, (page, response.text)
    assert await site.digest() == before


async def test_the_audit_names_the_token(site: Site, operator: Tenure, http: httpx.AsyncClient) -> None:
    """Who acts is whom the token was issued to; nothing that a request says of itself changes that (XC-04)."""
    organisation_id = await site.town.organisation()
    grant = {"licence_set_id": "lic_a", "organisation_id": organisation_id, "kind": "trial"}
    await http.post("/v1/licence-sets/grant", json=grant, headers={"X-Tenure-Actor": "operator:mallory"})
    [entry] = await operator.organisations.audit(organisation_id)
    assert entry.actor == "service:orders"
