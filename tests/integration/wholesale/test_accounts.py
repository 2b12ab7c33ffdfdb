"""The account on the platform: ordered once, refused and tried again, and an own organisation that has one already."""

import asyncio

import pytest

from adapters.postgres.wholesale.steps import PostgresOnboardingSteps
from adapters.postgres.wholesale.users import PostgresUsers
from tenure.contracts.customer import CancelSubscription, NewSite, OnboardingReason, OnboardingState, Pstn
from tenure.contracts.onboarding import AccountReport, ListScreeningInput, OnboardingInput, ScreeningDone
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.review import Decision
from tenure.contracts.screening import ListId
from tenure.contracts.user import RunProvisioning, UserItem
from tenure.errors import RefusalCode
from tenure.policy import screening, telephony
from tenure.policy.rules import DEFAULT
from tests.integration.wholesale.gate import PARIS, SOLD, Gate, hit
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, provider

SITE = NewSite(url="acme.meet.example", pstn=Pstn.CISCO, telephony_domain="global")


async def test_what_is_ordered(gate: Gate) -> None:
    """The platform gets the organisation's country, the services of the package and the sites, under a key of its own (ONB-05, PRV-01)."""
    customer = await gate.create(sites=(SITE,), package="meetings", packages={"meetings": 1})
    onboarding = OnboardingInput(organisation_id=customer.organisation_id)
    assert await gate.steps.account(onboarding) is None
    await gate.screen(customer)
    order = await gate.steps.account(onboarding)
    assert order is not None
    assert (order.name, order.country, order.sites) == (customer.name, "DE", (SITE,))
    assert order.services == ("messaging", "meetings")
    assert await gate.steps.account(onboarding) == order
    assert await gate.steps.account(onboarding.model_copy(update={"generation": 2})) is None


async def test_a_refusal_is_tried_again(gate: Gate) -> None:
    """Running provisioning orders the account anew, by the same key, and screens nobody again (PRV-03, PRV-04, B annex 1)."""
    customer = await gate.create()
    await gate.screen(customer)
    first = await gate.steps.account(OnboardingInput(organisation_id=customer.organisation_id))
    failed = await gate.refuse_account(customer, "quota_exceeded")
    assert (failed.state, failed.reason) == (OnboardingState.ERROR, OnboardingReason.PROVISIONING_FAILED)
    assert failed.problem == "quota_exceeded"
    assert await gate.refused(gate.move(customer)) is RefusalCode.ACCOUNT_NOT_READY
    assert (await gate.create(gate.command(external_id="another"))).state is OnboardingState.RECEIVED
    users = PostgresUsers(gate.town.database, DEFAULT, SOLD)
    run = await users.run_provisioning(provider(gate.north), RunProvisioning(organisation_id=customer.organisation_id))
    assert run.retried_account
    assert (await gate.see(customer)).state is OnboardingState.PROVISIONING
    processes = await gate.town.processes(customer.organisation_id)
    assert processes == {
        f"onboarding/{customer.organisation_id}/1": "closed",
        f"onboarding/{customer.organisation_id}/2": "pending",
    }
    second = await gate.steps.account(OnboardingInput(organisation_id=customer.organisation_id, generation=2))
    assert first is not None
    assert second is not None
    assert second.key == first.key
    assert await gate.town.value(int, "select count(*)::int from screenings") == 1
    facts = await gate.facts()
    await gate.steps.record_account(AccountReport(order=first, resource="late"))  # of the first execution: too late
    assert await gate.facts() == facts
    assert (await gate.set_up(customer)).state is OnboardingState.ACTIVE


async def test_a_failed_account_keeps_its_reference(gate: Gate) -> None:
    """It is not over: the same request is the same customer, another one a conflict (ONB-07, RPL-12)."""
    command = gate.command()
    customer = await gate.create(command)
    await gate.screen(customer)
    await gate.refuse_account(customer)
    assert (await gate.create(command)).organisation_id == customer.organisation_id
    other = command.model_copy(update={"name": "Others"})
    assert await gate.refused(gate.create(other)) is RefusalCode.CONFLICT


async def test_an_account_that_cannot_be_set_up_is_set_up_not_in_part(gate: Gate) -> None:
    """A package that is not offered any more leaves no half of a customer, and is tried again when it is (PRV-05)."""
    customer = await gate.create(sites=(SITE,))
    await gate.screen(customer)
    order = await gate.steps.account(OnboardingInput(organisation_id=customer.organisation_id))
    assert order is not None
    narrow = SOLD.model_copy(update={"packages": SOLD.packages[:1]})
    steps = PostgresOnboardingSteps(gate.town.database, DEFAULT, screening.DEFAULT, narrow, telephony.shipped())
    await steps.record_account(AccountReport(order=order, resource="acc-1"))
    failed = await gate.see(customer)
    assert (failed.state, failed.problem) == (OnboardingState.ERROR, "unknown_package")
    assert (failed.subscription, failed.sites, failed.quantities[0].assigned) == (None, (), 0)
    users = PostgresUsers(gate.town.database, DEFAULT, SOLD)
    await users.run_provisioning(OPERATOR, RunProvisioning(organisation_id=customer.organisation_id))
    assert (await gate.set_up(customer)).state is OnboardingState.ACTIVE


async def test_an_account_is_set_up_once(gate: Gate) -> None:
    """However often and at once the platform's answer is recorded (PRV-04)."""
    users = (UserItem(email="ann@works.example", package="suite"),)
    customer = await gate.create(users=users)
    await gate.screen(customer)
    order = await gate.steps.account(OnboardingInput(organisation_id=customer.organisation_id))
    assert order is not None
    report = AccountReport(order=order, resource="acc-1")
    await asyncio.gather(*(gate.steps.record_account(report) for _ in range(5)))
    active = await gate.see(customer)
    assert (active.state, active.quantities[0].assigned) == (OnboardingState.ACTIVE, 2)
    assert await gate.town.value(int, "select count(*)::int from licence_sets") == 1


async def test_an_own_organisation_is_screened_like_any_other(gate: Gate) -> None:
    """No new organisation, no managing of itself, its country is the bill's, and its row says so (PO-07, PO-09, RPL-03, ONB-05)."""
    own = gate.north.organisation_id
    await gate.town.mark(own)
    before = await gate.town.value(int, "select count(*)::int from organisations")
    customer, case = await gate.held(own_organisation=True, org_country="FR", billing_address=PARIS)
    assert (customer.organisation_id, customer.is_own_org) == (own, True)
    await gate.decide(case.case_id)
    active = await gate.set_up(customer)
    assert (active.state, active.org_country) == (OnboardingState.ACTIVE, "FR")
    assert await gate.town.value(int, "select count(*)::int from organisations") == before
    assert await gate.access(gate.north, own) is None
    assert await gate.town.state(own) is OrganisationState.LIVE
    row = (await gate.customers.page(provider(gate.north))).customers[0]
    assert (row.organisation_id, row.is_own_org) == (own, True)


async def test_an_admin_who_is_there_already_is_the_first(gate: Gate) -> None:
    """Whose address is known in the own organisation is that person, with the role of a full admin beside the partner's (PO-07, ADM-04)."""
    customer = await gate.active(own_organisation=True, admin_email="NORTH-HEAD@example.com", admin_name="Somebody")
    rows = await gate.town.fetch(
        "select p.person_id, p.name, array_agg(r.role order by r.role) as roles from user_packages u"
        " join people p using (person_id) join person_roles r using (person_id)"
        " where u.organisation_id = $1 group by p.person_id",
        customer.organisation_id,
    )
    assert [tuple(row) for row in rows] == [
        (gate.north.head, "north-head", [Role.CUSTOMER_FULL_ADMIN, Role.PARTNER_FULL_ADMIN])
    ]


async def test_an_own_organisation_is_screened_under_the_name_that_it_has(gate: Gate) -> None:
    """Whatever its partner calls it: no name that is known is left out, by a request or by an updated list (RPL-03)."""
    own = gate.north.organisation_id
    stored = await gate.town.value(str, f"select name from organisations where organisation_id = '{own}'")
    customer = await gate.active(own_organisation=True, name="Something Else Ltd")
    (screening,) = (await gate.reviews.screenings(OPERATOR, own)).screenings
    assert screening.subject is not None
    assert screening.subject.names == ("Something Else Ltd", stored)
    update = ListScreeningInput(list_id=ListId.US_DPL, version=1)
    concerned = dict(await gate.steps.customers_after(update, 10))
    assert concerned[customer.organisation_id].names == screening.subject.names


@pytest.mark.parametrize("end", ["cancelled", "rejected"])
async def test_an_own_organisation_comes_again(gate: Gate, end: str) -> None:
    """Its row leaves the list at once with its cancellation; it comes again in the next generation, screened afresh (PO-08, RPL-12, Q-29)."""
    command = gate.command(own_organisation=True, sites=(SITE,))
    if end == "cancelled":
        customer = await gate.active(**command.model_dump(exclude_unset=True))
        assert customer.subscription is not None
        await gate.customers.cancel_subscription(
            provider(gate.north), CancelSubscription(licence_set_id=customer.subscription.licence_set_id)
        )
        assert (await gate.customers.page(provider(gate.north))).customers == ()
    else:
        customer = await gate.create(command)
        await gate.screen(customer, hit())
        await gate.decide((await gate.case(customer)).case_id, Decision.REJECT)
        assert [row.reason for row in (await gate.customers.page(SERVICE)).customers] == ["rpl_rejected"]
    again = await gate.create(command.model_copy(update={"package": "calling", "packages": {"calling": 3}}))
    assert (again.organisation_id, again.state) == (customer.organisation_id, OnboardingState.RECEIVED)
    assert again.review is None
    assert [(each.code, each.limit) for each in again.quantities if each.limit] == [("calling", 3)]
    other = command.model_copy(update={"external_id": "another"})
    assert await gate.refused(gate.create(other)) is RefusalCode.CONFLICT
    await gate.look(again)
    stale = (await gate.task(again)).model_copy(update={"generation": 1})
    assert await gate.record(stale) is ScreeningDone.VOID  # an answer to the question of before is none to this one
    await gate.screen(again)
    active = await gate.set_up(again)
    assert (active.state, active.package, active.subscription and active.subscription.state) == (
        OnboardingState.ACTIVE,
        "calling",
        "active",
    )
    assert active.subscription is not None
    assert customer.subscription is None or active.subscription.licence_set_id != customer.subscription.licence_set_id


async def test_who_sees_which_customers(gate: Gate) -> None:
    """A partner its own, page by page in order of id; services and operators all; a reviewer none (P14, LST-02)."""
    mine = sorted([(await gate.create()).organisation_id for _ in range(3)])
    theirs = (await gate.create(side=gate.south)).organisation_id
    first = await gate.customers.page(provider(gate.north), limit=2)
    assert [row.organisation_id for row in first.customers] == mine[:2]
    assert first.next_after == mine[1]
    rest = await gate.customers.page(provider(gate.north), after=first.next_after, limit=2)
    assert ([row.organisation_id for row in rest.customers], rest.next_after) == (mine[2:], None)
    everybody = await gate.customers.page(SERVICE)
    assert {row.organisation_id for row in everybody.customers} == {*mine, theirs}
    only = await gate.customers.page(SERVICE, partner_id=gate.south.partner_id, state=OnboardingState.RECEIVED)
    assert [row.organisation_id for row in only.customers] == [theirs]
    assert (await gate.customers.page(SERVICE, state=OnboardingState.ACTIVE)).customers == ()
    foreign = gate.customers.page(provider(gate.north), partner_id=gate.south.partner_id)
    assert await gate.refused(foreign) is RefusalCode.FORBIDDEN
    assert await gate.refused(gate.customers.show(provider(gate.north), theirs)) is RefusalCode.CUSTOMER_NOT_FOUND
    assert await gate.refused(gate.customers.page(REVIEWER)) is RefusalCode.FORBIDDEN
    assert await gate.refused(gate.customers.show(REVIEWER, theirs)) is RefusalCode.FORBIDDEN
