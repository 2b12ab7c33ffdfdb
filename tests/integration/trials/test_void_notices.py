"""Mails about a trial that say nothing true any more are not sent (TL-01, TC-04, TC-11, TC-20, SF-06)."""

from collections.abc import Awaitable, Callable

import pytest

from tenure.contracts.notice import NoticeKind, NoticeState
from tests.integration.deletion.town import DAY
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import recipients

OF_ENDS = [
    NoticeKind.TRIAL_ENDING,
    NoticeKind.TRIAL_ENDING_PARTNER,
    NoticeKind.TRIAL_EXPIRED,
    NoticeKind.TRIAL_EXPIRED_PARTNER,
]


async def _extends(customer: Customer) -> None:
    await customer.ground.extend(customer.trial, 30)


async def _converts(customer: Customer) -> None:
    await customer.ground.convert(customer.trial, "messaging", "calling", contact=customer.ground.north.head)


async def _buys(customer: Customer) -> None:
    await customer.ground.buy(customer.id, "messaging", "calling")


async def _cancels(customer: Customer) -> None:
    await customer.ground.cancel(customer.trial)


@pytest.mark.parametrize("due", ["reminder", "end"])
@pytest.mark.parametrize("act", [_extends, _converts, _buys, _cancels])
async def test_nobody_is_told_of_an_end_that_is_no_more(
    ground: Fairground, customer: Customer, due: str, act: Callable[[Customer], Awaitable[None]]
) -> None:
    """Extended, converted, bought or cancelled before they went out, the mails are dropped for good (TC-04, TC-11, TC-20, TL-01)."""
    await customer.comes_to(due)
    notices = await ground.town.fetch("select notice_id::text from notices where state = 'queued'")
    assert len(notices) == 5
    await act(customer)
    for notice in notices:
        assert await ground.town.notices.next_attempt(notice["notice_id"]) is None
    sent = await ground.post(customer.id)
    assert {mail.notice.kind for mail in sent} <= {NoticeKind.SET_UP_SERVICES}


@pytest.mark.parametrize("due", ["reminder", "end"])
async def test_asked_again_just_before_sending(ground: Fairground, customer: Customer, due: str) -> None:
    """A mail whose facts are gone is dropped by its own question, though nobody dropped it (TL-01, SF-06)."""
    await customer.comes_to(due)
    await ground.town.advance(7 * DAY if due == "reminder" else 30 * DAY)
    assert await ground.post(customer.id) == []
    states = await ground.town.fetch("select distinct state from notices where kind = any($1)", OF_ENDS)
    assert [row["state"] for row in states] == [NoticeState.DROPPED]


async def test_a_reminder_that_the_end_has_overtaken(ground: Fairground, customer: Customer) -> None:
    """After an outage over both dates only the end is told, once (SF-06, XC-01)."""
    sent = await customer.told_of("end")
    assert {mail.notice.kind for mail in sent} == set(OF_ENDS[2:])
    assert len(sent) == 5
    assert "trial_end_told" not in await ground.town.audit(customer.id)


async def test_a_start_that_is_history(ground: Fairground) -> None:
    """A late mail of the start does not go out once the trial has ended (TL-01)."""
    customer = await ground.town.organisation()
    trial = await ground.add_on(customer, "messaging")
    await ground.expired(trial)
    sent = await ground.post(customer)
    assert recipients(sent, NoticeKind.TRIAL_STARTED) == []


@pytest.mark.parametrize("moved", [False, True])
async def test_who_has_bought_is_not_told_that_access_is_gone(
    ground: Fairground, customer: Customer, moved: bool
) -> None:
    """Bought after the grace, the same services are there for whoever is; who was moved out has lost them (TL-01, NO-06, GR-08)."""
    if not moved:
        await ground.buy(customer.id, "contact-center")
    await ground.ended(customer.trial)
    told = ("access_gone", customer.una)
    assert told in await ground.queued(customer.id)
    await ground.buy(customer.id, "messaging")
    assert told in await ground.queued(customer.id)
    await ground.buy(customer.id, "calling")
    assert recipients(await ground.post(customer.id), NoticeKind.ACCESS_GONE) == ([customer.una] if moved else [])
