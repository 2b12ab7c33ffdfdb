"""Phone numbers after the end of calling: held, handed over, or released for good (NR, Q-22, table 18.5)."""

from datetime import timedelta

import pytest

from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import TrialView
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import DAY, HOUR
from tests.integration.trials.fairground import Fairground

TICK = timedelta(microseconds=1)
MOMENT = timedelta(seconds=5)


async def held(ground: Fairground) -> TrialView:
    """A trial of calling that has ended: its number is on hold from day 30 on."""
    trial = await ground.ended(await ground.trial("messaging", "calling"))
    assert await ground.numbers(trial.organisation_id) == [("held", trial.licence_set_id)]
    return trial


async def test_kept_for_15_more_days(ground: Fairground) -> None:
    """After the grace numbers are kept to day 45 of the expiry, and a process waits for it (NR-01, Q-03)."""
    trial = await held(ground)
    assert trial.ends_at is not None
    assert trial.numbers_held_until == trial.ends_at + 45 * DAY
    assert (await ground.dates(trial.organisation_id))["number_release"] == trial.ends_at + 45 * DAY
    processes = await ground.town.processes(trial.organisation_id)
    assert processes[f"number-retention/{trial.trial_id}/1"] == "pending"


async def test_released_on_day_45(ground: Fairground) -> None:
    """A microsecond before they are held, at the instant they are released, once; then the process is over (NR-02, XC-03)."""
    trial = await held(ground)
    until = trial.numbers_held_until
    assert until is not None
    await ground.town.advance_to(until)
    at = (await ground.at(trial.trial_id)).model_copy(update={"generation": 1})
    before = await ground.town.trial_steps.check_numbers(at.model_copy(update={"as_of": until - TICK}))
    assert (before.held, before.held_until, before.released) == (1, until, 0)
    due = at.model_copy(update={"as_of": until})
    assert [(await ground.town.trial_steps.check_numbers(due)).released for _ in range(3)] == [1, 0, 0]
    assert await ground.numbers(trial.organisation_id) == [("released", None)]
    assert "number_release" not in await ground.dates(trial.organisation_id)
    processes = await ground.town.processes(trial.organisation_id)
    assert processes[f"number-retention/{trial.trial_id}/1"] == "closed"
    assert (await ground.town.audit(trial.organisation_id)).count("numbers_released") == 1


async def test_never_ahead_of_the_clock(ground: Fairground) -> None:
    """A process whose clock is ahead releases nothing (P13, SF-10)."""
    trial = await held(ground)
    assert trial.numbers_held_until is not None
    at = (await ground.at(trial.trial_id)).model_copy(update={"generation": 1, "as_of": trial.numbers_held_until})
    with pytest.raises(Refusal) as refusal:
        await ground.town.trial_steps.check_numbers(at)
    assert refusal.value.code is RefusalCode.CLOCK_AHEAD
    assert await ground.numbers(trial.organisation_id) == [("held", trial.licence_set_id)]


async def test_a_trial_without_calling(ground: Fairground) -> None:
    """It has nothing to hold, and no process of that kind (NR-02)."""
    trial = await ground.ended(await ground.trial("messaging", "meetings"))
    assert await ground.numbers(trial.organisation_id) == []
    assert trial.numbers_held_until is None
    assert not [name for name in await ground.town.processes(trial.organisation_id) if "number" in name]


@pytest.mark.parametrize("last", [False, True])
async def test_calling_bought_before_day_45(ground: Fairground, last: bool) -> None:
    """From day 30 on and before day 45 they go to the purchase, and the hold's process is told (NR-03, Q-22)."""
    trial = await held(ground)
    assert trial.numbers_held_until is not None
    if last:
        await ground.town.advance_to(trial.numbers_held_until - MOMENT)
    wakes = await ground.town.wakes(trial.organisation_id)
    paid = await ground.buy(trial.organisation_id, "calling")
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]
    assert await ground.town.wakes(trial.organisation_id) > wakes
    assert "number_release" not in await ground.dates(trial.organisation_id)
    await ground.town.advance_to(trial.numbers_held_until)
    step = await ground.look_at_numbers(trial)
    assert (step.held, step.released) == (0, 0)
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]


async def test_calling_bought_tells_a_hold_in_a_live_organisation(ground: Fairground) -> None:
    """Where nothing was marked the hold's process is woken all the same (NR-03, P15)."""
    trial = await ground.trial("messaging", "calling")
    await ground.edit(trial, "messaging")
    wakes = await ground.town.wakes(trial.organisation_id)
    await ground.buy(trial.organisation_id, "calling")
    assert await ground.town.wakes(trial.organisation_id) > wakes
    assert (await ground.look_at_numbers(trial)).held == 0


@pytest.mark.parametrize("released", [False, True])
async def test_calling_bought_from_day_45_on(ground: Fairground, released: bool) -> None:
    """It gets none, whether or not the process has got there: released is final (NR-02, NR-03, GR-08, XC-03)."""
    trial = await held(ground)
    assert trial.numbers_held_until is not None
    await ground.town.advance_to(trial.numbers_held_until)
    if released:
        await ground.look_at_numbers(trial)
    await ground.buy(trial.organisation_id, "calling")
    await ground.look_at_numbers(trial)
    assert await ground.numbers(trial.organisation_id) == [("released", None)]


async def test_who_gets_no_numbers(ground: Fairground) -> None:
    """Neither calling of another organisation, nor something else of the same (NR-03)."""
    trial = await held(ground)
    await ground.buy(trial.organisation_id, "messaging")
    await ground.buy(await ground.town.organisation(), "calling")
    assert await ground.numbers(trial.organisation_id) == [("held", trial.licence_set_id)]


async def test_a_new_trial_gets_new_numbers(ground: Fairground) -> None:
    """A new trial of calling is no purchase: what is held stays held, and is released on its day (NR-01, NR-03)."""
    trial = await held(ground)
    again = await ground.add_on(trial.organisation_id, "calling")
    assert await ground.numbers(trial.organisation_id) == [
        ("held", trial.licence_set_id),
        ("assigned", again.licence_set_id),
    ]


async def test_activity_does_not_prolong_it(ground: Fairground) -> None:
    """The hold runs on in a marked organisation, whoever signs in there (NR-04, AC-12)."""
    trial = await held(ground)
    assert await ground.town.state(trial.organisation_id) is OrganisationState.MARKED
    await ground.town.advance(DAY)
    await ground.town.sign_in(trial.organisation_id)
    after = await ground.show(trial.trial_id)
    assert after.numbers_held_until == trial.numbers_held_until


@pytest.mark.parametrize("way", ["extended", "converted"])
async def test_no_hold_where_the_grace_is_left(ground: Fairground, way: str) -> None:
    """Extending or converting in grace leaves the numbers where they are; no hold begins (NR-05)."""
    trial = await ground.expired(await ground.trial("messaging", "calling"))
    assert trial.grace_ends_at is not None
    await ground.town.advance_to(trial.grace_ends_at - HOUR)
    if way == "extended":
        await ground.extend(trial, 30)
    else:
        await ground.convert(trial, "messaging", "calling")
    await ground.town.advance_to(trial.grace_ends_at)
    await ground.end_grace(await ground.grace(trial))
    assert [state for state, _ in await ground.numbers(trial.organisation_id)] == ["assigned"]
    assert not [name for name in await ground.town.processes(trial.organisation_id) if "number" in name]


@pytest.mark.parametrize("late", [HOUR / 2, 7 * DAY, 40 * DAY])
async def test_a_late_end_of_grace(ground: Fairground, late: timedelta) -> None:
    """After an outage the numbers are on hold for all of 15 days, and not released as they are held (NR-01, SF-06)."""
    trial = await ground.expired(await ground.trial("messaging", "calling"))
    assert trial.grace_ends_at is not None
    now = await ground.town.advance_to(trial.grace_ends_at + late)
    await ground.end_grace(await ground.grace(trial))
    until = (await ground.show(trial.trial_id)).numbers_held_until
    assert until is not None
    begins = now if late > HOUR else trial.grace_ends_at
    assert timedelta(0) <= until - (begins + 15 * DAY) < MOMENT
    assert (await ground.look_at_numbers(trial)).held == 1
    paid = await ground.buy(trial.organisation_id, "calling")
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]


async def test_a_hold_that_waits_for_a_worker(ground: Fairground) -> None:
    """Asked for in time and carried out 40 days later, the hold still lasts for all of its days from then (NR-01, NR-03, SF-06)."""
    trial = await ground.expired(await ground.trial("messaging", "calling"))
    grace = await ground.grace(trial)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.town.licences.check_grace(grace, grace.removal_due_at)
    now = await ground.town.advance(40 * DAY)
    await ground.town.licences.hold_numbers(grace, grace.removal_due_at)
    until = (await ground.show(trial.trial_id)).numbers_held_until
    assert until is not None
    assert timedelta(0) <= until - (now + 15 * DAY) < MOMENT
    paid = await ground.buy(trial.organisation_id, "calling")
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]


async def test_deletion_ends_the_hold(ground: Fairground) -> None:
    """An organisation that deletes itself leaves no hold behind: its process ends, and its numbers are purged (NR-04, XC-07)."""
    trial = await held(ground)
    [eve] = await ground.town.fetch(
        "select person_id from full_admins where organisation_id = $1", trial.organisation_id
    )
    await ground.delete_now(trial, eve["person_id"])
    step = await ground.look_at_numbers(trial)
    assert (step.held, step.released) == (0, 0)
    processes = await ground.town.processes(trial.organisation_id)
    assert processes[f"number-retention/{trial.trial_id}/1"] == "closed"


async def test_no_number_is_on_record(ground: Fairground) -> None:
    """The audit says how many, never which: a number is personal (XC-04)."""
    trial = await held(ground)
    rows = await ground.town.fetch("select details::text from audit where subject = $1", trial.organisation_id)
    assert not [row for row in rows if "+999" in row["details"]]
