"""A trial is cancelled, at whatever point it stands (TC-10, TC-11, CO-13, Q-10, Q-32)."""

from datetime import timedelta

import pytest

from tenure.contracts.consent import AcceptTrial
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.platform import Deed
from tenure.contracts.trial import ProvideDetails, TrialState, TrialView
from tenure.contracts.trial_process import PlatformReport
from tenure.errors import RefusalCode
from tests.integration.deletion.town import DAY, HOUR, SERVICE, admin
from tests.integration.trials.fairground import SITE, Fairground

MOMENT = timedelta(seconds=5)


@pytest.mark.parametrize("in_grace", [False, True])
async def test_nothing_happens_without_a_yes(ground: Fairground, in_grace: bool) -> None:
    """The bin icon alone cancels nothing (TC-10, XC-05)."""
    trial = await ground.trial()
    if in_grace:
        trial = await ground.expired(trial)
    refused = await ground.refused(ground.cancel(trial, confirmed=False))
    assert refused is RefusalCode.CONFIRMATION_REQUIRED


async def test_an_active_trial(ground: Fairground) -> None:
    """No grace: licences go at once, services are torn down, no date and no mail is left, the mark is set (TC-11, Q-10, DM-01)."""
    trial = await ground.trial("messaging", "contact-center")
    await ground.post(trial.organisation_id)
    cancelled = await ground.cancel(trial)
    assert (cancelled.state, cancelled.grace_ends_at, cancelled.reminder_at) == (TrialState.CANCELLED, None, None)
    assert (await ground.licences(trial.licence_set_id))["state"] == "removed"
    assert await ground.town.state(trial.organisation_id) is OrganisationState.MARKED
    await ground.run(trial.trial_id)
    assert await ground.services(trial) == {"messaging": "gone", "contact-center": "gone"}
    assert set(await ground.dates(trial.organisation_id)) == {"deletion_warning"}
    for _ in range(70):
        await ground.town.advance(DAY)
        await ground.look(trial.trial_id)
    assert await ground.post(trial.organisation_id) == []
    processes = await ground.town.processes(trial.organisation_id)
    assert processes == {f"trial/{trial.trial_id}/1": "closed", f"deletion/{trial.organisation_id}/1": "pending"}


async def test_the_customer_stays_in_the_list(ground: Fairground) -> None:
    """Its partner has to see the label there (Q-10, DM-03)."""
    trial = await ground.cancel(await ground.trial())
    assert await ground.access(ground.north, trial.organisation_id) == "full"


async def test_what_is_paid_stays(ground: Fairground) -> None:
    """A subscription of the same organisation is untouched, and nothing is marked (TC-11, DM-01)."""
    trial = await ground.trial()
    paid = await ground.buy(trial.organisation_id, "calling")
    await ground.cancel(trial)
    assert (await ground.licences(paid.licence_set_id))["state"] == "active"
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE


async def test_another_trial_stays(ground: Fairground) -> None:
    """Trials of one organisation end each for itself (GR-12)."""
    trial = await ground.trial()
    other = await ground.add_on(trial.organisation_id, "calling")
    await ground.cancel(trial)
    assert (await ground.show(other.trial_id)).state is TrialState.ACTIVE
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE
    assert await ground.numbers(trial.organisation_id) == [("assigned", other.licence_set_id)]


async def test_a_trial_in_grace(ground: Fairground) -> None:
    """Licences go at once, what still stood is torn down by a process of its own, nobody is moved (TC-11, Q-10, GR-07)."""
    trial = await ground.expired(await ground.trial())
    user = await ground.person("una", trial.organisation_id, Role.USER)
    assert await ground.services(trial) == {"messaging": "built"}
    await ground.cancel(trial)
    assert await ground.post(trial.organisation_id) == []
    assert (await ground.end_grace(await ground.grace(trial))).outcome == "cancelled"
    await ground.run(trial.trial_id)
    assert await ground.services(trial) == {"messaging": "gone"}
    assert await ground.town.state(trial.organisation_id) is OrganisationState.MARKED
    await ground.town.advance(40 * DAY)
    await ground.end_grace(await ground.grace(trial))
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, user) == trial.organisation_id
    processes = await ground.town.processes(trial.organisation_id)
    assert processes[f"trial/{trial.trial_id}/2"] == "closed"
    assert processes[f"renewal-grace/{trial.licence_set_id}/1"] == "closed"


@pytest.mark.parametrize("in_grace", [False, True])
async def test_meeting_data_wait_for_30_days(ground: Fairground, in_grace: bool) -> None:
    """They go as after an expiry, at the instant and not before; the site is retired, nobody is moved (Q-32, GR-10, XC-03)."""
    trial = await ground.trial("meetings-enterprise", site=SITE)
    user = await ground.person("una", trial.organisation_id, Role.USER)
    if in_grace:
        await ground.expired(trial)
    await ground.town.advance(2 * DAY)
    await ground.keep(trial.organisation_id, "recordings", "messages")
    await ground.cancel(trial)
    due_at = (await ground.dates(trial.organisation_id))["licence_removal"]
    since = trial.ends_at if in_grace else await ground.town.now()
    assert since is not None
    assert timedelta(0) <= since + 30 * DAY - due_at < MOMENT
    grace = await ground.grace(trial)
    assert grace.removal_due_at == due_at
    await ground.town.advance_to(due_at - MOMENT)
    assert (await ground.town.licences.check_grace(grace, due_at - timedelta(microseconds=1))).outcome is None
    assert await ground.kept(trial.organisation_id) == ["messages", "recordings"]
    await ground.town.advance_to(due_at)
    assert (await ground.end_grace(grace)).outcome == "cancelled"
    assert await ground.kept(trial.organisation_id) == ["messages"]
    assert await ground.site(SITE.url) == "retired"
    assert "licence_removal" not in await ground.dates(trial.organisation_id)
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, user) == trial.organisation_id


async def test_meeting_data_wait_though_an_earlier_grace_ends_late(ground: Fairground) -> None:
    """Extended in grace, then cancelled: the earlier grace's process takes no date of the wait along (Q-32, P11, DP-07)."""
    trial = await ground.expired(await ground.trial("meetings"))
    first = await ground.grace(trial)
    await ground.cancel(await ground.extend(trial, 20))
    due_at = (await ground.dates(trial.organisation_id))["licence_removal"]
    assert (await ground.end_grace(first)).outcome == "restored"
    assert (await ground.dates(trial.organisation_id))["licence_removal"] == due_at
    waiting = await ground.town.licences.check_grace(await ground.grace(trial), await ground.town.now())
    assert (waiting.outcome, waiting.cancelled, waiting.removal_due_at) == (None, True, due_at)


async def test_meeting_data_stay_with_a_meetings_licence(ground: Fairground) -> None:
    """Bought within the 30 days, a meetings licence keeps recordings and site (Q-32, RP-06, Q-20)."""
    trial = await ground.trial("meetings-enterprise", site=SITE)
    await ground.keep(trial.organisation_id, "recordings")
    await ground.cancel(trial)
    await ground.town.advance(29 * DAY)
    await ground.buy(trial.organisation_id, "meetings")
    await ground.town.advance(2 * DAY)
    await ground.end_grace(await ground.grace(trial))
    assert await ground.kept(trial.organisation_id) == ["recordings"]
    assert await ground.site(SITE.url) == "in_use"


@pytest.mark.parametrize("in_grace", [False, True])
async def test_numbers_are_held_at_once(ground: Fairground, in_grace: bool) -> None:
    """There being no grace any more, their 15 days begin with the cancellation (TC-09, TC-11, NR-01)."""
    trial = await ground.trial("messaging", "calling")
    if in_grace:
        await ground.expired(trial)
        await ground.town.advance(DAY)
    held = (await ground.cancel(trial)).numbers_held_until
    assert held is not None
    assert timedelta(0) <= await ground.town.now() + 15 * DAY - held < MOMENT
    assert await ground.numbers(trial.organisation_id) == [("held", trial.licence_set_id)]
    await ground.town.advance_to(held)
    assert (await ground.look_at_numbers(trial)).released == 1


async def test_before_it_is_built(ground: Fairground) -> None:
    """What was built is torn down, what comes late too, no mail goes out, the site is free, the new customer marked (18.1, PV-04)."""
    command = ground.request("meetings-enterprise", "calling", site=SITE)
    trial = await ground.town.trials.request(SERVICE, command)
    orders = (await ground.look(trial.trial_id)).orders
    built = [await ground.town.platform.build(order) for order in orders]
    await ground.town.trial_steps.record_platform(PlatformReport(order=orders[0], built=built[0]))
    cancelled = await ground.cancel(trial)
    await ground.town.trial_steps.record_platform(PlatformReport(order=orders[1], built=built[1]))
    assert cancelled.licence_set_id is None
    assert {order.deed for order in (await ground.look(trial.trial_id)).orders} == {Deed.TEAR_DOWN}
    await ground.run(trial.trial_id)
    standing = "select count(*)::int from platform_resources where torn_down_at is null"
    assert await ground.town.value(int, standing) == 0
    assert await ground.site(SITE.url) == "free"
    assert await ground.town.state(trial.organisation_id) is OrganisationState.MARKED
    assert await ground.queued(trial.organisation_id) == set()
    assert (await ground.town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/1"] == "closed"


async def consented(ground: Fairground, *, details: bool) -> TrialView:
    """A trial that an organisation has consented to."""
    customer = await ground.town.organisation()
    await ground.buy(customer, "messaging")
    [address] = await ground.town.fetch("select email from people where organisation_id = $1", customer)
    command = ground.request("calling", organisation_id=customer, admin_email=address["email"])
    trial = await ground.town.trials.request(SERVICE, command)
    accept = AcceptTrial(trial_id=trial.trial_id, person_id=admin(customer), full_administration=True)
    await ground.town.consents.accept(SERVICE, accept)
    if details:
        provide = ProvideDetails(trial_id=trial.trial_id, by=ground.north.seller)
        await ground.town.trials.provide_details(SERVICE, provide)
    return await ground.show(trial.trial_id)


@pytest.mark.parametrize("details", [False, True])
async def test_after_consent_the_customer_leaves_the_list(ground: Fairground, details: bool) -> None:
    """Cancel-and-remove before it is active takes back what consent gave; the organisation is untouched (CO-13, CO-14, RO-04)."""
    await ground.town.mark(ground.north.organisation_id)
    trial = await consented(ground, details=details)
    assert trial.access == "full"
    assert await ground.town.state(ground.north.organisation_id) is OrganisationState.LIVE
    cancelled = await ground.cancel(trial)
    assert (cancelled.state, cancelled.access) == (TrialState.CANCELLED, None)
    assert await ground.access(ground.north, trial.organisation_id) is None
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE
    assert await ground.town.state(ground.north.organisation_id) is OrganisationState.MARKED
    await ground.run(trial.trial_id)
    assert (await ground.town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/1"] == "closed"


async def test_a_site_that_was_used_is_not_given_away(ground: Fairground) -> None:
    """Cancelled before it is active, a second trial on the same site does not free what the first has recordings on (TR-10, Q-32)."""
    first = await ground.trial("meetings-enterprise", site=SITE)
    await ground.cancel(first)
    again = ground.request("meetings-enterprise", organisation_id=first.organisation_id, site=SITE)
    second = await ground.town.trials.request(SERVICE, again)
    await ground.cancel(second)
    assert await ground.site(SITE.url) == "in_use"


@pytest.mark.parametrize("state", ["provisioning", "active", "grace"])
async def test_a_customer_that_tries_something_else_stays_in_the_list(ground: Fairground, state: str) -> None:
    """Another trial of the same partner there, however far it is, keeps its access until it is over, too (CO-13, PV-02, TC-21)."""
    trial = await consented(ground, details=False)
    other = await ground.town.trials.request(
        SERVICE, ground.request("contact-center", organisation_id=trial.organisation_id)
    )
    if state != "provisioning":
        await ground.run(other.trial_id)
    if state == "grace":
        await ground.expired(await ground.show(other.trial_id))
    assert (await ground.show(other.trial_id)).state == state
    await ground.cancel(trial)
    assert await ground.access(ground.north, trial.organisation_id) == "full"
    await ground.cancel(await ground.show(other.trial_id))
    assert (
        await ground.access(ground.north, trial.organisation_id) == "full"
    )  # an add-on trial takes nothing away


async def test_what_is_over_is_over(ground: Fairground) -> None:
    """A trial that was cancelled, converted or has ended takes no command but the same refusal (18.1, XC-05)."""
    cancelled, converted, ended = [await ground.trial() for _ in range(3)]
    await ground.cancel(cancelled)
    await ground.convert(converted, "messaging")
    for trial in (cancelled, converted):
        for act in (
            ground.extend(trial, 10),
            ground.edit(trial, "messaging", "meetings"),
            ground.convert(trial, "messaging"),
            ground.cancel(trial),
        ):
            assert await ground.refused(act) is RefusalCode.WRONG_STATE
    await ground.ended(ended)
    assert await ground.refused(ground.cancel(ended)) is RefusalCode.WRONG_STATE
    assert await ground.refused(ground.convert(ended, "messaging")) is RefusalCode.GRACE_OVER


async def test_the_same_service_again(ground: Fairground) -> None:
    """After a cancellation the same partner may try the same service anew, and the mark goes (table 18.1, DP-01)."""
    trial = await ground.trial()
    await ground.cancel(trial)
    await ground.town.advance(HOUR)
    again = await ground.add_on(trial.organisation_id, "messaging")
    assert again.state is TrialState.ACTIVE
    assert await ground.town.state(trial.organisation_id) is OrganisationState.LIVE
