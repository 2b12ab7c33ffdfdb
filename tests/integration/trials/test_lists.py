"""Lists of trials: their order, their pages, and how a name finds what is of it (PS-01, PS-02)."""

from collections.abc import Awaitable, Callable

import pytest

from tenure.contracts.trial import TrialView
from tenure.contracts.trial_page import TrialPage
from tenure.errors import RefusalCode
from tenure.ids import TrialId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.trials.market import Market
from tests.integration.trials.test_views import caller, trials


async def test_pages(town: Town, market: Market) -> None:
    """Trials come in order of id, each once, however small the pages are (PS-02)."""
    made = sorted([(await town.trials.request(SERVICE, market.request("messaging"))).trial_id for _ in range(5)])
    found: list[TrialView] = []
    after = None
    while True:
        page = await town.trials.page(caller(market.north), after=after, limit=2)
        assert 1 <= len(page.trials) <= 2
        found.extend(page.trials)
        after = page.next_after
        if after is None:
            break
    assert [trial.trial_id for trial in found] == made
    whole = await town.trials.page(caller(market.north), limit=5)
    assert (len(whole.trials), whole.next_after) == (5, None)


async def test_what_ends_first_comes_first(town: Town, market: Market) -> None:
    """What waits for the partner, then all that runs out in the order of its dates, then what is over; page by page each once (PS-02)."""
    later = await market.trial("messaging", length_days=60)
    grace = await market.expired(await market.trial("messaging", length_days=30))  # it has 30 days left
    over = await market.cancel(await market.trial("messaging"))
    active = await market.trial("messaging", length_days=60)
    pending = await market.ask(await market.customer())
    waiting = await market.ask(await market.customer())
    await market.accept(waiting)
    await market.extend(later, 5, confirmed=True)
    soon = [trial.trial_id for trial in (waiting, later, pending, grace, active, over)]
    north = caller(market.north)
    assert await trials(town, north, soonest_first=True) == soon
    assert await trials(town, north) == sorted(soon)
    for limit in (1, 4, 5, 6):
        assert await read(town, north, limit) == soon


async def test_a_page_follows_the_page_before(town: Town, market: Market) -> None:
    """Whatever becomes of trials between two pages, each that stays as it is comes once: above all where the last one of a page moves away (PS-02)."""
    every = [await market.trial("messaging", length_days=days) for days in (30, 30, 60, 60, 90, 90)]
    north = caller(market.north)
    order = await read(town, north, 6)
    assert set(order) == {trial.trial_id for trial in every}

    async def moves(page: TrialPage) -> None:
        if len(page.trials) < 2 or order[1] not in {trial.trial_id for trial in page.trials}:
            return
        for trial_id, days in ((order[1], 200), (order[2], 1), (order[0], 45)):
            end = f"business_now() + interval '{days} days'"
            await town.execute(f"update trials set ends_at = {end} where trial_id = $1", trial_id)

    stayed = order[3:]
    found = await read(town, north, 2, moves)
    assert [trial_id for trial_id in found if trial_id in stayed] == stayed
    assert found[-1] == order[1]  # it is where it ends now, and was where it has ended
    assert order[2] not in found  # it went to a page that was read already, and is the first of the next reading
    assert (await read(town, north, 6))[0] == order[2]


async def test_trials_that_end_at_once_have_an_order(town: Town, market: Market) -> None:
    """Of trials with the same end, and of those that are over since one instant, none is lost between two pages (PS-02)."""
    ends = [(await market.trial("messaging")).trial_id for _ in range(4)]
    over = [(await market.cancel(await market.trial("messaging"))).trial_id for _ in range(3)]
    await town.execute("update trials set ends_at = '2100-01-01 00:00:00.000001Z' where state = 'active'")
    await town.execute("update trials set closed_at = '2020-01-01 00:00:00.000001Z' where state = 'cancelled'")
    for limit in (1, 2, 3):
        assert await read(town, caller(market.north), limit) == sorted(ends) + sorted(over)


async def test_what_is_over_comes_last_and_the_newest_first(town: Town, market: Market) -> None:
    """Somebody who looks for what has just ended finds it before what ended long ago; page by page each comes once (PS-02)."""
    begun = [await market.trial("messaging", length_days=90) for _ in range(4)]
    over = []
    for trial in (begun[2], begun[0], begun[3]):
        over.append((await market.cancel(trial)).trial_id)
        await town.advance(DAY)
    order = [begun[1].trial_id, *reversed(over)]
    for limit in (1, 2, 3, 4):
        assert await read(town, caller(market.north), limit) == order


async def test_a_page_is_of_one_order(town: Town, market: Market) -> None:
    """A place in one order is none in the other; any that is well formed is answered, for whatever date and trial (PS-02, P14)."""
    mine = [(await market.trial("messaging", length_days=days)).trial_id for days in (30, 90)]
    await market.trial("messaging", length_days=60, side=market.south)
    north = caller(market.north)
    for after, soonest_first in (("trl_a", True), ("0.trl_a", False), ("over0.trl_a", False)):
        page = town.trials.page(north, after=after, soonest_first=soonest_first)
        assert await market.refused(page) is RefusalCode.INVALID_INPUT
    for after, found in (("0.trl_a", mine), ("9" * 17 + ".trl_a", []), ("over0.trl_a", [])):
        assert await trials(town, north, soonest_first=True, after=after) == found


async def read(
    town: Town, asker: Caller, limit: int, between: Callable[[TrialPage], Awaitable[None]] | None = None
) -> list[TrialId]:
    """What somebody finds who reads all pages by what ends first; something may happen after each."""
    found: list[TrialId] = []
    after = None
    while True:
        page = await town.trials.page(asker, soonest_first=True, after=after, limit=limit)
        assert 1 <= len(page.trials) <= limit
        found += [trial.trial_id for trial in page.trials]
        after = page.next_after
        if after is None:
            return found
        if between is not None:
            await between(page)


@pytest.mark.parametrize("typed", ["Lumière", "LUMIERE", "  lier lum ", "100%", "\\"])
async def test_a_name_finds_its_trials(town: Town, market: Market, typed: str) -> None:
    """Part of a name finds the customer, whatever its case and accents, and no sign stands for others (PS-01, PS-02)."""
    wanted = await market.trial("messaging", company_name="Atelier Lumière 100% \\")
    other = await market.trial("messaging", company_name="Brouwer & Zonen BV 1000")
    north = caller(market.north)
    assert await trials(town, north, named=typed) == [wanted.trial_id]
    assert await trials(town, north, named=typed, soonest_first=True) == [wanted.trial_id]
    assert set(await trials(town, north, named="")) == {wanted.trial_id, other.trial_id}
    for found, name in (([wanted.organisation_id], typed), ([], "nobody")):
        page = await town.organisations.page(north, to_be_deleted=None, named=name, after=None, limit=9)
        assert [one.organisation_id for one in page.organisations] == found


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Łódzka Straż Đorđević", "lodzka straz dordevic"),
        ("Straße İstanbul ΟΔΟΣ", "STRASSE istanbul οδος"),
        ("Клуб «Прогрес» 한빛상사", "клуб «прогрес» 한빛"),
    ],
)
async def test_a_name_is_found_without_its_signs(town: Town, market: Market, name: str, typed: str) -> None:
    """Strokes and special letters of the languages that mails are written in are no obstacle, either way round (PS-02)."""
    wanted = await market.trial("messaging", company_name=name)
    await market.trial("messaging", company_name="Brouwer")
    for each in (name, typed):
        assert await trials(town, caller(market.north), named=each, soonest_first=True) == [wanted.trial_id]
