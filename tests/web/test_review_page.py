"""The reviewer's pages in a real browser: by keyboard alone, two reviewers at once, and what everybody can read."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tenure.contracts.credential import CredentialRole
from tenure.contracts.customer import OnboardingState
from tenure.contracts.review import CaseState, Decision
from tests.web.browsing import PHONE, browsing, enter, faint_texts, width
from tests.web.clientele import RITA, Clientele, hit
from tests.web.site import Site

HOUR = timedelta(hours=1)


@pytest.fixture
async def clientele(site: Site) -> Clientele:
    """A service provider with its customers."""
    return await Clientele.open(site)


async def reviewer(context: BrowserContext, site: Site, name: str = "eva", path: str = "/console/reviews") -> Page:
    """A page with a reviewer signed in."""
    return await enter(context, site, await site.token(CredentialRole.REVIEWER, name=name), path)


async def focused(page: Page) -> str:
    """What the keyboard is at; it can be seen to be there."""
    name, outline = await page.evaluate(
        "() => { const e = document.activeElement, style = getComputedStyle(e);"
        " return [e.labels?.[0]?.innerText || e.innerText || e.value || '', style.outlineStyle + style.outlineWidth] }"
    )
    assert outline == "solid3px", name
    return " ".join(str(name).split())


async def tab_to(page: Page, name: str) -> None:
    """Go on with the tabulator until something of that name is reached."""
    await page.wait_for_load_state()  # of its stylesheet, too
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await focused(page) == name:
            return
    pytest.fail(f"{name!r} is not reached by keyboard")


async def decide(page: Page, decision: str, reason: str) -> None:
    """Choose, give a reason, and go to the confirmation."""
    await page.get_by_role("radio", name=decision).check()
    await page.get_by_label("Reason").fill(reason)
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="What happens")).to_be_visible()


async def test_a_case_is_decided_by_keyboard_alone(site: Site, context: BrowserContext, clientele: Clientele) -> None:
    """From the sign-in to the confirmed decision nothing needs a mouse, and what has the focus can be seen (RPL-09, RPL-14)."""
    case_id = await clientele.pending()
    await clientele.pending("Orion Shipping LLC")
    page = await context.new_page()
    await page.goto(site.url + "/console/")
    await expect(page.get_by_label("Access token")).to_be_focused()
    await page.keyboard.type(await site.token(CredentialRole.REVIEWER, name="eva"))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(site.url + "/console/reviews")
    await tab_to(page, "Banco Nacional Cuba S.A.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Banco Nacional Cuba S.A.")
    await tab_to(page, "Skip to the decision")
    await page.keyboard.press("Enter")
    await tab_to(page, "Approve")
    await page.keyboard.press("Space")
    await tab_to(page, "Reason")
    await page.keyboard.type("Another company, founded in 2019.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.locator("main")).to_contain_text("account is created at once")
    await tab_to(page, "Yes, approve")
    await page.keyboard.press("Enter")
    outcome = page.get_by_role("status")
    await expect(outcome).to_contain_text("Approved by you")
    await expect(outcome).to_contain_text("Another company, founded in 2019.")
    view = await site.application.services.reviews.show(RITA, case_id)
    assert (view.state, view.decided_by, view.reason) == (
        CaseState.APPROVED,
        "reviewer:eva",
        "Another company, founded in 2019.",
    )
    customer = await site.application.services.customers.show(clientele.seller, view.organisation_id)
    assert customer.state is OnboardingState.PROVISIONING
    await tab_to(page, "Next case : Orion Shipping LLC")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Orion Shipping LLC")


async def test_of_two_reviewers_the_second_is_told_kindly(site: Site, browser: Browser, clientele: Clientele) -> None:
    """Both confirm, one is first; the other sees whose decision stands, and neither decision is made twice (RPL-15)."""
    case_id = await clientele.pending()
    async with browsing(browser, site) as one, browsing(browser, site) as other:
        path = f"/console/reviews/{case_id}"
        pages = [await reviewer(one, site, "eva", path), await reviewer(other, site, "ned", path)]
        for page, decision in zip(pages, ("Approve", "Reject"), strict=True):
            await decide(page, decision, f"I say {decision}")
        await asyncio.gather(*(page.get_by_role("button", name="Yes").click() for page in pages))
        view = await site.application.services.reviews.show(RITA, case_id)
        first, second = pages if view.decided_by == "reviewer:eva" else reversed(pages)
        await expect(first.get_by_role("status")).to_contain_text("by you")
        winner = (view.decided_by or "").partition(":")[2]
        await expect(second.get_by_role("alert")).to_contain_text(f"{winner} was first")
        await expect(second.get_by_role("region", name=winner)).to_contain_text(view.reason or "")
        await expect(second.get_by_role("button", name="Continue")).to_have_count(0)
    assert await site.town.value(int, "select count(*) from audit where action = 'review_closed'") == 1


async def test_the_customer_stands_beside_what_was_found(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """Each entry with list, version, id, names, programmes, score and a verdict in words for each field; changed letters are marked."""
    weak = hit(
        entry_id="480", listed_name="BANCA NACIONAL", quality="weak", score=0.781, country="unknown", countries=()
    )
    case_id = await clientele.pending("Banco Nacional Cuba S.A.", hit(), weak)
    page = await reviewer(context, site, path=f"/console/reviews/{case_id}")
    customer = page.get_by_role("region", name="The customer")
    for said in ("Banco Nacional Cuba S.A.", "Switzerland (CH)", "Zweierstr. 35, Zürich, 8004"):
        await expect(customer).to_contain_text(said)
    entries = page.locator(".entry")
    await expect(entries).to_have_count(2)
    first = entries.nth(0)
    for said in ("Specially Designated Nationals", "95 % alike", "main name", "306", "CUBA", "version 12"):
        await expect(first).to_contain_text(said)
    await expect(first.get_by_role("row", name="Country")).to_contain_text("≠ Differs")
    await expect(first.get_by_role("row", name="Address")).to_contain_text("= Agrees")
    await expect(first.get_by_role("row", name="Kind")).to_contain_text("? Not known")
    await expect(first).to_contain_text("only the list has “DE”")
    await expect(entries.nth(1).locator("mark")).to_have_text(["o", "A"])
    await expect(entries.nth(1)).to_contain_text("alone identifies nobody")
    source = first.get_by_role("link", name="Look it up")
    assert await source.get_attribute("href") == "https://sanctionssearch.ofac.treas.gov/"
    await expect(page.get_by_role("link", name="Denied Persons List")).to_have_attribute(
        "href", "https://www.bis.gov/denied-persons-list"
    )


async def test_the_queue_is_by_deadline_and_marks_what_is_slow(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """The nearest deadline first, with age and time left in words and absolutely; from an hour on slow.

    Filtered by state, what is closed is in order of its decisions, the newest first (RPL-13).
    """
    early = await clientele.pending("Early Ltd")
    await site.town.advance(61 * HOUR)
    moved = await clientele.active("Moved Ltd")
    await clientele.moving(moved)
    refused = await clientele.pending("Refused Ltd")
    await clientele.decide(refused, Decision.REJECT)
    page = await reviewer(context, site)
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("Early Ltd")
    await expect(rows.nth(0)).to_contain_text("Slower than usual")
    await expect(rows.nth(0)).to_contain_text("10 h 59 min left")
    await expect(rows.nth(0)).to_contain_text("Soon")
    deadline = (await site.application.services.reviews.show(RITA, early)).deadline_at
    await expect(rows.nth(0).locator(f"time[datetime='{deadline.isoformat()}']")).to_have_count(1)
    await expect(rows.nth(1)).to_contain_text("Change of address")
    await expect(rows.nth(1)).not_to_contain_text("Slower")
    await page.get_by_role("link", name="Rejected").click()
    await expect(rows).to_have_count(1)
    await expect(rows.nth(0)).to_contain_text("Refused Ltd")
    await site.town.advance(HOUR)
    await clientele.decide(early, Decision.REJECT)
    await page.reload()
    await expect(rows).to_contain_text(["Early Ltd", "Refused Ltd"])
    decided_at = (await site.application.services.reviews.show(RITA, early)).decided_at
    assert decided_at is not None
    await expect(rows.nth(0).locator(f"time[datetime='{decided_at.isoformat()}']")).to_have_count(1)
    await page.get_by_role("link", name="All").click()
    await expect(rows).to_contain_text(["Refused Ltd", "Moved Ltd", "Early Ltd"])


async def test_after_the_deadline_nothing_is_decided(site: Site, context: BrowserContext, clientele: Clientele) -> None:
    """Whoever confirms too late is told so, also before the case's process has got there; then it is shown as timed out (RPL-07, RPL-12)."""
    case_id = await clientele.pending()
    page = await reviewer(context, site, path=f"/console/reviews/{case_id}")
    await decide(page, "Approve", "Too late")
    await site.town.advance(72 * HOUR + timedelta(seconds=1))
    await page.get_by_role("button", name="Yes").click()
    await expect(page.get_by_role("alert")).to_contain_text("The time to decide was over")
    await expect(page.get_by_role("heading", name="The time is over")).to_be_visible()
    await expect(page.get_by_role("button", name="Continue")).to_have_count(0)
    await clientele.look(case_id)
    await page.goto(f"{site.url}/console/reviews/{case_id}")
    await expect(page.get_by_role("region", name="Timed out")).to_contain_text("Nobody decided before")


async def test_a_hit_after_the_update_of_a_list_waits_for_ever(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """Its deadline passes, and it is overdue and still decided: nothing waits for it, and nothing happens by itself (Q-32)."""
    case_id = await clientele.met_by_update(await clientele.active())
    await site.town.advance(100 * HOUR)
    page = await reviewer(context, site)
    await expect(page.get_by_role("row", name="Alder")).to_contain_text("Overdue")
    await page.get_by_role("link", name="Alder").click()
    await decide(page, "Reject", "It is them")
    await expect(page.locator("main")).to_contain_text("nothing happens by itself")
    await page.get_by_role("button", name="Yes, reject").click()
    await expect(page.get_by_role("status")).to_contain_text("Rejected by you")
    assert (await site.application.services.reviews.show(RITA, case_id)).state is CaseState.REJECTED


async def test_going_back_keeps_what_was_written(site: Site, context: BrowserContext, clientele: Clientele) -> None:
    """From the confirmation one goes back to the form as it was left, and nothing has been decided."""
    case_id = await clientele.pending()
    page = await reviewer(context, site, path=f"/console/reviews/{case_id}")
    await decide(page, "Unresolved", "No date of birth <anywhere>")
    await page.get_by_role("button", name="Back").click()
    await expect(page.get_by_role("radio", name="Unresolved")).to_be_checked()
    await expect(page.get_by_label("Reason")).to_have_value("No date of birth <anywhere>")
    assert (await site.application.services.reviews.show(RITA, case_id)).state is CaseState.OPEN


async def test_the_pages_can_be_read_on_a_phone_and_aloud(
    site: Site, context: BrowserContext, clientele: Clientele
) -> None:
    """Light and dark every text has contrast; one main heading, landmarks, captions and labels; nothing is wider than a phone."""
    long = "Wide" * 30
    strange = hit(name=long, listed_name="Владимир " * 12, primary_name=long, entry_id="E" * 80, programmes=("P" * 60,))
    open_id = await clientele.pending(long, strange, hit(births=("1971",)))
    closed_id = await clientele.pending("Closed Ltd")
    await clientele.decide(closed_id, Decision.UNRESOLVED, "x" * 200)
    page = await reviewer(context, site)
    await page.set_viewport_size(PHONE)
    for path in ("reviews", "reviews?show=all", f"reviews/{open_id}", f"reviews/{closed_id}"):
        await page.goto(f"{site.url}/console/{path}")
        assert await width(page) <= PHONE["width"], path
        await expect(page.locator("h1")).to_have_count(1)
        for landmark in ("main", "navigation", "banner"):
            await expect(page.get_by_role(landmark)).to_have_count(1)
        assert await page.locator("table:not(:has(caption))").count() == 0
        for field in await page.locator("input:visible, button:visible").all():
            assert await field.evaluate("e => e.labels?.[0]?.innerText || e.innerText")
        for button in await page.get_by_role("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 36
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await faint_texts(page) == [], (path, scheme)
