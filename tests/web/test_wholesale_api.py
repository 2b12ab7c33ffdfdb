"""Wholesale over HTTP: what is answered, what is refused with which code and status, and that refusals leave no trace."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenure.contracts.credential import CredentialRole
from tenure.contracts.organisation import Role
from tests.integration.deletion.town import DAY, Town
from tests.integration.wholesale.gate import SOLD, Gate
from tests.web.site import Site, code, open_site

type SignIn = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that sells one add-on."""
    async with open_site(town, tmp_path, catalogue=SOLD) as site:
        yield site


@pytest.fixture
async def gate(site: Site) -> Gate:
    """Two service providers, and the processes of their customers."""
    return await Gate.open(site.town)


@pytest.fixture
def signed_in(site: Site, gate: Gate) -> SignIn:
    """Signs in with a token of a role; a partner's is of `north`."""

    @asynccontextmanager
    async def sign_in(role: CredentialRole, **whose: Any) -> AsyncIterator[httpx.AsyncClient]:
        of_partner = role in {CredentialRole.PARTNER, CredentialRole.SERVICE_PROVIDER}
        partner_id = whose.pop("partner_id", gate.north.partner_id if of_partner else None)
        token = await site.token(role, partner_id, **whose)
        async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as http:
            yield http

    return sign_in


@pytest.fixture
async def tool(signed_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """The provisioning system of the service provider `north`."""
    async with signed_in(CredentialRole.SERVICE_PROVIDER, name="tool") as http:
        yield http


@pytest.fixture
async def reviewer(signed_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """Rita, who reviews."""
    async with signed_in(CredentialRole.REVIEWER, name="rita") as http:
        yield http


def body(gate: Gate, **changes: Any) -> dict[str, Any]:
    """A customer of `north` as it is sent."""
    return gate.command(**{"add_ons": {"attendant-console": 1}, **changes}).model_dump(mode="json")


async def test_each_bad_creation_has_its_code(site: Site, gate: Gate, tool: httpx.AsyncClient) -> None:
    """What is missing or unknown is said by code, as 422 where it is the input; nothing is stored (ONB-04, ONB-06, P10)."""
    complete = body(gate)
    city = {"city": "Berlin", "country": None}
    before = await site.digest()
    for changes, status, expected in (
        ({"external_id": None}, 422, "external_id_required"),
        ({"billing_address": city}, 422, "billing_country_required"),
        ({"billing_address": city | {"country": "QQ"}}, 422, "invalid_country"),
        ({"org_country": "FR"}, 422, "org_country_not_settable"),
        ({"package": "gold"}, 422, "unknown_package"),
        ({"packages": {"suite": -1}}, 422, "invalid_quantity"),
        ({"packages": {}}, 422, "invalid_quantity"),
        ({"packages": {"suite": 1.5}}, 422, "invalid_input"),
        ({"add_ons": {"gold": 1}}, 422, "unknown_add_on"),
        ({"add_ons": {"calling-plan": 1}}, 409, "add_on_not_available"),
        (
            {"sites": [{"url": "a.example", "pstn": "cisco", "telephony_domain": "mars"}]},
            422,
            "unknown_telephony_domain",
        ),
        ({"partner_id": "ptr_south"}, 403, "forbidden"),
        ({"surprise": True}, 422, "invalid_input"),
    ):
        answer = await tool.post("/v1/customers/create", json=complete | changes)
        assert (answer.status_code, code(answer)) == (status, expected), changes
    assert await site.digest() == before


async def test_a_creation_is_taken_in_once(site: Site, gate: Gate, tool: httpx.AsyncClient) -> None:
    """202 with where to follow it; the same body is the same customer, another one a conflict (ONB-07, ONB-08)."""
    complete = body(gate)
    taken = await tool.post("/v1/customers/create", json=complete, headers={"Idempotency-Key": "one"})
    assert taken.status_code == 202, taken.text
    customer = taken.json()
    assert taken.headers["location"] == f"/v1/customers/{customer['organisation_id']}"
    assert (customer["state"], customer["org_country"], customer["is_own_org"]) == ("received", "DE", False)
    for headers in ({"Idempotency-Key": "one"}, {}):
        again = await tool.post("/v1/customers/create", json=complete, headers=headers)
        assert (again.status_code, again.json()) == (202, customer)
    before = await site.digest()
    other = await tool.post("/v1/customers/create", json=complete | {"name": "Another"})
    assert (other.status_code, code(other)) == (409, "conflict")
    assert (await tool.get(taken.headers["location"])).json() == customer
    assert await site.digest() == before


async def test_customers_are_listed_by_page_and_state(gate: Gate, tool: httpx.AsyncClient, signed_in: SignIn) -> None:
    """Filters and pages give each customer once; another partner's answer as if there were none (PO-08, P14)."""
    customers = [await gate.create() for _ in range(3)]
    foreign = await gate.create(partner_id=gate.south.partner_id)
    active = await gate.active()
    found, after = [], None
    while True:
        page = (await tool.get("/v1/customers", params={"limit": 2} | ({"after": after} if after else {}))).json()
        found += [one["organisation_id"] for one in page["customers"]]
        after = page["next_after"]
        if after is None:
            break
    assert found == sorted(one.organisation_id for one in (*customers, active))
    listed = (await tool.get("/v1/customers", params={"state": "active"})).json()["customers"]
    assert [one["organisation_id"] for one in listed] == [active.organisation_id]
    assert code(await tool.get("/v1/customers", params={"partner_id": "ptr_south"})) == "forbidden"
    for path in (f"/v1/customers/{foreign.organisation_id}", f"/v1/customers/{foreign.organisation_id}/users"):
        refused = await tool.get(path)
        assert (refused.status_code, code(refused)) == (404, "customer_not_found")
    async with signed_in(CredentialRole.SERVICE, name="orders") as http:
        partners = {one["partner_id"] for one in (await http.get("/v1/customers")).json()["customers"]}
    assert partners == {"ptr_north", "ptr_south"}


async def test_a_hit_holds_everything_until_the_reviewer_decides(
    site: Site, gate: Gate, tool: httpx.AsyncClient, reviewer: httpx.AsyncClient, signed_in: SignIn
) -> None:
    """Under review each command is 409; the queue says age and deadline; one decision by a reviewer alone (RPL-06, RPL-13 to RPL-15)."""
    customer, case = await gate.held()
    before = await site.digest()
    user = {"organisation_id": customer.organisation_id, "email": "a@b.example", "package": "suite"}
    address = {"organisation_id": customer.organisation_id, "billing_address": {"country": "FR"}}
    for path, command in {
        "/v1/users/create": user,
        "/v1/customers/run-provisioning": {"organisation_id": customer.organisation_id},
        "/v1/customers/update-billing-address": address,
    }.items():
        refused = await tool.post(path, json=command)
        assert (refused.status_code, code(refused)) == (409, "rpl_review_pending"), path
    await site.town.advance(DAY / 12)
    [listed] = (await reviewer.get("/v1/reviews", params={"state": "open", "older_than_minutes": 60})).json()["cases"]
    assert (listed["case_id"], listed["slow"], listed["hits"]) == (case.case_id, True, 1)
    assert (await reviewer.get("/v1/reviews", params={"older_than_minutes": 180})).json()["cases"] == []
    decision = {"case_id": case.case_id, "decision": "approve", "reason": "Another company"}
    for role in set(CredentialRole) - {CredentialRole.REVIEWER}:
        async with signed_in(role, name=f"some-{role.replace('_', '-')}") as http:
            assert code(await http.post("/v1/reviews/decide", json=decision)) == "forbidden", role
    decided = await reviewer.post("/v1/reviews/decide", json=decision)
    assert (decided.json()["state"], decided.json()["decided_by"]) == ("approved", "reviewer:rita")
    after = await site.digest()
    assert (await reviewer.post("/v1/reviews/decide", json=decision)).json()["state"] == "approved"
    late = await reviewer.post("/v1/reviews/decide", json=decision | {"decision": "reject"})
    assert (late.status_code, code(late)) == (409, "case_closed")
    assert await site.digest() == after
    assert after["onboardings"] != before["onboardings"]
    [screened] = (await reviewer.get("/v1/screenings", params={"organisation_id": customer.organisation_id})).json()[
        "screenings"
    ]
    assert (screened["trigger"], screened["result"], screened["case_id"]) == ("create", "match", case.case_id)
    assert code(await reviewer.get("/v1/reviews/case_none")) == "case_not_found"


async def test_a_moving_customer_keeps_its_address(gate: Gate, tool: httpx.AsyncClient) -> None:
    """A new address is taken as proposed, the old one stays in force, and a second one waits its turn (RPL-17, RPL-18)."""
    customer = await gate.active()
    move = {"organisation_id": customer.organisation_id, "billing_address": {"city": "Paris", "country": "FR"}}
    for address, expected in (({}, "billing_country_required"), ({"country": "XY"}, "invalid_country")):
        refused = await tool.post("/v1/customers/update-billing-address", json=move | {"billing_address": address})
        assert (refused.status_code, code(refused)) == (422, expected)
    proposed = await tool.post("/v1/customers/update-billing-address", json=move)
    assert proposed.status_code == 202
    view = proposed.json()
    assert (view["state"], view["billing_address"]["city"]) == ("active", "Berlin")
    assert (view["address_change"]["state"], view["address_change"]["billing_address"]["city"]) == (
        "address_screening",
        "Paris",
    )
    again = await tool.post("/v1/customers/update-billing-address", json=move)
    assert (again.status_code, code(again)) == (409, "rpl_review_pending")


async def test_users_have_what_was_bought(site: Site, gate: Gate, tool: httpx.AsyncClient) -> None:
    """Packages, add-ons, roles and numbers are taken, changed and given back, each refusal with its code (PKG, ADD, NUM, ADM)."""
    customer = await gate.active(packages={"suite": 2, "voice": 1, "meetings": 1}, add_ons={"attendant-console": 1})
    own = {"organisation_id": customer.organisation_id}
    admin = await gate.admin(customer.organisation_id)

    async def post(path: str, **fields: Any) -> httpx.Response:
        return await tool.post(f"/v1/{path}", json=own | fields)

    async def refused(status: int, expected: str, path: str, **fields: Any) -> dict[str, Any]:
        before = await site.digest()
        answer = await post(path, **fields)
        assert (answer.status_code, code(answer)) == (status, expected)
        assert await site.digest() == before
        return dict(answer.json())

    await refused(422, "package_required", "users/create", email="jo@k.example")
    await refused(422, "unknown_package", "users/create", email="jo@k.example", package="gold")
    jo = (await post("users/create", email="jo@k.example", package="suite")).json()
    assert (jo["package"], jo["services"]) == ("suite", ["messaging", "meetings", "calling"])
    assert (await post("users/create", email="jo@k.example", package="suite")).json() == jo
    await refused(409, "user_exists", "users/create", email="jo@k.example", package="voice")
    problem = await refused(409, "package_quantity_exceeded", "users/create", email="al@k.example", package="suite")
    assert problem["details"] == {"code": "suite", "limit": 2, "assigned": 2, "requested": 1}
    who = {"user_id": jo["person_id"]}
    assert (await post("users/change-package", **who, package="meetings")).json()["package"] == "meetings"
    await refused(409, "admin_package_mismatch", "users/set-role", **who, role="customer_admin")
    await refused(409, "admin_package_downgrade_not_supported", "users/change-package", user_id=admin, package="voice")
    await refused(409, "last_full_admin", "users/set-role", user_id=admin, role="user")
    await refused(409, "calling_not_entitled", "numbers/assign", **who, phone_number="+4930111")
    assert (await post("users/assign-add-on", **who, add_on="attendant-console")).json()["add_ons"] == [
        "attendant-console"
    ]
    await refused(409, "add_on_quantity_exceeded", "users/assign-add-on", user_id=admin, add_on="attendant-console")
    await refused(409, "add_on_not_available", "users/assign-add-on", **who, add_on="calling-plan")
    assert (await post("numbers/assign", user_id=admin, phone_number="+49301234567")).json()["user_id"] == admin
    await refused(409, "number_in_use", "numbers/assign", location="Lobby", phone_number="+49301234567")
    assert (await post("numbers/release", phone_number="+49301234567")).json()["user_id"] is None
    await refused(409, "quantity_below_assigned", "customers/set-quantities", packages={"suite": 0})
    raised = (await post("customers/set-quantities", packages={"suite": 9})).json()["quantities"]
    assert {one["code"]: (one["limit"], one["assigned"]) for one in raised}["suite"] == (9, 1)
    assert (await post("users/delete", **who)).status_code == 204
    await refused(404, "user_not_found", "users/delete", **who)
    listed = (await tool.get(f"/v1/customers/{customer.organisation_id}/users")).json()["users"]
    assert [one["person_id"] for one in listed] == [admin]
    billed = {"partner_id": "ptr_north", "from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"}
    [item] = (await tool.get("/v1/billable-items", params=billed)).json()["items"]
    assert (item["add_on"], item["person_id"], item["ended_at"] is None) == (
        "attendant-console",
        jo["person_id"],
        False,
    )
    unsaid = await tool.get("/v1/billable-items", params={"partner_id": "ptr_north"})
    assert (unsaid.status_code, code(unsaid)) == (422, "invalid_input")


async def test_provisioning_tells_of_each_item(gate: Gate, tool: httpx.AsyncClient) -> None:
    """What was done stays, what failed says why, and running it again does nothing twice (PRV-04, PRV-05)."""
    customer = await gate.active(packages={"suite": 2})
    command = {
        "organisation_id": customer.organisation_id,
        "users": [{"email": f"{name}@k.example", "package": "suite"} for name in ("jo", "al")],
        "numbers": [{"phone_number": "+49305550001", "email": "jo@k.example"}],
    }
    first, again = [(await tool.post("/v1/customers/run-provisioning", json=command)).json() for _ in range(2)]
    assert [(one["key"], one["outcome"], one["code"]) for one in first["results"]] == [
        ("jo@k.example", "created", None),
        ("al@k.example", "failed", "package_quantity_exceeded"),
        ("+49305550001", "created", None),
    ]
    assert [one["outcome"] for one in again["results"]] == ["present", "failed", "present"]


async def test_a_subscription_is_unpaid_then_cancelled(gate: Gate, tool: httpx.AsyncClient) -> None:
    """Unpaid suspends, paid clears it; cancelling twice is once; and its end closes the customer (BIL-03, PO-08)."""
    customer = await gate.active()
    assert customer.subscription is not None
    own = {"licence_set_id": customer.subscription.licence_set_id}
    unpaid = (await tool.post("/v1/customers/set-payment-state", json=own | {"payment_state": "unpaid"})).json()
    assert (unpaid["payment_state"], "suspended" in unpaid["statuses"]) == ("unpaid", True)
    paid = (await tool.post("/v1/customers/set-payment-state", json=own | {"payment_state": "paid"})).json()
    assert "suspended" not in paid["statuses"]
    first, again = [(await tool.post("/v1/customers/cancel-subscription", json=own)).json() for _ in range(2)]
    assert first == again
    assert (await tool.get(f"/v1/customers/{customer.organisation_id}")).json()["state"] == "cancelled"
    user = {"organisation_id": customer.organisation_id, "email": "a@b.example", "package": "suite"}
    refused = await tool.post("/v1/users/create", json=user)
    assert (refused.status_code, code(refused)) == (409, "customer_cancelled")
    missing = await tool.post("/v1/customers/cancel-subscription", json={"licence_set_id": "lic_none"})
    assert (missing.status_code, code(missing)) == (404, "subscription_not_found")


async def test_the_wizard_goes_step_by_step(gate: Gate, signed_in: SignIn) -> None:
    """Terms come first, a console waits for the end, and what is done stays done (WIZ-02 to WIZ-06)."""
    customer = await gate.active()
    own = {"organisation_id": customer.organisation_id, "person_id": await gate.admin(customer.organisation_id)}
    async with signed_in(CredentialRole.SERVICE, name="console") as http:

        async def post(step: str, **fields: Any) -> httpx.Response:
            return await http.post(f"/v1/wizard/{step}", json=own | fields)

        wizard = (await post("launch")).json()
        assert (wizard["step"], wizard["package"]) == ("accept_terms", "suite")
        early = await post("get-started")
        assert (early.status_code, code(early)) == (409, "terms_not_accepted")
        outdated = await post("accept-terms", terms_version="0")
        assert (outdated.status_code, code(outdated)) == (409, "terms_outdated")
        user = own | {"email": "jo@k.example", "package": "suite"}
        unready = await http.post("/v1/users/create", json=user)
        assert (unready.status_code, code(unready)) == (409, "setup_incomplete")
        accepted = (await post("accept-terms", terms_version=wizard["terms_version"])).json()
        assert accepted["accepted_by"] == own["person_id"]
        assert (await post("get-started")).json()["step"] == "follow_prompts"
        assert [(await post(step)).json()["step"] for step in ("complete", "launch")] == ["complete"] * 2
        assert (await http.post("/v1/users/create", json=user)).status_code == 200
        nobody = await http.post("/v1/wizard/launch", json=own | {"person_id": "per_none"})
        assert (nobody.status_code, code(nobody)) == (404, "person_not_found")
    jo = await gate.person("clerk", customer.organisation_id, Role.USER)
    async with signed_in(CredentialRole.SERVICE, name="console-two") as http:
        assert code(await http.post("/v1/wizard/launch", json=own | {"person_id": jo})) == "role_not_allowed"


async def test_packages_are_what_the_catalogue_says(tool: httpx.AsyncClient) -> None:
    """Codes, levels and services of packages, and which add-ons can be had (PKG-04, ADD-02)."""
    offers = (await tool.get("/v1/packages")).json()
    assert {one["code"]: one["level"] for one in offers["packages"]}["suite"] == 4
    assert {one["code"]: one["available"] for one in offers["add_ons"]} == {
        "attendant-console": True,
        "calling-plan": False,
    }


async def test_the_examples_of_the_document_are_well_formed(http: httpx.AsyncClient) -> None:
    """What the document shows as a body is one: whoever sends it is told of the facts, and not of its form (PO-03)."""
    document = (await http.get("/v1/openapi.json")).json()
    shown = [
        (path, example["value"])
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    assert len(shown) >= 6
    for path, value in shown:
        assert code(await http.post(path, json=value)) in {"partner_not_found", "customer_not_found", "forbidden"}, path
