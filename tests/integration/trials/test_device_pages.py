"""The list of devices that are to come back: its order and its pages (DV-09)."""

from collections.abc import Awaitable, Callable

from tenure.contracts.device import DeviceReturnPage
from tenure.ids import TrialId
from tests.integration.deletion.town import DAY, OPERATOR
from tests.integration.trials.fairground import Fairground

LISTED = 7


async def test_the_earliest_due_first(ground: Fairground) -> None:
    """Page by page each return comes once, whatever the pages' length, those of one instant by their trial; overdue ones alone where these are asked for (DV-09)."""
    order = await shipped(ground)
    for limit in (1, 2, 3, LISTED, LISTED + 1):
        assert await read(ground, limit) == order
    await ground.town.advance(5 * DAY)
    late = order[:4]
    assert await read(ground, 3, overdue=True) == late
    assert await read(ground, 3, overdue=False) == order[4:]


async def test_a_page_follows_the_page_before(ground: Fairground) -> None:
    """Whatever becomes of returns between two pages, each that stays as it is comes once: above all where the last one of a page moves away (DV-09)."""
    order = await shipped(ground)

    async def moves(page: DeviceReturnPage) -> None:
        if page.returns[0].trial_id == order[0]:
            due = "update device_returns set due_at = due_at + interval '1 year' where trial_id = $1"
            await ground.town.execute(due, order[1])
            await ground.town.execute("update trial_devices set returned_at = shipped_at where trial_id = $1", order[0])

    assert await read(ground, 2, between=moves) == [*order, order[1]]
    assert await read(ground, 2) == [*order[2:], order[1]]


async def shipped(ground: Fairground) -> list[TrialId]:
    """Devices out for some trials, two of them due at one instant each; answers these trials by their dates."""
    trials = [TrialId(f"trl_d{number}") for number in range(LISTED)]
    organisation_id = await ground.town.organisation()
    await ground.town.execute(
        "insert into device_returns (trial_id, organisation_id, partner_id, demo_order, device_ends_at, due_at)"
        " select trial_id, $2, $3, 'D-1', business_now(), business_now() + interval '2 days' * (1 + (at - 1) / 2)"
        "   + interval '1 hour' from unnest($1::text[]) with ordinality as given (trial_id, at)",
        trials,
        organisation_id,
        ground.north.partner_id,
    )
    await ground.town.execute(
        "insert into trial_devices select trial_id, 'SN-' || substr(trial_id, 5), business_now() from device_returns"
    )
    return trials


async def read(
    ground: Fairground,
    limit: int,
    *,
    overdue: bool | None = None,
    between: Callable[[DeviceReturnPage], Awaitable[None]] | None = None,
) -> list[TrialId]:
    """What an operator finds who reads all pages; something may happen after each."""
    found: list[TrialId] = []
    after = None
    while True:
        page = await ground.town.devices.outstanding(OPERATOR, overdue=overdue, after=after, limit=limit)
        assert 1 <= len(page.returns) <= limit
        found += [one.trial_id for one in page.returns]
        after = page.next_after
        if after is None:
            return found
        if between is not None:
            await between(page)
