"""Trials and devices in the console: what partners and operators see, and what a partner's person does there."""

import httpx
import pytest
from playwright.async_api import BrowserContext, Locator, Page, ViewportSize, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.device import ShipDevices
from tenure.contracts.licence import ExpireLicences
from tenure.contracts.trial import ExtendTrial, TrialState, TrialView
from tenure.ids import OrganisationId, TrialId
from tests.integration.deletion.town import DAY, SERVICE, admin
from tests.web.browsing import PHONE, width
from tests.web.site import Site
from tests.web.test_console import sign_in
from tests.web.trade import Trade


@pytest.fixture
async def customer(site: Site) -> OrganisationId:
    """An organisation that the partner does not manage."""
    return await site.town.organisation()


@pytest.fixture
async def trial_id(trade: Trade, customer: OrganisationId) -> TrialId:
    """A request that waits for its consent."""
    return await trade.asked(customer)


@pytest.fixture
async def trial(trade: Trade) -> TrialView:
    """An active trial of 30 days."""
    return await trade.active()


@pytest.fixture
async def page(site: Site, trade: Trade, context: BrowserContext) -> Page:
    """The trials, with the partner's seller signed in."""
    token = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller)
    return await sign_in(context, site, token, "/console/trials")


def row(page: Page, trial_id: TrialId) -> Locator:
    """A trial's row of a list."""
    return page.locator("tbody tr", has=page.locator(f"a[href$='/{trial_id}']"))


async def test_trials_are_listed_with_the_time_left(
    site: Site, trade: Trade, page: Page, trial_id: TrialId, trial: TrialView
) -> None:
    """What ends first comes first, each with state, services, time left, access, and whom to ask; the filters give exactly theirs (PS-02, PS-04, PS-08)."""
    late = await trade.active(length_days=90)
    soon = await trade.active()
    await trade.trials.extend(SERVICE, ExtendTrial(trial_id=soon.trial_id, by=trade.seller, days=3, confirmed=True))
    await page.reload()
    order = [await link.get_attribute("href") for link in await page.locator("tbody th a").all()]
    assert [str(href).rpartition("/")[2] for href in order] == [
        soon.trial_id,
        trial_id,
        trial.trial_id,
        late.trial_id,
    ]
    await expect(row(page, trial_id)).to_contain_text("Pending customer consent")
    await expect(row(page, trial_id)).to_contain_text("Consent lapses in 10 days")
    for said in ("Ends in 30 days", "Calling, Messaging", "Full", f"ada-1@{trial.organisation_id.name}.example"):
        await expect(row(page, trial.trial_id)).to_contain_text(said)
    await page.get_by_role("link", name="About to end").click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await expect(row(page, trial.trial_id)).to_be_visible()
    await page.get_by_role("link", name="Pending consent").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Awaiting details").click()
    await expect(page.get_by_text("No trial waits for its details.")).to_be_visible()
    await page.goto(f"{site.url}/console/trials/{late.trial_id}")
    await expect(page.get_by_role("heading", name="Ends in 90 days")).to_be_visible()
    await site.town.execute(
        "update organisations set name = 'Bäckerei Özil' where organisation_id = $1", late.organisation_id
    )
    await page.goto(f"{site.url}/console/trials?show=ending")
    for named, shown in (("backerei", "No trial among these"), ("<b>", "contains “<b>”")):
        await page.get_by_role("searchbox").fill(named)
        await page.get_by_role("button", name="Find").click()
        await expect(page.get_by_text(shown)).to_be_visible()
    await page.get_by_role("searchbox").fill("BACKEREI o")
    await page.get_by_role("button", name="Find").click()
    await page.get_by_role("link", name="All", exact=True).click()  # the search stays
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(row(page, late.trial_id)).to_contain_text("Bäckerei Özil")


async def test_a_request_is_mailed_again(site: Site, trade: Trade, page: Page, trial_id: TrialId) -> None:
    """A pending request is resent from the list; a reload sends nothing twice (CO-11, PS-04, P10)."""
    await page.reload()
    await page.get_by_role("button", name="Resend the request").click()
    await expect(page.get_by_role("status")).to_contain_text("mailed again")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.reload()
    mailings = "select mailings from trial_requests where trial_id = $1"
    assert await site.town.value(int, mailings, trial_id) == 2
    [entry] = await site.town.fetch("select actor from audit where action = 'consent_resent'")
    assert entry["actor"] == "partner:kim"


async def test_a_request_is_cancelled_and_removed(
    site: Site, trade: Trade, page: Page, trial_id: TrialId, customer: OrganisationId
) -> None:
    """Cancel and remove asks for an explicit yes, and the customer leaves the list with it (CO-13, TC-10)."""
    await page.reload()
    await page.get_by_role("link", name="Cancel the trial of").click()
    await expect(page.get_by_role("region")).to_contain_text("The customer leaves your list")
    await page.get_by_role("button", name="Cancel and remove").click()  # the browser asks for the tick
    await page.request.post(  # and who goes past it gets nowhere either
        f"{site.url}/console/trials/{trial_id}/cancel", form={"key": "k"}, headers={"Origin": site.url}
    )
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.PENDING_CONSENT
    await page.get_by_label("Yes, cancel it").check()
    await page.get_by_role("button", name="Cancel and remove").click()
    await expect(page.get_by_role("status")).to_contain_text("cancelled")
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.CANCELLED
    assert await site.town.fetch("select from managements where organisation_id = $1", customer) == []


async def test_an_organisation_shows_its_trials(
    site: Site, context: BrowserContext, trade: Trade, trial: TrialView
) -> None:
    """Its page tells the trial's end from the devices' own, lists what it holds, and tags what has expired (DV-03, PS-03, PS-05, CS-03)."""
    ends_at = await site.town.now() + 10 * DAY
    await trade.devices.ship(
        SERVICE, ShipDevices(trial_id=trial.trial_id, demo_order="D-77", serials=("FCH1",), device_ends_at=ends_at)
    )
    licences = await site.town.licence_set(trial.organisation_id, "active")
    expire = ExpireLicences(licence_set_id=licences, expired_at=await site.town.now())
    await site.town.licences.expire(SERVICE, expire)
    page = await sign_in(
        context,
        site,
        await site.token(CredentialRole.OPERATOR),
        f"/console/organisations/{trial.organisation_id}",
    )
    trials = page.get_by_role("region", name="Trials")
    assert trial.ends_at is not None
    await expect(trials.locator("[data-title='Trial end'] time")).to_have_attribute(
        "datetime", trial.ends_at.isoformat()
    )
    await expect(trials.locator("[data-title='Device end'] time").first).to_have_attribute(
        "datetime", ends_at.isoformat()
    )
    held = page.get_by_role("region", name="Licences")
    await expect(held.get_by_role("row", name=licences)).to_contain_text("Expired")
    assert trial.licence_set_id is not None
    await expect(held.get_by_role("row", name=trial.licence_set_id)).to_contain_text("Calling, Messaging")
    await expect(page.locator("main")).to_contain_text(f"managed by {trade.partner_id}")


async def test_overdue_devices_are_listed(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """What is out is listed by serial number, and what is late is marked (DV-09)."""
    ends_at = await site.town.now() + 10 * DAY
    shipment = ShipDevices(trial_id=trial.trial_id, demo_order="D-77", serials=("FCH1", "FCH2"), device_ends_at=ends_at)
    await trade.devices.ship(SERVICE, shipment)
    await page.get_by_role("link", name="Devices").click()
    await expect(row(page, trial.trial_id)).to_contain_text("FCH1, FCH2")
    await page.get_by_role("link", name="Overdue").click()
    await expect(page.get_by_text("Nothing is overdue.")).to_be_visible()
    await site.town.advance(25 * DAY)
    await page.reload()
    await expect(row(page, trial.trial_id)).to_contain_text("Overdue")


async def test_devices_are_paged(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """Fifty trials' devices stand on a page of the list, the earliest due first, and the rest on the next; a damaged link leads to the first (DV-09)."""
    await site.town.execute(
        "insert into device_returns (trial_id, organisation_id, partner_id, demo_order, device_ends_at, due_at)"
        " select 'trl_d' || n, $1, $2, 'D-' || n, business_now(), business_now() + interval '1 day' * n"
        "   from generate_series(1, 51) as n",
        trial.organisation_id,
        trade.partner_id,
    )
    await site.town.execute(
        "insert into trial_devices select trial_id, 'SN-' || substr(trial_id, 5), business_now() from device_returns"
    )
    await page.get_by_role("link", name="Devices").click()
    rows = page.locator("table.rows tbody tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("link", name="Next page").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("D-51")
    await page.goto(f"{site.url}/console/devices?after=1.nothing")
    await expect(rows).to_have_count(50)


async def test_only_a_person_of_the_partner_acts(
    site: Site, trade: Trade, context: BrowserContext, trial_id: TrialId, customer: OrganisationId
) -> None:
    """Operators, tokens of nobody and other partners find no buttons, and their forms are refused (TC-21, P14)."""
    rival = await Trade.open(site)
    tokens = [
        await site.token(CredentialRole.OPERATOR, name="ada"),
        await site.token(CredentialRole.PARTNER, trade.partner_id, "nobody"),
        await site.token(CredentialRole.PARTNER, rival.partner_id, "rival", rival.seller),
    ]
    before = await site.digest()
    for token in tokens:
        async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
            await http.post("/console/sign-in", data={"token": token})
            listing = await http.get("/console/trials")
            assert not {word for word in ("Resend", "/cancel", "/extend") if word in listing.text}
            for act in ("resend", "cancel", "details", "extend", "services"):
                form = {"key": "k", "confirmed": "true", "by": trade.seller, "days": "3", "seats": "5"}
                response = await http.post(f"/console/trials/{trial_id}/{act}", data=form)
                assert response.status_code in (403, 404)
            assert (await http.get("/console/trials/none")).status_code == 404
    assert await site.digest() == before
    page = await sign_in(context, site, tokens[2], "/console/trials")
    await expect(page.get_by_text("There are no trials yet")).to_be_visible()
    assert admin(customer) not in await page.content()


async def test_pages_fit_the_screen(site: Site, trade: Trade, page: Page, trial_id: TrialId, trial: TrialView) -> None:
    """No page is wider than a phone, a tablet or a desktop with the navigation beside it, however long names and addresses are."""
    address = "a.very.long.name.of.somebody@" + "sub." * 20 + "example"
    await site.town.execute("update people set email = $1, name = $2", address, "Long" * 40)
    await site.town.execute("update organisations set name = $1", "Wide" * 40)
    ends_at = await site.town.now() + 10 * DAY
    shipment = ShipDevices(trial_id=trial.trial_id, demo_order="D-77", serials=("F" * 32,), device_ends_at=ends_at)
    await trade.devices.ship(SERVICE, shipment)
    for size in (PHONE, ViewportSize(width=800, height=800), ViewportSize(width=1280, height=800)):
        await page.set_viewport_size(size)
        people = f"trials/{trial.trial_id}/people"
        for path in (
            "trials",
            f"trials/{trial_id}",
            people,
            "calendar",
            "devices",
            f"organisations/{trial.organisation_id}",
        ):
            await page.goto(f"{site.url}/console/{path}")
            assert await width(page) <= size["width"], path
            for box in await page.locator("table").all():
                inside = await box.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth + 1")
                assert inside, path


async def test_a_long_calendar_is_paged(site: Site, page: Page, trial: TrialView) -> None:
    """Of thousands of dates a page shows five hundred, and leads to the next; the download has what falls due within a year (WH-02, PS-07)."""
    await page.get_by_role("link", name="Calendar").click()
    dates = page.locator(".agenda li")
    few = await dates.count()
    await expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    await site.town.execute(
        "insert into next_dates (organisation_id, kind, subject, due_at, rule, reason)"
        " select $1, 'number_release', 'subject-' || n, business_now() - interval '1 hour', 'NR-01', 'calling_ended'"
        "   from generate_series(1, 500) as n",
        trial.organisation_id,
    )
    await page.reload()
    await expect(dates).to_have_count(500)
    await page.get_by_role("link", name="Next page").click()
    await expect(dates).to_have_count(few)
    late = "update next_dates set due_at = due_at + interval '367 days' where subject = 'subject-7'"
    await site.town.execute(late)
    download = await page.request.get(f"{site.url}/console/calendar.ics")
    assert (await download.text()).count("BEGIN:VEVENT") == 499 + few
