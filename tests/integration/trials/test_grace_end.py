"""Day 30: licences, meeting data, people, roles, mails, numbers, mark, in steps that can break anywhere (GR-06 to GR-12, Q-01)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import product

import pytest

from tenure.contracts.consent import AcceptTrial
from tenure.contracts.licence import ExpireLicences, GraceOutcome, LicenceKind, RenewalGraceInput
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.trial import ProvideDetails, Site, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tests.integration.deletion.town import DAY, SERVICE, admin
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import SITE, Fairground
from tests.integration.trials.grounds import recipients

TICK = timedelta(microseconds=1)


async def in_grace(ground: Fairground) -> tuple[Customer, RenewalGraceInput]:
    """A customer whose trial of everything is in grace, told so, and the grace."""
    customer = await Customer.open(ground, "meetings-enterprise", "calling", site=SITE)
    await ground.keep(customer.id, "recordings", "messages", "files")
    await customer.told_of("end")
    return customer, await ground.grace(customer.trial)


async def home(ground: Fairground, person_id: PersonId) -> tuple[str, str | None, list[str]]:
    """To which organisation somebody belongs, from which they came, and their roles."""
    [row] = await ground.town.fetch(
        "select organisation_id, origin_organisation_id, array(select role from person_roles r"
        " where r.person_id = p.person_id order by role) as roles from people p where person_id = $1",
        person_id,
    )
    return row["organisation_id"], row["origin_organisation_id"], row["roles"]


async def look_of(ground: Fairground, customer: Customer) -> dict[str, object]:
    """Everything that the end of the grace brings about."""
    rows = await ground.town.fetch(
        "select action, count(*) as times from audit where subject = $1 and action <> 'service_torn_down' group by action"
        " order by action",
        customer.id,
    )
    return {
        "people": [await home(ground, person) for person in (customer.eve, customer.ada, customer.una)],
        "partner": await ground.access(ground.north, customer.id),
        "state": await ground.town.state(customer.id),
        "trial": (await ground.show(customer.trial.trial_id)).state,
        "licences": (await ground.licences(customer.trial.licence_set_id))["state"],
        "kept": await ground.kept(customer.id),
        "site": await ground.site(SITE.url),
        "numbers": await ground.numbers(customer.id),
        "told": sorted(await ground.queued(customer.id)),
        "dates": sorted(await ground.dates(customer.id)),
        "audit": {row["action"]: row["times"] for row in rows},
    }


async def test_a_microsecond_before_nothing_ends(ground: Fairground) -> None:
    """Up to the last microsecond users, licences, site and recordings are there (GR-03, GR-04, XC-03)."""
    customer, grace = await in_grace(ground)
    before = await look_of(ground, customer)
    await ground.town.advance_to(grace.removal_due_at)
    check = await ground.town.licences.check_grace(grace, grace.removal_due_at - TICK)
    assert (check.outcome, check.purge_meeting_data) == (None, False)
    assert (await ground.town.licences.end_trial(grace, grace.removal_due_at - TICK)).moved == 0
    assert await ground.town.licences.hold_numbers(grace, grace.removal_due_at - TICK) == 0
    assert await ground.destruction.purge_meeting_data(grace, grace.removal_due_at - TICK) == 0
    assert await look_of(ground, customer) == before
    assert (await ground.town.licences.check_grace(grace, grace.removal_due_at)).outcome is GraceOutcome.REMOVED


async def test_all_that_goes(ground: Fairground) -> None:
    """Users are consumers, roles and grants are gone, full admins stay on record, content other than meetings stays.

    (GR-06, GR-08, GR-10, Q-01, Q-03, NO-06, NR-01, DM-01)
    """
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    result = await ground.end_grace(grace)
    assert (result.outcome, result.marked) == (GraceOutcome.REMOVED, True)
    assert await look_of(ground, customer) == {
        "people": [
            (customer.id, None, ["contact_of_record"]),
            ("org_consumer", customer.id, []),
            ("org_consumer", customer.id, []),
        ],
        "partner": "none",
        "state": OrganisationState.MARKED,
        "trial": TrialState.ENDED,
        "licences": "removed",
        "kept": ["files", "messages"],
        "site": "retired",
        "numbers": [("held", customer.trial.licence_set_id)],
        "told": [("access_gone", customer.una)],
        "dates": ["deletion_warning", "number_release"],
        "audit": {
            "created": 1,
            "licences_active": 1,
            "licences_removed": 1,
            "licences_suspended": 1,
            "managed": 1,
            "marked": 1,
            "numbers_held": 1,
            "recordings_purged": 1,
            "service_built": 2,
            "trial_ended": 1,
            "trial_expired": 1,
            "trial_requested": 1,
            "trial_started": 1,
            "users_moved": 1,
        },
    }
    assert (await ground.town.processes(customer.id))[f"trial/{customer.trial.trial_id}/2"] == "pending"
    await ground.run(customer.trial.trial_id)
    assert await ground.services(customer.trial) == {"meetings-enterprise": "gone", "calling": "gone"}


_STEPS = ("check", "purge", "end_trial", "hold_numbers", "conclude")


def steps_of(ground: Fairground, grace: RenewalGraceInput) -> dict[str, Callable[[], Awaitable[object]]]:
    """The steps of the process, by name."""
    licences, due = ground.town.licences, grace.removal_due_at
    return {
        "check": lambda: licences.check_grace(grace, due),
        "purge": lambda: ground.destruction.purge_meeting_data(grace, due),
        "end_trial": lambda: licences.end_trial(grace, due),
        "hold_numbers": lambda: licences.hold_numbers(grace, due),
        "conclude": lambda: licences.conclude_grace(grace, due),
    }


@pytest.mark.parametrize(("prefix", "times"), list(product(range(1, len(_STEPS) + 1), (1, 2))))
async def test_broken_after_any_step(ground: Fairground, prefix: int, times: int) -> None:
    """A process that breaks anywhere, once or after doing each step twice, and begins anew ends in the same facts (GR-11, P10)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    steps = steps_of(ground, grace)
    for name in _STEPS[:prefix]:
        for _ in range(times):
            await steps[name]()
    broken = await look_of(ground, customer)
    assert broken["state"] is (OrganisationState.MARKED if prefix == len(_STEPS) else OrganisationState.LIVE)
    await ground.end_grace(grace)
    await ground.end_grace(grace)
    whole = await look_of(ground, customer)
    assert whole["told"] == [("access_gone", customer.una)]
    assert {whole["licences"], whole["site"], whole["partner"]} == {"removed", "retired", "none"}
    repeated = {"service_built", "licences_active"}
    audit = whole["audit"]
    assert isinstance(audit, dict)
    assert {action for action, number in audit.items() if number > 1} <= repeated
    assert {"licences_removed", "recordings_purged", "users_moved", "numbers_held", "marked"} <= set(audit)


async def test_mails_of_the_end_are_the_grace_s(ground: Fairground) -> None:
    """Its process stays for them, and closes once they are sent, though the people are elsewhere by then (NO-06, XC-01, GR-11)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    assert len((await ground.end_grace(grace)).notices) == 1
    name = f"renewal-grace/{grace.licence_set_id}/1"
    assert (await ground.town.processes(customer.id))[name] == "pending"
    assert recipients(await ground.post(customer.id), NoticeKind.ACCESS_GONE) == [customer.una]
    assert (await ground.end_grace(grace)).notices == ()
    assert (await ground.town.processes(customer.id))[name] == "closed"


async def test_users_are_told_once_they_are_moved(ground: Fairground) -> None:
    """Who loses access is captured with the removal, and mailed by the step that moves them, not before it (GR-11, NO-07)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    steps, licences = steps_of(ground, grace), ground.town.licences
    check = await licences.check_grace(grace, grace.removal_due_at)
    assert (check.outcome, check.notices) == (GraceOutcome.REMOVED, ())
    assert ("access_gone", customer.una) in await ground.queued(customer.id)
    await steps["purge"]()
    assert len((await licences.end_trial(grace, grace.removal_due_at)).notices) == 1
    assert (await home(ground, customer.una))[0] == "org_consumer"


async def test_who_joins_after_the_end_stays(ground: Fairground) -> None:
    """A process that begins anew, weeks after it moved the users, moves nobody who came since, and ends no new role (GR-11, GR-06)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    newcomer = await ground.person("newcomer", customer.id, Role.USER, Role.CUSTOMER_ADMIN)
    await ground.end_grace(grace)
    assert await home(ground, newcomer) == (customer.id, None, [Role.CUSTOMER_ADMIN, Role.USER])


async def test_a_late_end_of_an_earlier_grace(ground: Fairground) -> None:
    """What is left of a grace that was extended away leaves the date of the next one alone (GR-01, P11, DP-07)."""
    trial = await ground.expired(await ground.trial())
    first = await ground.grace(trial)
    again = await ground.expired(await ground.extend(trial, 1))
    assert (await ground.end_grace(first)).outcome is GraceOutcome.RESTORED
    assert await ground.dates(trial.organisation_id) == {"licence_removal": again.grace_ends_at}


@pytest.mark.parametrize("kind", ["paid", "other trial", "other trial in grace"])
async def test_nobody_is_moved_while_a_licence_is_held(ground: Fairground, kind: str) -> None:
    """With any other licence, suspended too, the trial just loses its services; nobody loses a role, nothing is marked (GR-07, Q-21)."""
    customer, grace = await in_grace(ground)
    if kind == "paid":
        await ground.buy(customer.id, "contact-center")
    else:
        other = await ground.add_on(customer.id, "messaging")
        if kind == "other trial in grace":
            await ground.extend(other, 20)
            await ground.expired(other.model_copy(update={"ends_at": (await ground.show(other.trial_id)).ends_at}))
    before = [await home(ground, person) for person in (customer.eve, customer.ada, customer.una)]
    await ground.post(customer.id)
    await ground.town.advance_to(grace.removal_due_at)
    assert not (await ground.end_grace(grace)).marked
    assert [await home(ground, person) for person in (customer.eve, customer.ada, customer.una)] == before
    assert await ground.access(ground.north, customer.id) == "full"
    assert await ground.town.state(customer.id) is OrganisationState.LIVE
    assert (await ground.licences(grace.licence_set_id))["state"] == "removed"
    assert await ground.kept(customer.id) == ["files", "messages"]
    assert recipients(await ground.post(customer.id), NoticeKind.ACCESS_GONE) == [customer.una]


@pytest.mark.parametrize("details", [False, True])
async def test_the_next_trial_waits(ground: Fairground, details: bool) -> None:
    """Its partner keeps what it needs to set it up; once it is being built, nobody is moved either (PV-02, GR-07, 18.7)."""
    customer, grace = await in_grace(ground)
    south = await ground.partner("south")
    [eve] = await ground.town.fetch("select email from people where person_id = $1", customer.eve)
    command = ground.request("messaging", side=south, organisation_id=customer.id, admin_email=eve["email"])
    asked = await ground.town.trials.request(SERVICE, command)
    await ground.town.consents.accept(SERVICE, AcceptTrial(trial_id=asked.trial_id, person_id=customer.eve))
    provide = ProvideDetails(trial_id=asked.trial_id, by=south.seller)
    if details:
        await ground.town.trials.provide_details(SERVICE, provide)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    assert (await home(ground, customer.una))[0] == (customer.id if details else "org_consumer")
    assert await ground.access(south, customer.id) == "provisioning"
    assert await ground.access(ground.north, customer.id) == ("full" if details else "none")
    if not details:
        await ground.town.trials.provide_details(SERVICE, provide)
    await ground.run(asked.trial_id)
    assert (await ground.show(asked.trial_id)).state is TrialState.ACTIVE


async def test_the_last_of_two_trials_moves_the_users(ground: Fairground) -> None:
    """Only with the last licence (GR-07, GR-12)."""
    customer, grace = await in_grace(ground)
    other = await ground.add_on(customer.id, "messaging")
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    assert (await home(ground, customer.una))[0] == customer.id
    await ground.ended(other)
    assert (await home(ground, customer.una))[0] == "org_consumer"


async def test_bought_between_two_steps(ground: Fairground) -> None:
    """Every step looks again: what is bought after the removal keeps the people, and unmarks nothing that was not marked (GR-11)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    steps = steps_of(ground, grace)
    await steps["check"]()
    paid = await ground.buy(customer.id, "meetings", "calling")
    for name in _STEPS[1:]:
        await steps[name]()
    assert (await home(ground, customer.ada))[2] == ["customer_admin", "user"]
    assert await ground.kept(customer.id) == ["files", "messages", "recordings"]
    assert await ground.site(SITE.url) == "in_use"
    assert await ground.numbers(customer.id) == [("assigned", paid.licence_set_id)]
    assert await ground.town.state(customer.id) is OrganisationState.LIVE


async def test_contacts_of_record(ground: Fairground) -> None:
    """Who was full admin can still consent, is warned of the deletion, and can delete; others cannot (Q-01, DM-05, DM-11, CO-04)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    south = await ground.partner("south")
    [eve] = await ground.town.fetch("select email from people where person_id = $1", customer.eve)
    command = ground.request("messaging", side=south, organisation_id=customer.id, admin_email=eve["email"])
    asked = await ground.town.trials.request(SERVICE, command)
    refused = await ground.refused(
        ground.town.consents.accept(SERVICE, AcceptTrial(trial_id=asked.trial_id, person_id=customer.ada))
    )
    assert refused is RefusalCode.CONSENT_NEEDS_FULL_ADMIN
    accept = AcceptTrial(trial_id=asked.trial_id, person_id=customer.eve)
    assert (await ground.town.consents.accept(SERVICE, accept)).state is TrialState.AWAITING_DETAILS
    await ground.cancel(asked, by=south.seller)
    await ground.town.advance(ground.town.rules.silence)
    step = await ground.town.warn(customer.id)
    assert step.state is OrganisationState.WARNED
    await ground.town.deliver(*step.notices)
    warned = await ground.town.fetch("select recipient from notices where kind = 'deletion_warning'")
    assert [row["recipient"] for row in warned] == [customer.eve]
    refused = await ground.refused(ground.delete_now(customer.trial, customer.ada))
    assert refused is RefusalCode.PERSON_NOT_FOUND
    await ground.delete_now(customer.trial, customer.eve)
    assert await ground.town.state(customer.id) is OrganisationState.ERASING


async def test_roles_that_end_are_on_record(ground: Fairground) -> None:
    """Also where nobody is moved and no partner had a grant, once (GR-08, XC-04)."""
    organisation_id = await ground.town.organisation()
    licences = await ground.buy(organisation_id, "messaging", kind=LicenceKind.TRIAL)
    expired_at = await ground.town.now()
    expire = ExpireLicences(licence_set_id=licences.licence_set_id, expired_at=expired_at)
    await ground.town.licences.expire(SERVICE, expire)
    await ground.town.advance_to(expired_at + 30 * DAY)
    [row] = await ground.town.fetch("select input from processes where type = 'RenewalGrace'")
    for _ in range(2):
        await ground.end_grace(RenewalGraceInput.model_validate(row["input"]))
    assert (await home(ground, admin(organisation_id)))[2] == ["contact_of_record"]
    [moved] = await ground.town.fetch("select details from audit where action = 'users_moved'")
    assert moved["details"] == {"people": 0, "roles_ended": 1, "grants_ended": 0}


async def test_the_partner_s_row_stays(ground: Fairground) -> None:
    """It sees the label there, and a new trial by it needs no consent, with provisioning access alone (Q-01, Q-31, DM-03)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    nobody = {"company_name": None, "admin_email": None, "industry": None, "country": None}
    again = await ground.trial("messaging", organisation_id=customer.id, **nobody)
    assert (again.path, again.state, again.access) == ("add_on", TrialState.ACTIVE, "provisioning")


async def test_a_purged_site(ground: Fairground) -> None:
    """It is never this organisation's again, and may be another's (GR-08, TR-10)."""
    customer, grace = await in_grace(ground)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    again = ground.add_on(customer.id, "meetings-enterprise", site=SITE)
    assert await ground.refused(again) is RefusalCode.SITE_URL_TAKEN
    other = await ground.trial("meetings-enterprise", site=SITE)
    assert other.site == SITE
    assert await ground.site(SITE.url) == "in_use"


async def test_a_site_stays_with_another_meetings_licence(ground: Fairground) -> None:
    """Nothing of the meetings goes while another meetings licence is held, suspended too (GR-10, RP-06, Q-20)."""
    customer, grace = await in_grace(ground)
    site = Site(url="second.meet.example", time_zone="UTC")
    other = await ground.add_on(customer.id, "meetings", site=site)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    assert await ground.kept(customer.id) == ["files", "messages", "recordings"]
    assert await ground.site(SITE.url) == "in_use"
    await ground.ended(other)
    assert await ground.kept(customer.id) == ["files", "messages"]
    assert [await ground.site(url) for url in (SITE.url, site.url)] == ["retired", "retired"]


async def test_a_grace_that_ends_late(ground: Fairground) -> None:
    """However late the process comes, the mark is of then, and the whole ladder of the deletion follows (SF-06, DM-15)."""
    customer, grace = await in_grace(ground)
    now = await ground.town.advance_to(grace.removal_due_at + 100 * DAY)
    await ground.end_grace(grace)
    warning = (await ground.dates(customer.id))["deletion_warning"]
    assert warning - now >= ground.town.rules.silence


async def test_never_ahead_of_the_clock(ground: Fairground) -> None:
    """A process whose clock is ahead ends no grace (P13, SF-10)."""
    customer, grace = await in_grace(ground)
    before = await look_of(ground, customer)
    for step in ("check", "conclude"):
        with pytest.raises(Refusal) as refusal:
            await steps_of(ground, grace)[step]()
        assert refusal.value.code is RefusalCode.CLOCK_AHEAD
    for step in ("purge", "end_trial", "hold_numbers"):
        await steps_of(ground, grace)[step]()
    assert await look_of(ground, customer) == before


async def test_a_partner_s_own_people_stay(ground: Fairground) -> None:
    """Another partner's trial at a partner's own organisation moves nobody of those who work for customers (GR-06, RO-04)."""
    south = await ground.partner("south")
    await ground.trial(side=south)
    trial = await ground.add_on(south.organisation_id, "messaging")
    await ground.ended(trial)
    assert (await home(ground, south.seller))[0] == south.organisation_id
    assert (await home(ground, south.seller))[2] == ["partner_sales_admin"]
