"""The first launch: terms before anything else, resumed where it was left, complete once."""

import asyncio
from collections.abc import Awaitable

import pytest

from adapters.postgres.wholesale.wizards import PostgresWizards
from tenure.contracts.catalogue import Terms
from tenure.contracts.organisation import Role
from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand, WizardStep
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.policy.catalogue import shipped
from tenure.ports import Caller
from tests.integration.deletion.town import DAY
from tests.integration.wholesale.hall import (
    OPERATOR,
    REVIEWER,
    SERVICE,
    Hall,
    helper,
    provider,
    reader,
    seller,
)
from tests.integration.wholesale.leaving import cancel
from tests.integration.wholesale.newcomer import licences_of, newcomer

ACCEPT, START, FOLLOW, COMPLETE = WizardStep
"""The steps, in their order."""


class Launch:
    """An organisation that somebody launches."""

    def __init__(self, hall: Hall, organisation_id: OrganisationId, person_id: PersonId | None = None) -> None:
        self.wizards = PostgresWizards(hall.town.database, shipped())
        self.id = organisation_id
        self.person_id = person_id

    @property
    def command(self) -> WizardCommand:
        """What all steps say."""
        return WizardCommand(organisation_id=self.id, person_id=self.person_id)

    def launch(self, caller: Caller = SERVICE) -> Awaitable[Wizard]:
        """Open it."""
        return self.wizards.launch(caller, self.command)

    def accept(self, caller: Caller = SERVICE, version: str | None = None) -> Awaitable[Wizard]:
        """Accept the terms in force, or those of some version."""
        command = AcceptTerms(**dict(self.command), terms_version=version or shipped().terms.version)
        return self.wizards.accept_terms(caller, command)

    def start(self, caller: Caller = SERVICE) -> Awaitable[Wizard]:
        """Get started."""
        return self.wizards.get_started(caller, self.command)

    def complete(self, caller: Caller = SERVICE) -> Awaitable[Wizard]:
        """Say that the prompts were followed."""
        return self.wizards.complete(caller, self.command)


@pytest.fixture
async def first(hall: Hall) -> Launch:
    """A customer that its full admin launches for the first time."""
    customer = await hall.customer()
    return Launch(hall, customer, await hall.admin(customer))


async def test_terms_then_start_then_prompts(hall: Hall, first: Launch) -> None:
    """Each step once, in order, with the summary of the plan; a launch after the last one finds it complete (WIZ-02, WIZ-04, WIZ-05)."""
    opened = await first.launch()
    assert (opened.step, opened.package, opened.services) == (ACCEPT, "suite", ("calling", "meetings", "messaging"))
    assert [(each.code, each.limit) for each in opened.quantities] == [("suite", 10)]
    assert (opened.terms_version, opened.terms_url) == (shipped().terms.version, shipped().terms.url)
    assert (await first.accept()).step is START
    assert (await first.start()).step is FOLLOW
    done = await first.complete()
    assert (done.step, done.accepted_by, done.completed_at is not None) == (COMPLETE, first.person_id, True)
    assert await first.launch() == done
    assert await hall.town.audit(first.id) == ["launched", "terms_accepted", "set_up_started", "set_up_complete"]


async def test_it_resumes_where_it_was_left(hall: Hall, first: Launch) -> None:
    """Abandoned at any step for months, it is there again, and doing a step again does nothing (WIZ-06)."""
    for act, step in ((first.launch, ACCEPT), (first.accept, START), (first.start, FOLLOW), (first.complete, COMPLETE)):
        told = await act()
        before = await hall.facts()
        await hall.town.advance(40 * DAY)
        assert [await act(), await first.launch()] == [told, told]
        assert told.step is step
        after = await hall.facts()
        assert {name for name in before if before[name] != after[name]} <= {"installation", "feeds"}


async def test_no_step_is_left_out(hall: Hall, first: Launch) -> None:
    """Nothing starts before the terms are accepted, and nothing is complete before it has started (WIZ-04)."""
    for act in (first.start, first.complete):
        assert await hall.refused(act()) is RefusalCode.TERMS_NOT_ACCEPTED
    await first.accept()
    assert await hall.refused(first.complete()) is RefusalCode.WRONG_STATE


async def test_who_accepts_first_stays(hall: Hall, first: Launch) -> None:
    """Acceptor, time and version stay, whoever accepts again; other terms than these are none (WIZ-04)."""
    assert await hall.refused(first.accept(version="0")) is RefusalCode.TERMS_OUTDATED
    accepted = await first.accept()
    assert (accepted.accepted_by, accepted.terms_version) == (first.person_id, shipped().terms.version)
    await hall.town.advance(DAY)
    other = await hall.person("other", first.id, Role.CUSTOMER_FULL_ADMIN)
    assert await Launch(hall, first.id, other).accept() == accepted
    assert await Launch(hall, first.id).accept(seller(hall.north)) == accepted
    assert await hall.refused(first.accept(version="0")) is RefusalCode.TERMS_OUTDATED
    await Launch(hall, first.id, other).start()
    done = await Launch(hall, first.id, other).complete()
    assert (done.accepted_by, done.accepted_at) == (first.person_id, accepted.accepted_at)
    assert (await hall.town.audit(first.id)).count("terms_accepted") == 1


async def test_terms_that_come_later_do_not_undo_it(hall: Hall, first: Launch) -> None:
    """A first launch that accepted the terms of its time goes on, and whoever comes now accepts the new ones (WIZ-04)."""
    accepted = await first.accept()
    newer = shipped().model_copy(update={"terms": Terms(version="next", url="https://tenure.example/next")})
    first.wizards = PostgresWizards(hall.town.database, newer)
    assert (await first.start()).terms_version == accepted.terms_version
    second = Launch(hall, await hall.customer())
    second.wizards, second.person_id = first.wizards, await hall.admin(second.id)
    assert await hall.refused(second.accept()) is RefusalCode.TERMS_OUTDATED
    assert (await second.accept(version="next")).terms_version == "next"


async def test_it_is_completed_once(hall: Hall, first: Launch) -> None:
    """Ten who complete it at the same time are told the same, and one of them is recorded (WIZ-06, XC-06)."""
    await first.accept()
    await first.start()
    told = await asyncio.gather(*(first.complete() for _ in range(10)))
    assert {each.model_dump_json() for each in told} == {told[0].model_dump_json()}
    assert (await hall.town.audit(first.id)).count("set_up_complete") == 1


async def test_an_answer_is_not_kept(hall: Hall, first: Launch) -> None:
    """The same key again answers what holds now; the organisation's name is nowhere but in its own row (P10, XC-07)."""
    once = SERVICE.model_copy(update={"key": "launch-1"})
    await first.launch(once)
    await first.accept()
    assert (await first.launch(once)).step is START
    [row] = await hall.town.fetch("select response from idempotency_keys")
    assert row["response"] is None


async def test_a_partner_launches_its_own_organisation(hall: Hall) -> None:
    """With or without a wholesale subscription, and whatever becomes of it (WIZ-01, WIZ-02)."""
    own = Launch(hall, hall.north.organisation_id)
    assert (await own.accept(seller(hall.north))).accepted_by == hall.north.seller
    head = Launch(hall, own.id, hall.north.head)
    await newcomer(hall, "pending_rpl_review", own=True)
    assert (await head.start(OPERATOR)).step is FOLLOW
    assert await hall.refused(Launch(hall, own.id, hall.north.seller).start(OPERATOR)) is RefusalCode.ROLE_NOT_ALLOWED


async def test_any_customer_has_one(hall: Hall) -> None:
    """An organisation that came by another road than wholesale has the same wizard (WIZ-03)."""
    [bought] = await hall.town.organisations_of(1)
    await hall.town.buy(bought)
    told = await Launch(hall, bought, await hall.admin(bought)).launch()
    assert (told.step, told.package, told.quantities) == (ACCEPT, None, ())


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("screening", RefusalCode.ACCOUNT_NOT_READY),
        ("pending_rpl_review", RefusalCode.RPL_REVIEW_PENDING),
        ("provisioning", RefusalCode.ACCOUNT_NOT_READY),
        ("error", RefusalCode.ONBOARDING_FAILED),
        ("cancelled", RefusalCode.CUSTOMER_CANCELLED),
    ],
)
async def test_it_needs_an_account(hall: Hall, state: str, code: RefusalCode) -> None:
    """A customer that is on its way, has failed or has left launches nothing (WIZ-03, RPL-06)."""
    customer = await newcomer(hall, state)
    assert await hall.refused(Launch(hall, customer).accept(seller(hall.north))) is code


async def test_who_may(hall: Hall, first: Launch) -> None:
    """People alone: full admins of the organisation, and a partner's seller with full access; others find nothing (P14, WIZ-01, WIZ-03)."""
    user = await hall.person("user", first.id, Role.USER)
    stranger = await hall.town.organisation()
    nobody = Launch(hall, OrganisationId("org_nobody"), first.person_id)
    refusals = [
        (first, REVIEWER, RefusalCode.FORBIDDEN),
        (first, provider(hall.north), RefusalCode.FORBIDDEN),
        (first, reader(hall.north), RefusalCode.FORBIDDEN),
        (first, seller(hall.north), RefusalCode.FORBIDDEN),  # in the name of somebody else
        (Launch(hall, first.id), helper(hall.north), RefusalCode.ROLE_NOT_ALLOWED),
        (Launch(hall, first.id), seller(hall.south), RefusalCode.ORGANISATION_NOT_FOUND),
        (Launch(hall, first.id), SERVICE, RefusalCode.PERSON_NOT_FOUND),
        (Launch(hall, stranger, first.person_id), SERVICE, RefusalCode.PERSON_NOT_FOUND),
        (Launch(hall, first.id, user), SERVICE, RefusalCode.ROLE_NOT_ALLOWED),
        (nobody, SERVICE, RefusalCode.ORGANISATION_NOT_FOUND),
        (nobody, seller(hall.north), RefusalCode.ORGANISATION_NOT_FOUND),
        (Launch(hall, OrganisationId("org_consumer"), first.person_id), SERVICE, RefusalCode.ORGANISATION_NOT_FOUND),
    ]
    for launch, caller, code in refusals:
        assert await hall.refused(launch.launch(caller)) is code
    await hall.manage(hall.south, first.id, "provisioning")
    assert await hall.refused(Launch(hall, first.id).launch(seller(hall.south))) is (
        RefusalCode.ACCESS_LEVEL_INSUFFICIENT
    )


async def test_the_end_of_the_subscription_closes_it(hall: Hall, first: Launch) -> None:
    """Nobody sets up what was cancelled (WIZ-05)."""
    await first.accept()
    await cancel(hall, licences_of(first.id))
    assert await hall.refused(first.start()) is RefusalCode.CUSTOMER_CANCELLED
