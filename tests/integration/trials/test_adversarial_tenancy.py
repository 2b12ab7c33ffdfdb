"""What one partner could see of, or do to, another's trials (P14, PS-06, CO-05)."""

import re

import pytest

from adapters.mail.writer import TemplateWriter
from adapters.postgres.forecast import PostgresForecast
from adapters.postgres.trials.audience import PARTNER_KINDS
from tenure.contracts.notice import NoticeKind, TrialMatter
from tenure.contracts.trial import CancelTrial
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.ports import Caller
from tests.integration.deletion.town import LINKS, OPERATOR
from tests.integration.trials.grounds import Side
from tests.integration.trials.market import Market


def token(side: Side, person_id: PersonId | None = None) -> Caller:
    """A token of a partner, or of one of its people."""
    return Caller(actor=f"partner:{side.partner_id}", partner_id=side.partner_id, person_id=person_id)


@pytest.mark.parametrize("who", ["partner", "operator"])
async def test_a_preview_has_no_key_in_it(market: Market, who: str) -> None:
    """Nobody who looks at a mail beforehand gets the link that only its recipient gets: it would let them consent (CO-05, SF-09, WH-03)."""
    customer = await market.customer()
    await market.manage(market.north, customer)
    trial = await market.ask(customer, side=market.south, requested_by=market.south.seller)
    caller = OPERATOR if who == "operator" else token(market.north)
    try:
        delivery = await market.town.notices.preview(
            caller, NoticeKind.CONSENT_REQUEST, customer, await market.town.now()
        )
    except Refusal:
        assert who == "partner"
        return
    assert isinstance(delivery.matter, TrialMatter)
    assert delivery.matter.link is not None
    with pytest.raises(Refusal) as refusal:
        LINKS.read_consent(delivery.matter.link.rpartition("/")[2])
    assert refusal.value.code is RefusalCode.LINK_INVALID
    mail = TemplateWriter().write(delivery)
    for link in re.findall(r"consent/([\w.-]+)", mail.text):
        with pytest.raises(Refusal):
            LINKS.read_consent(link)
    assert trial.trial_id


async def test_another_partner_s_mails_are_not_listed(market: Market) -> None:
    """A partner that manages the customer as well sees deletion warnings and mails of its own trials there (P14, PS-06, NO-05)."""
    customer = await market.customer()
    mine = await market.add_on(customer, "messaging")
    other = await market.add_on(customer, "calling", side=market.south, requested_by=market.south.seller)
    await market.convert(other, "calling", ordered_by=market.south.partner_id)
    everything = {notice.subject for notice in await market.town.notices.of(OPERATOR, customer)}
    assert len(everything) == 3
    assert {notice.subject for notice in await market.town.notices.of(token(market.north), customer)} == {mine.trial_id}
    seen = {notice.subject for notice in await market.town.notices.of(token(market.south), customer)}
    assert seen == everything - {mine.trial_id}


async def test_nobody_else_s_mails_are_previewed(market: Market) -> None:
    """Of two partners each sees what its own newest trial would say, whoever came last (P14, NO-05)."""
    customer = await market.customer()
    mine = await market.add_on(customer, "messaging")
    await market.add_on(customer, "calling", side=market.south, requested_by=market.south.seller)
    delivery = await market.town.notices.preview(
        token(market.north), NoticeKind.TRIAL_ENDING_PARTNER, customer, await market.town.now()
    )
    assert delivery.notice.subject == mine.trial_id
    assert delivery.notice.recipient in market.north.everybody


async def test_a_preview_names_nobody_whom_the_partner_may_not_know(market: Market) -> None:
    """After the last grace a partner sees its own people's mails beforehand, and no name or address of the customer's (RO-04, Q-01, P14)."""
    trial = await market.ended(await market.trial("messaging"))
    caller, now = token(market.north), await market.town.now()
    for kind in set(NoticeKind) - PARTNER_KINDS:
        with pytest.raises(Refusal) as refusal:
            await market.town.notices.preview(caller, kind, trial.organisation_id, now)
        assert refusal.value.code is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
    for kind in PARTNER_KINDS:
        delivery = await market.town.notices.preview(caller, kind, trial.organisation_id, now)
        assert delivery.notice.recipient in market.north.everybody


async def test_nobody_else_s_dates_are_told(market: Market) -> None:
    """Of the dates of trials each partner sees its own, requests that wait for consent included; operators see all (P14, NO-05, WH-02)."""
    customer = await market.customer()
    mine = await market.add_on(customer, "messaging")
    other = await market.ask(customer, "calling", side=market.south, requested_by=market.south.seller)
    forecast = PostgresForecast(market.town.database, market.town.rules)
    for caller, expected in ((token(market.north), {mine.trial_id}), (OPERATOR, {mine.trial_id, other.trial_id})):
        assert {date.subject for date in (await forecast.explain(caller, customer)).next} == expected
        assert {entry.subject for entry in (await forecast.calendar(caller, None)).dates} == expected


async def test_a_foreign_trial_is_unknown_in_every_state(market: Market) -> None:
    """Also one whose organisation is gone: another partner is told the same as of an id that was never used (P14)."""
    trial = await market.trial("messaging")
    await market.delete_now(trial, PersonId(f"per_{trial.trial_id.name}"))
    command = CancelTrial(trial_id=trial.trial_id, by=market.south.seller, confirmed=True)
    with pytest.raises(Refusal) as refusal:
        await market.town.trials.cancel(token(market.south, market.south.seller), command)
    assert refusal.value.code is RefusalCode.TRIAL_NOT_FOUND
