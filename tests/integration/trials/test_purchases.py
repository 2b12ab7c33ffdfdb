"""A subscription is bought, whoever reports it: what it covers leaves its trial (GR-05, DP-02, table 18.3)."""

from datetime import timedelta

import pytest

from tenure.contracts.licence import (
    ExpireLicences,
    GrantLicences,
    LicenceKind,
    RenewalGraceInput,
    RestoredBy,
    RestoreLicences,
)
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.trial import TrialState
from tenure.contracts.trial_process import PlatformReport
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.trials.fairground import Fairground

MOMENT = timedelta(seconds=5)


async def test_two_trials_are_bought_at_once(ground: Fairground) -> None:
    """One subscription ends them both, and who held a licence of each has one of it (GR-12, TC-12)."""
    first = await ground.trial("messaging")
    second = await ground.add_on(first.organisation_id, "calling")
    una = await ground.person("una", first.organisation_id, Role.USER)
    for trial in (first, second):
        await ground.assign(trial, una)
    paid = await ground.buy(first.organisation_id, "messaging", "calling")
    assert {(await ground.show(trial.trial_id)).state for trial in (first, second)} == {TrialState.CONVERTED}
    holders = await ground.town.fetch(
        "select person_id from licence_assignments where licence_set_id = $1", paid.licence_set_id
    )
    assert [row["person_id"] for row in holders] == [una]


@pytest.mark.parametrize("in_grace", [False, True])
async def test_all_services_are_bought(ground: Fairground, in_grace: bool) -> None:
    """The trial is converted, with its users and numbers, and nobody is told of its end (GR-05, TC-20, TL-01)."""
    trial = await ground.trial("messaging", "calling")
    user = await ground.person("una", trial.organisation_id, Role.USER)
    await ground.assign(trial, user)
    await ground.post(trial.organisation_id)
    if in_grace:
        trial = await ground.expired(trial)
        assert len(await ground.queued(trial.organisation_id)) == 4
    paid = await ground.buy(trial.organisation_id, "calling", "messaging", "contact-center")
    assert (await ground.show(trial.trial_id)).state is TrialState.CONVERTED
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]
    assert await ground.queued(trial.organisation_id) == set()
    assert await ground.dates(trial.organisation_id) == {}
    [holder] = await ground.town.fetch(
        "select person_id from licence_assignments where licence_set_id = $1", paid.licence_set_id
    )
    assert holder["person_id"] == user


async def test_some_services_are_bought_in_grace(ground: Fairground) -> None:
    """What the order covers is paid for; the rest runs on to its own day 30 (GR-05, TC-19, table 18.3)."""
    trial = await ground.expired(await ground.trial("messaging", "calling"))
    await ground.buy(trial.organisation_id, "messaging")
    after = await ground.show(trial.trial_id)
    assert (after.state, after.grace_ends_at) == (TrialState.GRACE, trial.grace_ends_at)
    licences = await ground.licences(trial.licence_set_id)
    assert (licences["state"], licences["services"]) == ("suspended", ["calling"])
    assert (await ground.ended(trial)).state is TrialState.ENDED


async def test_something_else_is_bought(ground: Fairground) -> None:
    """A subscription of other services converts nothing, and nobody is moved in the end (GR-07, Q-21)."""
    trial = await ground.trial()
    user = await ground.person("una", trial.organisation_id, Role.USER)
    await ground.buy(trial.organisation_id, "calling")
    trial = await ground.ended(trial)
    assert trial.state is TrialState.ENDED
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, user) == trial.organisation_id
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE


async def test_a_purchase_after_grace(ground: Fairground) -> None:
    """It gives new licences and clears the mark; trial, site, people and roles do not come back (GR-08, GR-09, DP-04)."""
    trial = await ground.trial()
    user = await ground.person("una", trial.organisation_id, Role.USER)
    trial = await ground.ended(trial)
    assert await ground.town.state(trial.organisation_id) is OrganisationState.MARKED
    paid = await ground.buy(trial.organisation_id, "messaging")
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE
    assert (await ground.licences(paid.licence_set_id))["state"] == "active"
    assert (await ground.show(trial.trial_id)).state is TrialState.ENDED
    assert (await ground.licences(trial.licence_set_id))["state"] == "removed"
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, user) == "org_consumer"
    assert await ground.access(ground.north, trial.organisation_id) == "none"


async def test_a_purchase_from_day_30_on(ground: Fairground) -> None:
    """Where the process of the grace is late, a purchase restores the trial no more; nobody is moved, being paid for (XC-03, GR-11)."""
    trial = await ground.expired(await ground.trial("messaging", "calling"))
    user = await ground.person("una", trial.organisation_id, Role.USER)
    assert trial.grace_ends_at is not None
    await ground.town.advance_to(trial.grace_ends_at)
    paid = await ground.buy(trial.organisation_id, "messaging", "calling")
    assert (await ground.show(trial.trial_id)).state is TrialState.GRACE
    await ground.end_grace(await ground.grace(trial))
    assert (await ground.show(trial.trial_id)).state is TrialState.ENDED
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, user) == trial.organisation_id
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE


async def test_bought_while_it_is_built(ground: Fairground) -> None:
    """What was bought before the trial is active is on trial no more; all of it, and the trial is converted (TR-15, PV-07)."""
    for bought, state in ((("calling",), TrialState.ACTIVE), (("calling", "messaging"), TrialState.CONVERTED)):
        trial = await ground.town.trials.request(SERVICE, ground.request("messaging", "calling"))
        orders = (await ground.look(trial.trial_id)).orders
        await ground.buy(trial.organisation_id, *bought)
        for order in orders:
            built = await ground.town.platform.build(order)
            await ground.town.trial_steps.record_platform(PlatformReport(order=order, built=built))
        await ground.run(trial.trial_id)
        assert (await ground.show(trial.trial_id)).state is state
        assert (await ground.services(trial))["calling"] == "bought"
        if state is TrialState.ACTIVE:
            [licences] = await ground.town.fetch(
                "select services from licence_sets where organisation_id = $1 and kind = 'trial'", trial.organisation_id
            )
            assert licences["services"] == ["messaging"]


async def test_meetings_that_are_bought_without_a_name(ground: Fairground) -> None:
    """A subscription that only says it is of meetings converts a trial of them, as it bars a new one (GR-05, TR-15, TC-20)."""
    trial = await ground.trial("meetings")
    command = GrantLicences(
        licence_set_id=LicenceSetId("lic_unnamed"),
        organisation_id=trial.organisation_id,
        kind=LicenceKind.SUBSCRIPTION,
        meetings=True,
    )
    await ground.town.licences.grant(SERVICE, command)
    assert (await ground.show(trial.trial_id)).state is TrialState.CONVERTED


@pytest.mark.parametrize("cancelled", [False, True])
async def test_bought_while_the_platform_builds_it(ground: Fairground, cancelled: bool) -> None:
    """What is built all the same is the buyer's, with the phone number that comes with it (TC-12, NR-03, PV-04)."""
    if cancelled:
        trial = await ground.town.trials.request(SERVICE, ground.request("calling"))
    else:
        trial = await ground.edit(await ground.trial("messaging"), "messaging", "calling")
    [order] = (await ground.look(trial.trial_id)).orders
    paid = await ground.buy(trial.organisation_id, "calling")
    if cancelled:
        await ground.cancel(trial)
    report = PlatformReport(order=order, built=await ground.town.platform.build(order))
    for _ in range(2):
        await ground.town.trial_steps.record_platform(report)
    assert (await ground.services(trial))["calling"] == "bought"
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]
    assert (await ground.town.audit(trial.organisation_id)).count("numbers_assigned") == 1


@pytest.mark.parametrize("first", ["paid", "trial"])
async def test_meetings_are_the_buyer_s(ground: Fairground, first: str) -> None:
    """Bought out of a trial, meetings rest and go with the subscription, whatever is left of the trial (RP-06, RP-05, Q-20)."""
    trial = await ground.trial("meetings", "calling", length_days=30 if first == "trial" else 90)
    await ground.keep(trial.organisation_id, "recordings")
    paid = await ground.buy(trial.organisation_id, "meetings")
    expired_at = await ground.town.now()
    expire = ExpireLicences(licence_set_id=paid.licence_set_id, expired_at=expired_at)
    await ground.town.licences.expire(SERVICE, expire)
    assert (await ground.town.organisations.show(SERVICE, trial.organisation_id)).meetings_site_suspended
    if first == "trial":
        await ground.ended(trial)
        assert await ground.kept(trial.organisation_id) == ["recordings"]
    await ground.town.advance_to(expired_at + 60 * DAY)
    [row] = await ground.town.fetch(
        "select input from processes where input ->> 'licence_set_id' = $1", paid.licence_set_id
    )
    await ground.end_grace(RenewalGraceInput.model_validate(row["input"]))
    assert await ground.kept(trial.organisation_id) == []


async def test_licences_of_a_trial_belong_to_it(ground: Fairground, town: Town) -> None:
    """Services that report facts cannot expire, restore or grant what a trial holds (TC, GR-01, XC-05)."""
    trial = await ground.trial()
    assert trial.licence_set_id is not None
    expire = ExpireLicences(licence_set_id=trial.licence_set_id, expired_at=await town.now())
    assert await ground.refused(town.licences.expire(SERVICE, expire)) is RefusalCode.MANAGED_BY_TRIAL
    await ground.expired(trial)
    for by in RestoredBy:
        restore = RestoreLicences(licence_set_id=trial.licence_set_id, by=by)
        assert await ground.refused(town.licences.restore(SERVICE, restore)) is RefusalCode.MANAGED_BY_TRIAL
    grant = GrantLicences(
        licence_set_id=trial.licence_set_id, organisation_id=trial.organisation_id, kind=LicenceKind.SUBSCRIPTION
    )
    assert await ground.refused(town.licences.grant(SERVICE, grant)) is RefusalCode.LICENCE_SET_EXISTS


async def test_what_is_over_is_restored_by_nobody(ground: Fairground, town: Town) -> None:
    """After grace every attempt at the old licences is refused as irreversible (GR-08, table 18.3)."""
    trial = await ground.ended(await ground.trial())
    assert trial.licence_set_id is not None
    for by in RestoredBy:
        restore = RestoreLicences(licence_set_id=trial.licence_set_id, by=by)
        assert await ground.refused(town.licences.restore(SERVICE, restore)) is RefusalCode.IRREVERSIBLE


async def test_mails_in_flight_when_bought(ground: Fairground) -> None:
    """A mail that was being tried when the purchase came is not tried again (TL-01, NO-08)."""
    trial = await ground.trial("messaging")
    await ground.post(trial.organisation_id)
    await ground.expired(trial)
    rows = await ground.town.fetch(
        "select notice_id::text from notices where organisation_id = $1 and kind = $2 and state = 'queued'",
        trial.organisation_id,
        NoticeKind.TRIAL_EXPIRED,
    )
    [notice] = [row["notice_id"] for row in rows]
    assert await ground.town.notices.next_attempt(notice) is not None
    await ground.town.notices.deferred(notice, "450 4.2.0 try later")
    await ground.buy(trial.organisation_id, "messaging")
    assert await ground.town.notices.next_attempt(notice) is None
