"""Whoever is known is found, however their address is spelt (TR-13, TR-14, CO-02)."""

import asyncio

import pytest

from tenure.contracts.notice import NoticeKind
from tenure.errors import RefusalCode
from tests.integration.deletion.town import SERVICE
from tests.integration.trials.market import Market, refusal_of

SPELLINGS = ("eve@bücher.example", "eve@xn--bcher-kva.example", "Eve@b\u200bücher。EXAMPLE")


async def test_a_spelling_is_no_way_around_consent(market: Market) -> None:
    """The mail would reach the same person: no second organisation is made, and the first is to be confirmed (TR-13, TR-14)."""
    await market.trial("messaging", admin_email=SPELLINGS[0])
    for spelling in SPELLINGS:
        asked = market.request("calling", side=market.south, admin_email=spelling)
        assert await market.refused(market.town.trials.request(SERVICE, asked)) is RefusalCode.CONFIRMATION_REQUIRED


async def test_spellings_at_the_same_moment(market: Market) -> None:
    """One of them makes the customer, and the others find it (TR-13, TR-23)."""
    requests = [
        market.town.trials.request(SERVICE, market.request("messaging", admin_email=each)) for each in SPELLINGS
    ]
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert [refusal_of(answer) for answer in answers].count(RefusalCode.CONFIRMATION_REQUIRED) == 2


@pytest.mark.parametrize("spelling", SPELLINGS[1:])
async def test_who_is_asked_by_another_spelling(market: Market, spelling: str) -> None:
    """A full admin whose address was typed in another spelling is the one who is asked, once (CO-02)."""
    first = await market.trial("messaging", admin_email=SPELLINGS[0])
    asked = await market.ask(
        first.organisation_id,
        "calling",
        side=market.south,
        requested_by=market.south.seller,
        admin_email=spelling,
    )
    mailed = [who for kind, who in await market.queued(asked.organisation_id) if kind == NoticeKind.CONSENT_REQUEST]
    assert mailed == [f"per_{first.trial_id.name}"]
