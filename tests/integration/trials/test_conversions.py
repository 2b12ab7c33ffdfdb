"""A paid order takes services out of their trial (TC-12 to TC-15, TC-19, TC-20)."""

from datetime import timedelta

import pytest

from tenure.contracts.conversion import Conversion
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.trial import TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, SERVICE
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import recipients

MOMENT = timedelta(seconds=5)


@pytest.mark.parametrize("in_grace", [False, True])
async def test_all_of_a_trial(ground: Fairground, in_grace: bool) -> None:
    """Everything stays built and is paid for, its numbers and its users with it; no date and no mail of the trial is left.

    (TC-12, TC-14, TC-20, GR-05, NR-05, table 18.3)
    """
    trial = await ground.trial("messaging", "calling")
    users = [await ground.person(name, trial.organisation_id, Role.USER) for name in ("una", "ulf")]
    await ground.assign(trial, *users)
    if in_grace:
        await ground.expired(trial)
        await ground.town.advance(30 * DAY - MOMENT)
    order = ground.order(trial, "messaging", "calling", expires_at=await ground.town.now() + 365 * DAY)
    conversion = await ground.town.trials.convert(SERVICE, order)
    assert (conversion.converted, conversion.remaining) == (("messaging", "calling"), ())
    assert (await ground.show(trial.trial_id)).state is TrialState.CONVERTED
    assert await ground.services(trial) == {"messaging": "bought", "calling": "bought"}
    paid = await ground.licences(order.licence_set_id)
    assert (paid["state"], paid["kind"], paid["services"]) == ("active", "subscription", ["messaging", "calling"])
    assert (await ground.licences(trial.licence_set_id))["state"] == "removed"
    assert await ground.dates(trial.organisation_id) == {"licence_expiry": order.expires_at}
    assert await ground.numbers(trial.organisation_id) == [("assigned", order.licence_set_id)]
    holders = await ground.town.fetch(
        "select person_id from licence_assignments where licence_set_id = $1 order by person_id", order.licence_set_id
    )
    assert [row["person_id"] for row in holders] == sorted(users)
    await ground.post(trial.organisation_id, NoticeKind.SET_UP_SERVICES, NoticeKind.WELCOME)
    await ground.town.advance(60 * DAY)
    if in_grace:
        assert (await ground.end_grace(await ground.grace(trial))).outcome == "restored"
    assert (await ground.run(trial.trial_id)).orders == ()
    assert await ground.services(trial) == {"messaging": "bought", "calling": "bought"}
    assert await ground.post(trial.organisation_id) == []
    assert set((await ground.town.processes(trial.organisation_id)).values()) == {"closed"}
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE


async def test_nobody_is_moved_after_a_conversion_in_grace(ground: Fairground) -> None:
    """The users stay where they are, with their licences, and nobody is told that access is gone (TC-20, GR-05, NO-06)."""
    trial = await ground.expired(await ground.trial())
    user = await ground.person("una", trial.organisation_id, Role.USER)
    await ground.assign(trial, user)
    await ground.convert(trial, "messaging")
    assert trial.grace_ends_at is not None
    await ground.town.advance_to(trial.grace_ends_at + DAY)
    await ground.end_grace(await ground.grace(trial))
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, user) == trial.organisation_id
    assert recipients(await ground.post(trial.organisation_id), NoticeKind.ACCESS_GONE) == []


async def test_what_is_missing_is_confirmed(ground: Fairground) -> None:
    """Services that are not ordered are named before anything happens (TC-19, XC-05)."""
    trial = await ground.trial("messaging", "calling")
    order = ground.order(trial, "messaging", confirmed=False)
    planned = await ground.town.trials.plan_conversion(SERVICE, order)
    assert (planned.converted, planned.remaining) == (("messaging",), ("calling",))
    with pytest.raises(Refusal) as refusal:
        await ground.town.trials.convert(SERVICE, order)
    assert refusal.value.code is RefusalCode.CONFIRMATION_REQUIRED
    assert refusal.value.details == {"remaining": ["calling"]}
    assert await ground.refused(ground.town.trials.convert(SERVICE, order)) is RefusalCode.CONFIRMATION_REQUIRED


async def test_a_plan_changes_nothing(ground: Fairground) -> None:
    """Asking what an order would do leaves no trace (TC-19, P14)."""
    trial = await ground.trial("messaging", "calling")
    before = await ground.facts()
    await ground.town.trials.plan_conversion(SERVICE, ground.order(trial, "messaging"))
    assert await ground.facts() == before


@pytest.mark.parametrize("in_grace", [False, True])
async def test_the_rest_keeps_its_clock(ground: Fairground, in_grace: bool) -> None:
    """What was not ordered keeps its end, its mails and its grace, and ends alone; nobody is moved, being paid for (TC-19, GR-07)."""
    trial = await ground.trial("messaging", "calling")
    users = [await ground.person(name, trial.organisation_id, Role.USER) for name in ("una", "ulf")]
    await ground.assign(trial, *users)
    if in_grace:
        trial = await ground.expired(trial)
    order = ground.order(trial, "messaging")
    await ground.town.trials.convert(SERVICE, order)
    after = await ground.show(trial.trial_id)
    assert (after.state, after.ends_at, after.grace_ends_at) == (trial.state, trial.ends_at, trial.grace_ends_at)
    licences = await ground.licences(trial.licence_set_id)
    assert (licences["state"], licences["services"]) == ("suspended" if in_grace else "active", ["calling"])
    assert await ground.services(trial) == {"calling": "built", "messaging": "bought"}
    assert await ground.numbers(trial.organisation_id) == [("assigned", trial.licence_set_id)]
    if not in_grace:
        assert trial.ends_at is not None
        await ground.town.advance_to(trial.ends_at - 7 * DAY)
        await ground.run(trial.trial_id)
        sent = await ground.post(trial.organisation_id, NoticeKind.TRIAL_ENDING)
        assert [[service.key for service in mail.matter.services] for mail in sent] == [["calling"]]  # type: ignore[union-attr]
    ended = await ground.ended(after)
    assert ended.state is TrialState.ENDED
    assert await ground.services(trial) == {"calling": "gone", "messaging": "bought"}
    assert await ground.numbers(trial.organisation_id) == [("held", trial.licence_set_id)]
    assert (await ground.licences(order.licence_set_id))["state"] == "active"
    sent = await ground.post(trial.organisation_id)
    assert recipients(sent, NoticeKind.ACCESS_GONE) == sorted(users)
    homes = await ground.town.fetch(
        "select distinct organisation_id::text as home from people where person_id = any($1)", users
    )
    assert [row["home"] for row in homes] == [trial.organisation_id]


async def test_two_orders_one_after_the_other(ground: Fairground) -> None:
    """The second takes the rest, and the trial is converted (TC-19, TC-20)."""
    trial = await ground.trial("messaging", "calling", "contact-center")
    assert (await ground.convert(trial, "calling")).remaining == ("messaging", "contact-center")
    assert (await ground.convert(trial, "messaging", "contact-center")).remaining == ()
    assert (await ground.show(trial.trial_id)).state is TrialState.CONVERTED


@pytest.mark.parametrize("carried_out", [False, True])
async def test_not_after_grace(ground: Fairground, carried_out: bool) -> None:
    """From day 30 on an order converts nothing, whether or not the process of the grace has got there (TC-14, XC-03)."""
    trial = await ground.expired(await ground.trial())
    if carried_out:
        await ground.ended(trial)
    assert trial.grace_ends_at is not None
    await ground.town.advance_to(trial.grace_ends_at)
    assert await ground.refused(ground.convert(trial, "messaging")) is RefusalCode.GRACE_OVER


async def test_not_before_it_is_active(ground: Fairground) -> None:
    """A trial that is still being built, and one that is cancelled, cannot be converted (table 18.1, XC-05)."""
    trial = await ground.town.trials.request(SERVICE, ground.request("messaging"))
    assert await ground.refused(ground.convert(trial, "messaging")) is RefusalCode.WRONG_STATE
    await ground.cancel(trial)
    assert await ground.refused(ground.convert(trial, "messaging")) is RefusalCode.WRONG_STATE


async def test_an_order_of_something_else(ground: Fairground) -> None:
    """An order without any service of the trial is no conversion (TC-12, XC-05)."""
    trial = await ground.trial()
    assert await ground.refused(ground.convert(trial, "calling")) is RefusalCode.NO_SERVICE_SELECTED


async def test_a_partner_of_tier_2(ground: Fairground) -> None:
    """It converts through its distributor, whose order does it; anybody else's is refused (TC-13)."""
    far = await ground.partner("far")
    small = await ground.partner("small", tier=2, distributor=ground.north)
    trial = await ground.trial(side=small)
    for side, code in {
        small: RefusalCode.TIER2_USE_DISTRIBUTOR,
        far: RefusalCode.NOT_TRIAL_OWNER,
    }.items():
        assert await ground.refused(ground.convert(trial, "messaging", ordered_by=side.partner_id)) is code
    conversion = await ground.convert(trial, "messaging", ordered_by=ground.north.partner_id)
    assert conversion.contact == ground.north.head


async def test_a_partner_of_tier_1(ground: Fairground) -> None:
    """It converts itself; a distributor of another has no say in it (TC-13)."""
    far = await ground.partner("far")
    trial = await ground.trial()
    refused = await ground.refused(ground.convert(trial, "messaging", ordered_by=far.partner_id))
    assert refused is RefusalCode.NOT_TRIAL_OWNER
    assert (await ground.convert(trial, "messaging")).converted == ("messaging",)


async def test_the_customer_orders_itself(ground: Fairground) -> None:
    """A customer's own order needs no partner, also of a partner of tier 2; it is mailed itself (TC-13, TC-15, GR-05)."""
    small = await ground.partner("small", tier=2, distributor=ground.north)
    trial = await ground.trial(side=small)
    conversion = await ground.convert(trial, "messaging", ordered_by=None)
    [eve] = await ground.town.fetch(
        "select person_id from full_admins where organisation_id = $1", trial.organisation_id
    )
    assert conversion.contact == eve["person_id"]


async def test_the_contact(ground: Fairground) -> None:
    """An admin of the partner or of the customer is named and mailed, and nobody else can be (TC-15, table 18.11)."""
    trial = await ground.trial("messaging", "calling")
    await ground.post(trial.organisation_id)
    user = await ground.person("una", trial.organisation_id, Role.USER)
    ada = await ground.person("ada", trial.organisation_id, Role.CUSTOMER_ADMIN)
    far = await ground.partner("far")
    for nobody in (user, far.head):
        refused = await ground.refused(ground.convert(trial, "messaging", contact=nobody))
        assert refused is RefusalCode.CONTACT_NOT_ADMIN
    assert (await ground.convert(trial, "messaging", contact=ada)).contact == ada
    assert (await ground.convert(trial, "calling", contact=ground.north.helper)).contact == ground.north.helper
    sent = await ground.post(trial.organisation_id)
    assert [mail.notice.recipient for mail in sent] == sorted([ada, ground.north.helper])
    assert {mail.notice.kind for mail in sent} == {NoticeKind.SET_UP_SERVICES}


@pytest.mark.parametrize("in_grace", [False, True])
async def test_the_contact_is_mailed_by_a_process_that_runs(ground: Fairground, in_grace: bool) -> None:
    """The process stays open for the mail, though the trial is over (TC-15, XC-01)."""
    trial = await ground.trial()
    if in_grace:
        trial = await ground.expired(trial)
    await ground.post(trial.organisation_id)
    await ground.run(trial.trial_id)
    await ground.convert(trial, "messaging")
    if in_grace:
        waiting = await ground.end_grace(await ground.grace(trial))
        assert len(waiting.notices) == 1
        await ground.post(trial.organisation_id)
        assert (await ground.end_grace(await ground.grace(trial))).notices == ()
    else:
        assert len((await ground.run(trial.trial_id)).notices) == 1
        await ground.post(trial.organisation_id)
        assert (await ground.run(trial.trial_id)).notices == ()
    assert set((await ground.town.processes(trial.organisation_id)).values()) == {"closed"}


async def test_an_order_again(ground: Fairground) -> None:
    """The same order answers the same and does nothing; with other contents its id is refused (P10, XC-05)."""
    trial = await ground.trial("messaging", "calling")
    order = ground.order(trial, "messaging")
    first = await ground.town.trials.convert(SERVICE, order)
    before = await ground.facts()
    again: Conversion = await ground.town.trials.convert(SERVICE, order)
    assert (again, await ground.facts()) == (first, before)
    assert await ground.town.trials.plan_conversion(SERVICE, order) == first
    other = order.model_copy(update={"services": ("calling",)})
    assert await ground.refused(ground.town.trials.convert(SERVICE, other)) is RefusalCode.ORDER_EXISTS
    taken = ground.order(trial, "calling", licence_set_id=order.licence_set_id)
    assert await ground.refused(ground.town.trials.convert(SERVICE, taken)) is RefusalCode.LICENCE_SET_EXISTS
    own = ground.order(trial, "calling", licence_set_id=LicenceSetId(str(trial.licence_set_id)))
    assert await ground.refused(ground.town.trials.convert(SERVICE, own)) is RefusalCode.LICENCE_SET_EXISTS


async def test_an_order_again_after_the_trial_is_over(ground: Fairground) -> None:
    """A repetition is none of the trial's state: it is answered also once the trial is converted (P10)."""
    trial = await ground.trial()
    order = ground.order(trial, "messaging")
    assert await ground.town.trials.convert(SERVICE, order) == await ground.town.trials.convert(SERVICE, order)


async def test_an_order_takes_other_trials_along(ground: Fairground) -> None:
    """What it has beyond its trial leaves the trials that it is in, and numbers on hold go to it (GR-05, NR-03, TC-20)."""
    trial = await ground.trial()
    south = await ground.partner("south")
    other = await ground.add_on(trial.organisation_id, "contact-center", side=south)
    third = await ground.add_on(trial.organisation_id, "calling")
    await ground.cancel(third)
    assert [state for state, _ in await ground.numbers(trial.organisation_id)] == ["held"]
    order = ground.order(trial, "messaging", "contact-center", "calling")
    assert (await ground.town.trials.convert(SERVICE, order)).converted == ("messaging",)
    assert (await ground.show(other.trial_id)).state is TrialState.CONVERTED
    assert await ground.numbers(trial.organisation_id) == [("assigned", order.licence_set_id)]


async def test_only_commerce_reports_orders(ground: Fairground) -> None:
    """A partner's token cannot say that an order was paid (TC-12, P14)."""
    trial = await ground.trial()
    partner = Caller(actor="partner:ptr_north", partner_id=ground.north.partner_id, person_id=ground.north.head)
    order = ground.order(trial, "messaging")
    assert await ground.refused(ground.town.trials.convert(partner, order)) is RefusalCode.FORBIDDEN
    assert await ground.refused(ground.town.trials.plan_conversion(partner, order)) is RefusalCode.FORBIDDEN
