"""What an offer says is what a request then meets: each service, and whatever speaks against all of them (TR-05, TR-14 to TR-20)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tenure.contracts.organisation import CONSUMER, Role
from tenure.contracts.trial import AskOffer, TrialOffer, TrialState
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId
from tests.integration.deletion.town import SERVICE
from tests.integration.trials.market import Market, address, refusal_of

type Asked = dict[str, Any]


async def nobody_there(_market: Market) -> Asked:
    """A new customer."""
    return {"admin_email": "eve@new.example"}


async def somebody(market: Market) -> Asked:
    """A customer that is known by its admin's address alone."""
    return {"admin_email": address(await market.customer())}


async def partly_taken(market: Market) -> Asked:
    """One that owns a service, and tries others with this partner and with another."""
    acme = await market.customer()
    await market.buy(acme, "messaging")
    await market.consented(acme, "calling")
    await market.manage(market.south, acme)
    await market.trial("contact-center", side=market.south, organisation_id=acme, admin_email=None)
    return {"organisation_id": acme, "admin_email": None}


async def asked_already(market: Market) -> Asked:
    """One that this partner waits for."""
    acme = await market.customer()
    await market.ask(acme, "calling")
    return {"organisation_id": acme}


async def asked_in_vain(market: Market) -> Asked:
    """One whose time to consent is over at this very instant; the process that writes it down has not come (XC-03, CO-15)."""
    trial = await market.ask(await market.customer(), "calling")
    assert trial.consent_deadline_at is not None
    await market.town.advance_to(trial.consent_deadline_at)
    return {"organisation_id": trial.organisation_id}


async def itself(market: Market) -> Asked:
    """The partner's own organisation."""
    return {"organisation_id": market.north.organisation_id}


async def its_own_people(market: Market) -> Asked:
    """An address that the partner's own organisation shares with others, whose ids come before and after it."""
    acme, before = await market.customer(), "org_0"
    await market.town.execute(
        "insert into organisations (organisation_id, name, country, created_at) values ($1, 'B', 'DE', now())", before
    )
    for number, organisation_id in enumerate((acme, before, market.north.organisation_id)):
        await market.person(f"shared-{number}", OrganisationId(organisation_id), Role.USER)
    await market.town.execute("update people set email = 'shared@example.com' where name like 'shared%'")
    return {"admin_email": "shared@example.com"}


async def another_s_address(market: Market) -> Asked:
    """One organisation's id with the address of another's admin."""
    return {"organisation_id": await market.customer(), "admin_email": address(await market.customer())}


async def the_consumers(market: Market) -> Asked:
    """Those who have left their organisations."""
    await market.ended(await market.trial("messaging"))
    return {"organisation_id": CONSUMER}


async def abroad(market: Market) -> Asked:
    """A customer of a country in which nothing is offered, whatever country is typed."""
    acme = await market.customer()
    await market.town.execute("update organisations set country = 'ZZ' where organisation_id = $1", acme)
    return {"organisation_id": acme, "country": "DE"}


async def typed_abroad(market: Market) -> Asked:
    """A country that is typed, and in which nothing is offered."""
    return {"organisation_id": await market.customer(), "country": "ZZ"}


async def gone(market: Market) -> Asked:
    """An organisation in quarantine."""
    return {"organisation_id": await market.town.fenced(await market.customer())}


async def partner_gone(market: Market) -> Asked:
    """The partner itself is in quarantine."""
    await market.town.execute(
        "update organisations set state = 'erasing' where organisation_id = $1", market.north.organisation_id
    )
    return {"organisation_id": await market.customer()}


SITUATIONS: dict[Callable[[Market], Awaitable[Asked]], RefusalCode | None] = {
    nobody_there: None,
    somebody: None,
    partly_taken: None,
    asked_already: RefusalCode.REQUEST_PENDING,
    asked_in_vain: None,
    itself: RefusalCode.OWN_ORG_NEEDS_ORDER,
    its_own_people: RefusalCode.OWN_ORG_NEEDS_ORDER,
    another_s_address: RefusalCode.CUSTOMER_NOT_MATCHED,
    the_consumers: RefusalCode.ORGANISATION_NOT_FOUND,
    abroad: RefusalCode.COUNTRY_UNSUPPORTED,
    typed_abroad: RefusalCode.COUNTRY_UNSUPPORTED,
    gone: RefusalCode.ORG_DELETED,
    partner_gone: RefusalCode.ORG_DELETED,
}
"""Each with what speaks against every service there."""


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_an_offer_says_what_a_request_meets(
    market: Market, situation: Callable[[Market], Awaitable[Asked]]
) -> None:
    """Each service is refused to a request with the very code of the offer, and all that are offered can be had (TR-17, TR-20)."""
    expected, asked = SITUATIONS[situation], await situation(market)
    trials, partner_id = market.town.trials, market.north.partner_id
    question = AskOffer(partner_id=partner_id, **{name: asked.get(name) for name in ("organisation_id", "admin_email")})
    question = question.model_copy(update={"country": asked.get("country", "DE")})
    [offer] = await asyncio.gather(trials.offer(SERVICE, question), return_exceptions=True)
    if not isinstance(offer, TrialOffer):
        assert refusal_of(offer) is expected
        assert await market.refused(trials.request(SERVICE, market.request("messaging", **asked))) is expected
        return
    assert {each.refusal for each in offer.services} == {expected} or expected is None
    confirmed = asked | {"organisation_id": offer.organisation_id}
    confirmed["site"] = {"url": "agree.meet.example", "time_zone": "UTC"}
    for each in offer.services:
        if each.refusal is not None:
            request = market.request(each.service, **confirmed)
            assert await market.refused(trials.request(SERVICE, request)) is each.refusal
    offered = [each.service for each in offer.services if each.refusal is None]
    assert bool(offered) is (expected is None)
    if offered:
        trial = await trials.request(SERVICE, market.request(*offered, **confirmed))
        assert (trial.path, trial.state is not TrialState.CANCELLED) == (offer.path, True)
