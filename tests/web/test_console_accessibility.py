"""The console's pages as an accessibility checker and a keyboard see them (WCAG 2.2 AA)."""

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.device import ShipDevices
from tests.integration.deletion.town import DAY, SERVICE
from tests.web.browsing import PHONE, browsing, enter, faint_texts, faults, width
from tests.web.clientele import Clientele
from tests.web.site import Site
from tests.web.trade import Trade

ZOOMED: ViewportSize = {"width": 640, "height": 400}
"""A desktop of 1280 by 800 at 200 per cent, which WCAG 1.4.4 asks for."""


async def looked_at(page: Page, site: Site, paths: list[str]) -> dict[str, object]:
    """What is wrong with pages: dark on a phone their contrast and width, light and zoomed whatever the checker knows."""
    found: dict[str, object] = {}
    for path in paths:
        await page.set_viewport_size(PHONE)
        await page.emulate_media(color_scheme="dark")
        await page.goto(f"{site.url}/console/{path}")
        wrong: list[object] = [*await faint_texts(page)]
        if await width(page) > PHONE["width"]:
            wrong.append("wider than a phone")
        await page.set_viewport_size(ZOOMED)
        await page.emulate_media(color_scheme="light")
        wrong += await faults(page)  # the contrast of the light scheme among them
        if await width(page) > ZOOMED["width"]:
            wrong.append("wider than a zoomed desktop")
        if wrong:
            found[path] = wrong
    return found


async def test_no_page_has_a_fault(site: Site, trade: Trade, browser: Browser) -> None:
    """Every page of partners, operators and reviewers: no fault, light or dark, and none is wider than a phone or a desktop at 200 per cent."""
    trial = await trade.active()
    pending = await trade.asked(await site.town.organisation())
    shipment = ShipDevices(
        trial_id=trial.trial_id,
        demo_order="D-77",
        serials=("FCH1",),
        device_ends_at=await site.town.now() + 10 * DAY,
    )
    await trade.devices.ship(SERVICE, shipment)
    warned = await site.town.warned()
    clientele = await Clientele.open(site, name="provider")
    customer = await clientele.active("Alder & Finch Ltd")
    own = f"trials/{trial.trial_id}"
    partner = [
        *("", "?named=nobody", "trials", f"trials/{pending}", f"{own}/people"),
        *("trials/new", f"trials/new?organisation={trial.organisation_id}", own, f"{own}/extend?days=3"),
        *(f"{own}/extend?days=99", f"{own}/services", f"{own}/cancel", "devices", f"devices/{trial.trial_id}"),
        *("calendar", f"organisations/{trial.organisation_id}", "none", "sign-in"),
    ]
    operator = [
        *("trials", f"organisations/{warned}", f"organisations/{warned}/warning", "wholesale"),
        *(f"wholesale/{customer}", "reviews", "erasures", "breakers", "feeds"),
    ]
    visits = (
        (await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller), partner),
        (await site.token(CredentialRole.OPERATOR, name="ada"), operator),
    )
    for token, paths in visits:
        async with browsing(browser, site) as context:
            page = await enter(context, site, token, "/console/calendar")
            assert await looked_at(page, site, paths) == {}


async def test_a_trial_is_requested_by_keyboard_alone(site: Site, trade: Trade, context: BrowserContext) -> None:
    """From the list to the trial with Tab, Space, Enter and letters, and the focus is seen at every stop."""
    customer = await site.town.organisation(managed_by=trade.partner_id)
    token = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller)
    page = await enter(context, site, token, f"/console/organisations/{customer}")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await tab_to(page, "Request a trial")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="A customer of yours")).to_be_visible()
    await tab_to(page, "Calling")
    await page.keyboard.press("Space")
    await tab_to(page, "Start the trial")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("The trial is requested")


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what bears that name has the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        outline = await focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth")
        assert outline == "solid3px", await focused.evaluate("e => e.outerHTML")
        if name in await focused.evaluate("e => [e.innerText, ...[...(e.labels ?? [])].map(l => l.innerText)]"):
            return
    pytest.fail(f"nothing that Tab reaches is called {name}")
