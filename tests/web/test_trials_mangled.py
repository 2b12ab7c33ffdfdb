"""Whatever is sent to the doors of trials is answered: done, or refused by a code, and never by a fault (XC-05, P4, P10)."""

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.deletion.town import LINKS, admin
from tests.web.site import Site
from tests.web.trade import Trade

_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**40,
    1e308,
    "",
    " ",
    "\x00",
    "a\x00b@b.example",
    "\ud800",
    "x" * 300,
    "x" * 100_000,
    "\u202eevil\u2069",
    "\uff41\uff20\uff42.example",
    "ß@ẞ.example",
    "İ@i̇.example",
    "org_consumer",
    "org_none",
    "trl_" + "a" * 48,
    "trl_A",
    "per_none",
    "lic_none",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "calling",
    [],
    [None],
    ["calling", "calling"],
    ["calling"] * 65,
    ["SN-0001", "sn-0001"],
    {},
    {"url": "a.b", "time_zone": "UTC"},
    {"url": "İ.example", "time_zone": "../../etc/passwd"},
)
_ROUNDS = 12


def mangled(dice: random.Random, bodies: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each body as it should be, and then with one or two fields that are odd."""
    for path, body in bodies.items():
        yield path, body
        for _ in range(_ROUNDS):
            fields = dice.sample(sorted(body), k=min(len(body), dice.choice((1, 1, 2))))
            yield path, body | {field: dice.choice(_ODD) for field in fields}


def bodies_of(trade: Trade, trial: dict[str, Any], customer: str) -> dict[str, dict[str, Any]]:
    """What each of the doors takes."""
    trial_id, person_id = trial["trial_id"], str(admin(trial["organisation_id"]))
    by = {"trial_id": trial_id, "by": trade.seller}
    request = {
        "trial_id": "trl_mangled",
        "partner_id": trade.partner_id,
        "requested_by": trade.seller,
        "services": ["messaging", "meetings-enterprise"],
        "length_days": 30,
        "company_name": "Mangled",
        "admin_email": "eve@mangled.example",
        "admin_name": "Eve",
        "industry": "retail",
        "country": "DE",
        "language": "de",
        "time_zone": "Europe/Berlin",
        "site": {"url": "mangled.meet.example", "time_zone": "Europe/Berlin"},
        "devices": [{"model": "Desk", "quantity": 2}],
    }
    return {
        "/v1/trials/offer": {
            "partner_id": trade.partner_id,
            "organisation_id": customer,
            "admin_email": "a@b.example",
            "country": "DE",
        },
        "/v1/trials/request": request,
        "/v1/trials/resend-consent": by,
        "/v1/trials/provide-details": by | {"seats": 3},
        "/v1/trials/extend": by | {"days": 3, "confirmed": True},
        "/v1/trials/edit": by | {"services": ["calling"], "site": request["site"]},
        "/v1/trials/assign-licences": by | {"give": [person_id]},
        "/v1/devices/ship": {
            "trial_id": trial_id,
            "demo_order": "DEMO-1",
            "serials": ["SN-0001", "SN-0002"],
            "device_ends_at": "2026-12-31T00:00:00Z",
        },
        "/v1/devices/register-return": by | {"serials": ["SN-0001"]},
        "/v1/devices/request-return-label": by,
        "/v1/devices/find-demo-order": {"by_organisation": customer, "admin_email": "a@b.example", "serials": []},
        "/v1/trials/convert": {
            "trial_id": trial_id,
            "order_id": "ord_mangled",
            "licence_set_id": "lic_mangled",
            "services": ["calling"],
            "expires_at": "2027-01-01T00:00:00Z",
            "ordered_by": trade.partner_id,
            "contact": trade.seller,
            "confirmed": True,
        },
        "/v1/trials/claim-numbers": {"trial_id": trial_id, "licence_set_id": "lic_mangled"},
        "/v1/orders/tie": {"order_id": "ord_mangled", "acting_as": "partner", "admin_email": "a@b.example"},
        "/v1/trials/accept": {"trial_id": trial_id, "person_id": person_id, "full_administration": True},
        "/v1/trials/decline": {"trial_id": trial_id, "person_id": person_id},
        "/v1/trials/cancel": by | {"confirmed": False},
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_body_is_a_fault(site: Site, trade: Trade, http: httpx.AsyncClient, seed: int) -> None:
    """Odd values in every field of every command: none is answered by 500, and each refusal has its code (XC-05, P4)."""
    customer = await site.town.organisation()
    trial = (await http.post("/v1/trials/request", json=trade.request(customer).model_dump(mode="json"))).json()
    dice = random.Random(seed)
    bodies = bodies_of(trade, trial, customer)
    endless = bodies["/v1/devices/ship"] | {"device_ends_at": "9999-12-31T23:59:59Z"}
    for path, body in (("/v1/devices/ship", endless), *mangled(dice, bodies)):
        content = json.dumps(body).encode()  # lone surrogates and overlong integers as JSON can carry them
        answer = await http.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (path, body, answer.text)
        assert answer.is_success or "code" in answer.json(), (path, body, answer.text)


async def test_no_question_is_a_fault(site: Site, trade: Trade, http: httpx.AsyncClient) -> None:
    """The same in paths and queries, of previews far in the future, too (XC-05, WH-03)."""
    customer = await site.town.organisation()
    await http.post("/v1/trials/request", json=trade.request(customer).model_dump(mode="json"))
    odd = [quote(value.encode("utf-8", "replace")) for value in _ODD if isinstance(value, str) and len(value) < 400]
    paths = (
        "/v1/trials/{}",
        "/v1/devices/{}",
        "/v1/orders/{}",
        "/v1/trials?state={}&ending_within_days=3650",
        "/v1/trials?after={}",
        f"/v1/organisations/{customer}/consent-requests?person_id={{}}",
        f"/v1/organisations/{customer}/notices/preview?kind=consent_request&as_of={{}}",
        f"/v1/organisations/{customer}/notices/preview?kind=trial_ending&as_of={{}}",
        f"/v1/organisations/{customer}/notices/preview?kind=trial_expired_partner&as_of={{}}",
        f"/v1/organisations/{customer}/notices/preview?kind=deletion_warning&as_of={{}}",
    )
    for path in paths:
        for value in odd:
            answer = await http.get(path.format(value))
            assert answer.status_code < 500, (path, value, answer.text)


async def test_no_link_and_no_form_is_a_fault(site: Site, trade: Trade, http: httpx.AsyncClient) -> None:
    """Of the customer's pages: damaged links, links of the other page, and odd forms (SF-09, XC-05)."""
    customer = await site.town.organisation()
    trial = (await http.post("/v1/trials/request", json=trade.request(customer).model_dump(mode="json"))).json()
    del trial
    token = LINKS.consent(trade.request(customer).trial_id, admin(customer)).rpartition("/")[2]
    odd = [quote(value.encode("utf-8", "replace"), safe="") for value in _ODD if isinstance(value, str) and value]
    for page in ("/consent/", "/set-up/"):
        for link in (token, token[:-1], token + "A", f".{token}", *(value for value in odd if len(value) < 3000)):
            assert (await http.get(page + link)).status_code < 500, (page, link)
            for form in (
                {"decision": "accept"},
                {"acting_as": "partner", "admin_email": "\x00"},
                {"decision": "\ufffd"},
            ):
                headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
                assert (await http.post(page + link, data=form, headers=headers)).status_code < 500, (page, link, form)
