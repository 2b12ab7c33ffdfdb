"""Who may do what over HTTP: reviewers review and nothing else, a provisioning system deals with wholesale and reads the rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from tenure.contracts.credential import CredentialRole
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import admin
from tests.integration.wholesale.gate import Gate
from tests.unit.screening.published import DPL, LISTS
from tests.web.site import Site, code
from tests.web.trade import Trade, email

REVIEWS: Final = {"/v1/reviews", "/v1/reviews/{case_id}", "/v1/reviews/decide", "/v1/screenings"}
LOADING: Final = {"/v1/lists", "/v1/lists/update"}
UNSIGNED: Final = {"/v1/activity"}
"""Signed by its sender, and not by a token."""
WHOLESALE: Final = ("/v1/customers", "/v1/users", "/v1/numbers", "/v1/wizard")
ORDINARY: Final = {
    "organisation_id": "org_none",
    "trial_id": "trl_none",
    "order_id": "ord_none",
    "import_id": "none",
    "case_id": "case_none",
}


@asynccontextmanager
async def signed_in(site: Site, role: CredentialRole, **whose: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Plain HTTP with a token of a role."""
    token = await site.token(role, **whose)
    async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as http:
        yield http


async def operations(http: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Every method and path of the API."""
    document = (await http.get("/v1/openapi.json")).json()
    found = [(method, path) for path, methods in document["paths"].items() for method in methods]
    return [(method, path) for method, path in found if path.startswith("/v1/") and path not in UNSIGNED]


@pytest.mark.parametrize(("role", "place"), [(CredentialRole.REVIEWER, REVIEWS), (CredentialRole.LIST_KEEPER, LOADING)])
async def test_who_screens_reaches_their_own_place_alone(site: Site, role: CredentialRole, place: set[str]) -> None:
    """A reviewer's token is forbidden everywhere but at the reviews, a list keeper's everywhere but at the lists (RPL-14, P14)."""
    async with signed_in(site, role, name="rita") as http:
        found = await operations(http)
        assert len(found) > 80
        for method, path in found:
            answer = await http.request(method, path.format_map(ORDINARY))
            if path in place:
                assert answer.status_code not in {401, 403}, (method, path)
            else:
                assert (answer.status_code, code(answer)) == (403, "forbidden"), (method, path)


async def test_lists_are_loaded_by_their_keeper(site: Site) -> None:
    """The nightly job needs no operator's token; the audit names it, and nobody else but an operator may (RPL-16, P14)."""
    north = await site.town.partner()
    async with site.client(await site.token(CredentialRole.LIST_KEEPER, name="nightly")) as keeper:
        loaded = (await keeper.lists.update(LISTS / DPL[0])).screening_list
        assert loaded.loaded_by == "list_keeper:nightly"
        assert list(await keeper.lists.list()) == [loaded]
    for role in (CredentialRole.SERVICE, CredentialRole.REVIEWER, CredentialRole.PARTNER):
        partner_id = north if role is CredentialRole.PARTNER else None
        async with site.client(await site.token(role, partner_id, name=f"no-{role}")) as other:
            with pytest.raises(Refusal) as refusal:
                await other.lists.update(LISTS / DPL[0])
            assert refusal.value.code is RefusalCode.FORBIDDEN


async def test_the_queue_is_for_reviewers_and_operators(site: Site) -> None:
    """Operators look on and do not decide; nobody else learns of what was found (RPL-14)."""
    for role in (CredentialRole.SERVICE, CredentialRole.PARTNER, CredentialRole.SERVICE_PROVIDER):
        partner_id = await site.town.partner() if role is not CredentialRole.SERVICE else None
        async with signed_in(site, role, partner_id=partner_id) as http:
            for path in ("/v1/reviews", "/v1/reviews/case_none", "/v1/screenings?organisation_id=org_none"):
                assert code(await http.get(path)) == "forbidden", (role, path)
    async with signed_in(site, CredentialRole.OPERATOR, name="ada") as http:
        assert (await http.get("/v1/reviews")).json() == {"cases": [], "next_after": None}
        decision = {"case_id": "case_none", "decision": "approve", "reason": "x"}
        assert code(await http.post("/v1/reviews/decide", json=decision)) == "forbidden"


@pytest.fixture
async def tool(site: Site, trade: Trade) -> AsyncIterator[httpx.AsyncClient]:
    """The provisioning system of the partner that also sells trials."""
    async with signed_in(site, CredentialRole.SERVICE_PROVIDER, partner_id=trade.partner_id, name="tool") as http:
        yield http


async def test_a_provisioning_system_only_reads_what_is_not_wholesale(
    site: Site, trade: Trade, tool: httpx.AsyncClient
) -> None:
    """It is nobody's: trials, devices, deletions and facts are not for it, also in its own partner's name (TC-21, DM-12, P14)."""
    customer = await site.town.organisation()
    trial_id = await trade.asked(customer)
    active = await trade.active()
    for path in ("/v1/trials", "/v1/organisations", "/v1/devices", "/v1/calendar", f"/v1/trials/{trial_id}"):
        assert (await tool.get(path)).status_code == 200, path
    mine = {"trial_id": trial_id, "by": trade.seller}
    on_trial = {"trial_id": active.trial_id, "by": trade.seller}
    commands: dict[str, dict[str, Any]] = {
        "trials/request": trade.request(customer, services=("messaging",)).model_dump(mode="json"),
        "trials/resend-consent": mine,
        "trials/cancel": mine | {"confirmed": True},
        "trials/provide-details": mine,
        "trials/extend": on_trial | {"days": 20},
        "trials/edit": on_trial | {"services": ["calling"]},
        "trials/assign-licences": on_trial | {"give": []},
        "devices/request-return-label": on_trial,
        "devices/register-return": on_trial | {"serials": ["FCH1"]},
        "organisations/delete-now": {
            "organisation_id": active.organisation_id,
            "person_id": admin(active.organisation_id),
            "confirmation": active.organisation_name,
        },
        "licence-sets/grant": {"licence_set_id": "lic_x", "organisation_id": customer, "kind": "trial"},
        "managements/start": {"partner_id": trade.partner_id, "organisation_id": customer},
        "trials/accept": {"trial_id": trial_id, "person_id": admin(customer)},
        "wizard/launch": {"organisation_id": active.organisation_id},
    }
    before = await site.digest()
    for path, command in commands.items():
        refused = await tool.post(f"/v1/{path}", json=command)
        assert refused.status_code in {403, 409}, (path, refused.text)
        assert code(refused) in {"forbidden", "role_not_allowed", "devices_not_shipped"}, (path, refused.text)
    question = {"partner_id": trade.partner_id, "admin_email": email(customer)}
    assert (await tool.post("/v1/trials/offer", json=question)).status_code == 200
    assert await site.digest() == before


async def test_the_walk_of_commands_is_complete(site: Site, trade: Trade, tool: httpx.AsyncClient) -> None:
    """Outside wholesale no command answers a provisioning system with success, whichever it is (P14)."""
    asks = {"/v1/trials/offer", "/v1/devices/find-demo-order"}
    for method, path in await operations(tool):
        if method == "post" and not path.startswith(WHOLESALE) and path not in asks:
            answer = await tool.post(path.format_map(ORDINARY), json={})
            assert answer.status_code in {403, 409, 422}, (path, answer.text)


async def test_wholesale_is_for_those_who_may_act_for_the_partner(site: Site) -> None:
    """The partner's system and its sellers onboard; a token that reads, who does not sell, and rivals do not (PO-04, P14)."""
    gate = await Gate.open(site.town)
    north, south = gate.north, gate.south
    customer = await gate.active()
    command = gate.command().model_dump(mode="json")
    move = {"organisation_id": customer.organisation_id, "packages": {"suite": 7}}
    refused: tuple[tuple[CredentialRole, dict[str, Any], tuple[str, str]], ...] = (
        (CredentialRole.PARTNER, {"partner_id": north.partner_id}, ("forbidden", "forbidden")),
        (
            CredentialRole.PARTNER,
            {"partner_id": north.partner_id, "person_id": north.helper},
            ("role_not_allowed", "role_not_allowed"),
        ),
        (CredentialRole.SERVICE_PROVIDER, {"partner_id": south.partner_id}, ("forbidden", "customer_not_found")),
        (
            CredentialRole.PARTNER,
            {"partner_id": south.partner_id, "person_id": south.seller},
            ("forbidden", "customer_not_found"),
        ),
    )
    for number, (role, whose, expected) in enumerate(refused):
        async with signed_in(site, role, name=f"refused-{number}", **whose) as http:
            before = await site.digest()
            answers = [
                await http.post("/v1/customers/create", json=command),
                await http.post("/v1/customers/set-quantities", json=move),
            ]
            assert tuple(code(answer) for answer in answers) == expected, (role, whose)
            assert await site.digest() == before
    seller: dict[str, Any] = {"partner_id": north.partner_id, "person_id": north.seller}
    for role, may in ((CredentialRole.PARTNER, seller), (CredentialRole.SERVICE, {}), (CredentialRole.OPERATOR, {})):
        async with signed_in(site, role, name=f"may-{role}", **may) as http:
            assert (await http.post("/v1/customers/create", json=command)).status_code == 202
            assert (await http.post("/v1/customers/set-quantities", json=move)).status_code == 200
