"""What a partner's person does to a trial at the console, in a real browser: set up, extend, change, convert, end; and devices."""

from datetime import datetime, timedelta

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tenure.contracts.consent import AcceptTrial
from tenure.contracts.credential import CredentialRole
from tenure.contracts.device import DeviceState, ShipDevices
from tenure.contracts.organisation import Role
from tenure.contracts.trial import TrialState, TrialView
from tenure.errors import RefusalCode
from tenure.ids import PersonId, TrialId
from tests.integration.deletion.town import DAY, SERVICE, admin
from tests.web.browsing import enter
from tests.web.site import Site
from tests.web.trade import Trade, person


@pytest.fixture
async def page(site: Site, trade: Trade, context: BrowserContext) -> Page:
    """The trials, with the partner's seller signed in."""
    token = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller)
    return await enter(context, site, token, "/console/trials")


@pytest.fixture
async def trial(trade: Trade) -> TrialView:
    """An active trial of calling and messaging, of 30 days."""
    return await trade.active()


async def shown(trade: Trade, trial_id: TrialId) -> TrialView:
    """A trial as it is now."""
    return await trade.trials.show(SERVICE, trial_id)


async def test_an_extension_shows_both_ends_first(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """The present end and the new one stand side by side; an earlier one is ticked, also by who goes past the browser; a number that is none changes nothing (TC-01, TC-02, TC-03)."""
    assert trial.ends_at is not None
    await page.reload()
    await page.get_by_role("link", name="Extend the trial of").click()
    await page.get_by_label("Days from today, 30 at most").fill("10")
    await page.get_by_role("button", name="Show the new end").click()
    dates = page.get_by_role("region", name="It would end earlier")
    await expect(dates.locator("time").first).to_have_attribute("datetime", trial.ends_at.isoformat())
    now = await site.town.now()
    new_end = datetime.fromisoformat(await dates.locator("time").last.get_attribute("datetime") or "")
    assert abs(new_end - (now + 10 * DAY)) < timedelta(minutes=1)
    path = f"{site.url}/console/trials/{trial.trial_id}/extend"
    for days, said in (
        ("10", "It would end earlier"),
        ("31", "is extended by 1 to 30 days from today"),
        ("x", "30 at most"),
    ):
        form: dict[str, str | float | bool] = {"key": "k", "days": days}
        answer = await page.request.post(path, form=form, headers={"Origin": site.url})
        assert answer.status == 422
        assert said in await answer.text()
    assert await shown(trade, trial.trial_id) == trial
    await page.get_by_role("button", name="Shorten the trial").click()  # the browser asks for the tick
    await page.get_by_label("Yes, let it end earlier").check()
    await page.get_by_role("button", name="Shorten the trial").click()
    await expect(page.get_by_role("heading", name="Ends in 10 days")).to_be_visible()
    await page.get_by_role("link", name="Extend").click()
    await page.get_by_role("button", name="Show the new end").click()
    await page.get_by_role("region", name="It would end later").get_by_role("button").click()  # nothing to tick
    await expect(page.get_by_role("heading", name="Ends in 30 days")).to_be_visible()
    await page.reload()
    assert await site.town.value(int, "select count(*) from audit where action = 'trial_extended'") == 2


async def test_a_cancelled_trial_has_no_end_any_more(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """Its page says what it lost, asks for a yes, and afterwards that it is over, without the end that it will not have (TC-10, TC-11)."""
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}")
    await expect(page.get_by_text("Trial end", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Cancel").click()
    await page.get_by_role("button", name="Cancel the trial").click()  # the browser asks for the tick
    assert (await shown(trade, trial.trial_id)).state is TrialState.ACTIVE
    await page.get_by_label("Yes, cancel it").check()
    await page.get_by_role("button", name="Cancel the trial").click()
    await expect(page.get_by_role("heading", name="It has been cancelled.")).to_be_visible()
    await expect(page.get_by_text("Trial end", exact=True)).to_have_count(0)


async def test_a_trial_in_grace_comes_back(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """What rests is extended, and cannot be changed before; after the grace nothing is possible but another trial (TC-05, TC-06, PS-04)."""
    await site.town.advance(30 * DAY)
    await trade.look(trial)
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}")
    await expect(page.locator("main")).to_contain_text("once it is extended, its services can be changed again")
    await expect(page.get_by_role("link", name="Change the services")).to_have_count(0)
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}/services")
    await expect(page.locator("main")).to_contain_text("while it is active")
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}")
    await page.get_by_role("link", name="Extend and bring back").click()
    await page.get_by_role("button", name="Show the new end").click()
    await page.get_by_role("region", name="The licences come back").get_by_role("button").click()
    await expect(page.get_by_role("status")).to_contain_text("The end is moved.")
    assert (await shown(trade, trial.trial_id)).state is TrialState.ACTIVE
    await site.town.advance(30 * DAY)
    await trade.look(trial)
    await site.town.advance(30 * DAY)  # nothing has carried that out (XC-03)
    await page.reload()
    await expect(page.locator("main")).to_contain_text("Its grace is over")
    await expect(page.get_by_role("link", name="Request another trial there")).to_be_visible()
    for act in ("Extend", "Change", "Cancel"):
        await expect(page.locator("main").get_by_role("link", name=act)).to_have_count(0)


async def test_services_are_ticked_and_unticked(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """What is added is built and shares the end; before one is removed it is said what goes with it; without any nothing is saved (TC-07, TC-08, TC-09)."""
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}")
    await page.get_by_role("link", name="Change the services").click()
    await page.get_by_label("Meetings Enterprise").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text(RefusalCode.SITE_DETAILS_REQUIRED.text)
    await page.get_by_label("Address").fill("acme.meet.example")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("The services are changed.")
    await expect(page.get_by_role("row", name="Meetings Enterprise")).to_contain_text("Being built")
    assert (await shown(trade, trial.trial_id)).ends_at == trial.ends_at
    await page.get_by_role("link", name="Change the services").click()
    await page.get_by_label("Calling").uncheck()
    before = await site.digest()
    await page.get_by_role("button", name="Save").click()
    removed = page.get_by_role("region", name="Calling would be removed")
    await expect(removed).to_contain_text("Phone numbers are held for 15 days")
    await removed.get_by_role("button").click()  # the browser asks for the tick
    assert await site.digest() == before
    await removed.get_by_label("Yes, remove it").check()
    await removed.get_by_role("button").click()
    await expect(page.get_by_role("row", name="Calling")).to_contain_text("Being removed")
    await page.get_by_role("link", name="Change the services").click()
    for name in ("Messaging", "Meetings Enterprise"):
        await page.get_by_label(name).uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text(RefusalCode.NO_SERVICE_SELECTED.text)


async def test_a_consented_trial_is_set_up(site: Site, trade: Trade, context: BrowserContext, page: Page) -> None:
    """It stands first in the list with its age, and who may not sell can still set it up, and do no more (PV-01, PV-02, PS-04)."""
    customer = await site.town.organisation()
    trial_id = await trade.asked(customer)
    later = await trade.active()
    await trade.consents.accept(SERVICE, AcceptTrial(trial_id=trial_id, person_id=admin(customer)))
    helper = await site.token(CredentialRole.PARTNER, trade.partner_id, "helper", trade.helper)
    await page.reload()
    first = page.locator("tbody tr").first
    await expect(page.locator("tbody tr").last).to_contain_text(later.organisation_name)
    await expect(first).to_contain_text("Waits for its details")
    await expect(first).to_contain_text("Requested now")
    await first.get_by_role("link", name="Set up the trial of").click()
    await expect(page.locator("main")).to_contain_text("Once it is active it can be extended")
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        await http.post("/console/sign-in", data={"token": helper})
        text = (await http.get(f"/console/trials/{trial_id}")).text
        assert ("Build the services" in text, "/cancel" in text) == (True, False)
        details = f"/console/trials/{trial_id}/details"
        assert (await http.post(details, data={"key": "k", "seats": "0"})).status_code == 422
        for _ in range(2):  # sent twice, it acts once
            assert (await http.post(details, data={"key": "k", "seats": "12"})).status_code == 303
        assert (await http.post(f"/console/trials/{trial_id}/cancel", data={"key": "c"})).status_code == 403
    view = await shown(trade, trial_id)
    assert (view.state, view.seats) == (TrialState.PROVISIONING, 12)
    await site.town.execute(
        "update trial_services set problem = 'quota_exceeded' where service = 'calling' and trial_id = $1", trial_id
    )
    await page.reload()
    await expect(page.get_by_role("row", name="Calling")).to_contain_text("The platform says: quota_exceeded")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("status")).to_contain_text("being built")
    assert await site.town.value(int, "select count(*) from trial_services where problem is not null") == 0


async def test_people_are_given_licences(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """Who is ticked holds one, who is unticked does not; without full administration neither page nor command is there (PV-05, PV-06)."""
    ada, ben = admin(trial.organisation_id), PersonId("per_ben")
    await person(site.town, trial.organisation_id, ben, Role.USER)
    holders = "select array_agg(person_id::text) from licence_assignments where licence_set_id = $1"
    path = f"{site.url}/console/trials/{trial.trial_id}"
    for ticked in ((ada, ben), (ben,)):
        await page.goto(path)
        await page.get_by_role("link", name="Who uses it").click()
        await expect(page.get_by_role("checkbox")).to_have_count(2)
        for box, one in zip(await page.get_by_role("checkbox").all(), sorted((ada, ben)), strict=True):
            await box.set_checked(one in ticked)
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_contain_text("saved who uses the trial")
        assert set(await site.town.value(list, holders, trial.licence_set_id)) == set(ticked)
    await page.get_by_role("link", name="Who uses it").click()
    await expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    await site.town.execute("update managements set access = 'provisioning'")
    await page.goto(path)
    await expect(page.locator("main")).to_contain_text("has not given you full administration")
    form: dict[str, str | float | bool] = {"key": "k", "person": ada}
    refused = await page.request.post(f"{path}/people", form=form, headers={"Origin": site.url})
    assert (refused.status, (await page.request.get(f"{path}/people")).status) == (403, 403)
    assert set(await site.town.value(list, holders, trial.licence_set_id)) == {ben}


async def test_two_forms_do_not_undo_each_other(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """A form that was open while somebody else saved changes whom it changed alone; people come page by page (PV-05)."""
    ada, ben, cleo = admin(trial.organisation_id), PersonId("per_ben"), PersonId("per_cleo")
    for each in (ben, cleo):
        await person(site.town, trial.organisation_id, each, Role.USER)
    path = f"{site.url}/console/trials/{trial.trial_id}/people"
    await page.goto(path)
    await expect(page.locator("main")).to_contain_text("0 of 3 people")
    other = await page.context.new_page()
    await other.goto(path)
    for form, box in ((page, 0), (other, 1)):
        await form.get_by_role("checkbox").nth(box).check()
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_role("status")).to_contain_text("saved")
    await page.goto(path)
    await expect(page.locator("main")).to_contain_text("2 of 3 people of the customer hold one now")
    boxes = page.get_by_role("checkbox")
    assert [await box.is_checked() for box in await boxes.all()] == [True, True, False]
    await boxes.nth(0).uncheck()
    await page.get_by_role("button", name="Save").click()
    holders = "select array_agg(person_id::text) from licence_assignments where licence_set_id = $1"
    assert await site.town.value(list, holders, trial.licence_set_id) == [sorted((ada, ben, cleo))[1]]
    await site.town.execute(
        "insert into people (person_id, organisation_id, name, email, created_at)"
        " select 'per_z' || n, $1, 'Z', 'z@z.example', business_now() from generate_series(100, 200) as n",
        trial.organisation_id,
    )
    await page.goto(path)
    await expect(boxes).to_have_count(100)
    await page.get_by_role("link", name="Next page").click()
    await expect(boxes).to_have_count(4)


async def test_a_trial_says_how_it_is_bought(site: Site, trade: Trade, page: Page, trial: TrialView) -> None:
    """Which services an order has to name, what becomes of the others, and whose order it is (TC-12, TC-13, TC-15, TC-19)."""
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}")
    services = page.get_by_role("region", name="Services")
    await expect(services).to_contain_text("whatever the customer wants to keep of this: Calling, Messaging.")
    await expect(services).to_contain_text("missing from the order stays on trial, until its end and the grace")
    await expect(services).not_to_contain_text("tier-2")
    rival = await Trade.open(site)
    await site.town.execute(
        "update partners set tier = 2, distributor_id = $1 where partner_id = $2", rival.partner_id, trade.partner_id
    )
    await page.reload()
    await expect(services).to_contain_text(f"A tier-2 partner has it ordered by its distributor, {rival.partner_id}.")


@pytest.mark.parametrize("country", ["US", "DE"])
async def test_devices_go_back(site: Site, trade: Trade, page: Page, trial: TrialView, country: str) -> None:
    """How they go back, a new label in the USA alone, and each serial number ticked once it has come; the trial's end is another date (DV-03 to DV-07, DV-09)."""
    await site.town.execute("update organisations set country = $1", country)
    ends_at = await site.town.now() + 10 * DAY
    ship = ShipDevices(trial_id=trial.trial_id, demo_order="D-77", serials=("FCH1", "FCH2"), device_ends_at=ends_at)
    await trade.devices.ship(SERVICE, ship)
    await page.goto(f"{site.url}/console/trials/{trial.trial_id}")
    await expect(page.get_by_role("region", name="Devices")).to_contain_text("2 of 2 to come back")
    await page.get_by_role("link", name="Returns of these devices").click()
    due = page.get_by_role("region", name="Due back in 24 days")
    await expect(due.locator("time").first).to_have_attribute("datetime", ends_at.isoformat())
    label = page.get_by_role("button", name="The label is lost")
    if country == "US":
        await label.click()
        await expect(page.get_by_role("status")).to_contain_text("A new label is on its way.")
        await expect(page.get_by_role("region", name="How they go back")).to_contain_text("Call UPS")
    else:
        await expect(label).to_have_count(0)
        await expect(page.get_by_role("region", name="How they go back")).to_contain_text("within the USA only")
    await page.get_by_label("FCH1").check()
    await page.get_by_role("button", name="They have come back").click()
    await expect(page.get_by_role("status")).to_contain_text("written down")
    states = [device.state for device in (await trade.devices.show(SERVICE, trial.trial_id)).devices]
    assert states == [DeviceState.RETURNED, DeviceState.SHIPPED]
    await page.get_by_role("button", name="They have come back").click()  # nothing was ticked
    await expect(page.locator("main")).to_contain_text("Tick the devices that have come back.")
