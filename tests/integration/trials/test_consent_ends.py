"""How a request for consent ends: in time or at its deadline, by its partner or by an answer, and only once (CO, A section 18.2)."""

from datetime import timedelta

import pytest

from tenure.contracts.notice import NoticeKind
from tenure.contracts.trial import ConsentState, TrialState
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.trials.market import Market

REQUEST = NoticeKind.CONSENT_REQUEST


async def test_ten_days_are_half_open(town: Town, market: Market) -> None:
    """A moment before the deadline an answer counts, at it no longer, whether or not its timer has come (CO-06, XC-03, Q-14)."""
    acme, other = await market.customer(), await market.customer()
    early, late = await market.ask(acme), await market.ask(other)
    assert early.consent_deadline_at is not None
    await town.advance_to(early.consent_deadline_at - timedelta(seconds=5))
    assert (await market.accept(early)).consent is ConsentState.ACCEPTED
    assert late.consent_deadline_at is not None
    await town.advance_to(late.consent_deadline_at)
    assert await market.refused(market.accept(late)) is RefusalCode.CONSENT_EXPIRED
    assert await market.refused(market.decline(late)) is RefusalCode.CONSENT_EXPIRED
    assert await town.consents.pending(SERVICE, other, admin(other)) == []


async def test_nobody_answers(town: Town, market: Market) -> None:
    """At the deadline, and not before, the request lapses: cancelled, nothing managed, no mail, the organisation as it was (CO-14, CO-15)."""
    acme = await market.customer()
    before = await town.fetch("select * from organisations where organisation_id = $1", acme)
    trial = await market.ask(acme)
    assert trial.consent_deadline_at is not None
    await town.advance_to(trial.consent_deadline_at - timedelta(seconds=30))
    assert (await market.look_at_consent(trial)).state is ConsentState.PENDING
    lapsed = await market.lapsed(trial)
    assert (lapsed.state, lapsed.consent, lapsed.access) == (TrialState.CANCELLED, ConsentState.LAPSED, None)
    assert await town.fetch("select * from organisations where organisation_id = $1", acme) == before
    assert (await town.audit(acme))[-1] == "consent_lapsed"
    assert await town.value(str, "select actor from audit where action = 'consent_lapsed'") == "timer"
    assert await market.queued(acme) == set()
    assert await market.post(acme) == []
    assert await town.next_dates(acme) == []
    once = await market.facts()
    assert (await market.look_at_consent(trial)).state is ConsentState.LAPSED
    assert await market.facts() == once


async def test_a_deadline_is_not_anticipated(town: Town, market: Market) -> None:
    """A process whose clock runs ahead lapses nothing (SF-10, P13)."""
    trial = await market.ask(await market.customer())
    assert trial.consent_deadline_at is not None
    await town.advance_to(trial.consent_deadline_at - timedelta(minutes=5))
    ahead = {"trial_id": trial.trial_id, "organisation_id": trial.organisation_id, "as_of": trial.consent_deadline_at}
    at = (await market.at(trial.trial_id)).model_copy(update=ahead)
    with pytest.raises(Refusal) as refusal:
        await town.trial_steps.check_consent(at)
    assert refusal.value.code is RefusalCode.CLOCK_AHEAD
    assert (await market.show(trial.trial_id)).consent is ConsentState.PENDING


async def test_a_decline_is_a_lapse_at_once(town: Town, market: Market) -> None:
    """Cancelled at once, with who and when; no mail, nothing managed, and the mail that waited is void (CO-20, CO-15)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    await market.decline(trial, admin(acme, 2))
    declined = await market.show(trial.trial_id)
    assert (declined.state, declined.consent) == (TrialState.CANCELLED, ConsentState.DECLINED)
    assert await market.access(market.north, acme) is None
    assert await market.post(acme) == []
    assert (await town.audit(acme))[-1] == "consent_declined"
    assert await town.value(str, "select decided_by from trial_requests") == admin(acme, 2)
    assert (await market.look_at_consent(trial)).state is ConsentState.DECLINED
    assert "closed" in (await town.processes(acme)).values()


@pytest.mark.parametrize(
    ("end", "accept", "resend"),
    [
        (ConsentState.ACCEPTED, None, RefusalCode.NOT_PENDING),
        (TrialState.ACTIVE, None, RefusalCode.NOT_PENDING),
        (ConsentState.LAPSED, RefusalCode.CONSENT_EXPIRED, RefusalCode.NOT_PENDING),
        (ConsentState.WITHDRAWN, RefusalCode.NOT_PENDING, RefusalCode.NOT_PENDING),
        (ConsentState.DECLINED, RefusalCode.NOT_PENDING, RefusalCode.NOT_PENDING),
    ],
)
async def test_what_is_decided_stays_decided(
    market: Market, end: ConsentState | TrialState, accept: RefusalCode | None, resend: RefusalCode
) -> None:
    """Each end of a request answers late acceptances, declines and resends by its code, and stays as it is (18.2, CO-12, CO-15, CO-18, Q-11)."""
    trial = await market.reach(await market.ask(await market.customer()), end)
    assert await market.refused(market.resend(trial)) is resend
    assert await market.refused(market.decline(trial)) is (accept or RefusalCode.NOT_PENDING)
    if accept is not None:
        assert await market.refused(market.accept(trial)) is accept
    assert (await market.show(trial.trial_id)).consent == trial.consent


@pytest.mark.parametrize("end", [ConsentState.LAPSED, ConsentState.WITHDRAWN, ConsentState.DECLINED])
async def test_a_fresh_request(town: Town, market: Market, end: ConsentState) -> None:
    """After any end a new request has ten days of its own (CO-15)."""
    acme = await market.customer()
    await market.reach(await market.ask(acme), end)
    await town.advance(3 * DAY)
    again = await market.ask(acme)
    assert again.consent_deadline_at == again.requested_at + 10 * DAY
    assert (await market.accept(again)).consent is ConsentState.ACCEPTED


async def test_mailed_again(town: Town, market: Market) -> None:
    """Who receives it is found anew, the deadline stays, and the earlier mail that waited is void (CO-11, CO-12, Q-14)."""
    acme = await market.customer(admins=2)
    trial = await market.ask(acme)
    assert len(await market.post(acme)) == 1
    await town.advance(4 * DAY)
    await market.loses_its_roles(admin(acme))
    clerk = await market.lesser_admin(acme)
    await town.execute("insert into person_roles values ($1, 'customer_full_admin')", clerk)
    again = await market.resend(trial)
    assert again.consent_deadline_at == trial.consent_deadline_at
    assert await market.queued(acme) == {(REQUEST, person) for person in (admin(acme), admin(acme, 2), clerk)}
    await market.resend(trial)
    sent = await market.post(acme)
    assert sorted(delivery.notice.recipient for delivery in sent) == sorted([admin(acme), admin(acme, 2), clerk])
    assert {delivery.notice.cycle for delivery in sent} == {3}
    assert (await town.audit(acme)).count("consent_resent") == 2


async def test_nothing_is_done_to_a_request_whose_time_is_over(town: Town, market: Market) -> None:
    """At the deadline nothing is mailed or withdrawn any more, though its timer is still on its way: it has lapsed (CO-12, CO-14, XC-03)."""
    trial = await market.ask(await market.customer())
    assert trial.consent_deadline_at is not None
    await town.advance_to(trial.consent_deadline_at)
    before = await market.facts()
    assert await market.refused(market.resend(trial)) is RefusalCode.NOT_PENDING
    assert await market.refused(market.cancel(trial)) is RefusalCode.WRONG_STATE
    assert await market.facts() == before
    lapsed = await market.lapsed(trial)
    assert (lapsed.state, lapsed.consent) == (TrialState.CANCELLED, ConsentState.LAPSED)


async def test_withdrawn(town: Town, market: Market) -> None:
    """Cancelled with an explicit yes, while pending: off the list, links dead, no mail (CO-11, CO-15, TC-10)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    assert await market.refused(market.cancel(trial, confirmed=False)) is RefusalCode.CONFIRMATION_REQUIRED
    cancelled = await market.cancel(trial)
    assert (cancelled.state, cancelled.consent) == (TrialState.CANCELLED, ConsentState.WITHDRAWN)
    assert await market.post(acme) == []
    assert await town.next_dates(acme) == []
    assert await town.consents.pending(SERVICE, acme, admin(acme)) == []
    assert (await market.look_at_consent(trial)).state is ConsentState.WITHDRAWN


@pytest.mark.parametrize("tick", [False, True])
async def test_cancelled_while_details_are_awaited(town: Town, market: Market, tick: bool) -> None:
    """The customer leaves the list, and whatever the acceptance had granted ends (CO-13, RO-04, Q-11)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    await market.accept(trial, tick=tick)
    cancelled = await market.cancel(trial)
    assert (cancelled.state, cancelled.access) == (TrialState.CANCELLED, None)
    assert await market.access(market.north, acme) is None
    assert (await town.audit(acme))[-2:] == ["trial_cancelled", "unmanaged"]
    assert (await market.ask(acme)).consent is ConsentState.PENDING


async def test_answers_of_an_organisation_that_is_gone(town: Town, market: Market) -> None:
    """From the fence on there is nothing to decide any more, and the process of the request ends (SF-11, XC-07)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    await town.delete_now(acme)
    assert await market.refused(market.accept(trial)) is RefusalCode.ORG_DELETED
    assert await market.refused(market.decline(trial)) is RefusalCode.ORG_DELETED
    assert await market.refused(town.consents.request(trial.trial_id)) is RefusalCode.ORG_DELETED
    assert await market.refused(town.consents.pending(SERVICE, acme, admin(acme))) is RefusalCode.ORG_DELETED
    assert (await market.look_at_consent(trial)).state is None
