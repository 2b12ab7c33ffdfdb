"""How a trial goes on by itself: it starts when all is built, is told of, and expires (PV-07, NO-01, GR-01, table 18.3)."""

from datetime import timedelta

import pytest

from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import TrialState, TrialView
from tenure.contracts.trial_process import PlatformReport
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import DAY, HOUR, SERVICE
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import recipients

TICK = timedelta(microseconds=1)
MOMENT = timedelta(seconds=5)


async def state_as_of(ground: Fairground, trial: TrialView, before_end: timedelta) -> TrialState | None:
    """What the trial's process finds at an instant before its end."""
    assert trial.ends_at is not None
    at = (await ground.at(trial.trial_id)).model_copy(update={"as_of": trial.ends_at - before_end})
    return (await ground.town.trial_steps.check_trial(at)).state


async def test_the_clock_starts_when_all_is_built(ground: Fairground) -> None:
    """Not with the request, nor with the first service; then the end, its reminder and the licences are set (PV-07, Q-15, PV-04)."""
    trial = await ground.town.trials.request(SERVICE, ground.request("messaging", "calling", length_days=60))
    await ground.town.advance(3 * DAY)
    for order in (await ground.look(trial.trial_id)).orders:
        assert (await ground.look(trial.trial_id)).state is TrialState.PROVISIONING
        assert await ground.queued(trial.organisation_id) == set()
        built = await ground.town.platform.build(order)
        await ground.town.trial_steps.record_platform(PlatformReport(order=order, built=built))
        await ground.town.advance(DAY)
    step = await ground.look(trial.trial_id)
    view = await ground.show(trial.trial_id)
    assert view.activated_at is not None
    assert view.ends_at == view.activated_at + 60 * DAY
    assert timedelta(0) <= await ground.town.now() - view.activated_at < MOMENT
    assert (step.due_at, step.rule) == (view.ends_at - 7 * DAY, "NO-01")
    licences = await ground.licences(view.licence_set_id)
    assert (licences["state"], licences["expires_at"]) == ("active", view.ends_at)
    assert await ground.dates(trial.organisation_id) == {
        "trial_reminder": view.ends_at - 7 * DAY,
        "trial_end": view.ends_at,
    }


async def test_an_active_trial_unmarks(ground: Fairground) -> None:
    """The label goes when the trial is active, not when it is asked for (DP-01, DP-04)."""
    trial = await ground.trial()
    await ground.cancel(trial)
    command = ground.request("messaging", organisation_id=trial.organisation_id)
    again = await ground.town.trials.request(SERVICE, command.model_copy(update={"admin_email": None}))
    assert await ground.town.state(trial.organisation_id) is OrganisationState.MARKED
    await ground.run(again.trial_id)
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE


async def test_the_reminder_at_its_instant(ground: Fairground) -> None:
    """A microsecond before nobody is told, at the instant everybody is, and the date is gone (NO-01, XC-03)."""
    trial = await ground.trial()
    await ground.post(trial.organisation_id)
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at - 7 * DAY)
    await state_as_of(ground, trial, 7 * DAY + TICK)
    assert await ground.queued(trial.organisation_id) == set()
    for _ in range(2):
        await state_as_of(ground, trial, 7 * DAY)
        assert len(await ground.queued(trial.organisation_id)) == 4
    assert await ground.dates(trial.organisation_id) == {"trial_end": trial.ends_at}


async def test_the_end_at_its_instant(ground: Fairground) -> None:
    """A microsecond before it is active, at the instant its licences rest and 30 days of grace begin (GR-01, NO-02, XC-03)."""
    trial = await ground.trial("messaging", "calling")
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at)
    assert await state_as_of(ground, trial, 7 * DAY) is TrialState.ACTIVE
    assert await state_as_of(ground, trial, TICK) is TrialState.ACTIVE
    assert await state_as_of(ground, trial, timedelta(0)) is TrialState.GRACE
    view = await ground.show(trial.trial_id)
    assert (view.ends_at, view.grace_ends_at) == (trial.ends_at, trial.ends_at + 30 * DAY)
    licences = await ground.licences(trial.licence_set_id)
    assert (licences["state"], licences["expired_at"], licences["removal_due_at"]) == (
        "suspended",
        trial.ends_at,
        view.grace_ends_at,
    )
    assert await ground.dates(trial.organisation_id) == {"licence_removal": view.grace_ends_at}
    assert (await ground.grace(trial)).removal_due_at == view.grace_ends_at
    assert await ground.services(trial) == {"messaging": "built", "calling": "built"}
    assert await ground.numbers(trial.organisation_id) == [("assigned", trial.licence_set_id)]
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE


@pytest.mark.parametrize("early", [timedelta(minutes=1), timedelta(seconds=1)])
async def test_never_ahead_of_the_clock(ground: Fairground, early: timedelta) -> None:
    """A process whose clock is ahead neither reminds nor ends a trial (P13, SF-10)."""
    trial = await ground.trial()
    assert trial.ends_at is not None
    for before_end in (7 * DAY, timedelta(0)):
        await ground.town.advance_to(trial.ends_at - before_end - early)
        with pytest.raises(Refusal) as refusal:
            await state_as_of(ground, trial, before_end)
        assert refusal.value.code is RefusalCode.CLOCK_AHEAD
        if before_end:
            await ground.town.advance(early)
            await ground.run(trial.trial_id)
    assert (await ground.show(trial.trial_id)).state is TrialState.ACTIVE


@pytest.mark.parametrize("late", [2 * HOUR, 3 * DAY, 100 * DAY])
async def test_an_end_that_is_carried_out_late(ground: Fairground, late: timedelta) -> None:
    """After an outage everybody who is told of the grace still has all 30 days of it (SF-06, GR-01)."""
    trial = await ground.trial()
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at + late)
    await ground.run(trial.trial_id)
    view = await ground.show(trial.trial_id)
    assert view.grace_ends_at is not None
    assert timedelta(0) <= await ground.town.now() + 30 * DAY - view.grace_ends_at < MOMENT
    assert (await ground.licences(trial.licence_set_id))["removal_due_at"] == view.grace_ends_at
    [expired] = {
        mail.matter.grace_ends_at  # type: ignore[union-attr]
        for mail in await ground.post(trial.organisation_id, NoticeKind.TRIAL_EXPIRED)
    }
    assert expired == view.grace_ends_at


async def test_a_little_late_is_in_time(ground: Fairground) -> None:
    """Within the hour the grace counts from the end itself (GR-01, XC-03)."""
    trial = await ground.trial()
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at + HOUR / 2)
    await ground.run(trial.trial_id)
    assert (await ground.show(trial.trial_id)).grace_ends_at == trial.ends_at + 30 * DAY


async def test_extended_before_a_late_end(ground: Fairground) -> None:
    """An end that nobody carried out can be moved still, and the process then finds the new one (TC-04, SF-06)."""
    trial = await ground.trial()
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at + DAY)
    extended = await ground.extend(trial, 10)
    assert (await ground.run(trial.trial_id)).state is TrialState.ACTIVE
    assert (await ground.show(trial.trial_id)).ends_at == extended.ends_at


async def test_an_earlier_execution_does_nothing(ground: Fairground) -> None:
    """Once an extension in grace has begun the next generation, what is left of the last neither tells nor ends anything (P11)."""
    trial = await ground.expired(await ground.trial())
    first = await ground.at(trial.trial_id)
    trial = await ground.extend(trial, 5)
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at + DAY)
    late = first.model_copy(update={"as_of": await ground.town.now()})
    step = await ground.town.trial_steps.check_trial(late)
    assert (step.state, step.generation, step.orders) == (TrialState.GRACE, 2, ())
    assert (await ground.show(trial.trial_id)).state is TrialState.ACTIVE
    await ground.town.trial_steps.conclude(late)
    assert (await ground.town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/2"] == "pending"


async def test_several_trials_have_their_own_ends(ground: Fairground) -> None:
    """Each of an organisation's trials is told of, ends and rests by itself (GR-12, NO-05)."""
    first = await ground.trial()
    south = await ground.partner("south")
    second = await ground.add_on(first.organisation_id, "calling", side=south, length_days=90)
    await ground.post(first.organisation_id)
    first = await ground.expired(first)
    sent = await ground.post(first.organisation_id)
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED_PARTNER) == sorted(ground.north.everybody)
    assert (await ground.run(second.trial_id)).state is TrialState.ACTIVE
    second = await ground.expired(second)
    assert first.grace_ends_at is not None
    assert second.grace_ends_at is not None
    assert second.grace_ends_at - first.grace_ends_at > 59 * DAY
    sent = await ground.post(first.organisation_id)
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED_PARTNER) == sorted(south.everybody)


async def test_the_end_is_on_record(ground: Fairground) -> None:
    """What the timer does is in the audit, with its actor and both states (XC-04)."""
    trial = await ground.ended(await ground.trial())
    rows = await ground.town.fetch(
        "select actor, action, from_state, to_state from audit where subject = $1 and action like 'trial\\_%'"
        " order by position",
        trial.organisation_id,
    )
    assert [tuple(row) for row in rows] == [
        ("service:orders", "trial_requested", None, "provisioning"),
        ("timer", "trial_started", "provisioning", "active"),
        ("timer", "trial_expired", "active", "grace"),
        ("timer", "trial_ended", "grace", "ended"),
    ]
