"""Asking for a trial at the console, in a real browser: every way in which one begins, and what stops it."""

import re
from html import unescape
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.trial import TrialPath, TrialState, TrialView
from tenure.errors import RefusalCode
from tenure.ids import TrialId
from tests.integration.deletion.town import SERVICE
from tests.web.browsing import PHONE, enter, faint_texts, width
from tests.web.site import Site
from tests.web.trade import Trade, email

DETAILS = {
    "company_name": "Zażółć & Söhne GmbH",
    "admin_email": "eve@zazolc.example",
    "industry": "retail",
    "country": "DE",
}


@pytest.fixture
async def page(site: Site, trade: Trade, context: BrowserContext) -> Page:
    """The trials, with the partner's seller signed in."""
    token = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller)
    return await enter(context, site, token, "/console/trials")


async def describe(page: Page, **changes: str) -> None:
    """Give the customer's details, and go on."""
    details = DETAILS | changes
    await page.get_by_role("link", name="Request").first.click()
    await page.get_by_label("Company name").fill(details["company_name"])
    await page.get_by_label("E-mail address of an admin there").fill(details["admin_email"])
    await page.get_by_label("Industry").select_option(details["industry"])
    await page.get_by_label("Country").select_option(details["country"])
    await page.get_by_role("button", name="Go on").click()


async def requested(trade: Trade, page: Page) -> TrialView:
    """The trial whose page is shown."""
    await expect(page.get_by_role("status").first).to_be_visible()
    return await trade.trials.show(SERVICE, TrialId(page.url.rpartition("/")[2].partition("?")[0]))


async def test_a_new_customer_gets_a_trial(site: Site, trade: Trade, page: Page) -> None:
    """The region is shown before anything is stored; a site is asked for where the edition has one, devices where they are wanted; a reload asks for nothing twice (TR-04, TR-05, TR-09, TR-11, TR-12, TR-23)."""
    before = await site.digest()
    await describe(page)
    found = page.get_by_role("region", name="A new customer: Zażółć & Söhne GmbH")
    await expect(found).to_contain_text("Europe")
    assert await site.digest() == before
    await expect(page.get_by_label("Address")).to_be_hidden()
    await expect(page.get_by_label("Model").first).to_be_hidden()
    await page.get_by_label("Meetings Enterprise").check()
    await page.get_by_label("Ship these").check()
    await page.get_by_label("Model").first.fill("Desk Pro")
    await page.get_by_label("How many").first.fill("2")
    await page.get_by_label("60 days").check()
    await page.get_by_role("button", name="Start the trial").click()
    await expect(page.get_by_role("alert")).to_contain_text(RefusalCode.SITE_DETAILS_REQUIRED.text)
    assert await site.digest() == before
    await page.get_by_label("Address").fill("zazolc.meet.example")  # the rest has stayed
    await page.get_by_role("button", name="Start the trial").click()
    await expect(page).to_have_title("Trial of Zażółć & Söhne GmbH · Tenure (simulation)")
    view = await requested(trade, page)
    assert (view.path, view.state, view.length_days) == (TrialPath.NEW_CUSTOMER, TrialState.PROVISIONING, 60)
    assert [(line.model, line.quantity) for line in view.devices] == [("Desk Pro", 2)]
    assert view.site is not None
    assert (view.site.url, view.site.time_zone) == ("zazolc.meet.example", "Europe/Berlin")
    [created] = await site.town.fetch(
        "select region, industry, language, time_zone from organisations where organisation_id = $1",
        view.organisation_id,
    )
    assert tuple(created) == ("eu", "retail", "en", "Europe/Berlin")
    await page.reload()
    assert await site.town.value(int, "select count(*) from trials") == 1
    await expect(page.get_by_role("region", name="Devices")).to_contain_text(re.compile("2 . Desk Pro"))


async def test_an_organisation_that_exists_is_confirmed_and_asked(site: Site, trade: Trade, page: Page) -> None:
    """Only once it is said to be the right one is the request sent, and what others have is not offered (TR-13, TR-14, TR-15, CO-01)."""
    customer = await site.town.organisation()
    await site.town.execute("update organisations set region = 'us' where organisation_id = $1", customer)
    await site.town.licence_set(customer, "active")
    await site.town.execute("update licence_sets set services = '{messaging}' where organisation_id = $1", customer)
    await describe(page, admin_email=email(customer).upper())
    found = page.get_by_role("region", name="An organisation that exists")
    await expect(found).to_contain_text("One of its full admins has to consent within 10 days")
    await expect(found).to_contain_text("United States")  # where the data are, whatever country was picked (TR-06)
    await expect(page.get_by_label("Messaging")).to_be_disabled()
    await expect(page.get_by_text("Bought already")).to_be_visible()
    await page.get_by_label("Calling").check()
    before = await site.digest()
    await page.get_by_role("button", name="Send the request").click()  # the browser asks for the tick
    past: dict[str, str | float | bool] = {
        **DETAILS,
        "admin_email": email(customer),
        "organisation_id": customer,
        "trial": "trl_past",
        "service": "calling",
    }
    answer = await page.request.post(f"{site.url}/console/trials/new/request", form=past, headers={"Origin": site.url})
    assert (answer.status, "Nothing was sent" in await answer.text()) == (422, True)  # and so does the server
    assert await site.digest() == before
    await page.get_by_label("is the organisation that I mean").check()
    await page.get_by_role("button", name="Send the request").click()
    view = await requested(trade, page)
    assert (view.organisation_id, view.state) == (customer, TrialState.PENDING_CONSENT)
    await expect(page.get_by_role("heading", name="Consent lapses in")).to_be_visible()
    await page.goto(f"{site.url}/console/trials")
    await describe(page, admin_email=email(customer))
    await expect(page.get_by_role("region", name="Nothing can be tried there now")).to_contain_text(
        "your request waits for the customer's consent"
    )


async def test_one_of_several_organisations_is_chosen(site: Site, trade: Trade, page: Page) -> None:
    """An address of two: the one that is chosen is asked, and what was typed stays where it is changed (TR-14)."""
    first, second = await site.town.organisation(), await site.town.organisation()
    await site.town.execute(
        "update people set email = 'shared@both.example' where organisation_id = any($1)", [first, second]
    )
    await site.town.execute("update organisations set name = 'The Second' where organisation_id = $1", second)
    await describe(page, admin_email="shared@both.example")
    await page.get_by_role("button", name="Not this one?").click()
    await expect(page.get_by_label("Company name")).to_have_value(DETAILS["company_name"])
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_label("The Second").check()
    await page.get_by_role("button", name="Take this one").click()
    await expect(page.get_by_role("region", name="An organisation that exists: The Second")).to_be_visible()
    await page.get_by_label("Calling").check()
    await page.get_by_label("is the organisation that I mean").check()
    await page.get_by_role("button", name="Send the request").click()
    assert (await requested(trade, page)).organisation_id == second


async def test_a_customer_of_the_partner_gets_an_add_on(site: Site, trade: Trade, page: Page) -> None:
    """Its page leads to what it is, what it has bought and who manages it; only what is available can be ticked, and nobody has to consent (TR-20, PS-05)."""
    customer = await site.town.organisation(managed_by=trade.partner_id)
    await site.town.licence_set(customer, "active")
    await site.town.execute("update licence_sets set services = '{meetings}' where organisation_id = $1", customer)
    rival = await Trade.open(site)
    await site.town.execute(
        "insert into managements (partner_id, organisation_id, access, since) values ($1, $2, 'full', now())",
        rival.partner_id,
        customer,
    )
    await rival.active(customer, services=("calling",))
    await page.goto(f"{site.url}/console/organisations/{customer}")
    await page.get_by_role("link", name="Request a trial").click()
    found = page.get_by_role("region", name="A customer of yours")
    for said in (f"Ada {customer.name}", email(customer), "Meetings", trade.partner_id, rival.partner_id, "Germany"):
        await expect(found).to_contain_text(said)
    for service, why in (("Meetings", "Bought already"), ("Calling", "On trial with another partner")):
        await expect(page.get_by_label(service, exact=True)).to_be_disabled()
        await expect(page.get_by_label(service, exact=True)).to_have_accessible_description(why)
    await page.get_by_label("Messaging").check()
    await page.get_by_role("button", name="Start the trial").click()
    view = await requested(trade, page)
    assert (view.path, view.state) == (TrialPath.ADD_ON, TrialState.PROVISIONING)


async def test_what_is_wrong_is_said_where_it_is(site: Site, trade: Trade, page: Page) -> None:
    """Each field that is wrong says so, what was typed stays, and nothing is stored (TR-04, TR-08, TR-17)."""
    before = await site.digest()
    token = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim2", trade.seller)
    before = await site.digest()
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        await http.post("/console/sign-in", data={"token": token})
        sent: list[tuple[str, dict[str, Any], int, str]] = [
            ("", {"company_name": ""}, 422, 'id="company_name-fault"'),
            ("", {"admin_email": "eve@"}, 422, 'id="admin_email-fault"'),
            ("", {"industry": "", "country": ""}, 422, 'id="country-fault"'),
            ("", {"country": "AQ"}, 422, RefusalCode.COUNTRY_UNSUPPORTED.text),
            ("", {"admin_email": email(trade.home)}, 200, "A new customer"),
            ("/request", {"service": []}, 422, RefusalCode.NO_SERVICE_SELECTED.text),
            ("/request", {"service": ["telepathy"]}, 422, RefusalCode.SERVICE_UNKNOWN.text),
            ("/request", {"service": ["calling"], "length_days": "31"}, 422, RefusalCode.LENGTH_NOT_OFFERED.text),
            ("/request", {"service": ["calling"], "length_days": "soon"}, 422, "Pick a length"),
            ("/request", {"service": ["calling"], "time_zone": "Mars/Olympus"}, 422, "Pick a time zone"),
            (
                "/request",
                {"service": ["calling"], "ship": "true", "device_model": "", "device_quantity": "3"},
                422,
                "Give a model",
            ),
            (
                "/request",
                {"service": ["meetings-enterprise"], "site_url": "no host", "site_time_zone": "UTC"},
                422,
                "host name",
            ),
            ("/request", {"service": ["calling"], "trial": "x"}, 422, RefusalCode.INVALID_INPUT.text),
            (
                "/request",
                {"service": ["calling"], "organisation_id": "org_none"},
                404,
                RefusalCode.ORGANISATION_NOT_FOUND.text,
            ),
            (
                "/request",
                {"service": ["calling"], "organisation_id": "x"},
                404,
                RefusalCode.ORGANISATION_NOT_FOUND.text,
            ),
        ]
        for path, changes, status, said in sent:
            form = DETAILS | {"trial": "trl_wrong"} | changes
            answer = await http.post(f"/console/trials/new{path}", data=form)
            assert (answer.status_code, said in unescape(answer.text)) == (status, True), (path, changes, answer.text)
            if status == 422 and "trial" not in changes:
                assert "Zażółć &amp; Söhne GmbH" in answer.text or "company_name" in changes
    assert await site.digest() == before


async def test_who_may_not_ask_is_told_at_once(site: Site, trade: Trade, context: BrowserContext) -> None:
    """A role that does not sell, a partner that is not certified, a token of nobody, an operator: no button, and the reason instead of a form (TR-01, TR-02, P14)."""
    tokens = {
        await site.token(CredentialRole.PARTNER, trade.partner_id, "helper", trade.helper): "sales admin",
        await site.token(CredentialRole.PARTNER, trade.partner_id, "nobody"): "nobody",
        await site.token(CredentialRole.OPERATOR, name="ada"): RefusalCode.FORBIDDEN.text,
    }
    certified = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller)
    for token, said in tokens.items():
        async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
            await http.post("/console/sign-in", data={"token": token})
            assert "/console/trials/new" not in (await http.get("/console/trials")).text
            refused = await http.get("/console/trials/new")
            assert (refused.status_code, said in unescape(refused.text)) == (403, True)
            for path in ("new", "new/request"):
                form = DETAILS | {"trial": "trl_none", "service": "calling"}
                assert (await http.post(f"/console/trials/{path}", data=form)).status_code == 403
    await site.town.execute("update partners set certified = false where partner_id = $1", trade.partner_id)
    page = await enter(context, site, certified, "/console/trials")
    await expect(page.get_by_role("link", name="Request")).to_have_count(0)
    await page.goto(f"{site.url}/console/trials/new")
    await expect(page.locator("main")).to_contain_text(RefusalCode.PARTNER_NOT_CERTIFIED.text)
    assert await site.town.value(int, "select count(*) from trials") == 0


async def test_another_organisation_is_not_looked_into(site: Site, trade: Trade, page: Page) -> None:
    """Of one that the partner does not manage, the pages say its name, and neither its people, nor what it has bought, nor who manages it (CO-16, PS-06, P14)."""
    rival = await Trade.open(site)
    customer = await site.town.organisation(managed_by=rival.partner_id)
    await page.goto(f"{site.url}/console/trials/new?organisation={customer}")
    await expect(page.get_by_role("region", name="An organisation that exists")).to_be_visible()
    content = await page.content()
    assert not [secret for secret in (rival.partner_id, email(customer), f"Ada {customer.name}") if secret in content]


async def test_the_pages_fit_a_phone(site: Site, trade: Trade, page: Page) -> None:
    """Both pages fit a phone, with contrast in light and dark, one heading and a label for each field."""
    await page.set_viewport_size(PHONE)
    for button in ("Go on", "Start the trial"):
        if button == "Go on":
            await page.get_by_role("link", name="Request").first.click()
        else:
            await page.goto(f"{site.url}/console/trials")
            await describe(page, company_name="Wide" * 40, admin_email="eve@" + "sub." * 50 + "example")
            await page.get_by_label("Meetings Enterprise").check()
            await page.get_by_label("Ship these").check()
        await expect(page.get_by_role("button", name=button)).to_be_visible()
        await expect(page.locator("h1")).to_have_count(1)
        assert await width(page) <= PHONE["width"]
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await faint_texts(page) == [], (button, scheme)
        for field in await page.locator("input:not([type=hidden]), select").all():
            assert await field.evaluate("e => e.labels.length && e.labels[0].innerText")
