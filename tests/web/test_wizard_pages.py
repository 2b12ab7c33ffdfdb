"""The first launch of an organisation at the console, in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.wizard import WizardCommand, WizardStep
from tenure.ids import OrganisationId
from tests.web.browsing import PHONE, enter, faint_texts, width
from tests.web.clientele import Clientele
from tests.web.site import Site


@pytest.fixture
async def clientele(site: Site) -> Clientele:
    """A service provider, whose own organisation has never been launched."""
    return await Clientele.open(site)


@pytest.fixture
async def page(site: Site, context: BrowserContext, clientele: Clientele) -> Page:
    """The console's first page, with the partner's seller signed in."""
    return await enter(context, site, await clientele.token(), "/console/")


@asynccontextmanager
async def session(site: Site, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a session, which sends what browsers send."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        await http.post("/console/sign-in", data={"token": token})
        yield http


async def step(clientele: Clientele, organisation_id: OrganisationId) -> WizardStep:
    """Where an organisation's wizard stands."""
    command = WizardCommand(organisation_id=organisation_id)
    return (await clientele.site.application.services.wizards.launch(clientele.seller, command)).step


async def launch(page: Page) -> None:
    """Press what stands at the top of the navigation."""
    await page.get_by_role("navigation").get_by_role("button", name="Launch my organisation").click()


async def test_the_partner_launches_its_own_organisation(site: Site, page: Page, clientele: Clientele) -> None:
    """The action tops the left navigation; plan, terms, start, prompts; it goes on where it was left, and is skipped once it is done (WIZ-01, WIZ-02, WIZ-04, WIZ-06)."""
    home = clientele.trade.home
    await page.set_viewport_size({"width": 1300, "height": 800})
    await page.wait_for_load_state()
    action = await page.get_by_role("button", name="Launch my organisation").bounding_box()
    link = await page.get_by_role("navigation").get_by_role("link").first.bounding_box()
    main = await page.get_by_role("main").bounding_box()
    assert action is not None
    assert link is not None
    assert main is not None
    assert action["y"] + action["height"] <= link["y"]
    assert action["x"] + action["width"] <= main["x"]
    await launch(page)
    await expect(page).to_have_url(f"{site.url}/console/organisations/{home}/set-up")
    await expect(page.get_by_role("region", name="Your plan")).to_be_visible()
    current = page.locator("[aria-current=step]")
    await expect(current).to_contain_text("Accept the terms")
    await page.get_by_role("button", name="Accept and go on").click()  # the browser asks for the tick
    assert await step(clientele, home) is WizardStep.ACCEPT_TERMS
    await page.get_by_label("I accept the terms").check()
    await page.get_by_role("button", name="Accept and go on").click()
    await expect(current).to_contain_text("Get started")
    await page.goto(f"{site.url}/console/calendar")
    await launch(page)
    await expect(current).to_contain_text("Get started")
    await page.get_by_role("button", name="Get started").click()
    await expect(current).to_contain_text("Follow the prompts")
    for prompt in await page.get_by_role("checkbox").all():
        await prompt.check()
    await page.get_by_role("button", name="Finish the set-up").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Set up")
    assert await step(clientele, home) is WizardStep.COMPLETE
    await launch(page)
    await expect(page.get_by_role("region", name="Go on")).to_be_visible()
    await expect(page.get_by_role("checkbox")).to_have_count(0)
    accepted = await site.town.fetch("select actor from audit where action = 'terms_accepted'")
    assert [entry["actor"] for entry in accepted] == ["partner:kim"]


async def test_a_customers_organisation_is_launched_too(site: Site, page: Page, clientele: Clientele) -> None:
    """With the summary of its plan; afterwards a launch leads to its page (WIZ-02, WIZ-03)."""
    customer = await clientele.active("Alder & Finch Ltd")
    await page.goto(f"{site.url}/console/wholesale/{customer}")
    await page.get_by_role("button", name="Launch the organisation").click()
    plan = page.get_by_role("region", name="Your plan")
    for said in ("Suite", "Messaging", "1 of 3 assigned"):
        await expect(plan).to_contain_text(said)
    await clientele.set_up(customer)
    await page.reload()
    await page.get_by_role("link", name="Users of the organisation").click()
    await expect(page.get_by_role("button", name="Add the user")).to_be_visible()
    await expect(page.get_by_role("button", name="Launch the organisation")).to_have_count(0)
    async with session(
        site, await site.token(CredentialRole.PARTNER, clientele.partner_id, "k2", clientele.trade.seller)
    ) as http:
        again = await http.post(f"/console/organisations/{customer}/launch")
    assert again.headers["location"] == f"/console/wholesale/{customer}"


async def test_steps_are_not_skipped(site: Site, clientele: Clientele) -> None:
    """Whatever is sent directly: no start without terms, no other terms, no end without every prompt; each says so (WIZ-04)."""
    home = clientele.trade.home
    async with session(site, await clientele.token()) as http:
        base = f"/console/organisations/{home}/set-up"
        await http.get(base)
        assert await step(clientele, home) is WizardStep.ACCEPT_TERMS
        ticks = {"prompt": ["organisation", "plan", "administrators"]}
        wrong: list[tuple[str, dict[str, Any], str]] = [
            ("start", {}, "Accept the terms first."),
            ("complete", ticks, "Accept the terms first."),
            ("terms", {}, "Accept the terms first."),
            ("terms", {"terms_version": "0", "accepted": "true"}, "not the terms that are in force"),
            ("terms", {"terms_version": "?", "accepted": "true"}, "not the terms that are in force"),
        ]
        before = await site.digest()
        for act, form, said in wrong:
            response = await http.post(f"{base}/{act}", data=form)
            assert (response.status_code, said in response.text) == (409, True), (act, form)
        assert await site.digest() == before
        version = site.application.catalogue.terms.version
        for _ in range(2):  # sent twice, it acts once
            await http.post(f"{base}/terms", data={"terms_version": version, "accepted": "true"})
        early = await http.post(f"{base}/complete", data=ticks)
        assert early.status_code == 409
        await http.post(f"{base}/start")
        half = await http.post(f"{base}/complete", data={"prompt": ["plan", "plan"]})
        assert (half.status_code, "Tick every prompt first." in half.text) == (409, True)
        assert await step(clientele, home) is WizardStep.FOLLOW_PROMPTS
        for _ in range(2):
            assert (await http.post(f"{base}/complete", data=ticks)).status_code == 303
    assert await site.town.value(int, "select count(*) from audit where action = 'set_up_complete'") == 1


async def test_only_a_person_of_the_partner_launches(site: Site, clientele: Clientele) -> None:
    """Operators, tokens of nobody, reviewers and other partners find no action, and launch nothing; nor does a form from elsewhere (WIZ-01, P14)."""
    customer = await clientele.active()
    rival = await Clientele.open(site, name="rival")
    tokens = {
        await site.token(CredentialRole.OPERATOR, name="ada"): {403},
        await site.token(CredentialRole.PARTNER, clientele.partner_id, "nobody"): {403},
        await site.token(CredentialRole.REVIEWER, name="eva"): {403},
        await rival.token(): {404},
    }
    mine = await clientele.token()
    before = await site.digest()
    for token, statuses in tokens.items():
        async with session(site, token) as http:
            first = await http.get("/console/", follow_redirects=True)
            assert ("Launch my organisation" in first.text) == (statuses == {404})
            for organisation_id in (customer, clientele.trade.home):
                base = f"/console/organisations/{organisation_id}"
                assert (await http.get(f"{base}/set-up")).status_code in statuses
                for act in ("launch", "set-up/terms", "set-up/start", "set-up/complete"):
                    form = {"terms_version": site.application.catalogue.terms.version, "accepted": "true"}
                    assert (await http.post(f"{base}/{act}", data=form)).status_code in statuses, act
    async with session(site, mine) as http:
        elsewhere = await http.post("/console/launch", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    assert await site.digest() == before


async def test_the_wizard_fits_a_phone(site: Site, page: Page, clientele: Clientele) -> None:
    """Each step fits a phone, has contrast in light and dark, one heading, and a label for each box."""
    await site.town.execute("update organisations set name = $1", "Wide" * 40)
    await page.set_viewport_size(PHONE)
    await launch(page)
    for button in ("Accept and go on", "Get started", "Finish the set-up", None):
        await expect(page.locator("h1")).to_have_count(1)
        assert await width(page) <= PHONE["width"]
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await faint_texts(page) == [], (button, scheme)
        for box in await page.get_by_role("checkbox").all():
            assert await box.evaluate("e => e.labels[0].innerText")
            await box.check()
        if button is not None:
            await page.get_by_role("button", name=button).click()


async def test_looking_at_the_wizard_begins_nothing(site: Site, clientele: Clientele) -> None:
    """Its page can be opened by its address before any launch, and nothing is written for that (WIZ-06, P14)."""
    home = clientele.trade.home
    database = site.application.database
    async with session(site, await clientele.token()) as http, database.read() as connection:
        response = await http.get(f"/console/organisations/{home}/set-up")
        assert response.status_code == 200
        assert await connection.fetchval("select count(*) from wizards where organisation_id = $1", home) == 0
