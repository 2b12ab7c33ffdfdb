"""What is built for a trial, when it becomes active, and what only a full grant allows (PV, DP-05, Q-08)."""

from datetime import timedelta

import pytest

from tenure.contracts.deletion import Reason
from tenure.contracts.licence import LicenceState
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import Access, GrantFullAccess, Manage, OrganisationState
from tenure.contracts.platform import Deed
from tenure.contracts.trial import AssignLicences, ConsentState, ServiceState, TrialState, TrialView
from tenure.contracts.trial_process import PlatformProblem, PlatformReport, TrialStep
from tenure.errors import RefusalCode
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.trials.fairground import SITE
from tests.integration.trials.market import Market


async def build(market: Market, step: TrialStep, *services: str) -> None:
    """The platform builds some of what it is asked for, and says so."""
    for order in step.orders:
        if order.service in services:
            report = PlatformReport(order=order, built=await market.town.platform.build(order))
            await market.town.trial_steps.record_platform(report)


async def welcomed(market: Market, trial: TrialView) -> set[tuple[str, str]]:
    """Who is welcomed."""
    return {mail for mail in await market.queued(trial.organisation_id) if mail[0] == NoticeKind.WELCOME}


async def test_details_are_awaited(town: Town, market: Market) -> None:
    """After consent nothing is built, and nothing is due, until details are given: not in a hundred days (PV-01, PV-08, Q-33)."""
    trial = await market.ask(await market.customer(), "calling")
    await market.accept(trial)
    await town.advance(100 * DAY)
    step = await market.look(trial.trial_id)
    assert (step.state, step.due_at, step.orders) == (TrialState.AWAITING_DETAILS, None, ())
    assert (step.rule, step.reason) == ("PV-01", "awaiting_details")
    assert (await market.run(trial.trial_id)).state is TrialState.AWAITING_DETAILS
    assert (await town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/1"] == "pending"
    given = await market.detail(trial, seats=40)
    assert (given.state, given.seats) == (TrialState.PROVISIONING, 40)
    [order] = (await market.look(trial.trial_id)).orders
    assert (order.service, order.deed, order.seats) == ("calling", Deed.BUILD, 40)


@pytest.mark.parametrize("tick", [False, True])
async def test_either_grant_provisions(market: Market, tick: bool) -> None:
    """Provisioning alone and full administration both suffice to have the services built (PV-02, CO-08, CO-09)."""
    trial = await market.consented(await market.customer(), "calling", "messaging", tick=tick)
    assert trial.state is TrialState.ACTIVE
    assert {each.state for each in trial.services} == {ServiceState.BUILT}


async def test_a_grant_that_has_ended_provisions_nothing(town: Town, market: Market) -> None:
    """Whoever does not manage the customer any more gives no details, and manages nobody's licences, on any path (PV-02, PV-06, RO-04)."""
    waiting = await market.ask(await market.customer())
    await market.accept(waiting, tick=True)
    new = await market.trial()
    for trial in (waiting, new):
        command = Manage(partner_id=market.north.partner_id, organisation_id=trial.organisation_id)
        await town.organisations.unmanage(SERVICE, command)
    assert await market.refused(market.detail(waiting)) is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
    assign = AssignLicences(trial_id=new.trial_id, by=market.north.seller)
    assert await market.refused(town.trials.assign_licences(SERVICE, assign)) is RefusalCode.ACCESS_LEVEL_INSUFFICIENT


async def test_a_partner_that_has_left_only_ends_its_trial(town: Town, market: Market) -> None:
    """It brings a customer that is its own no more neither a service nor a day, in grace either, and may still cancel (TC-21, RO-04)."""
    trial = await market.trial("messaging")
    command = Manage(partner_id=market.north.partner_id, organisation_id=trial.organisation_id)
    await town.organisations.unmanage(SERVICE, command)
    for _ in range(2):
        assert await market.refused(market.extend(trial, 30)) is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
        if trial.state is TrialState.ACTIVE:
            edit = market.edit(trial, "messaging", "calling")
            assert await market.refused(edit) is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
            trial = await market.expired(trial)
    assert (await market.cancel(trial)).state is TrialState.CANCELLED


async def test_what_the_platform_is_told(town: Town, market: Market) -> None:
    """Each service is one order: region and seats, the site for meetings alone, a number for calling alone, and a key that never changes (PV-04, TR-05)."""
    services = ("messaging", "meetings-enterprise", "calling")
    trial = await town.trials.request(SERVICE, market.request(*services, site=SITE))
    step = await market.look(trial.trial_id)
    assert {order.service: (order.site, order.phone_numbers) for order in step.orders} == {
        "messaging": (None, 0),
        "meetings-enterprise": (SITE, 0),
        "calling": (None, 1),
    }
    assert {order.key for order in step.orders} == {f"{trial.trial_id}/{service}/1/build" for service in services}
    assert {order.region for order in step.orders} == {"eu"}
    assert (await market.look(trial.trial_id)).orders == step.orders


async def test_welcome_once_all_is_built(town: Town, market: Market) -> None:
    """With one service of three missing the trial is not active and nobody is welcomed; with it, the new admin is, once (PV-03, PV-04)."""
    trial = await town.trials.request(SERVICE, market.request("messaging", "meetings", "calling"))
    await build(market, await market.look(trial.trial_id), "messaging", "calling")
    step = await market.look(trial.trial_id)
    assert (step.state, [order.service for order in step.orders]) == (TrialState.PROVISIONING, ["meetings"])
    assert await welcomed(market, trial) == set()
    assert await town.fetch("select from licence_sets") == []
    await build(market, step, "meetings")
    assert (await market.look(trial.trial_id)).state is TrialState.ACTIVE
    [eve] = await town.fetch("select person_id from full_admins where organisation_id = $1", trial.organisation_id)
    assert await welcomed(market, trial) == {(NoticeKind.WELCOME, eve["person_id"])}
    once = await market.facts()
    await market.look(trial.trial_id)
    assert await market.facts() == once


async def test_nothing_is_built_twice(town: Town, market: Market) -> None:
    """Orders and reports that come again change nothing: one resource, one number, one audit row a service (PV-04, P10)."""
    trial = await town.trials.request(SERVICE, market.request("messaging", "calling"))
    step = await market.look(trial.trial_id)
    for _ in range(3):
        await build(market, step, "messaging", "calling")
    await market.run(trial.trial_id)
    await build(market, step, "messaging", "calling")
    assert await town.value(int, "select count(*)::int from platform_resources") == 2
    assert await market.numbers(trial.organisation_id) == [
        ("assigned", (await market.show(trial.trial_id)).licence_set_id)
    ]
    assert (await town.audit(trial.organisation_id)).count("service_built") == 2


async def test_the_platform_refuses(town: Town, market: Market) -> None:
    """Its code is shown on the trial until it is asked again; nothing becomes active meanwhile, and a retry goes through (PV-04)."""
    trial = await market.ask(await market.customer(), "messaging", "calling")
    await market.accept(trial)
    await market.detail(trial, seats=40)
    step = await market.look(trial.trial_id)
    await build(market, step, "messaging")
    [calling] = [order for order in step.orders if order.service == "calling"]
    await town.trial_steps.record_problem(PlatformProblem(order=calling, code="no_numbers_left"))
    shown = await market.show(trial.trial_id)
    assert {each.service: each.problem for each in shown.services} == {"messaging": None, "calling": "no_numbers_left"}
    assert (await market.look(trial.trial_id)).state is TrialState.PROVISIONING
    again = await market.detail(trial, seats=80)
    assert again.seats == 40
    assert {each.problem for each in again.services} == {None}
    assert (await market.run(trial.trial_id)).state is TrialState.ACTIVE
    assert (await town.audit(trial.organisation_id)).count("provisioning_retried") == 1


async def test_the_clock_starts_when_everything_is_built(town: Town, market: Market) -> None:
    """Neither the days for consent nor those for details nor a slow platform's are taken from the trial (PV-07, Q-15)."""
    trial = await market.ask(await market.customer(), "messaging", length_days=60)
    await town.advance(9 * DAY)
    await market.accept(trial)
    await town.advance(20 * DAY)
    await market.detail(trial)
    await town.advance(5 * DAY)
    before = await town.now()
    await market.run(trial.trial_id)
    active = await market.show(trial.trial_id)
    assert active.activated_at is not None
    assert timedelta(0) <= active.activated_at - before < timedelta(seconds=5)
    assert active.ends_at == active.activated_at + 60 * DAY
    assert active.reminder_at == active.ends_at - 7 * DAY
    licences = await market.licences(active.licence_set_id)
    assert (licences["state"], licences["kind"], licences["services"]) == (LicenceState.ACTIVE, "trial", ["messaging"])
    assert (licences["expires_at"], licences["active_since"]) == (active.ends_at, active.activated_at)


async def test_bought_while_it_was_built(town: Town, market: Market) -> None:
    """What the customer has bought meanwhile is on trial no more; with nothing left there is no trial, and nobody is mailed (TR-15, CO-17)."""
    acme = await market.customer()
    trial = await market.ask(acme, "messaging", "calling")
    await market.accept(trial)
    await market.detail(trial)
    await build(market, await market.look(trial.trial_id), "messaging", "calling")
    await market.buy(acme, "messaging")
    await market.run(trial.trial_id)
    active = await market.show(trial.trial_id)
    assert active.state is TrialState.ACTIVE
    assert (await market.licences(active.licence_set_id))["services"] == ["calling"]
    other = await market.ask(acme, "contact-center")
    await market.buy(acme, "contact-center")
    await market.run(other.trial_id)
    assert (await market.show(other.trial_id)).state is TrialState.CONVERTED
    assert await market.post(acme, NoticeKind.TRIAL_STARTED) == []


async def test_cancelled_while_it_is_built(town: Town, market: Market) -> None:
    """What has been built is torn down, also what the platform was about to build; nobody is welcomed (18.1, PV-04)."""
    trial = await town.trials.request(SERVICE, market.request("messaging", "calling"))
    step = await market.look(trial.trial_id)
    await build(market, step, "messaging")
    cancelled = await market.cancel(trial)
    assert cancelled.state is TrialState.CANCELLED
    await build(market, step, "calling")
    assert {order.deed for order in (await market.look(trial.trial_id)).orders} == {Deed.TEAR_DOWN}
    await market.run(trial.trial_id)
    assert {each.state for each in (await market.show(trial.trial_id)).services} == {ServiceState.GONE}
    assert await town.fetch("select from platform_resources where torn_down_at is null") == []
    assert await welcomed(market, trial) == set()
    assert await town.state(trial.organisation_id) is OrganisationState.MARKED


async def test_licences_need_the_full_grant(town: Town, market: Market) -> None:
    """At a customer that consented, or is managed, provisioning access gives nobody a licence; the customer's own grant does (PV-06, RO-02, Q-06)."""
    acme, best = await market.customer(), await market.customer()
    await market.manage(market.north, best, "provisioning")
    for trial in (await market.consented(acme), await market.trial(organisation_id=best, admin_email=None)):
        person = admin(trial.organisation_id)
        command = AssignLicences(trial_id=trial.trial_id, by=market.north.head, give=(person,))
        assert (
            await market.refused(town.trials.assign_licences(SERVICE, command)) is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
        )
        grant = GrantFullAccess(
            partner_id=market.north.partner_id, organisation_id=trial.organisation_id, person_id=person
        )
        await town.organisations.grant_full_access(SERVICE, grant)
        await town.trials.assign_licences(SERVICE, command)
    ticked = await market.consented(await market.customer(), tick=True)
    command = AssignLicences(trial_id=ticked.trial_id, by=market.north.head, give=(admin(ticked.organisation_id),))
    assert (await town.trials.assign_licences(SERVICE, command)).access is Access.FULL


async def test_a_pending_request_holds_a_deletion_once(town: Town, market: Market) -> None:
    """It holds the fence until it lapses, neither unmarks nor resets, and the next request holds nothing in this cycle (DP-05, Q-08)."""
    acme = await town.warned(admins=1)
    step = await town.assess(acme)
    assert step.assessment.due_at is not None
    await town.advance_to(step.assessment.due_at - 2 * DAY)
    base = (await town.assess(acme)).assessment.base_at
    trial = await market.ask(acme)
    await town.advance(3 * DAY)
    held = await town.fence(acme)
    assert (held.state, held.assessment.reason) == (OrganisationState.WARNED, Reason.REQUEST_PENDING)
    assert (held.assessment.due_at, held.assessment.base_at) == (trial.consent_deadline_at, base)
    await market.lapsed(trial)
    again = await market.ask(acme)
    assert (await town.assess(acme)).assessment.verdict == "fence"
    assert (await town.fence(acme)).state is OrganisationState.ERASING
    assert await market.refused(market.accept(again)) is RefusalCode.ORG_DELETED


@pytest.mark.parametrize("end", [ConsentState.WITHDRAWN, ConsentState.DECLINED])
async def test_the_hold_ends_with_the_request(town: Town, market: Market, end: ConsentState) -> None:
    """Withdrawn, it holds no longer, and the deletion falls at once if it is due; a decline is a full admin's sign-in, and resets (DP-05, Q-08, AC-04)."""
    acme = await town.ripe(await market.customer(admins=1))
    trial = await market.ask(acme)
    assert (await town.fence(acme)).assessment.reason is Reason.REQUEST_PENDING
    await market.reach(trial, end)
    await town.advance(timedelta(seconds=2))
    state = OrganisationState.ERASING if end is ConsentState.WITHDRAWN else OrganisationState.MARKED
    assert (await town.fence(acme)).state is state


async def test_acceptance_is_activity(town: Town, market: Market) -> None:
    """A full admin was there: the countdown begins anew, while the organisation stays marked until the trial is active (DP-05, Q-08, DP-01)."""
    acme = await town.ripe(await market.customer(admins=1))
    trial = await market.ask(acme)
    await market.accept(trial)
    [activity] = await town.fetch("select last_activity_at, last_kind from activity where organisation_id = $1", acme)
    assert activity["last_kind"] == "admin_console_sign_in"
    assert activity["last_activity_at"] == await town.value(
        type(activity["last_activity_at"]), "select decided_at from trial_requests"
    )
    step = await town.assess(acme)
    assert (step.state, step.assessment.base_at) == (OrganisationState.MARKED, activity["last_activity_at"])
    await market.detail(trial)
    await market.run(trial.trial_id)
    assert await town.state(acme) is OrganisationState.LIVE


@pytest.mark.parametrize("end", ["active", "cancelled"])
async def test_a_trial_in_provisioning_holds_the_fence(town: Town, market: Market, end: str) -> None:
    """However long it takes, until it is active, which unmarks, or cancelled: then the deletion that was due falls (Q-08, DP-01, DP-04)."""
    acme = await town.ripe(await market.customer(admins=1))
    await market.manage(market.north, acme)
    trial = await market.ask(acme)
    assert trial.state is TrialState.PROVISIONING
    for _ in range(3):
        assert (await town.fence(acme)).assessment.reason is Reason.TRIAL_IN_PROVISIONING
        await town.advance(10 * DAY)
    if end == "cancelled":
        await market.cancel(trial)
        assert (await town.fence(acme)).state is OrganisationState.ERASING
    else:
        await market.run(trial.trial_id)
        assert await town.state(acme) is OrganisationState.LIVE
