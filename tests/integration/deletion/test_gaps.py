"""A feed's gap that is declared after a fence, or while the fence waits: nobody knows that nobody was there (SF-03, SF-11)."""

import asyncio
from typing import Any

from adapters.postgres.feeds import PostgresFeeds
from tenure.contracts.activity import FeedGap
from tenure.contracts.organisation import OrganisationState
from tests.integration.deletion.town import DAY, HOUR, OPERATOR, Town


async def declare(town: Town) -> None:
    """The feed has lost its last hour."""
    now = await town.now()
    gap = FeedGap(source="identity", lost_from=now - HOUR, lost_until=now, reason="a disk")
    await PostgresFeeds(town.database).declare_gap(OPERATOR, gap)


async def until_waiting(town: Town, number: int, task: "asyncio.Task[Any]") -> None:
    """Until so many wait for a lock, or this one is done without."""
    async with asyncio.timeout(10):
        while len(await town.fetch("select from pg_locks where not granted")) < number:
            if task.done():
                return
            await asyncio.sleep(0)


async def test_a_gap_declared_after_the_fence_holds_the_purge(town: Town) -> None:
    """It reaches back before the fence: held like late activity, and the erasure is woken (SF-03, SF-11)."""
    organisation = await town.fenced()
    await town.advance(HOUR / 2)
    wakes = await town.wakes(organisation)
    await declare(town)
    assert await town.wakes(organisation) > wakes
    await town.advance(town.rules.quarantine)
    assert (await town.clear(organisation)).held_because == "late_activity"
    assert (await town.abort(organisation)).aborted == (organisation,)


async def test_a_gap_of_after_the_fence_holds_nothing(town: Town) -> None:
    """What was lost later is nobody's any more (SF-11, AC-11)."""
    organisation = await town.fenced()
    await town.advance(2 * HOUR)
    await declare(town)
    await town.advance(town.rules.quarantine)
    assert (await town.clear(organisation)).cleared


async def test_a_gap_declared_while_a_fence_waits_is_not_lost(town: Town) -> None:
    """The fence waits for a row when the gap comes: it is seen by the fence or by the purge (SF-03, SF-04)."""
    organisation = await town.ripe()
    async with town.database.write() as busy:
        await busy.execute("select from activity where organisation_id = $1 for update", organisation)
        fence = asyncio.create_task(town.fence(organisation))
        await until_waiting(town, 1, fence)
        gap = asyncio.create_task(declare(town))
        await until_waiting(town, 2, gap)
    step, _ = await asyncio.gather(fence, gap)
    if step.state is OrganisationState.ERASING:
        await town.advance(town.rules.quarantine + DAY)
        assert (await town.clear(organisation)).held_because == "late_activity"
