"""The breakers on a real Postgres: exactly what is allowed goes through, whoever comes at once (SF-05)."""

import asyncio
from datetime import timedelta

import pytest

from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.contracts.deletion import Reason
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy.rules import BreakerLimit, Rules
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, HOUR, OPERATOR, Town

PLENTY = BreakerLimit(absolute=1000, share=0)


def limits(**fields: BreakerLimit) -> Rules:
    """Ordinary rules with these limits, and no others."""
    known = {"fleet_hour": PLENTY, "fleet_day": PLENTY, "partner_hour": PLENTY, "partner_day": PLENTY}
    return Rules(per_second=100, **known | fields)


def at_most(number: int) -> BreakerLimit:
    return BreakerLimit(absolute=number, share=0)


async def ripe(town: Town, number: int, *, managed_by: PartnerId | None = None) -> list[OrganisationId]:
    """So many organisations that may be fenced now."""
    organisations = await town.organisations_of(number, admins=0, managed_by=managed_by)
    await town.mark(*organisations)
    await town.advance(town.rules.silence)
    for organisation in organisations:
        await town.warned_without_admins(organisation)
    [gate] = await town.fetch("select max(not_before) from promises")
    await town.advance_to(gate[0])
    return organisations


async def fence(town: Town, organisations: list[OrganisationId]) -> list[OrganisationId]:
    """Try to fence them all at once; answers which were."""
    steps = await asyncio.gather(*(town.fence(organisation) for organisation in organisations))
    outcomes = dict(zip(organisations, steps, strict=True))
    held = [step for step in steps if step.state is not OrganisationState.ERASING]
    assert {step.assessment.reason for step in held} <= {Reason.BREAKER_OPEN, Reason.RATE}
    return [organisation for organisation, step in outcomes.items() if step.state is OrganisationState.ERASING]


async def fleet(town: Town) -> Breaker:
    return next(breaker for breaker in await town.breakers.all() if breaker.partner_id is None)


async def release(town: Town, count: int, partner_id: PartnerId | None = None) -> Breaker:
    command = ReleaseBreaker(scope=partner_id or "fleet", count=count, reason="looked at each")
    return await town.breakers.release(OPERATOR, command)


async def fence_until_settled(town: Town, organisations: list[OrganisationId]) -> list[OrganisationId]:
    """Try until nobody waits for a turn any more."""
    fenced: list[OrganisationId] = []
    for _ in range(10):
        left = [organisation for organisation in organisations if organisation not in fenced]
        fenced += await fence(town, left)
        await town.advance(timedelta(seconds=2))
    return fenced


async def test_exactly_the_allowed_number_passes_fifty_at_once(town: Town) -> None:
    """Fifty concurrent fences, seven allowed in an hour: seven, and an open breaker that says why (SF-05)."""
    town.rule(limits(fleet_hour=at_most(7)))
    organisations = await ripe(town, 50)
    assert len(await fence_until_settled(town, organisations)) == 7
    breaker = await fleet(town)
    assert breaker.open_since is not None
    assert breaker.reason == "8 in an hour, 7 allowed"
    assert (breaker.fenced_last_hour, breaker.limit_hour, breaker.alert) == (7, 7, True)
    assert await town.audit("breaker:fleet") == ["opened"]


async def test_nothing_passes_an_open_breaker_until_a_number_is_released(town: Town) -> None:
    """Not an hour later, not a day later; then that number, and no more until the next is released (SF-05, P5)."""
    town.rule(limits(fleet_hour=at_most(1), fleet_day=at_most(2)))
    organisations = await ripe(town, 8)
    first = await fence_until_settled(town, organisations)
    assert len(first) == 1
    await town.advance(3 * DAY)
    waiting = [organisation for organisation in organisations if organisation not in first]
    assert await fence_until_settled(town, waiting) == []

    wakes = await town.wakes(waiting[0])
    breaker = await release(town, 3)
    assert (breaker.released, breaker.released_by, breaker.released_because) == (3, OPERATOR.actor, "looked at each")
    assert await town.wakes(waiting[0]) > wakes
    assert len(await fence_until_settled(town, waiting)) == 3
    # It stays open for what still waits behind it.
    assert await town.audit("breaker:fleet") == ["opened", "released"]
    assert (await fleet(town)).released == 0


async def test_a_breaker_that_is_closed_again_lets_through_what_is_ordinary(town: Town) -> None:
    """Once all that waited was released and the windows have room, fences need no operator (SF-05)."""
    town.rule(limits(fleet_hour=at_most(1)))
    organisations = await ripe(town, 3)
    later = organisations.pop()
    [first] = await fence_until_settled(town, organisations)
    [second] = [organisation for organisation in organisations if organisation != first]
    await release(town, 2)
    assert await fence_until_settled(town, [second]) == [second]
    await town.advance(town.rules.quarantine)
    assert (await town.clear(first)).cleared
    assert await town.audit("breaker:fleet") == ["opened", "released", "closed"]
    assert await fence_until_settled(town, [later]) == [later]


async def test_windows_are_half_open(town: Town) -> None:
    """A fence is out of the hour exactly an hour later (SF-05, XC-03)."""
    town.rule(limits(fleet_hour=at_most(1)))
    first, second = await ripe(town, 2)
    assert await fence(town, [first]) == [first]
    fenced_at = (await town.erasure_of(first)).fenced_at
    await town.advance_to(fenced_at + HOUR)
    assert (await town.fence(second)).state is OrganisationState.ERASING


async def test_a_partners_breaker_stops_its_customers_alone(town: Town) -> None:
    """One partner's wave opens its own breaker; the fleet goes on (SF-05)."""
    town.rule(limits(partner_hour=at_most(2)))
    partner = await town.partner()
    its = await town.organisations_of(5, admins=0, managed_by=partner)
    others = await ripe(town, 3)
    await town.mark(*its)
    await town.advance(town.rules.silence)
    for organisation in its:
        await town.warned_without_admins(organisation)
    await town.advance(town.rules.notice_period + DAY)
    assert len(await fence_until_settled(town, its)) == 2
    assert len(await fence_until_settled(town, others)) == 3
    breakers = {breaker.partner_id: breaker for breaker in await town.breakers.all()}
    assert breakers[partner].open_since is not None
    assert breakers[None].open_since is None
    held = await town.fetch("select organisation_id from countdowns where hold_reason = 'breaker_open'")
    assert len(held) == 3
    await release(town, 1, partner)
    assert len(await fence_until_settled(town, [row[0] for row in held])) == 1


async def test_a_release_is_not_used_up_by_a_fence_that_another_breaker_stops(town: Town) -> None:
    """One of the released is used by a fence that happens, and by no other (SF-05)."""
    town.rule(limits(partner_hour=at_most(0)))
    managed = await ripe(town, 1, managed_by=await town.partner())
    spare = await ripe(town, 1)
    await town.execute("update breakers set open_since = business_now(), reason = 'looked at', released = 1")
    assert await fence_until_settled(town, managed) == []
    assert (await fleet(town)).released == 1
    assert await fence_until_settled(town, spare) == spare
    assert await town.audit("breaker:fleet") == ["closed"]


async def test_shares_of_large_fleets(town: Town) -> None:
    """The larger of a number and a share of the organisations that are still there (SF-05)."""
    town.rule(limits(fleet_hour=BreakerLimit(absolute=1, share=0.1)))
    await town.organisations_of(36, admins=0)
    organisations = await ripe(town, 4)
    assert (await fleet(town)).limit_hour == 4
    # Each fence leaves fewer organisations, so that the share shrinks with them: 4 of 40, then 3 of 39.
    assert len(await fence_until_settled(town, organisations)) == 3


async def test_own_requests_are_counted_and_not_held(town: Town) -> None:
    """They raise the alert, open nothing, and pass an open breaker (SF-05, DM-11)."""
    town.rule(limits(fleet_hour=at_most(2)))
    for organisation in await town.organisations_of(3):
        await town.delete_now(organisation)
    breaker = await fleet(town)
    assert (breaker.own_last_hour, breaker.fenced_last_hour, breaker.alert) == (3, 0, True)
    assert breaker.open_since is None
    assert len(await fence_until_settled(town, await ripe(town, 3))) == 2
    assert (await fleet(town)).open_since is not None
    [organisation] = await town.organisations_of(1)
    await town.delete_now(organisation)


async def test_aborted_fences_count(town: Town) -> None:
    """What an operator had to bring back was a fence all the same (SF-05, SF-11)."""
    town.rule(limits(fleet_hour=at_most(1)))
    first, second = await ripe(town, 2)
    await fence(town, [first])
    await town.abort(first)
    assert await fence(town, [second]) == []


async def test_a_release_is_refused_where_nothing_is_held(town: Town) -> None:
    """A closed breaker has nothing to release, and a partner releases nothing (XC-05, P10, P14)."""
    partner = Caller(actor="partner:ptr_one", partner_id=PartnerId("ptr_one"))
    command = ReleaseBreaker(scope="fleet", count=1, reason="please")
    with pytest.raises(Refusal) as refused:
        await town.breakers.release(partner, command)
    assert refused.value.code is RefusalCode.FORBIDDEN
    for closed in (command, command.model_copy(update={"scope": PartnerId("ptr_nobody")})):
        with pytest.raises(Refusal) as refused:
            await town.breakers.release(OPERATOR, closed)
        assert refused.value.code is RefusalCode.BREAKER_NOT_OPEN
    assert [breaker.partner_id for breaker in await town.breakers.all()] == [None]
    assert await town.fetch("select from breakers where scope <> 'fleet'") == []


async def test_a_release_that_is_sent_twice_releases_once(town: Town) -> None:
    """With the caller's key; without one, numbers add up (P10)."""
    await town.execute("update breakers set open_since = business_now(), reason = 'looked at'")
    keyed = OPERATOR.model_copy(update={"key": "one"})
    command = ReleaseBreaker(scope="fleet", count=2, reason="looked at each")
    for _ in range(3):
        assert (await town.breakers.release(keyed, command)).released == 2
    assert (await release(town, 5)).released == 7
