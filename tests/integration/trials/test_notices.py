"""Who is told what about a trial's end, and who is not (NO, TL-01, Q-12, Q-28, Q-29, table 18.11)."""

from datetime import timedelta

import pytest

from tenure.contracts.notice import NoticeKind, TrialMatter
from tenure.contracts.organisation import Role
from tenure.contracts.trial import AssignLicences
from tests.integration.deletion.town import DAY, LINKS, OPERATOR, SERVICE, Town
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import Side, recipients

ENDING = (NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_ENDING_PARTNER)
EXPIRED = (NoticeKind.TRIAL_EXPIRED, NoticeKind.TRIAL_EXPIRED_PARTNER)


def everybody(side: Side) -> list[str]:
    return sorted(side.everybody)


async def test_seven_days_before_and_on_the_day(ground: Fairground, customer: Customer) -> None:
    """Twice every admin of the customer and of the partner, each once; no user and no other partner (NO-01, NO-02, NO-04, NO-05)."""
    south = await ground.partner("south")
    await ground.manage(south, customer.id)
    for due, (to_customer, to_partner) in (("reminder", ENDING), ("end", EXPIRED)):
        await customer.comes_to(due)
        assert len(await ground.queued(customer.id)) == 5
        sent = await ground.post(customer.id)
        assert recipients(sent, to_customer) == customer.admins
        assert recipients(sent, to_partner) == everybody(ground.north)
        assert await ground.post(customer.id) == []


async def test_what_they_say(ground: Fairground, customer: Customer) -> None:
    """The customer gets the link to the buy button; the partner all its trials that end, soonest first (NO-03, NO-04, Q-28)."""
    later = await ground.trial("meetings", length_days=60)
    await ground.trial("contact-center", side=await ground.partner("south"))
    await ground.town.advance(1 * DAY)
    await ground.extend(later, 28)
    for due in ("reminder", "end"):
        for mail in await customer.told_of(due):
            assert isinstance(mail.matter, TrialMatter)
            matter = mail.matter
            assert (matter.ends_at, matter.partner_name) == (customer.trial.ends_at, "North Telecom")
            assert [service.key for service in matter.services] == ["messaging", "calling"]
            assert matter.grace_ends_at == customer.end + 30 * DAY
            if mail.notice.kind in {NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_EXPIRED}:
                assert (matter.link, matter.ending) == (LINKS.buy, ())
            else:
                assert matter.link is None
                assert [ending.organisation_name for ending in matter.ending] == [
                    later.organisation_name,
                    customer.trial.organisation_name,
                ]


async def test_who_is_found_when_it_is_sent(ground: Fairground, customer: Customer) -> None:
    """Who lost the role before the mail goes out gets none; who has it by the second is told then (NO-08)."""
    await customer.comes_to("reminder")
    for former in (customer.ada, ground.north.helper):
        await ground.loses_its_roles(former)
    sent = await ground.post(customer.id)
    assert recipients(sent, NoticeKind.TRIAL_ENDING) == [customer.eve]
    assert recipients(sent, NoticeKind.TRIAL_ENDING_PARTNER) == sorted([ground.north.seller, ground.north.head])
    bob = await ground.person("bob", customer.id, Role.CUSTOMER_ADMIN)
    sent = await customer.told_of("end")
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED) == sorted([customer.eve, bob])


async def test_an_address_that_changes_meanwhile(ground: Fairground, customer: Customer) -> None:
    """The mail goes to the address of the moment (NO-08)."""
    await customer.comes_to("end")
    await ground.town.execute("update people set email = 'new@example.com' where person_id = $1", customer.ada)
    sent = await ground.post(customer.id, NoticeKind.TRIAL_EXPIRED)
    assert {mail.email for mail in sent if mail.notice.recipient == customer.ada} == {"new@example.com"}


async def test_several_roles_are_one_person(ground: Fairground, customer: Customer) -> None:
    """Whoever is an admin in two ways gets one copy (NO-08, XC-02)."""
    for person, role in ((customer.ada, Role.CUSTOMER_FULL_ADMIN), (ground.north.head, Role.PARTNER_SALES_ADMIN)):
        await ground.town.execute("insert into person_roles (person_id, role) values ($1, $2)", person, role)
    sent = await customer.told_of("end")
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED) == customer.admins
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED_PARTNER) == everybody(ground.north)


@pytest.mark.parametrize(("days", "told"), [(6, False), (7, True), (8, True)])
async def test_few_days_left(ground: Fairground, customer: Customer, days: int, told: bool) -> None:
    """Exactly 7 days left when the end is set: told at once; fewer: not; the day itself is always told (NO-09, Q-12)."""
    trial = await ground.extend(customer.trial, days)
    assert (trial.reminder_at is not None) is told
    if days == 7:
        await ground.run(trial.trial_id)
        assert recipients(await ground.post(customer.id), NoticeKind.TRIAL_ENDING) == customer.admins
    elif told:
        assert recipients(await customer.told_of("reminder"), NoticeKind.TRIAL_ENDING) == customer.admins
    sent = await customer.told_of("end")
    assert recipients(sent, NoticeKind.TRIAL_ENDING) == []
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED) == customer.admins


async def test_each_end_is_told_anew(ground: Fairground, customer: Customer) -> None:
    """A mail that was sent for the old end does not suppress that of the new one (TC-04, NO-08)."""
    assert len(await customer.told_of("reminder")) == 5
    await ground.extend(customer.trial, 30)
    assert len(await customer.told_of("reminder")) == 5
    assert len(await customer.told_of("end")) == 5
    await ground.extend(customer.trial, 10)
    assert len(await customer.told_of("reminder")) == 5
    assert len(await customer.told_of("end")) == 5
    rows = await ground.town.fetch("select distinct cycle from notices where kind = any($1)", list(ENDING + EXPIRED))
    assert sorted(row["cycle"] for row in rows) == [1, 2, 3]


async def test_looking_again_sends_nothing_again(ground: Fairground, customer: Customer) -> None:
    """However often a process looks, each person has one copy of each mail of an end (NO-08, XC-02)."""
    for due in ("reminder", "end"):
        await customer.told_of(due)
        for _ in range(3):
            await ground.run(customer.trial.trial_id)
        assert await ground.post(customer.id) == []
    rows = await ground.town.fetch(
        "select count(*) as copies, count(distinct (kind, cycle, recipient)) as different,"
        "       count(distinct message_id) as messages from notices"
    )
    assert rows[0]["copies"] == rows[0]["different"] == rows[0]["messages"]


async def test_who_holds_no_licence_any_more(ground: Fairground, customer: Customer) -> None:
    """Whoever has had one, and holds none any more, is not told (NO-07, PV-05)."""
    trial = customer.trial
    for give, take in (((customer.eve,), ()), ((customer.ada,), (customer.una,)), ((), (customer.ada,))):
        assign = AssignLicences(trial_id=trial.trial_id, by=ground.north.seller, give=give, take=take)
        await ground.town.trials.assign_licences(OPERATOR, assign)
    await ground.ended(trial)
    assert recipients(await ground.post(customer.id), NoticeKind.ACCESS_GONE) == [customer.eve]


async def test_users_are_told_when_access_is_gone(ground: Fairground, customer: Customer) -> None:
    """30 days after the end, those who held a licence of the trial, moved out by then, and nobody else (NO-06, NO-07)."""
    await customer.told_of("end")
    await ground.assign(customer.trial, customer.eve)
    bystander = await ground.person("ulf", customer.id, Role.USER)
    elsewhere = await ground.trial()
    await ground.assign(elsewhere, await ground.person("uwe", elsewhere.organisation_id, Role.USER))
    await ground.town.advance_to(customer.end + 30 * DAY)
    await ground.end_grace(await ground.grace(customer.trial))
    sent = await ground.post(customer.id)
    assert recipients(sent, NoticeKind.ACCESS_GONE) == sorted([customer.una, customer.eve])
    assert bystander not in recipients(sent, NoticeKind.ACCESS_GONE)
    assert len(sent) == 2
    for mail in sent:
        assert isinstance(mail.matter, TrialMatter)
        assert [service.key for service in mail.matter.services] == ["messaging", "calling"]
        assert mail.organisation_name == customer.trial.organisation_name


async def test_users_who_lose_their_licence_are_not_told(ground: Fairground, customer: Customer) -> None:
    """Whose licence was taken away while the trial ran is no user of it at its expiry (NO-07)."""
    async with ground.town.database.write() as connection:
        await connection.execute("delete from licence_assignments where person_id = $1", customer.una)
    await customer.told_of("end")
    await ground.ended(await ground.show(customer.trial.trial_id))
    assert recipients(await ground.post(customer.id), NoticeKind.ACCESS_GONE) == []


async def test_nobody_is_told_of_mark_or_paid_expiry(ground: Fairground, town: Town) -> None:
    """No mail at marking, at a subscription's expiry, or at the end of its grace; partners never of a deletion (NO-10, NO-11, NO-12)."""
    trial = await ground.trial()
    await ground.post(trial.organisation_id)
    await ground.cancel(trial)
    assert await ground.queued(trial.organisation_id) == set()
    await town.advance(town.rules.silence)
    step = await town.warn(trial.organisation_id)
    await town.deliver(*step.notices)
    told = await town.fetch("select recipient from notices where kind = 'deletion_warning'")
    assert [row["recipient"] for row in told] == [f"per_{trial.trial_id.name}"]
    assert len(await town.notices.of(OPERATOR, trial.organisation_id)) == 2


async def test_the_start_of_an_add_on(ground: Fairground) -> None:
    """Every admin of the customer is told, once it is active; no welcome, no consent mail (TR-21, Q-29, PV-03)."""
    customer = await ground.town.organisation(admins=2)
    await ground.manage(ground.north, customer)
    command = ground.request(
        "messaging", organisation_id=customer, company_name=None, admin_email=None, industry=None, country=None
    )
    trial = await ground.town.trials.request(SERVICE, command)
    assert await ground.queued(customer) == set()
    await ground.run(trial.trial_id)
    sent = await ground.post(customer)
    name = customer.removeprefix("org_")
    assert recipients(sent, NoticeKind.TRIAL_STARTED) == [f"per_{name}-1", f"per_{name}-2"]
    assert len(sent) == 2


async def test_a_welcome_that_is_late(ground: Fairground) -> None:
    """The new customer's admin is welcomed also when the mail server was down until the grace (PV-03, XC-01)."""
    trial = await ground.trial()
    await ground.expired(trial)
    sent = await ground.post(trial.organisation_id)
    assert recipients(sent, NoticeKind.WELCOME) == [f"per_{trial.trial_id.name}"]
    [welcome] = [mail for mail in sent if mail.notice.kind is NoticeKind.WELCOME]
    assert isinstance(welcome.matter, TrialMatter)
    assert welcome.matter.link == LINKS.sign_in
    assert welcome.attempt_at - (trial.activated_at or welcome.attempt_at) < 31 * DAY + timedelta(minutes=5)


async def test_dates_are_told_where_the_reader_is(ground: Fairground) -> None:
    """Customers read dates in their organisation's zone, partners in that of their own (Q-27)."""
    trial = await ground.trial(time_zone="Asia/Seoul", language="ko")
    await ground.town.execute(
        "update organisations set time_zone = 'Europe/Warsaw', language = 'pl' where organisation_id = $1",
        ground.north.organisation_id,
    )
    await ground.post(trial.organisation_id)
    await ground.expired(trial)
    zones = {(mail.notice.kind, mail.time_zone, mail.language) for mail in await ground.post(trial.organisation_id)}
    assert zones == {
        (NoticeKind.TRIAL_EXPIRED, "Asia/Seoul", "ko"),
        (NoticeKind.TRIAL_EXPIRED_PARTNER, "Europe/Warsaw", "pl"),
    }
