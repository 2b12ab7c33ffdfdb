"""The console in a real browser: what operators and partners see and do."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.organisation import OrganisationState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import DAY, Town
from tests.web.browsing import PHONE
from tests.web.conftest import QUICK
from tests.web.site import Site, open_site


async def sign_in(context: BrowserContext, site: Site, token: str, path: str = "/console/") -> Page:
    """Go to a page, be asked to sign in, and arrive there."""
    page = await context.new_page()
    await page.goto(site.url + path)
    await page.get_by_label("Access token").fill(token)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(site.url + path)
    return page


@pytest.fixture
async def page(context: BrowserContext, site: Site) -> Page:
    """The console's first page, with the operator `ada` signed in."""
    return await sign_in(context, site, await site.token(CredentialRole.OPERATOR, name="ada"))


async def test_the_list_shows_the_label_and_the_next_dates(site: Site, page: Page) -> None:
    """Marked organisations carry the label and their dates, and the filter gives exactly them (PS-01, PS-07, DM-03, AC-05)."""
    warned, live = await site.town.warned(), await site.town.organisation()
    await page.reload()
    row = page.get_by_role("row", name=warned)
    await expect(row).to_contain_text("To be deleted")
    await expect(row).to_contain_text("Deletion in 30 days")
    promise = (await site.town.evidence(warned)).promise
    assert promise is not None
    await expect(row.locator(f"time[datetime='{promise.not_before.isoformat()}']")).to_have_count(2)
    await expect(page.get_by_role("row", name=live)).not_to_contain_text("To be deleted")
    await page.get_by_role("link", name="To be deleted").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await site.town.sign_in(warned)
    await site.town.assess(warned)
    await page.reload()
    await expect(page.get_by_role("row", name=warned)).to_contain_text("Deletion warning in 30 days")
    await site.town.buy(warned)
    await page.reload()
    await expect(page.get_by_text("No organisation carries the label")).to_be_visible()


async def test_an_organisation_is_explained(site: Site, page: Page) -> None:
    """Its page says what happens next, why and what would stop it, draws it, and shows the evidence (WH-01, CS-05)."""
    organisation_id = await site.town.warned(admins=2)
    await page.reload()
    await page.get_by_role("link", name="Name of").click()
    coming = page.get_by_role("region", name="What happens next")
    picture = coming.get_by_role("img")
    name = await picture.get_attribute("aria-label")
    assert name is not None
    assert [point.split()[0] for point in name.removeprefix("Timeline: ").split("; ")] == [
        "Marked",
        "Warned",
        "Now",
        "Deletion",
    ]
    await expect(coming).to_contain_text("What would stop it")
    await expect(coming).to_contain_text("Buy subscription")
    await expect(page.get_by_role("region", name="Evidence")).to_contain_text("identity up to")
    await expect(page.get_by_role("region", name="Notices").locator("tbody tr")).to_have_count(2)
    await expect(page.get_by_role("region", name="Notices")).to_contain_text("250 2.0.0 Ok")
    await expect(page.get_by_role("region", name="Audit")).to_contain_text("marked → warned")
    await page.get_by_role("link", name="Preview the warning").click()
    promise = (await site.town.evidence(organisation_id)).promise
    assert promise is not None
    day = f"{promise.not_before.day} {promise.not_before:%B} {promise.not_before.year}"
    await expect(page.frame_locator("iframe").locator("body")).to_contain_text(day)
    await expect(page.locator("pre")).to_contain_text(day)


async def test_an_open_breaker_is_seen_and_released(site: Site, page: Page) -> None:
    """An open breaker is an alert on the first page; an operator releases a number with a reason (SF-05)."""
    await site.town.execute("update breakers set open_since = business_now(), reason = '3 in the last hour'")
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("The breaker of the fleet is open")
    await page.get_by_role("link", name="Look at it").click()
    await page.get_by_label("How many").fill("2")
    await page.get_by_label("Why they may be deleted").fill("Seen and expected")
    await page.get_by_role("button", name="Release").click()
    await expect(page.get_by_role("status")).to_contain_text("2 deletions of the fleet may go ahead")
    [breaker] = await site.town.breakers.all()
    assert (breaker.released, breaker.released_by) == (2, "operator:ada")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.reload()  # the browser sends the form again, under the same key
    [breaker] = await site.town.breakers.all()
    assert breaker.released == 2


async def test_erasures_are_aborted_after_a_plan(site: Site, page: Page) -> None:
    """Chosen erasures are planned, confirmed and aborted with a reason; the others go on (SF-08, SF-11)."""
    wrong, right = await site.town.fenced(), await site.town.fenced()
    await page.get_by_role("link", name="Erasures").click()
    await page.get_by_label(f"Abort the erasure of {wrong}").check()
    await page.get_by_label("Why the chosen erasures are aborted").fill("The feed was misread")
    await page.get_by_role("button", name="Plan the abort").click()
    await expect(page.get_by_role("heading", name="1 erasure would be aborted")).to_be_visible()
    assert await site.town.state(wrong) is OrganisationState.ERASING
    await page.get_by_role("button", name="Abort 1 erasure").click()
    await expect(page.get_by_role("heading", name="1 erasure aborted")).to_be_visible()
    assert await site.town.state(wrong) is OrganisationState.MARKED
    assert await site.town.state(right) is OrganisationState.ERASING


async def test_an_erased_organisation_leaves_its_receipt(site: Site, page: Page) -> None:
    """What is left of an erased organisation is its receipt; its page says that it is deleted (SF-07, DM-09)."""
    organisation_id = await site.town.purging()
    receipt = await site.town.erase(organisation_id)
    await page.get_by_role("link", name="Erasures").click()
    await page.get_by_role("link", name=organisation_id).click()
    await expect(page.locator("main")).to_contain_text(receipt.hash)
    await page.goto(f"{site.url}/console/organisations/{organisation_id}")
    await expect(page.locator("main")).to_contain_text("This organisation has been deleted")


async def test_a_late_feed_is_shown(site: Site, page: Page) -> None:
    """A feed that is silent for longer than its rhythm is an alert, and its page says how far it is (SF-03)."""
    await site.town.advance(timedelta(hours=1), feeds=False)
    await page.reload()
    await expect(page.get_by_role("status")).to_contain_text("identity is late")
    await page.get_by_role("link", name="Look at the feeds").click()
    await expect(page.get_by_role("row", name="identity")).to_contain_text("Late")


async def test_a_partner_sees_its_own_and_no_switches(site: Site, context: BrowserContext) -> None:
    """A partner's session shows its customers alone, and neither audit nor switches (PS-06, P14)."""
    partner_id = await site.town.partner()
    own, other = await site.town.organisation(managed_by=partner_id), await site.town.organisation()
    await site.town.mark(own)
    page = await sign_in(context, site, await site.token(CredentialRole.PARTNER, partner_id))
    await expect(page.locator("tbody tr")).to_have_count(1)
    assert await page.get_by_role("navigation").get_by_role("link").all_inner_texts() == [
        "Customers",
        "Wholesale",
        "Trials",
        "Devices",
        "Calendar",
    ]
    await page.goto(f"{site.url}/console/organisations/{own}")
    await expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    await expect(page.get_by_role("heading", name="Audit")).to_have_count(0)
    await page.goto(f"{site.url}/console/calendar")
    await expect(page.locator("main")).to_contain_text("Deletion warning")
    for path in ("erasures", "breakers", "feeds", "receipts/org_a"):
        response = await page.goto(f"{site.url}/console/{path}")
        assert response is not None
        assert response.status == 403
    response = await page.goto(f"{site.url}/console/organisations/{other}")
    assert response is not None
    assert response.status == 404


async def test_a_session_begins_and_ends(site: Site, context: BrowserContext) -> None:
    """A wrong token or a service's opens nothing; signing out ends the session, and so does revoking the token."""
    page = await context.new_page()
    await page.goto(f"{site.url}/console/breakers")
    for token in ("tnr_wrong", await site.token(CredentialRole.SERVICE)):
        await page.get_by_label("Access token").fill(token)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("does not open the console")
    await page.get_by_label("Access token").fill(await site.token(CredentialRole.OPERATOR))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{site.url}/console/breakers")
    [cookie] = await context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await context.cookies() == []
    page = await sign_in(context, site, await site.token(CredentialRole.OPERATOR, name="eve"))
    await site.town.execute("update api_tokens set revoked_at = business_now()")
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_simulation_says_so_on_every_screen(site: Site, page: Page, context: BrowserContext) -> None:
    """Every page of a simulation says what it is, before the sign-in and on errors too (SF-10)."""
    organisation_id = await site.town.warned()
    pages = [
        "",
        "trials",
        "devices",
        "calendar",
        "erasures",
        "breakers",
        "feeds",
        "nothing",
        f"organisations/{organisation_id}",
    ]
    for path in [*pages, f"organisations/{organisation_id}/warning", "organisations/org_none"]:
        await page.goto(f"{site.url}/console/{path}")
        await expect(page.get_by_role("complementary", name="Simulation")).to_be_visible()
        assert "simulation" in await page.title()
    await context.clear_cookies()
    await page.goto(f"{site.url}/console/")
    await expect(page.get_by_role("complementary", name="Simulation")).to_be_visible()


async def test_production_does_not(fresh_database: FreshDatabase, browser: Browser, tmp_path: Path) -> None:
    """The strip of a simulation stands on no page of a production installation (SF-10)."""
    kind = InstallationKind.PRODUCTION
    async with (
        Town.open(await fresh_database(kind), QUICK) as town,
        open_site(town, tmp_path, kind) as site,
        await browser.new_context() as context,
    ):
        page = await sign_in(context, site, await site.token(CredentialRole.OPERATOR))
        await expect(page.get_by_role("heading", name="Customers")).to_be_visible()
        assert "imulation" not in await page.content()


async def test_pages_fit_a_phone(site: Site, page: Page) -> None:
    """On a phone no page is wider than the screen, and everything that can be pressed is large enough for a finger."""
    partner_id = await site.town.partner()
    warned = await site.town.warned(await site.town.organisation(managed_by=partner_id))
    await site.town.fenced()
    await site.town.execute("update breakers set open_since = business_now(), reason = 'test'")
    await page.set_viewport_size(PHONE)
    for path in (
        "",
        "trials",
        "devices",
        "calendar",
        "erasures",
        "breakers",
        "feeds",
        f"organisations/{warned}",
        f"organisations/{warned}/warning",
    ):
        await page.goto(f"{site.url}/console/{path}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        for button in await page.get_by_role("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 36


async def test_pages_can_be_read_aloud(site: Site, page: Page) -> None:
    """Each page has a language, one main heading, landmarks, and a name for everything that can be filled in or pressed."""
    warned = await site.town.warned()
    await site.town.fenced()
    await site.town.execute("update breakers set open_since = business_now(), reason = 'test'")
    for path in ("", "trials", "devices", "calendar", "erasures", "breakers", "feeds", f"organisations/{warned}"):
        await page.goto(f"{site.url}/console/{path}")
        assert await page.locator("html").get_attribute("lang") == "en"
        await expect(page.locator("h1")).to_have_count(1)
        for landmark in ("main", "navigation", "banner"):
            await expect(page.get_by_role(landmark)).to_have_count(1)
        for field in await page.locator("input:visible, button:visible").all():
            name = await field.evaluate("e => e.labels?.[0]?.innerText || e.getAttribute('aria-label') || e.innerText")
            assert name, await field.evaluate("e => e.outerHTML")


async def test_dates_that_have_passed_are_due(site: Site, page: Page) -> None:
    """A date that stands though it has passed is shown as due, not as done (P15)."""
    organisation_id = await site.town.organisation()
    await site.town.mark(organisation_id)
    await site.town.advance(31 * DAY, feeds=False)
    await page.reload()
    await expect(page.get_by_role("row", name=organisation_id)).to_contain_text("Deletion warning due 1 day ago")
