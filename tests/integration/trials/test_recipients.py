"""To whom exactly a mail about a trial goes, while people come, go and change between two attempts (NO-08, XC-02)."""

import random
from dataclasses import dataclass, field

import pytest

from adapters.postgres.trials import ending
from tenure.contracts.notice import NoticeKind, NoticeState, TrialMatter
from tenure.contracts.organisation import Role
from tenure.ids import OrganisationId, PersonId
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import recipients
from tests.integration.trials.market import Market, address

_ADMINS_OF_A_CUSTOMER = {Role.CUSTOMER_ADMIN, Role.CUSTOMER_FULL_ADMIN, Role.CONTACT_OF_RECORD}
_ADMINS_OF_A_PARTNER = {Role.PARTNER_ADMIN, Role.PARTNER_SALES_ADMIN, Role.PARTNER_FULL_ADMIN}
_ADDRESSES = ("ann@x.example", "Ann@X.example", "BOB@x.example", "bob@x.example", "cid@x.example", "dee@x.example")


@dataclass
class Somebody:
    """A person as the model has them."""

    person_id: PersonId
    organisation_id: OrganisationId
    email: str
    roles: set[Role]


@dataclass
class Crowd:
    """People of a customer, its partner and strangers who move while a mail is on its way; and what each should get."""

    customer: Customer
    chance: random.Random
    people: dict[PersonId, Somebody] = field(default_factory=dict)
    told: dict[NoticeKind, list[str]] = field(default_factory=dict)
    due: dict[NoticeKind, set[str]] = field(default_factory=dict)
    """Addresses of all who were concerned at some attempt, and still are."""

    @property
    def ground(self) -> Fairground:
        """Where all of it happens."""
        return self.customer.ground

    async def read(self) -> None:
        """Begin with who is there."""
        rows = await self.ground.town.fetch(
            "select person_id, organisation_id, email, array_agg(role) as roles"
            " from people join person_roles using (person_id) group by person_id"
        )
        for row in rows:
            roles = {Role(role) for role in row["roles"]}
            self.people[row["person_id"]] = Somebody(row["person_id"], row["organisation_id"], row["email"], roles)

    def concerned(self, kind: NoticeKind) -> set[str]:
        """The addresses of section 18.11, in lower case."""
        partner = kind is NoticeKind.TRIAL_ENDING_PARTNER
        of = self.ground.north.organisation_id if partner else self.customer.id
        roles = _ADMINS_OF_A_PARTNER if partner else _ADMINS_OF_A_CUSTOMER
        return {one.email.lower() for one in self.people.values() if one.organisation_id == of and one.roles & roles}

    async def move(self) -> None:
        """Somebody comes, goes, or has other roles."""
        town, chance = self.ground.town, self.chance
        move = chance.choice(["come", "come", "go", "change"])
        if move == "come":
            person_id = PersonId(f"per_new-{len(self.people)}")
            of = chance.choice([self.customer.id, self.ground.north.organisation_id])
            email, role = chance.choice(_ADDRESSES), chance.choice([*Role])
            await self.ground.person(person_id.removeprefix("per_"), of, role)
            await town.execute(
                "update people set email = $2, language = $3 where person_id = $1", person_id, email, "ko"
            )
            self.people[person_id] = Somebody(person_id, of, email, {role})
            return
        one = chance.choice([*self.people.values()])
        if move == "go":
            one.organisation_id = chance.choice([self.customer.id, self.ground.north.organisation_id])
            await town.execute(
                "update people set organisation_id = $2 where person_id = $1", one.person_id, one.organisation_id
            )
        else:
            one.roles = {chance.choice([*Role])}
            await self.ground.loses_its_roles(one.person_id)
            for role in one.roles:
                await town.execute("insert into person_roles (person_id, role) values ($1, $2)", one.person_id, role)

    async def attempt(self, *, accepted: bool) -> bool:
        """One mail that waits is tried; it goes to nobody whom it does not concern. Whether there was one."""
        rows = await self.ground.town.fetch(
            "select notice_id::text, kind from notices where state = 'queued' order by 1"
        )
        if not rows:
            return False
        notice_id, kind = self.chance.choice(rows).values()
        kind = NoticeKind(kind)
        self.due.setdefault(kind, set()).update(self.concerned(kind))
        delivery = await self.ground.town.notices.next_attempt(notice_id)
        if delivery is not None:
            assert delivery.email.lower() in self.concerned(kind)
            if accepted:
                self.told.setdefault(kind, []).append(delivery.email.lower())
                await self.ground.town.notices.accepted(notice_id, "250 2.0.0 Ok")
            else:
                await self.ground.town.notices.deferred(notice_id, "451 4.7.1 Later")
        for sort in self.due:
            self.due[sort] &= self.concerned(sort)
        return True


@pytest.mark.parametrize("seed", range(12))
async def test_whoever_it_concerns_gets_one_copy(ground: Fairground, customer: Customer, seed: int) -> None:
    """However people move between arming and sending: every admin of the moment once, by address, and nobody else (NO-01, NO-04, NO-08, CO-03)."""
    crowd = Crowd(customer, random.Random(seed))
    await crowd.read()
    for _ in range(3):
        await crowd.move()
    await customer.comes_to("reminder")
    for kind in (NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_ENDING_PARTNER):
        crowd.due[kind] = crowd.concerned(kind)
    for _ in range(12):
        await crowd.move()
        for sort in crowd.due:
            crowd.due[sort] &= crowd.concerned(sort)
        await crowd.attempt(accepted=crowd.chance.random() < 0.4)
    while await crowd.attempt(accepted=True):
        pass
    for kind, due in crowd.due.items():
        told = crowd.told.get(kind, [])
        assert len(told) == len(set(told))
        assert due <= set(told)


async def test_who_comes_while_it_is_being_sent(ground: Fairground, customer: Customer) -> None:
    """A new admin is told as long as the mail is on its way, by the process that delivers it; afterwards no more (NO-08)."""
    await customer.comes_to("reminder")
    late = await ground.person("late", customer.id, Role.CUSTOMER_ADMIN)
    [waiting] = await ground.town.fetch(
        "select notice_id::text from notices where recipient = $1 and state = 'queued'", customer.eve
    )
    [before] = await ground.town.fetch("select sum(wakes) as wakes from processes")
    assert await ground.town.notices.next_attempt(waiting["notice_id"]) is not None
    await ground.town.notices.deferred(waiting["notice_id"], "421 4.3.2 Later")
    [after] = await ground.town.fetch("select sum(wakes) as wakes from processes")
    assert after["wakes"] > before["wakes"]
    step = await ground.look(customer.trial.trial_id)
    assert len(step.notices) == 6
    assert recipients(await ground.post(customer.id), NoticeKind.TRIAL_ENDING) == sorted([*customer.admins, late])
    await ground.person("later", customer.id, Role.CUSTOMER_ADMIN)
    assert await ground.post(customer.id) == []


async def test_one_copy_to_an_address(ground: Fairground, customer: Customer) -> None:
    """Two admins who share an address get one copy, whatever its case; also once the first of them is none any more (NO-08, CO-03)."""
    ben = await ground.person("ben", customer.id, Role.CUSTOMER_ADMIN)
    await ground.town.execute("update people set email = 'ADA@Example.com' where person_id = $1", ben)
    await customer.comes_to("reminder")
    [to_eve] = await ground.town.fetch(
        "select notice_id::text from notices where recipient = $1 and state = 'queued'", customer.eve
    )
    assert await ground.town.notices.next_attempt(to_eve["notice_id"]) is not None
    await ground.town.notices.accepted(to_eve["notice_id"], "250 2.0.0 Ok")
    await ground.loses_its_roles(customer.ada)
    assert recipients(await ground.post(customer.id), NoticeKind.TRIAL_ENDING) == []
    assert recipients(await ground.post(customer.id), NoticeKind.TRIAL_ENDING) == [ben]
    sent = await customer.told_of("end")
    assert recipients(sent, NoticeKind.TRIAL_EXPIRED) == sorted([customer.eve, ben])


async def test_a_crash_after_the_mail_server_s_answer(ground: Fairground, customer: Customer) -> None:
    """What was taken but not written down is sent once more under the same Message-ID, unless it is untrue by now (XC-02, TL-01)."""
    await customer.comes_to("end")
    rows = await ground.town.fetch("select notice_id::text from notices where state = 'queued' order by 1")
    first, second, *_ = (row["notice_id"] for row in rows)
    copies = [await ground.town.notices.next_attempt(first) for _ in range(2)]
    assert len({copy.notice.message_id for copy in copies if copy is not None}) == 1
    assert [copy.notice.attempts for copy in copies if copy is not None] == [1, 2]
    await ground.town.notices.accepted(first, "250 2.0.0 Ok")
    assert await ground.town.notices.next_attempt(first) is None
    assert await ground.town.notices.next_attempt(second) is not None
    await ground.buy(customer.id, "messaging", "calling")
    assert await ground.town.notices.next_attempt(second) is None
    written = await ground.town.notices.accepted(first, "250 2.0.0 Ok")
    assert written.state is NoticeState.ACCEPTED


async def test_whom_a_request_no_longer_asks(town: Town, market: Market) -> None:
    """A full admin who is none any more, or has left, is not asked; the address that was typed still is (CO-03, NO-08)."""
    acme, other = await market.customer(admins=4), await market.customer()
    clerk = await market.lesser_admin(acme)
    email = await town.value(str, "select email from people where person_id = $1", clerk)
    await market.ask(acme, admin_email=email.upper())
    await market.loses_its_roles(admin(acme, 2))
    await town.execute("update people set organisation_id = $2 where person_id = $1", admin(acme, 3), other)
    sent = await market.post(acme)
    asked = recipients(sent, NoticeKind.CONSENT_REQUEST)
    assert asked == sorted([clerk, admin(acme), admin(acme, 4)])


async def test_full_admins_who_share_an_address_are_asked_once(town: Town, market: Market) -> None:
    """The typed address and those of all full admins, each once, in whatever case (CO-03)."""
    acme = await market.customer(admins=3)
    await town.execute("update people set email = upper($2) where person_id = $1", admin(acme, 3), address(acme, 2))
    trial = await market.ask(acme, admin_email="eve@stranger.example")
    sent = await market.post(acme)
    assert recipients(sent, NoticeKind.CONSENT_REQUEST) == sorted([trial.trial_id, admin(acme), admin(acme, 2)])


async def test_a_welcome_to_a_corrected_address(ground: Fairground) -> None:
    """The new customer's admin is welcomed at the address of the moment (PV-03, NO-08)."""
    trial = await ground.town.trials.request(SERVICE, ground.request("messaging"))
    eve = PersonId(f"per_{trial.trial_id.name}")
    await ground.town.execute("update people set email = 'right@example.com' where person_id = $1", eve)
    await ground.run(trial.trial_id)
    assert [mail.email for mail in await ground.post(trial.organisation_id)] == ["right@example.com"]


async def test_a_welcome_to_who_administers(ground: Fairground) -> None:
    """Whoever administers the new customer no more by the time that the mail goes out is not told that they do (PV-03, TL-01)."""
    trial = await ground.trial()
    await ground.loses_its_roles(PersonId(f"per_{trial.trial_id.name}"))
    assert await ground.post(trial.organisation_id) == []


async def test_users_who_share_an_address(ground: Fairground, customer: Customer) -> None:
    """They are told once that their access is gone (NO-06, NO-08)."""
    ulf = await ground.person("ulf", customer.id, Role.USER)
    await ground.town.execute("update people set email = 'UNA@example.com' where person_id = $1", ulf)
    await ground.assign(customer.trial, ulf)
    await customer.told_of("end")
    await ground.ended(customer.trial)
    assert len(recipients(await ground.post(customer.id), NoticeKind.ACCESS_GONE)) == 1


async def test_whom_a_partner_can_ask(ground: Fairground, customer: Customer) -> None:
    """Each of its trials near the end with the time left and its customer's contact, where it may know people; never another partner's (NO-04, PS-08)."""
    other = await ground.trial("meetings", length_days=60)
    await ground.trial("contact-center", side=await ground.partner("south"))
    await ground.extend(other, 25)
    await ground.town.execute(
        "update managements set access = 'none' where organisation_id = $1", other.organisation_id
    )
    for mail in await customer.told_of("end"):
        if mail.notice.kind is NoticeKind.TRIAL_EXPIRED_PARTNER:
            assert isinstance(mail.matter, TrialMatter)
            listed = [
                (one.organisation_name, one.contact, one.grace_ends_at - one.ends_at) for one in mail.matter.ending
            ]
            assert [(name, contact is None, grace) for name, contact, grace in listed] == [
                (other.organisation_name, True, 30 * DAY),
                (customer.trial.organisation_name, False, 30 * DAY),
            ]
            assert mail.matter.ending_left_off == 0


async def test_a_list_that_is_too_long_for_a_mail(
    ground: Fairground, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The soonest are listed, and how many more there are is said; who is being erased is not among them (NO-04, Q-28)."""
    monkeypatch.setattr(ending, "LONGEST", 1)
    gone = await ground.trial("meetings")
    for _ in range(2):
        await ground.trial("meetings")
    await ground.delete_now(gone, PersonId(f"per_{gone.trial_id.name}"))
    [mail, *_] = [
        mail for mail in await customer.told_of("reminder") if mail.notice.kind is NoticeKind.TRIAL_ENDING_PARTNER
    ]
    assert isinstance(mail.matter, TrialMatter)
    assert [one.organisation_name for one in mail.matter.ending] == [customer.trial.organisation_name]
    assert mail.matter.ending_left_off == 2


async def test_the_language_of_where_somebody_came_from(ground: Fairground) -> None:
    """A user who was moved out is told in the language of the organisation that had the trial (NO-06, TL-02)."""
    customer = await Customer.open(ground, "messaging", language="ko")
    await ground.expired(customer.trial)
    await ground.post(customer.id)
    await ground.ended(customer.trial)
    sent = await ground.post(customer.id)
    assert [(mail.notice.recipient, mail.language) for mail in sent] == [(customer.una, "ko")]
