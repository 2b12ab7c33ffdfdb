"""Wholesale customers in the console: what their partner and operators see of them, and the users that are added there."""

import re
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.onboarding import ScreeningTask
from tenure.contracts.review import Decision, ScreeningTrigger
from tests.web.browsing import PHONE, enter, faint_texts, width
from tests.web.clientele import Clientele
from tests.web.site import Site


@pytest.fixture
async def clientele(site: Site) -> Clientele:
    """A service provider with its customers."""
    return await Clientele.open(site)


async def seller(context: BrowserContext, site: Site, clientele: Clientele, path: str = "/console/wholesale") -> Page:
    """A page with the partner's seller signed in."""
    return await enter(context, site, await clientele.token(), path)


async def test_the_list_says_where_each_customer_stands(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """State, until when a review takes, reason and statuses in words; the partner's own organisation is marked, and filters give exactly theirs (ONB-08, PO-09, BIL-03)."""
    active = await clientele.active("Alder & Finch Ltd")
    await clientele.pending("Banco Nacional Cuba S.A.")
    await clientele.decide(await clientele.pending("Orion Shipping LLC"), Decision.REJECT)
    await site.town.execute("update licence_sets set payment_state = 'unpaid' where organisation_id = $1", active)
    await clientele.active("Ours", own_organisation=True)
    page = await seller(context, site, clientele)
    await expect(page.locator("tbody tr")).to_have_count(4)
    await expect(page.get_by_role("row", name="Alder")).to_contain_text("Suspended")
    in_review = page.get_by_role("row", name="Banco")
    await expect(in_review).to_contain_text(re.compile(r"In review\s+Decided by .*, in 3 days"))
    await expect(page.get_by_role("row", name="Orion")).to_contain_text("Rejected by a reviewer")
    await expect(page.get_by_role("row", name="Own organisation")).to_have_count(1)
    await page.get_by_role("link", name="In review", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Cancelled", exact=True).click()
    await expect(page.get_by_text("There is no such customer.")).to_be_visible()


async def test_a_customer_in_review_is_explained(site: Site, context: BrowserContext, clientele: Clientele) -> None:
    """Its page says what happens, until when, and that nothing is to be done; what was found is an operator's to see (RPL-05, RPL-13, RPL-19)."""
    case_id = await clientele.pending("Banco Nacional Cuba S.A.", users=({"email": "a@b.example", "package": "suite"},))
    page = await seller(context, site, clientele)
    await page.get_by_role("link", name="Banco").click()
    standing = page.get_by_role("region", name="In review")
    await expect(standing).to_contain_text("there is nothing for you to do")
    await expect(standing).to_contain_text("in 3 days, at the latest")
    await expect(standing).to_contain_text("1 user or number of its creation wait")
    await expect(page.get_by_role("heading", name="Screenings")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Add a user")).to_have_count(0)
    assert "BANCO NACIONAL DE CUBA" not in await page.content()
    await page.get_by_role("button", name="Sign out").click()
    await page.goto(f"{site.url}/console/wholesale")
    await page.get_by_label("Access token").fill(await site.token(CredentialRole.OPERATOR, name="ada"))
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Banco").click()
    await page.get_by_role("region", name="Screenings").get_by_role("link", name="review").click()
    await expect(page).to_have_url(f"{site.url}/console/reviews/{case_id}")
    await expect(page.get_by_text("Operators look on.")).to_be_visible()


async def test_a_change_of_address_is_shown_beside_the_old_one(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """While it is reviewed both addresses stand there, then what became of it (RPL-17)."""
    organisation_id = await clientele.active()
    case_id = await clientele.moving(organisation_id)
    page = await seller(context, site, clientele, f"/console/wholesale/{organisation_id}")
    move = page.get_by_role("region", name="Change of address")
    await expect(move).to_contain_text("stays in force, and the services keep running")
    await expect(move).to_contain_text("Zweierstr. 35, Zürich, 8004, Switzerland (CH)")
    await expect(move).to_contain_text("Rue du Rhône 3, Genève, 1204, Switzerland (CH)")
    await clientele.decide(case_id, Decision.REJECT)
    await page.reload()
    await expect(move).to_contain_text("A reviewer has rejected the new address")


async def test_the_plan_and_the_sites_are_shown(site: Site, context: BrowserContext, clientele: Clientele) -> None:
    """Packages against their limits, the subscription with its invoice, and each site with its call-in number and why (PKG-05, BIL-02, CIN-09, CIN-07)."""
    sites = (
        {"url": "calls.example", "pstn": "cisco", "telephony_domain": "emea"},
        {"url": "silent.example", "pstn": "cisco", "telephony_domain": "asia-pacific"},
        {"url": "lab.example"},
    )
    organisation_id = await clientele.active(invoice_reference="R-77", sites=sites)
    page = await seller(context, site, clientele, f"/console/wholesale/{organisation_id}")
    plan = page.get_by_role("region", name="Plan")
    for said in ("1 of 3 assigned", "0 of 2 assigned", "R-77", "Active, paid"):
        await expect(plan).to_contain_text(said)
    await expect(plan.get_by_role("row", name="calls.example")).to_contain_text("+442079460200")
    await expect(plan.get_by_role("row", name="calls.example")).to_contain_text("the default number of the location")
    await expect(plan.get_by_role("row", name="silent.example")).to_contain_text("None")
    await expect(plan.get_by_role("row", name="lab.example")).to_contain_text("Not Cisco-enabled")
    await expect(page.get_by_role("status")).to_contain_text("has no default call-in number")


async def test_the_first_launch_comes_before_users(site: Site, context: BrowserContext, clientele: Clientele) -> None:
    """Before the wizard is done the page offers that, and a user is refused with a link to it; afterwards users are added (USR-02, WIZ-03, WIZ-05)."""
    organisation_id = await clientele.active()
    page = await seller(context, site, clientele, f"/console/wholesale/{organisation_id}")
    await expect(page.get_by_role("button", name="Add the user")).to_have_count(0)
    cookies = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    before = await site.digest()
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}, cookies=cookies) as http:
        form = {"email": "ben@alder.example", "package": "suite", "key": "k"}
        refused = await http.post(f"/console/wholesale/{organisation_id}/users", data=form)
    assert refused.status_code == 409
    assert "Finish the set-up of the organisation first." in refused.text
    assert f"/console/organisations/{organisation_id}/set-up" in refused.text
    assert await site.digest() == before
    await page.get_by_role("button", name="Launch the organisation").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Set up Alder & Finch Ltd")
    await clientele.set_up(organisation_id)
    await page.goto(f"{site.url}/console/wholesale/{organisation_id}")
    await page.get_by_label("E-mail address").fill("ben@alder.example")
    await page.get_by_label("Name", exact=True).fill("Ben <b>")
    await page.get_by_role("button", name="Add the user").click()
    users = page.get_by_role("region", name="Users")
    await expect(users.get_by_role("status")).to_contain_text("The user is added")
    await expect(users.get_by_role("row", name="Ben <b>")).to_contain_text("Suite")
    await expect(page.get_by_role("region", name="Plan")).to_contain_text("2 of 3 assigned")


async def test_a_user_that_is_refused_leaves_the_form_as_it_was(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """An administrator of another package, and a package that is used up, are refused beside the form, which keeps what was written (ADM-01, PKG-06)."""
    organisation_id = await clientele.active(packages={"suite": 1, "voice": 2})
    await clientele.set_up(organisation_id)
    page = await seller(context, site, clientele, f"/console/wholesale/{organisation_id}")
    await page.get_by_label("E-mail address").fill("ben@alder.example")
    await page.get_by_label("Package").select_option("voice")
    await page.get_by_label("Role").select_option("customer_admin")
    await page.get_by_role("button", name="Add the user").click()
    await expect(page.get_by_role("alert")).to_contain_text("holds the package that the organisation was created with")
    await expect(page.get_by_label("E-mail address")).to_have_value("ben@alder.example")
    await expect(page.get_by_label("Package")).to_have_value("voice")
    await page.get_by_label("Package").select_option("suite")
    await page.get_by_role("button", name="Add the user").click()
    await expect(page.get_by_role("alert")).to_contain_text("All packages of this kind are assigned")
    users = "select count(*) from user_packages where organisation_id = $1"
    assert await site.town.value(int, users, organisation_id) == 1


async def test_why_nothing_could_be_screened_is_the_operators_to_know(site: Site, clientele: Clientele) -> None:
    """An operator sees which list is stale, the partner that it is tried again; another partner finds nothing (RPL-16, P14)."""
    organisation_id = await clientele.screening("Waiting Ltd")
    task = ScreeningTask(trigger=ScreeningTrigger.CREATE, organisation_id=organisation_id, generation=1)
    await site.application.onboarding_steps.record_unavailable(task, "The list us-dpl is stale.")
    rival = await Clientele.open(site, name="rival")
    tokens = {
        await site.token(CredentialRole.OPERATOR, name="ada"): (200, "The list us-dpl is stale."),
        await clientele.token(): (200, "It is tried again by itself."),
        await rival.token(): (404, "no such wholesale customer"),
    }
    for token, (status, said) in tokens.items():
        async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
            await http.post("/console/sign-in", data={"token": token})
            page = await http.get(f"/console/wholesale/{organisation_id}")
            assert (page.status_code, said in page.text) == (status, True)
            assert ("Waiting Ltd" in (await http.get("/console/wholesale")).text) == (status == 200)


async def test_only_a_person_of_the_partner_adds_users(site: Site, clientele: Clientele) -> None:
    """Operators, tokens of nobody, other partners and reviewers find no form, and what they send is refused; so is a form from elsewhere (TC-21, P14)."""
    organisation_id = await clientele.active()
    await clientele.set_up(organisation_id)
    rival = await Clientele.open(site, name="rival")
    form = {"email": "ben@alder.example", "package": "suite", "key": "k"}
    tokens = [
        await site.token(CredentialRole.OPERATOR, name="ada"),
        await site.token(CredentialRole.PARTNER, clientele.partner_id, "nobody"),
        await rival.token(),
        await site.token(CredentialRole.REVIEWER, name="eva"),
    ]
    before = await site.digest()
    for token in tokens:
        async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
            await http.post("/console/sign-in", data={"token": token})
            assert "Add the user" not in (await http.get(f"/console/wholesale/{organisation_id}")).text
            response = await http.post(f"/console/wholesale/{organisation_id}/users", data=form)
            assert response.status_code in (403, 404)
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        await http.post("/console/sign-in", data={"token": await clientele.token()})
        before = await site.digest()
        path = f"/console/wholesale/{organisation_id}/users"
        assert (await http.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
        for wrong in ({"email": "nothing"}, {"package": ""}, {"role": "partner_admin"}, {"package": "none"}):
            assert (await http.post(path, data=form | wrong)).status_code in (409, 422)
        assert await site.digest() == before


async def test_the_pages_fit_a_phone_and_have_contrast(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """However long names are, no page is wider than a phone; every text has contrast in light and dark, and every field a label."""
    organisation_id = await clientele.active("Wide" * 40, external_id="R" * 100)
    await clientele.set_up(organisation_id)
    await clientele.moving(organisation_id)
    pending = await clientele.screening("Pending Ltd")
    await site.town.advance(timedelta(hours=2))
    page = await seller(context, site, clientele)
    await page.set_viewport_size(PHONE)
    for path in ("wholesale", f"wholesale/{organisation_id}", f"wholesale/{pending}"):
        await page.goto(f"{site.url}/console/{path}")
        assert await width(page) <= PHONE["width"], path
        await expect(page.locator("h1")).to_have_count(1)
        for field in await page.locator("input:visible, select:visible").all():
            assert await field.evaluate("e => e.labels[0].innerText")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await faint_texts(page) == [], (path, scheme)
