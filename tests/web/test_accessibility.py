"""The customer's pages, in each of their states, as an accessibility checker sees them (WCAG 2.2 AA)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, Literal

from playwright.async_api import BrowserContext, Page

from tenure.contracts.consent import AcceptTrial, DeclineTrial
from tenure.contracts.conversion import ConvertTrial
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.trial import CancelTrial
from tenure.ids import LicenceSetId, OrderId, OrganisationId, TrialId
from tests.integration.deletion.town import DAY, SERVICE, admin
from tests.web.browsing import PHONE, faint_texts, faults, width
from tests.web.trade import Trade, email

_SCHEMES: Final[tuple[Literal["dark", "light"], ...]] = ("dark", "light")


async def test_every_state_of_the_consent_page(trade: Trade, context: BrowserContext) -> None:
    """Open, not yours, partly and wholly bought, accepted, over, declined, withdrawn, gone, damaged, lapsed: no fault, light or dark, and none is wider than a phone (CO)."""
    page = await context.new_page()
    await page.set_viewport_size(PHONE)
    found: dict[str, object] = {}
    async for name, link in _requests(trade):
        await page.goto(link)
        found |= await _looked_at(page, name)
    assert found == {}


async def test_every_state_of_the_set_up_page(trade: Trade, context: BrowserContext) -> None:
    """Empty, refused, to be checked and done: no fault, light or dark, and none is wider than a phone (TC-16, TC-17)."""
    trial = await trade.active()
    order_id = OrderId("ord_1")
    await trade.trials.convert(
        SERVICE,
        ConvertTrial(
            trial_id=trial.trial_id,
            order_id=order_id,
            licence_set_id=LicenceSetId("lic_bought"),
            services=("calling", "messaging"),
            ordered_by=trade.partner_id,
            contact=trade.seller,
        ),
    )
    page = await context.new_page()
    await page.set_viewport_size(PHONE)
    await page.goto(trade.links.set_up(order_id, trade.seller))
    found = await _looked_at(page, "empty")
    await page.get_by_label("As the partner").check()
    for name, address in (("refused", "nobody@nowhere.example"), ("check", email(trial.organisation_id))):
        await page.get_by_label("E-mail address").fill(address)
        await page.get_by_role("button").click()
        found |= await _looked_at(page, name)
    await page.get_by_role("button").click()
    assert found | await _looked_at(page, "done") == {}


async def _looked_at(page: Page, name: str) -> dict[str, object]:
    """What is wrong with a state of a page, by its name."""
    found: dict[str, object] = {
        f"{name}, faults": await faults(page),
        f"{name}, too wide by": max(await width(page) - PHONE["width"], 0),
    }
    for scheme in _SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found[f"{name}, faint, {scheme}"] = await faint_texts(page)
    return {key: value for key, value in found.items() if value}


async def _requests(trade: Trade) -> AsyncIterator[tuple[str, str]]:
    """A link to each state of a request, in the order in which time allows."""
    town = trade.site.town

    async def asked(*services: str) -> tuple[OrganisationId, TrialId]:
        customer = await town.organisation(time_zone="Europe/Warsaw")
        return customer, await trade.asked(customer, services=services or ("calling", "messaging"))

    async def bought(customer: OrganisationId) -> None:
        licences = GrantLicences(
            licence_set_id=LicenceSetId(f"lic_{customer.name}"),
            organisation_id=customer,
            kind=LicenceKind.SUBSCRIPTION,
            services=("messaging",),
        )
        await town.licences.grant(SERVICE, licences)

    def cancel(trial_id: TrialId) -> CancelTrial:
        return CancelTrial(trial_id=trial_id, by=trade.seller, confirmed=True)

    customer, trial_id = await asked()
    first = trade.consent_link(trial_id, admin(customer))
    yield "open", first
    yield "not yours", trade.consent_link(trial_id, trial_id)
    await bought(customer)
    yield "partly bought", first
    other, nothing = await asked("messaging")
    await bought(other)
    yield "wholly bought", trade.consent_link(nothing, admin(other))
    await trade.consents.accept(SERVICE, AcceptTrial(trial_id=trial_id, person_id=admin(customer)))
    yield "accepted", first
    await trade.trials.cancel(SERVICE, cancel(trial_id))
    yield "over", first
    await trade.consents.decline(SERVICE, DeclineTrial(trial_id=nothing, person_id=admin(other)))
    yield "declined", trade.consent_link(nothing, admin(other))
    customer, trial_id = await asked()
    await trade.trials.cancel(SERVICE, cancel(trial_id))
    yield "withdrawn", trade.consent_link(trial_id, admin(customer))
    await town.delete_now(customer)
    yield "gone", trade.consent_link(trial_id, admin(customer))
    yield "damaged", f"{trade.site.url}/consent/damaged"
    customer, trial_id = await asked()
    await town.advance(10 * DAY + timedelta(seconds=1))
    yield "lapsed", trade.consent_link(trial_id, admin(customer))
