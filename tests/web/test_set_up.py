"""The set-up of ordered services in a browser: from the mail to the tie, by way of a look at the customer (TC-16 to TC-18)."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tenure.contracts.conversion import ActingAs, ConvertTrial
from tenure.contracts.trial import TrialView
from tenure.ids import LicenceSetId, OrderId
from tests.integration.deletion.town import SERVICE, admin
from tests.web.site import Site
from tests.web.trade import Trade, email
from workers.stack.mail import MailSink

ORDER = OrderId("ord_2231")


@pytest.fixture
async def trial(trade: Trade) -> TrialView:
    """A trial that an order has converted; the seller is to set it up."""
    trial = await trade.active()
    command = ConvertTrial(
        trial_id=trial.trial_id,
        order_id=ORDER,
        licence_set_id=LicenceSetId("lic_bought"),
        services=("calling", "messaging"),
        ordered_by=trade.partner_id,
        contact=trade.seller,
    )
    await trade.trials.convert(SERVICE, command)
    return trial


@pytest.fixture
def link(trade: Trade, trial: TrialView) -> str:
    """The contact's link."""
    return trade.links.set_up(ORDER, trade.seller)


async def fill(page: Page, role: str, address: str) -> None:
    """Answer both questions."""
    await page.get_by_label(role).check()
    await page.get_by_label("E-mail address").fill(address)
    await page.get_by_role("button", name="Continue").click()


async def test_an_order_is_tied_from_the_mail(
    site: Site, trade: Trade, trial: TrialView, context: BrowserContext, mail_sink: MailSink
) -> None:
    """The contact says as whom they act, names an admin of the trial, checks the customer, and ties the order (TC-16, TC-17)."""
    await trade.deliver(trial.organisation_id, mail_sink)
    mails = [mail for mail in mail_sink.messages() if f"{ORDER}" in mail.text or "/set-up/" in mail.text]
    [link] = set(re.findall(rf"{site.url}/set-up/\S+", mails[-1].text))
    page = await context.new_page()
    await page.goto(link)
    await expect(page.get_by_role("main")).to_contain_text("Calling")
    assert trial.organisation_name not in await page.content()
    await fill(page, "As the partner", email(trial.organisation_id).upper())
    await expect(page.get_by_role("heading", name="Check the customer")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(trial.organisation_name)
    assert (await trade.consents.set_up(ORDER)).tied_at is None
    await page.get_by_role("button", name="This is the right customer").click()
    await expect(page.get_by_role("status")).to_contain_text("The order is tied")
    await expect(page.get_by_role("main")).to_contain_text(trial.organisation_name)
    order = await trade.consents.set_up(ORDER)
    assert (order.acting_as, order.organisation_id) == (ActingAs.PARTNER, trial.organisation_id)
    [entry] = await site.town.fetch("select actor from audit where action = 'order_tied'")
    assert entry["actor"] == "partner"
    await page.goto(link)
    await expect(page.get_by_role("status")).to_contain_text("The order is tied")
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_another_customer_is_no_match(
    site: Site, trade: Trade, trial: TrialView, link: str, context: BrowserContext
) -> None:
    """An address that is not of an admin of the trial's organisation is told on the form, and nothing comes of it (TC-18)."""
    other = await site.town.organisation()
    before = await site.digest()
    page = await context.new_page()
    await page.goto(link)
    for address in (email(other), "nobody@nowhere.example", f"{trade.seller.name}@{trade.home.name}.example"):
        await fill(page, "As an administrator", address)
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was set up")
        await expect(page.get_by_label("E-mail address")).to_have_value(address)
        await expect(page.get_by_label("E-mail address")).to_be_focused()
        await expect(page.get_by_label("E-mail address")).to_have_accessible_description(
            re.compile("Nothing was set up")
        )
        await expect(page.get_by_label("As an administrator of the customer")).to_be_checked()
    assert await site.digest() == before
    await fill(page, "As an administrator", email(trial.organisation_id))
    await page.get_by_role("link", name="Back").click()
    await expect(page.get_by_role("heading", name="Set up services")).to_be_visible()
    assert await site.digest() == before


@pytest.fixture
async def browser_like(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends what browsers send with a form of ours."""
    async with httpx.AsyncClient(headers={"Sec-Fetch-Site": "same-origin"}) as http:
        yield http


async def test_forms_are_read_strictly(
    site: Site, browser_like: httpx.AsyncClient, trial: TrialView, link: str
) -> None:
    """Opening, forms from elsewhere, incomplete and odd ones tie nothing (SF-09)."""
    before = await site.digest()
    answers = {"acting_as": "partner", "admin_email": email(trial.organisation_id), "confirmed": "true"}
    for method in ("GET", "HEAD"):
        assert (await browser_like.request(method, link, params=answers)).status_code == 200
    assert (await browser_like.post(link, data=answers, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    for wrong in (
        {"acting_as": "operator"},
        {"admin_email": "x" * 255},
        {"admin_email": "no address"},
        {"organisation_id": trial.organisation_id},
    ):
        assert (await browser_like.post(link, data=answers | wrong)).status_code == 422
    assert await site.digest() == before
    assert (await browser_like.post(link, data=answers)).status_code == 303
    assert (await browser_like.post(link, data=answers)).status_code == 303
    assert await site.town.value(int, "select count(*)::int from audit where action = 'order_tied'") == 1


async def test_an_admin_of_the_customer_sets_up_too(
    site: Site, trade: Trade, trial: TrialView, context: BrowserContext
) -> None:
    """A contact at the customer acts as its admin (TC-15, TC-16)."""
    contact = admin(trial.organisation_id)
    await site.town.execute("update orders set contact = $1 where order_id = $2", contact, ORDER)
    page = await context.new_page()
    await page.goto(trade.links.set_up(ORDER, contact))
    await fill(page, "As an administrator", email(trial.organisation_id))
    await page.get_by_role("button", name="This is the right customer").click()
    await expect(page.get_by_role("main")).to_contain_text("An administrator of the customer")
    assert (await trade.consents.set_up(ORDER)).acting_as is ActingAs.CUSTOMER_ADMIN


async def test_a_link_is_its_contacts_alone(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, trial: TrialView, link: str
) -> None:
    """Whoever is not the order's contact, or got the mail at an address that was corrected since, sees and ties nothing (TC-15, SF-09)."""
    answers = {"acting_as": "partner", "admin_email": email(trial.organisation_id), "confirmed": "true"}
    await site.town.execute("update people set email = 'right@north.example' where person_id = $1", trade.seller)
    before = await site.digest()
    for dead in (
        link,
        trade.links.set_up(ORDER, trade.helper),
        trade.links.set_up(ORDER, admin(trial.organisation_id)),
    ):
        for response in (await browser_like.get(dead), await browser_like.post(dead, data=answers)):
            assert (response.status_code, "nothing here any more" in response.text) == (404, True)
    assert await site.digest() == before
    renewed = trade.links.set_up(ORDER, trade.seller, 2)
    assert (await browser_like.post(renewed, data=answers)).status_code == 303
    assert (await trade.consents.set_up(ORDER)).tied_at is not None


async def test_a_link_dies_with_the_role(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, trial: TrialView, link: str
) -> None:
    """A contact that is no admin any more, of the partner or of the customer, sees and ties nothing by an old link (TC-15, SF-09)."""
    answers = {"acting_as": "partner", "admin_email": email(trial.organisation_id), "confirmed": "true"}
    customer = admin(trial.organisation_id)
    of_customer = trade.links.set_up(ORDER, customer)
    for contact, address in ((trade.seller, link), (customer, of_customer)):
        await site.town.execute("update orders set contact = $1 where order_id = $2", contact, ORDER)
        assert (await browser_like.get(address)).status_code == 200
        await site.town.execute("delete from person_roles where person_id = $1", contact)
        for response in (await browser_like.get(address), await browser_like.post(address, data=answers)):
            assert (response.status_code, "nothing here any more" in response.text) == (404, True)
    assert (await trade.consents.set_up(ORDER)).tied_at is None
