"""Trials over HTTP: what is refused with which status, who may ask, and what a person's token of a partner may do."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus

import httpx
import pytest

from tenure.contracts.credential import CredentialRole
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PersonId
from tests.integration.deletion.town import DAY, admin
from tests.web.site import Site, code
from tests.web.trade import Trade, email
from web import problems

type SignIn = Callable[[PersonId | None], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def customer(site: Site) -> OrganisationId:
    """An organisation that the partner does not manage."""
    return await site.town.organisation()


@pytest.fixture
def as_partner(site: Site, trade: Trade) -> SignIn:
    """Signs in with a token of the partner, of a person or of nobody."""

    @asynccontextmanager
    async def sign_in(person_id: PersonId | None) -> AsyncIterator[httpx.AsyncClient]:
        name = "north" if person_id is None else person_id.name
        token = await site.token(CredentialRole.PARTNER, trade.partner_id, name, person_id)
        async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as http:
            yield http

    return sign_in


def test_every_refusal_has_its_status() -> None:
    """Roles are 403, forms 422, what lapsed 410, what is not there 404, and the rest a conflict (XC-05)."""
    forbidden = {
        RefusalCode.FORBIDDEN,
        RefusalCode.ROLE_NOT_ALLOWED,
        RefusalCode.PARTNER_NOT_CERTIFIED,
        RefusalCode.NOT_TRIAL_OWNER,
        RefusalCode.CONSENT_NEEDS_FULL_ADMIN,
        RefusalCode.ACCESS_LEVEL_INSUFFICIENT,
        RefusalCode.TIER2_USE_DISTRIBUTOR,
    }
    statuses = {refusal: problems.status_of(refusal) for refusal in RefusalCode}
    assert {refusal for refusal, status in statuses.items() if status is HTTPStatus.FORBIDDEN} == forbidden
    gone = {RefusalCode.ORG_DELETED, RefusalCode.CONSENT_EXPIRED}
    assert {refusal for refusal, status in statuses.items() if status is HTTPStatus.GONE} == gone
    assert statuses[RefusalCode.LINK_INVALID] is HTTPStatus.NOT_FOUND
    for refusal in (
        RefusalCode.INDUSTRY_UNKNOWN,
        RefusalCode.COUNTRY_UNSUPPORTED,
        RefusalCode.NO_SERVICE_SELECTED,
        RefusalCode.SITE_DETAILS_REQUIRED,
        RefusalCode.EXTENSION_TOO_LONG,
        RefusalCode.CONFIRMATION_REQUIRED,
    ):
        assert statuses[refusal] is HTTPStatus.UNPROCESSABLE_ENTITY
    for refusal in (RefusalCode.SERVICE_ALREADY_OWNED, RefusalCode.REQUEST_PENDING, RefusalCode.GRACE_OVER):
        assert statuses[refusal] is HTTPStatus.CONFLICT


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"services": []}, 422, "no_service_selected"),
        ({"services": ["telepathy"]}, 422, "service_unknown"),
        ({"services": ["meetings-enterprise"]}, 422, "site_details_required"),
        ({"industry": "alchemy"}, 422, "industry_unknown"),
        ({"country": "AQ"}, 422, "country_unsupported"),
        ({"length_days": 31}, 422, "length_not_offered"),
        ({"company_name": None}, 422, "customer_details_required"),
        ({"industry": "No Key"}, 422, "invalid_input"),
        ({"partner_id": "ptr_none"}, 404, "partner_not_found"),
        ({"requested_by": "helper"}, 403, "role_not_allowed"),
        ({"organisation_id": "home"}, 409, "own_org_needs_order"),
        ({"surprise": True}, 422, "invalid_input"),
    ],
)
async def test_a_request_is_refused_with_its_code(
    site: Site,
    trade: Trade,
    http: httpx.AsyncClient,
    customer: OrganisationId,
    changes: dict[str, object],
    status: int,
    expected: str,
) -> None:
    """What speaks against a request is said by its code, and nothing was stored (TR-02 to TR-09, P10)."""
    names = {"helper": trade.helper, "home": trade.home}
    meant = {name: names.get(str(value), value) for name, value in changes.items()}
    before = await site.digest()
    response = await http.post("/v1/trials/request", json=trade.request(customer).model_dump(mode="json") | meant)
    assert (response.status_code, code(response)) == (status, expected)
    assert await site.digest() == before


async def test_a_request_is_answered_at_once_and_once(
    site: Site, trade: Trade, http: httpx.AsyncClient, customer: OrganisationId
) -> None:
    """The answer is the state; the same request again is the same trial, another one under its id is refused (TR-23)."""
    command = trade.request(customer).model_dump(mode="json")
    first, second = [await http.post("/v1/trials/request", json=command) for _ in range(2)]
    assert first.json() == second.json()
    assert (first.json()["state"], first.json()["consent"]) == ("pending_consent", "pending")
    other = await http.post("/v1/trials/request", json=command | {"services": ["calling"]})
    assert (other.status_code, code(other)) == (409, "trial_exists")
    again = await http.post("/v1/trials/request", json=command | {"trial_id": "trl_other"})
    assert (again.status_code, code(again)) == (409, "request_pending")


async def test_an_offer_changes_nothing(
    site: Site, trade: Trade, http: httpx.AsyncClient, customer: OrganisationId
) -> None:
    """Path, region and services are shown before anything is asked for (TR-05, TR-14, TR-20)."""
    before = await site.digest()
    question = {"partner_id": trade.partner_id, "admin_email": email(customer)}
    existing = (await http.post("/v1/trials/offer", json=question)).json()
    assert (existing["path"], existing["organisation_id"]) == ("existing_customer", customer)
    question = {"partner_id": trade.partner_id, "admin_email": "new@new.example", "country": "US"}
    new = (await http.post("/v1/trials/offer", json=question)).json()
    assert (new["path"], new["region"], new["lengths_days"]) == ("new_customer", "us", [30, 60, 90])
    assert {service["refusal"] for service in new["services"]} == {None}
    assert await site.digest() == before


async def test_the_list_is_filtered(
    site: Site, trade: Trade, http: httpx.AsyncClient, customer: OrganisationId
) -> None:
    """By partner, customer, state, and by how soon they end, page by page (PS-02, PS-04)."""
    pending = await trade.asked(customer)
    soon, late = await trade.active(), await trade.active(length_days=90)

    async def listed(**filters: object) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while True:
            parameters = {
                name: str(value) for name, value in {**filters, "after": after, "limit": 1}.items() if value is not None
            }
            page = (await http.get("/v1/trials", params=parameters)).json()
            found += [one["trial_id"] for one in page["trials"]]
            after = page["next_after"]
            if after is None:
                return found

    assert await listed() == sorted([pending, soon.trial_id, late.trial_id])
    assert await listed(state="pending_consent") == [pending]
    assert await listed(organisation_id=late.organisation_id) == [late.trial_id]
    assert await listed(ending_within_days=31) == [soon.trial_id]
    assert await listed(partner_id="ptr_other") == []
    assert await listed(soonest_first=True) == [pending, soon.trial_id, late.trial_id]
    cursors = (
        "",
        "x",
        "1.",
        "trl_A",
        "-1.trl_a",
        "NaN.trl_a",
        "9" * 18 + ".trl_a",
        "over.trl_a",
        "over0.trl_a'--",
        "over0.trl_a\x00",
    )
    wrong = ({"state": "asleep"}, {"limit": "1001"}, *({"after": after} for after in cursors))
    for parameters in (*wrong, *(one | {"soonest_first": "true"} for one in wrong)):
        response = await http.get("/v1/trials", params=parameters)
        assert (response.status_code, code(response)) == (422, "invalid_input"), parameters


async def test_the_customers_console_asks_and_decides(
    site: Site, trade: Trade, http: httpx.AsyncClient, customer: OrganisationId
) -> None:
    """A full admin who signs in is shown the request, mailed or not, and decides there (CO-07, CS-01)."""
    first, second = await trade.asked(customer), None
    path = f"/v1/organisations/{customer}/consent-requests"
    [asked] = (await http.get(path, params={"person_id": admin(customer)})).json()
    assert (asked["trial_id"], asked["partner_id"]) == (first, trade.partner_id)
    stranger = await http.get(path, params={"person_id": trade.seller})
    assert (stranger.status_code, code(stranger)) == (403, "consent_needs_full_admin")
    assert code(await http.post("/v1/trials/accept", json={"trial_id": first, "person_id": trade.seller})) == (
        "consent_needs_full_admin"
    )
    declined = await http.post("/v1/trials/decline", json={"trial_id": first, "person_id": admin(customer)})
    assert declined.status_code == 204
    assert (await http.get(path, params={"person_id": admin(customer)})).json() == []
    second = await trade.asked(customer)
    accepted = await http.post("/v1/trials/accept", json={"trial_id": second, "person_id": admin(customer)})
    assert (accepted.json()["state"], accepted.json()["access"]) == ("awaiting_details", "provisioning")
    late = await trade.asked(await site.town.organisation())
    await site.town.advance(10 * DAY)
    view = await http.get(f"/v1/trials/{late}")
    decision = {"trial_id": late, "person_id": admin(OrganisationId(view.json()["organisation_id"]))}
    over = await http.post("/v1/trials/accept", json=decision)
    assert (over.status_code, code(over)) == (410, "consent_expired")


async def test_full_access_is_the_customers_to_give(
    site: Site, trade: Trade, http: httpx.AsyncClient, customer: OrganisationId
) -> None:
    """Only a full admin of the customer gives full access to a managing partner (RO-02)."""
    trial_id = await trade.asked(customer)
    await http.post("/v1/trials/accept", json={"trial_id": trial_id, "person_id": admin(customer)})
    grant = {"organisation_id": customer, "partner_id": trade.partner_id, "person_id": trade.seller}
    refused = await http.post("/v1/managements/grant-full-access", json=grant)
    assert refused.status_code in (403, 404)
    granted = await http.post("/v1/managements/grant-full-access", json=grant | {"person_id": admin(customer)})
    assert granted.status_code == 204
    assert (await http.get(f"/v1/trials/{trial_id}")).json()["access"] == "full"


async def test_a_persons_token_acts_for_that_person_alone(
    site: Site, trade: Trade, as_partner: SignIn, customer: OrganisationId
) -> None:
    """A token of a partner's person deals with its own trials as that person; one of nobody only reads (TC-21, P14)."""
    command = trade.request(customer).model_dump(mode="json")
    async with as_partner(trade.seller) as http, as_partner(None) as reader:
        requested = await http.post("/v1/trials/request", json=command)
        assert requested.status_code == 200
        trial_id = requested.json()["trial_id"]
        assert (await reader.get(f"/v1/trials/{trial_id}")).json() == requested.json()
        own = {"trial_id": trial_id, "by": trade.seller}
        before = await site.digest()
        assert code(await reader.post("/v1/trials/resend-consent", json=own)) == "forbidden"
        for path in ("resend-consent", "cancel", "provide-details"):
            refused = await http.post(f"/v1/trials/{path}", json={"trial_id": trial_id, "by": trade.helper})
            assert code(refused) == "forbidden"
        assert await site.digest() == before
        assert (await http.post("/v1/trials/resend-consent", json=own)).status_code == 200
        unconfirmed = await http.post("/v1/trials/cancel", json=own)
        assert (unconfirmed.status_code, code(unconfirmed)) == (422, "confirmation_required")
        cancelled = await http.post("/v1/trials/cancel", json=own | {"confirmed": True})
        assert cancelled.json()["state"] == "cancelled"
    [entry] = await site.town.fetch("select actor from audit where action = 'trial_requested'")
    assert entry["actor"] == f"partner:{trade.seller.name}"


async def test_another_partner_sees_and_does_nothing(
    site: Site, trade: Trade, http: httpx.AsyncClient, customer: OrganisationId
) -> None:
    """A trial of another partner answers as if there were none, and its owner alone changes it (TC-21, PS-06, P14)."""
    trial_id = await trade.asked(customer)
    rival = await Trade.open(site)
    token = await site.token(CredentialRole.PARTNER, rival.partner_id, "rival", rival.seller)
    async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as other:
        assert (await other.get("/v1/trials")).json()["trials"] == []
        assert code(await other.get(f"/v1/trials/{trial_id}")) == "trial_not_found"
        command = {"trial_id": trial_id, "by": rival.seller}
        refused = await other.post("/v1/trials/resend-consent", json=command)
        assert code(refused) in {"trial_not_found", "forbidden"}
        assert (await other.get("/v1/devices")).json() == {"returns": [], "next_after": None}
        for parameters in ({"limit": "0"}, {"limit": "1001"}, {"after": f"over.{trial_id}"}, {"after": trial_id}):
            assert code(await other.get("/v1/devices", params=parameters)) == "invalid_input", parameters
    owner = await http.post("/v1/trials/resend-consent", json=command)
    assert (owner.status_code, code(owner)) == (403, "not_trial_owner")


async def test_partners_report_no_facts(site: Site, trade: Trade, as_partner: SignIn, customer: OrganisationId) -> None:
    """Orders, shipments and the customer's decisions are not for a partner's token, whoever's it is (CO-05, P14)."""
    trial_id = await trade.asked(customer)
    decision = {"trial_id": trial_id, "person_id": admin(customer)}
    order = {"trial_id": trial_id, "order_id": "ord_a", "licence_set_id": "lic_a", "services": ["calling"]}
    shipment = {"trial_id": trial_id, "demo_order": "D1", "serials": ["ABCD"], "device_ends_at": "2036-01-01T00:00:00Z"}
    grant = {"organisation_id": customer, "partner_id": trade.partner_id, "person_id": admin(customer)}
    async with as_partner(trade.seller) as http:
        before = await site.digest()
        for path, command in {
            "/v1/trials/accept": decision,
            "/v1/trials/decline": decision,
            "/v1/trials/convert": order,
            "/v1/trials/convert?dry_run=true": order,
            "/v1/orders/tie": {"order_id": "ord_a", "acting_as": "partner", "admin_email": email(customer)},
            "/v1/devices/ship": shipment,
            "/v1/managements/grant-full-access": grant,
        }.items():
            assert code(await http.post(path, json=command)) == "forbidden", path
        listing = await http.get(
            f"/v1/organisations/{customer}/consent-requests", params={"person_id": admin(customer)}
        )
        assert code(listing) == "forbidden"
        assert await site.digest() == before
