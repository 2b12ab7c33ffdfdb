"""Consent in a real browser: from the mail to the answer, by mouse and keyboard, with scripts and without (CO)."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tenure.contracts.organisation import Access
from tenure.contracts.trial import CancelTrial, ConsentState, ProvideDetails, TrialState
from tenure.ids import OrganisationId, TrialId
from tests.integration.deletion.town import DAY, SERVICE, admin
from tests.web.browsing import PHONE, browsing, width
from tests.web.site import Site
from tests.web.trade import Trade, email
from workers.stack.mail import MailSink


@pytest.fixture
async def customer(site: Site) -> OrganisationId:
    """An organisation with two full admins, which the partner does not manage."""
    return await site.town.organisation(admins=2, time_zone="Europe/Warsaw")


@pytest.fixture
async def trial_id(trade: Trade, customer: OrganisationId) -> TrialId:
    """A request that waits for its consent."""
    return await trade.asked(customer)


@pytest.fixture
async def page(context: BrowserContext, trade: Trade, trial_id: TrialId, customer: OrganisationId) -> Page:
    """The page that the first full admin's link opens."""
    page = await context.new_page()
    await page.goto(trade.consent_link(trial_id, admin(customer)))
    return page


async def test_a_trial_is_accepted_from_the_mail(
    site: Site, trade: Trade, context: BrowserContext, customer: OrganisationId, mail_sink: MailSink
) -> None:
    """The link of the real mail names partner, services and deadline, and one click accepts (CO-01, CO-04, CO-09, CO-10)."""
    trial_id = await trade.asked(customer, admin_email=email(customer).upper())
    await trade.deliver(customer, mail_sink)
    mails = [mail for mail in mail_sink.messages() if email(customer) in mail.recipients]
    [link] = set(re.findall(rf"{site.url}/consent/\S+", mails[-1].text))
    page = await context.new_page()
    await page.goto(link)
    asked = await trade.consents.request(trial_id)
    main = page.get_by_role("main")
    for words in (asked.partner_name, asked.organisation_name, "Calling", "Messaging", "Time left: 10 days"):
        await expect(main).to_contain_text(words)
    shown = await main.locator("time").get_attribute("datetime")
    assert shown is not None
    assert (
        asked.deadline_at.isoformat()[:13]
        == (asked.deadline_at.fromisoformat(shown)).astimezone(asked.deadline_at.tzinfo).isoformat()[:13]
    )
    await expect(main).to_contain_text("Central European")
    await expect(page.get_by_label("Allow full administration")).not_to_be_checked()
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page.get_by_role("status")).to_contain_text("The trial is accepted")
    await expect(page.get_by_role("status")).to_contain_text("Full administration is not allowed")
    await expect(page.get_by_role("button")).to_have_count(0)
    view = await trade.trials.show(SERVICE, trial_id)
    assert (view.state, view.access) == (TrialState.AWAITING_DETAILS, Access.PROVISIONING)
    [entry] = await site.town.fetch("select actor, at from audit where action = 'consent_accepted'")
    assert entry["actor"] == "customer"
    [request] = await site.town.fetch("select decided_by, decided_at from trial_requests")
    assert tuple(request) == (admin(customer), entry["at"])


async def test_the_box_gives_full_administration(trade: Trade, page: Page, trial_id: TrialId) -> None:
    """Ticked by the full admin, and only then, the box lets the partner administer everything (CO-08, RO-03)."""
    box = page.get_by_role("checkbox", name="Allow full administration")
    await expect(box).to_have_accessible_description(re.compile("users and licences of the organisation"))
    await page.get_by_text("Allow full administration").click()
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page.get_by_role("status")).to_contain_text("Full administration is allowed")
    assert (await trade.trials.show(SERVICE, trial_id)).access is Access.FULL


async def test_a_trial_is_declined(trade: Trade, page: Page, trial_id: TrialId) -> None:
    """Declining ends it at once; the page says so from then on, and has no buttons any more (CO-20)."""
    await page.get_by_role("button", name="Decline").click()
    await expect(page.get_by_role("status")).to_contain_text("The request is declined")
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.CANCELLED
    await page.reload()
    await expect(page.get_by_role("status")).to_contain_text("no trial begins")
    await expect(page.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_keyboard_is_enough(
    site: Site, browser: Browser, trade: Trade, trial_id: TrialId, customer: OrganisationId, scripts: bool
) -> None:
    """Box and buttons are reached and used by keyboard alone, also in a browser that runs no scripts (CO-08)."""
    async with browsing(browser, site, java_script_enabled=scripts) as context:
        page = await context.new_page()
        await page.goto(trade.consent_link(trial_id, admin(customer, 2)))
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Allow full administration")).to_be_focused()
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Accept the trial")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Full administration is allowed")
    assert (await trade.trials.show(SERVICE, trial_id)).access is Access.FULL


async def test_others_are_told_who_decides(
    site: Site, trade: Trade, context: BrowserContext, trial_id: TrialId, customer: OrganisationId
) -> None:
    """The typed address of a stranger, and a full admin who is none any more, read it and find no buttons (CO-03, CO-05)."""
    await site.town.execute("delete from person_roles where person_id = $1", admin(customer, 2))
    page = await context.new_page()
    for recipient in (trial_id, admin(customer, 2)):
        response = await page.goto(trade.consent_link(trial_id, recipient))
        assert response is not None
        assert response.status == 403
        await expect(page.get_by_role("note").last).to_contain_text("Only a full administrator")
        await expect(page.get_by_role("note").last).to_contain_text("ask one of them")
        await expect(page.get_by_role("button")).to_have_count(0)
        await expect(page.get_by_role("checkbox")).to_have_count(0)


async def test_after_the_deadline_nobody_decides(
    site: Site, trade: Trade, page: Page, trial_id: TrialId, customer: OrganisationId
) -> None:
    """At the deadline the page that is still open accepts nothing, whether or not the process has got there (CO-06, XC-03)."""
    await site.town.advance(10 * DAY)
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page.get_by_role("status")).to_contain_text("The time to answer is over")
    await expect(page.get_by_role("button")).to_have_count(0)
    assert (await trade.consents.request(trial_id)).state is ConsentState.PENDING
    response = await page.reload()
    assert response is not None
    assert response.status == 410


async def test_a_withdrawn_request_says_so(
    trade: Trade, page: Page, trial_id: TrialId, customer: OrganisationId
) -> None:
    """A request that its partner has taken back has nothing to decide any more (CO-11, CO-15)."""
    await trade.trials.cancel(SERVICE, CancelTrial(trial_id=trial_id, by=trade.seller, confirmed=True))
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page.get_by_role("status")).to_contain_text("The request was withdrawn")
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.CANCELLED


async def test_what_was_bought_meanwhile_cannot_be_tried(
    site: Site, trade: Trade, context: BrowserContext, customer: OrganisationId
) -> None:
    """Where no service is left to try, accepting is refused with its reason and not offered again; declining stays (CO-17)."""
    trial_id = await trade.asked(customer, services=("messaging",))
    page = await context.new_page()
    await page.goto(trade.consent_link(trial_id, admin(customer)))
    await site.town.execute(
        "insert into licence_sets (licence_set_id, organisation_id, kind, state, services, active_since, created_at)"
        " values ('lic_bought', $1, 'subscription', 'active', '{messaging}', business_now(), business_now())",
        customer,
    )
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page.get_by_role("alert")).to_contain_text("has bought these services")
    for _ in range(2):
        await expect(page.get_by_role("button")).to_have_text(["Decline"])
        await expect(page.get_by_role("checkbox")).to_have_count(0)
        await page.reload()
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.PENDING_CONSENT
    await page.get_by_role("button", name="Decline").click()
    await expect(page.get_by_role("status")).to_contain_text("The request is declined")


async def test_an_accepted_trial_may_be_set_up(trade: Trade, page: Page, trial_id: TrialId) -> None:
    """Once the partner has given its details, and all the while the trial runs, the page says that it was accepted, and no more what the partner can do now (CO-10, PV-01)."""
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page.get_by_role("status")).to_contain_text("can now set up")
    view = await trade.trials.provide_details(SERVICE, ProvideDetails(trial_id=trial_id, by=trade.seller, seats=5))
    for state in (TrialState.PROVISIONING, TrialState.ACTIVE):
        assert (await trade.trials.show(SERVICE, trial_id)).state is state
        await page.reload()
        await expect(page).to_have_title(re.compile("^The trial is accepted"))
        await expect(page.get_by_role("status")).to_contain_text("was accepted. There is nothing for you to do.")
        await expect(page.get_by_role("main")).not_to_contain_text("can now set up")
        await expect(page.get_by_role("listitem")).to_have_text(["Calling", "Messaging"])
        await trade.look(view)


async def test_an_accepted_trial_may_be_over(
    trade: Trade, page: Page, trial_id: TrialId, customer: OrganisationId
) -> None:
    """What was true when it was accepted is not told once the partner has cancelled the trial, whose access is gone (CO-13)."""
    await page.get_by_role("button", name="Accept the trial").click()
    await expect(page).to_have_title(re.compile("^The trial is accepted"))
    await trade.trials.cancel(SERVICE, CancelTrial(trial_id=trial_id, by=trade.seller, confirmed=True))
    await page.reload()
    await expect(page.get_by_role("status")).to_contain_text("the trial is over by now")
    await expect(page).to_have_title(re.compile("^The trial is over"))
    await expect(page.get_by_role("main")).not_to_contain_text("can now set up")
    await expect(page.get_by_role("list")).to_have_count(0)


async def test_names_are_only_text(
    site: Site, trade: Trade, context: BrowserContext, trial_id: TrialId, customer: OrganisationId
) -> None:
    """Names of partners and organisations are shown as they are, whatever markup or marks of direction they hold."""
    hostile = "<img src=x onerror=document.title='owned'>{{ 7 * 7 }}"
    await site.town.execute("update partners set name = $1 where partner_id = $2", hostile, trade.partner_id)
    await site.town.execute("update organisations set name = $1 where organisation_id = $2", hostile, customer)
    page = await context.new_page()
    await page.goto(trade.consent_link(trial_id, admin(customer)))
    await expect(page.locator("p.lead")).to_contain_text(f"“{hostile}” would like to start")
    await expect(page.locator("p.lead bdi")).to_have_count(2)
    assert "owned" not in await page.title()
    assert "49" not in await page.locator("p.lead").inner_text()


@pytest.fixture
async def phone(browser: Browser, site: Site) -> AsyncIterator[BrowserContext]:
    """A phone."""
    async with browsing(browser, site, viewport=PHONE, has_touch=True, is_mobile=True) as context:
        yield context


async def test_it_fits_a_phone(
    site: Site, trade: Trade, phone: BrowserContext, trial_id: TrialId, customer: OrganisationId
) -> None:
    """On a phone nothing is wider than the screen, and what can be pressed is large enough for a finger."""
    await site.town.execute("update partners set name = $1 where partner_id = $2", "Weit" * 50, trade.partner_id)
    page = await phone.new_page()
    await page.goto(trade.consent_link(trial_id, admin(customer)))
    assert await width(page) <= PHONE["width"]
    for button in await page.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    await page.get_by_text("Allow full administration").tap()
    await page.get_by_role("button", name="Accept the trial").tap()
    await expect(page.get_by_role("status")).to_contain_text("Full administration is allowed")
    assert await width(page) <= PHONE["width"]


async def test_it_answers_without_tls_too(
    site: Site, browser: Browser, trade: Trade, trial_id: TrialId, customer: OrganisationId
) -> None:
    """A browser that says by `Origin` alone whose form it sends, as older ones always do, decides too; no path leaves it (SF-09)."""
    context = await browser.new_context()
    page = await context.new_page()
    link = trade.consent_link(trial_id, admin(customer))
    await page.goto(link.replace("127.0.0.1", "plain.test"))
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await page.get_by_role("button", name="Accept the trial").click()
    headers = await (await sent.value).all_headers()
    assert "sec-fetch-site" not in headers
    assert headers["referer"] == headers["origin"] + "/"
    await expect(page.get_by_role("status")).to_contain_text("The trial is accepted")
    await context.close()
