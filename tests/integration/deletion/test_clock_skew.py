"""Clocks that disagree: Temporal's behind the database's, and a database's that was wrong for a while."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tenure.contracts.deletion import Reason, Verdict
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tenure.policy.deletion import QUEUE_LASTS
from tests.integration.deletion.town import DAY, HOUR, Town

SECOND = timedelta(seconds=1)
CROWD = 5


async def next_turn_at(town: Town) -> datetime:
    """Where the queue ends."""
    return await town.value(datetime, "select next_turn_at from rate")


async def due(town: Town) -> list[OrganisationId]:
    """Organisations whose warning is due, under a rate of one a second."""
    town.rule(town.rules.model_copy(update={"per_second": 1.0}))
    organisations = await town.organisations_of(CROWD)
    await town.mark(*organisations)
    await town.advance(town.rules.silence + DAY)
    return organisations


@pytest.mark.parametrize("behind", [timedelta(0), 20 * SECOND, 45 * SECOND, 50 * timedelta(minutes=1)])
async def test_a_clock_that_is_behind_delays_and_no_more(town: Town, behind: timedelta) -> None:
    """Each takes one place, comes when its own clock says so, and acts (SF-05, SF-10)."""
    waiting = await due(town)
    begin = await town.now()
    acted: list[datetime] = []
    looks = dict.fromkeys(waiting, begin)
    for _ in range(3 * CROWD):
        if not looks:
            break
        organisation = min(looks, key=looks.__getitem__)
        await town.advance_to(looks[organisation])
        at = await town.at(organisation)
        step = await town.countdowns.warn(at.model_copy(update={"as_of": at.as_of - behind}))
        if step.state is OrganisationState.WARNED:
            acted.append(await town.now())
            del looks[organisation]
        else:
            assert (step.assessment.verdict, step.assessment.reason) == (Verdict.WAIT, Reason.RATE)
            assert step.assessment.due_at is not None
            looks[organisation] = step.assessment.due_at + behind
    assert not looks
    assert acted[-1] - begin < behind + (CROWD + 1) * SECOND
    assert all(later - sooner > 0.8 * SECOND for sooner, later in pairwise(acted))
    assert await next_turn_at(town) <= begin + (CROWD + 1) * SECOND + timedelta(minutes=1)


async def test_a_place_lapses_in_an_outage_all_the_same(town: Town) -> None:
    """What is tried again with the instant it had before the outage takes a new place (SF-06)."""
    organisation, *_ = await due(town)
    await town.execute("update rate set next_turn_at = business_now() + interval '10 seconds'")
    at = await town.at(organisation)
    assert (await town.countdowns.warn(at)).assessment.reason is Reason.RATE
    old = (await town.evidence(organisation)).turn_at
    assert old is not None
    await town.advance_to(old + HOUR)
    step = await town.countdowns.warn(at.model_copy(update={"as_of": old}))
    assert (step.assessment.verdict, step.assessment.reason) == (Verdict.WAIT, Reason.RATE)
    new = (await town.evidence(organisation)).turn_at
    assert new is not None
    assert new > old + HOUR


async def test_a_jump_of_the_databases_clock_heals(town: Town) -> None:
    """Neither the queue nor a place that was given meanwhile stays in the future (SF-05, SF-10)."""
    first, second, good, *_ = await due(town)
    now = await town.now()
    place = now + HOUR
    await town.execute("update countdowns set turn_at = $2 where organisation_id = $1", good, place)
    await town.execute("update countdowns set turn_at = $2 where organisation_id = $1", first, now + 1000 * DAY)
    await town.execute("update rate set next_turn_at = $1", now + 1000 * DAY)
    turns = []
    for organisation in (first, second):
        await town.warn(organisation)
        turns.append((await town.evidence(organisation)).turn_at)
    assert turns == [place + SECOND, place + 2 * SECOND]
    assert await next_turn_at(town) == place + 3 * SECOND


async def test_a_full_queue_gives_no_place(town: Town) -> None:
    """Who finds it full comes again, and what ends up in it keeps its spacing (SF-05)."""
    first, second, *_ = await due(town)
    await town.execute("update rate set next_turn_at = business_now() + $1::interval", QUEUE_LASTS)
    for organisation in (first, second):
        step = await town.warn(organisation)
        assert (step.assessment.verdict, step.assessment.reason) == (Verdict.WAIT, Reason.RATE)
    assert (await town.evidence(second)).turn_at is None
    await town.advance(10 * SECOND)
    await town.warn(second)
    placed = [(await town.evidence(organisation)).turn_at for organisation in (first, second)]
    assert None not in placed
    assert len(set(placed)) == 2
