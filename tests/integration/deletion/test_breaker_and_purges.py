"""What an open breaker does to purges: each takes one that an operator has released, like a fence (SF-05, P5)."""

from datetime import timedelta

from tenure.contracts.breaker import ReleaseBreaker
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tenure.policy.rules import BreakerLimit
from tests.integration.deletion.town import DAY, OPERATOR, Town


async def stop(town: Town) -> None:
    """The fleet's breaker opens."""
    await town.execute("update breakers set open_since = business_now(), reason = 'looked at' where scope = 'fleet'")


async def release(town: Town, count: int) -> None:
    """An operator lets so many deletions of the fleet through."""
    await town.breakers.release(OPERATOR, ReleaseBreaker(scope="fleet", count=count, reason="looked at each"))


async def held(town: Town, *organisations: OrganisationId) -> list[str | None]:
    """Ask whether each purge may begin; answers what holds it."""
    return [(await town.clear(organisation)).held_because for organisation in organisations]


async def test_one_release_is_one_purge(town: Town) -> None:
    """Three wait behind an open breaker: each number released is the number purged, and the last closes it (SF-05, P5)."""
    one, two, three = [await town.fenced() for _ in range(3)]
    await town.advance(2 * DAY)
    await stop(town)
    assert await held(town, one, two, three) == ["breaker_open"] * 3
    await release(town, 1)
    assert await held(town, one, two, three) == [None, "breaker_open", "breaker_open"]
    # A day later too, when every fence has left the windows.
    await town.advance(2 * DAY)
    assert await held(town, two, three) == ["breaker_open", "breaker_open"]
    await release(town, 2)
    assert await held(town, two, three) == [None, None]
    assert await town.audit("breaker:fleet") == ["released", "released", "closed"]


async def test_a_purge_that_has_begun_takes_no_second_release(town: Town) -> None:
    """Asking again, as a retried step does, takes nothing more (SF-05, P10)."""
    one, two = [await town.fenced() for _ in range(2)]
    await town.advance(2 * DAY)
    await stop(town)
    await release(town, 2)
    assert await held(town, one, one, two) == [None, None, None]


async def test_the_quarantine_keeps_the_breaker_open(town: Town) -> None:
    """A release that a fence has used does not let go what was in quarantine when the breaker opened (SF-05, P5)."""
    earlier = await town.fenced()
    town.rule(town.rules.model_copy(update={"quarantine": 100 * DAY}))
    later = await town.ripe()
    await stop(town)
    await release(town, 1)
    assert (await town.fence(later)).state is OrganisationState.ERASING
    assert await held(town, earlier) == ["breaker_open"]
    # What was fenced since then was released by that, and is not released twice.
    await town.advance(100 * DAY)
    assert await held(town, later) == [None]
    assert await held(town, earlier) == ["breaker_open"]


async def test_what_passed_a_closed_breaker_waits_when_it_opens_again(town: Town) -> None:
    """A release of one opening is none of the next: somebody has to look anew (P5)."""
    organisation = await town.ripe()
    await stop(town)
    await release(town, 1)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING
    assert await town.audit("breaker:fleet") == ["released", "closed"]
    await town.advance(2 * DAY)
    await stop(town)
    assert await held(town, organisation) == ["breaker_open"]


async def test_a_breaker_that_counting_opens_holds_the_quarantine(town: Town) -> None:
    """The fence that is one too many stops the purges of those before it (SF-05, P5)."""
    first = await town.fenced()
    none = BreakerLimit(absolute=0, share=0)
    town.rule(town.rules.model_copy(update={"fleet_hour": none, "fleet_day": none}))
    second = await town.ripe()
    assert (await town.fence(second)).state is not OrganisationState.ERASING
    assert await held(town, first) == ["breaker_open"]
    await release(town, 1)
    assert await held(town, first) == [None]


async def test_own_requests_pass_and_take_nothing(town: Town) -> None:
    """Who asks for its own deletion waits for no breaker (SF-05, DM-11)."""
    await stop(town)
    await release(town, 1)
    own = await town.organisation()
    await town.delete_now(own)
    await town.advance(timedelta(seconds=1))
    assert await held(town, own) == [None]
    assert [breaker.released for breaker in await town.breakers.all()] == [1]
