"""Extending and editing a trial: its end is replaced, its services come and go (TC-01 to TC-09, TC-21)."""

from datetime import timedelta

import pytest

from tenure.contracts.organisation import Role
from tenure.contracts.platform import Deed
from tenure.contracts.trial import AssignLicences, ServiceState, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import TrialId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, HOUR, SERVICE
from tests.integration.trials.fairground import Fairground

MOMENT = timedelta(seconds=5)


async def test_an_extension_replaces_the_end(ground: Fairground) -> None:
    """65 days left, 30 chosen: 30 days are left from now, of the trial and of its licences (TC-01)."""
    trial = await ground.trial(length_days=90)
    await ground.town.advance(25 * DAY)
    before = await ground.town.now()
    trial = await ground.extend(trial, 30)
    assert trial.ends_at is not None
    assert timedelta(0) <= trial.ends_at - (before + 30 * DAY) < MOMENT
    assert (await ground.licences(trial.licence_set_id))["expires_at"] == trial.ends_at
    assert {date.kind: date.due_at for date in await ground.town.next_dates(trial.organisation_id)} == {
        "trial_end": trial.ends_at,
        "trial_reminder": trial.ends_at - 7 * DAY,
    }


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (-1, RefusalCode.EXTENSION_TOO_SHORT),
        (0, RefusalCode.EXTENSION_TOO_SHORT),
        (31, RefusalCode.EXTENSION_TOO_LONG),
        (90, RefusalCode.EXTENSION_TOO_LONG),
    ],
)
async def test_an_extension_is_1_to_30_days(ground: Fairground, days: int, code: RefusalCode) -> None:
    """Anything else is refused, and changes nothing (TC-02, Q-15, XC-05)."""
    trial = await ground.trial()
    assert await ground.refused(ground.extend(trial, days)) is code
    with pytest.raises(Refusal, match="by 1 to 30 days from today") as refusal:
        await ground.extend(trial, days)
    assert refusal.value.details == {"longest_days": 30}


@pytest.mark.parametrize("days", [1, 30])
async def test_the_shortest_and_the_longest_extension(ground: Fairground, days: int) -> None:
    """One day and thirty are lengths; there is no limit on how often (TC-02, TC-06)."""
    trial = await ground.trial()
    for _ in range(3):
        await ground.town.advance(HOUR)
        trial = await ground.extend(trial, days)
        assert trial.ends_at is not None
        assert timedelta(0) <= await ground.town.now() + days * DAY - trial.ends_at < MOMENT


async def test_a_shorter_end_is_confirmed(ground: Fairground) -> None:
    """An end that moves earlier is told with both dates, and set only when confirmed; a later one needs no yes (TC-03, XC-05)."""
    trial = await ground.trial(length_days=60)
    with pytest.raises(Refusal) as refusal:
        await ground.extend(trial, 30, confirmed=False)
    assert refusal.value.code is RefusalCode.CONFIRMATION_REQUIRED
    assert trial.ends_at is not None
    assert refusal.value.details["ends_at"] == trial.ends_at.isoformat()
    assert str(refusal.value.details["new_ends_at"]) < trial.ends_at.isoformat()
    assert (await ground.show(trial.trial_id)).ends_at == trial.ends_at
    shorter = await ground.extend(trial, 30)
    assert shorter.ends_at is not None
    await ground.town.advance(DAY)
    later = await ground.extend(trial, 30, confirmed=False)
    assert later.ends_at is not None
    assert shorter.ends_at < later.ends_at < trial.ends_at


async def test_an_extension_in_grace_restores(ground: Fairground) -> None:
    """A moment before day 30 the licences come back, the grace is over, and the trial has a process again (TC-05, Q-04)."""
    trial = await ground.expired(await ground.trial("messaging", "calling"))
    assert trial.grace_ends_at is not None
    await ground.town.advance_to(trial.grace_ends_at - MOMENT)
    grace = await ground.grace(trial)
    extended = await ground.extend(trial, 1, confirmed=False)
    assert (extended.state, extended.grace_ends_at) == (TrialState.ACTIVE, None)
    licences = await ground.licences(trial.licence_set_id)
    assert (licences["state"], licences["removal_due_at"], licences["expires_at"]) == ("active", None, extended.ends_at)
    assert {date.kind for date in await ground.town.next_dates(trial.organisation_id)} == {"trial_end"}
    assert (await ground.town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/2"] == "pending"
    await ground.town.advance_to(trial.grace_ends_at)
    assert (await ground.end_grace(grace)).outcome == "restored"
    assert (await ground.show(trial.trial_id)).state is TrialState.ACTIVE
    assert await ground.numbers(trial.organisation_id) == [("assigned", trial.licence_set_id)]
    assert (await ground.town.processes(trial.organisation_id))[f"renewal-grace/{trial.licence_set_id}/1"] == "closed"


@pytest.mark.parametrize("carried_out", [False, True])
async def test_no_extension_at_the_end_of_grace(ground: Fairground, carried_out: bool) -> None:
    """From day 30 on it is refused, whether or not the process of the grace has got there (TC-06, GR-08, XC-03)."""
    trial = await ground.expired(await ground.trial())
    assert trial.grace_ends_at is not None
    if carried_out:
        await ground.ended(trial)
    await ground.town.advance_to(trial.grace_ends_at)
    assert await ground.refused(ground.extend(trial, 30)) is RefusalCode.GRACE_OVER


async def test_each_extension_in_grace_has_its_own_grace(ground: Fairground) -> None:
    """Extended in grace and expired again, the trial has all of its second grace, by a process of its own (GR-01, P11)."""
    trial = await ground.expired(await ground.trial())
    await ground.town.advance(29 * DAY)
    trial = await ground.expired(await ground.extend(trial, 1))
    assert trial.ends_at is not None
    assert trial.grace_ends_at == trial.ends_at + 30 * DAY
    assert (await ground.grace(trial)).generation == 2
    assert (await ground.ended(trial)).state is TrialState.ENDED


async def test_edit_adds_and_removes(ground: Fairground) -> None:
    """What is added is built and shares the end, what is removed is torn down, and the rest stays (TC-07, TC-08)."""
    trial = await ground.trial("messaging", "calling")
    await ground.town.advance(DAY)
    edited = await ground.edit(trial, "messaging", "meetings")
    assert edited.ends_at == trial.ends_at
    assert {order.service: order.deed for order in (await ground.look(trial.trial_id)).orders} == {
        "calling": Deed.TEAR_DOWN,
        "meetings": Deed.BUILD,
    }
    await ground.run(trial.trial_id)
    assert {service.service: service.state for service in (await ground.show(trial.trial_id)).services} == {
        "messaging": ServiceState.BUILT,
        "meetings": ServiceState.BUILT,
        "calling": ServiceState.GONE,
    }
    licences = await ground.licences(trial.licence_set_id)
    assert (licences["state"], licences["services"], licences["meetings"]) == (
        "active",
        ["messaging", "meetings"],
        True,
    )


@pytest.mark.parametrize("bought", [False, True])
async def test_removed_just_before_the_end(ground: Fairground, bought: bool) -> None:
    """What the platform has not torn down yet when the trial ends is torn down in grace; the rest stands (TC-08, GR-04, PV-04)."""
    trial = await ground.trial("messaging", "contact-center")
    await ground.edit(trial, "messaging")
    assert trial.ends_at is not None
    await ground.town.advance_to(trial.ends_at)
    await ground.look(trial.trial_id)
    [order] = (await ground.town.trial_steps.conclude(await ground.at(trial.trial_id))).orders
    assert (order.deed, order.service) == (Deed.TEAR_DOWN, "contact-center")
    if bought:
        await ground.buy(trial.organisation_id, "messaging")
    await ground.post(trial.organisation_id)
    await ground.run(trial.trial_id)
    kept = ServiceState.BOUGHT if bought else ServiceState.BUILT
    assert await ground.services(trial) == {"messaging": kept, "contact-center": ServiceState.GONE}
    assert (await ground.town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/1"] == "closed"


async def test_edit_is_refused_with_its_reason(ground: Fairground) -> None:
    """What is added has to be eligible, known, and have a site; something has to be left (TC-08, TR-08, TR-09, TR-15, TR-16)."""
    trial = await ground.trial()
    other = await ground.partner("south")
    await ground.buy(trial.organisation_id, "calling")
    await ground.add_on(trial.organisation_id, "contact-center", side=other)
    refused = {
        services: await ground.refused(ground.edit(trial, *services))
        for services in [
            (),
            ("messaging", "teleportation"),
            ("messaging", "meetings-enterprise"),
            ("messaging", "calling"),
            ("messaging", "contact-center"),
        ]
    }
    assert refused == {
        (): RefusalCode.NO_SERVICE_SELECTED,
        ("messaging", "teleportation"): RefusalCode.SERVICE_UNKNOWN,
        ("messaging", "meetings-enterprise"): RefusalCode.SITE_DETAILS_REQUIRED,
        ("messaging", "calling"): RefusalCode.SERVICE_ALREADY_OWNED,
        ("messaging", "contact-center"): RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE,
    }


async def test_edit_only_while_active(ground: Fairground) -> None:
    """In grace a trial is extended first; after it everything is over (table 18.1, GR-08)."""
    trial = await ground.expired(await ground.trial())
    assert await ground.refused(ground.edit(trial, "messaging", "meetings")) is RefusalCode.WRONG_STATE
    trial = await ground.ended(trial)
    assert await ground.refused(ground.edit(trial, "messaging", "meetings")) is RefusalCode.GRACE_OVER


async def test_calling_that_is_removed_and_comes_back(ground: Fairground) -> None:
    """Its numbers are held at once for 15 days; what is added again gets new ones; released is final (TC-09, NR-01, NR-02)."""
    trial = await ground.trial("messaging", "calling")
    edited = await ground.edit(trial, "messaging")
    until = edited.numbers_held_until
    assert until is not None
    assert timedelta(0) <= await ground.town.now() + 15 * DAY - until < MOMENT
    await ground.run(trial.trial_id)
    await ground.edit(trial, "messaging", "calling")
    await ground.run(trial.trial_id)
    assert [state for state, _ in await ground.numbers(trial.organisation_id)] == ["held", "assigned"]
    await ground.town.advance_to(until)
    assert (await ground.look_at_numbers(trial)).released == 1
    assert [state for state, _ in await ground.numbers(trial.organisation_id)] == ["released", "assigned"]
    await ground.edit(trial, "messaging")
    assert [state for state, _ in await ground.numbers(trial.organisation_id)] == ["released", "held"]


async def test_two_holds_of_one_trial(ground: Fairground) -> None:
    """Each hold of a trial runs its own 15 days, and the next date is that of the earlier until it is over (NR-01, WH-01)."""
    trial = await ground.trial("messaging", "calling")
    until = []
    for _ in range(2):
        await ground.edit(trial, "messaging")
        await ground.run(trial.trial_id)
        until.append(await ground.town.now() + 15 * DAY)
        await ground.edit(trial, "messaging", "calling")
        await ground.run(trial.trial_id)
        await ground.town.advance(5 * DAY)
    for hold, end in enumerate(until, start=1):
        [date] = [date for date in await ground.town.next_dates(trial.organisation_id) if date.kind == "number_release"]
        assert timedelta(0) <= end - date.due_at < MOMENT
        await ground.town.advance_to(date.due_at)
        assert (await ground.look_at_numbers(trial, hold)).released == 1
    assert "number_release" not in {date.kind for date in await ground.town.next_dates(trial.organisation_id)}
    assert [state for state, _ in await ground.numbers(trial.organisation_id)] == ["released", "released", "assigned"]


async def test_only_the_owner_changes_a_trial(ground: Fairground) -> None:
    """Another managing partner, an admin who sells nothing, and a customer's admin are refused (TC-21, TR-02, P14)."""
    trial = await ground.trial()
    south = await ground.partner("south")
    await ground.manage(south, trial.organisation_id)
    ada = await ground.person("ada", trial.organisation_id, Role.CUSTOMER_FULL_ADMIN)
    for by, code in {
        south.seller: RefusalCode.NOT_TRIAL_OWNER,
        ground.north.helper: RefusalCode.ROLE_NOT_ALLOWED,
        ada: RefusalCode.ROLE_NOT_ALLOWED,
    }.items():
        assert await ground.refused(ground.extend(trial, 5, by=by)) is code
        assert await ground.refused(ground.edit(trial, "meetings", by=by)) is code
        assert await ground.refused(ground.cancel(trial, by=by)) is code
    assert (await ground.extend(trial, 30, by=ground.north.head)).state is TrialState.ACTIVE


async def test_a_partner_at_provisioning_access_changes_its_trial(ground: Fairground) -> None:
    """Either access level suffices to extend, edit and cancel; people's licences need full administration (TC-21, PV-06)."""
    customer = await ground.town.organisation()
    await ground.manage(ground.north, customer, "provisioning")
    trial = await ground.add_on(customer, "messaging")
    await ground.extend(trial, 20)
    await ground.edit(trial, "messaging", "meetings")
    assign = AssignLicences(trial_id=trial.trial_id, by=ground.north.seller)
    refused = await ground.refused(ground.town.trials.assign_licences(SERVICE, assign))
    assert refused is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
    assert (await ground.cancel(trial)).state is TrialState.CANCELLED


async def test_a_stranger_sees_no_trial(ground: Fairground) -> None:
    """To another partner's token a trial is unknown, as is one that there never was (P14, XC-05)."""
    trial = await ground.trial()
    south = await ground.partner("south")
    stranger = Caller(actor="partner:ptr_south", partner_id=south.partner_id, person_id=south.seller)
    unknown = trial.model_copy(update={"trial_id": TrialId("trl_unknown")})
    for hidden in (trial, unknown):
        with pytest.raises(Refusal) as refusal:
            await ground.town.trials.show(stranger, hidden.trial_id)
        assert refusal.value.code is RefusalCode.TRIAL_NOT_FOUND
    assert await ground.refused(ground.extend(unknown, 5)) is RefusalCode.TRIAL_NOT_FOUND


async def test_a_change_is_on_record(ground: Fairground) -> None:
    """Each change is one audit row, of who made it (XC-04)."""
    trial = await ground.trial()
    await ground.extend(trial, 10)
    await ground.edit(trial, "messaging", "meetings")
    rows = await ground.town.fetch(
        "select actor, action, from_state, to_state from audit where subject = $1 and action like 'trial\\_%'"
        " order by position",
        trial.organisation_id,
    )
    assert [tuple(row) for row in rows][-2:] == [
        ("service:orders", "trial_extended", "active", "active"),
        ("service:orders", "trial_edited", "active", "active"),
    ]
