"""Wholesale subscriptions: cancelled once, never restored, marked after their grace; paid and unpaid."""

import asyncio

import pytest

from adapters.postgres import marking
from adapters.postgres.imports import PostgresImports
from adapters.postgres.processes import PostgresProcesses
from tenure.contracts.customer import CustomerStatus, OnboardingState, PaymentState
from tenure.contracts.licence import (
    ExpireLicences,
    GraceOutcome,
    GrantLicences,
    LicenceKind,
    LicenceState,
    RestoredBy,
    RestoreLicences,
)
from tenure.contracts.organisation import Manage, OrganisationState
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy.catalogue import shipped
from tenure.portfolio import JSON_LINES
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
from tests.integration.wholesale.leaving import cancel, customers, end_grace, grace_of, pay
from tests.integration.wholesale.newcomer import licences_of, newcomer
from tests.integration.wholesale.office import Office

SUSPENDED, EXPIRED, SUBSCRIPTION = CustomerStatus.SUSPENDED, CustomerStatus.EXPIRED, CustomerStatus.SUBSCRIPTION
SETUP = CustomerStatus.READY_FOR_ORDER_SETUP


async def state_of(hall: Hall, organisation_id: OrganisationId) -> OnboardingState:
    """Where the onboarding of a customer stands."""
    found = await hall.town.value(str, "select state from onboardings where organisation_id = $1", organisation_id)
    return OnboardingState(found)


async def test_everything_ends_with_the_subscription(hall: Hall) -> None:
    """Licences rest, the customer is cancelled, and what was assigned is free at once; the people stay (PO-08, ADD-05, RP-01)."""
    customer = await hall.customer(add_ons={"calling-plan": 2})
    await hall.town.execute(
        "insert into add_on_assignments (organisation_id, partner_id, person_id, add_on, started_at)"
        " values ($1, $2, $3, 'calling-plan', business_now())",
        customer,
        hall.north.partner_id,
        await hall.admin(customer),
    )
    await hall.town.execute(
        "insert into phone_numbers (phone_number, organisation_id, licence_set_id, person_id)"
        " values ('+442079460001', $1, $2, $3)",
        customer,
        licences_of(customer),
        await hall.admin(customer),
    )
    before = await hall.town.now()
    told = await cancel(hall, licences_of(customer), provider(hall.north))
    assert (told.state, told.statuses) == (LicenceState.SUSPENDED, (EXPIRED,))
    assert await state_of(hall, customer) is OnboardingState.CANCELLED
    grace = await grace_of(hall, customer)
    assert grace.removal_due_at - before >= hall.town.rules.subscription_grace
    assert await hall.numbers(customer) == [("released", None)]
    [item] = await hall.town.fetch("select started_at, ended_at from add_on_assignments")
    assert item["ended_at"] is not None
    assert await hall.town.fetch("select from user_packages") == []
    assert await hall.town.value(int, "select sum(assigned)::int from unit_quantities") == 0
    assert await hall.admin(customer)
    assert (await hall.town.audit(customer))[-1] == "subscription_cancelled"


async def test_cancelled_already_is_no_op(hall: Hall) -> None:
    """Whoever cancels again, or at the same time, gets the same answer, and it is written once (PO-08, P10)."""
    customer = await hall.customer()
    told = await asyncio.gather(*(cancel(hall, licences_of(customer)) for _ in range(5)))
    assert len({each.model_dump_json() for each in told}) == 1
    before = await hall.facts()
    await hall.town.advance(DAY)
    assert await cancel(hall, licences_of(customer)) == told[0]
    after = await hall.facts()
    assert {name for name in before if before[name] != after[name]} <= {"installation", "feeds"}
    assert (await hall.town.audit(customer)).count("subscription_cancelled") == 1


async def test_nothing_brings_it_back(hall: Hall) -> None:
    """A cancelled customer is created anew; no expiry, restoration or grant reported of its licences changes them (Q-29, RP-03)."""
    customer = await hall.customer()
    licence_set_id, licences = licences_of(customer), hall.town.licences
    expire = ExpireLicences(licence_set_id=licence_set_id, expired_at=await hall.town.now())
    assert await hall.refused(licences.expire(SERVICE, expire)) is RefusalCode.MANAGED_BY_WHOLESALE
    await cancel(hall, licence_set_id)
    restore = RestoreLicences(licence_set_id=licence_set_id, by=RestoredBy.PAID_SUBSCRIPTION)
    assert await hall.refused(licences.restore(SERVICE, restore)) is RefusalCode.MANAGED_BY_WHOLESALE
    grant = GrantLicences(
        licence_set_id=licence_set_id, organisation_id=customer, kind=LicenceKind.SUBSCRIPTION, services=("messaging",)
    )
    assert await hall.refused(licences.grant(SERVICE, grant)) is RefusalCode.LICENCE_SET_EXISTS
    await end_grace(hall, customer)
    assert await hall.refused(licences.restore(SERVICE, restore)) is RefusalCode.IRREVERSIBLE


async def test_licences_that_are_to_come_are_taken(hall: Hall) -> None:
    """The set that a customer will have once its account is ready is nobody else's to be granted (P11)."""
    customer = await newcomer(hall, "provisioning")
    grant = GrantLicences(
        licence_set_id=licences_of(customer),
        organisation_id=await hall.town.organisation(),
        kind=LicenceKind.SUBSCRIPTION,
    )
    assert await hall.refused(hall.town.licences.grant(SERVICE, grant)) is RefusalCode.LICENCE_SET_EXISTS


async def test_it_is_marked_after_its_grace(hall: Hall) -> None:
    """60 days after the cancellation the licences are removed, and the organisation is marked by the rules of all (RP-01, RP-05, DM-01)."""
    customer = await hall.customer()
    await cancel(hall, licences_of(customer))
    assert await hall.town.state(customer) is OrganisationState.LIVE
    assert await end_grace(hall, customer) is GraceOutcome.REMOVED
    assert await hall.town.state(customer) is OrganisationState.MARKED
    told = await pay(hall, licences_of(customer), PaymentState.PAID)
    assert told.statuses == (CustomerStatus.TO_BE_DELETED, EXPIRED)


@pytest.mark.parametrize("state", ["screening", "pending_rpl_review", "provisioning", "error"])
async def test_what_never_had_licences_is_not_marked(hall: Hall, state: str) -> None:
    """It holds nothing, and neither time, nor the repair, nor an import, nor a partner that leaves it marks it (DM-01, decision 4)."""
    customer = await newcomer(hall, state)
    async with hall.town.database.read() as connection:
        assert (await marking.holdings(connection, customer))["licence_sets_held"] == 0
    await hall.town.advance(400 * DAY)
    await PostgresProcesses(hall.town.database).require_missing()
    row = f'{{"record": "organisation", "organisation_id": "{customer}", "name": "Works", "country": "DE"}}'
    report = await PostgresImports(hall.town.database, hall.town.rules, shipped()).store(
        OPERATOR, row.encode(), JSON_LINES
    )
    assert report.errors == ()
    await hall.town.organisations.unmanage(SERVICE, Manage(partner_id=hall.north.partner_id, organisation_id=customer))
    assert await hall.town.state(customer) is OrganisationState.LIVE
    assert not [one for one in await hall.town.processes(customer) if one.startswith("deletion/")]


async def test_other_licences_outlive_it(hall: Hall) -> None:
    """What the customer has bought beside it stays as it is, and keeps it from being marked and from having expired (DP-02)."""
    customer = await hall.customer()
    await hall.town.buy(customer)
    told = await cancel(hall, licences_of(customer))
    assert told.statuses == (SUBSCRIPTION,)
    assert await end_grace(hall, customer) is GraceOutcome.REMOVED
    assert await hall.town.state(customer) is OrganisationState.LIVE


async def test_a_change_of_address_that_waits_is_over(hall: Hall) -> None:
    """The old address stays, and its process is woken to end; the review goes on (RPL-17, RPL-15)."""
    customer = await hall.customer()
    await hall.town.execute(
        "insert into address_changes (organisation_id, generation, state, billing_address, requested_at, state_since)"
        " values ($1, 1, 'address_pending_rpl_review', '{}', business_now(), business_now())",
        customer,
    )
    await hall.town.execute(
        "insert into processes (workflow_id, type, organisation_id, input, state, created_at)"
        " values ('address-change/' || $1 || '/1', 'AddressChange', $1, '{}', 'started', business_now())",
        customer,
    )
    await cancel(hall, licences_of(customer))
    [change] = await hall.town.fetch("select state, reason from address_changes")
    assert tuple(change) == ("error", "subscription_cancelled")
    assert await hall.town.value(int, "select wakes from processes where type = 'AddressChange'") > 0
    assert "address_change_ended" in await hall.town.audit(customer)


async def test_unpaid_is_suspended_until_it_is_paid(hall: Hall) -> None:
    """An unpaid subscription makes the customer suspended, and paying clears it; the same again is written once (BIL-03)."""
    customer = await hall.customer()
    licence_set_id = licences_of(customer)
    for _ in range(2):
        told = await pay(hall, licence_set_id, PaymentState.UNPAID, provider(hall.north))
        assert (told.payment_state, told.statuses) == (PaymentState.UNPAID, (SUSPENDED, SETUP))
    for _ in range(2):
        told = await pay(hall, licence_set_id, PaymentState.PAID, OPERATOR)
        assert told.statuses == (SETUP, SUBSCRIPTION)
    assert (await hall.town.audit(customer)).count("payment_state_set") == 2


async def test_the_invoice_is_the_service_providers_own(hall: Hall) -> None:
    """A reference that it gave is shown, and empty where it gave none; nothing is billed here (BIL-01, BIL-02)."""
    customer = await hall.customer()
    licence_set_id = licences_of(customer)
    assert (await pay(hall, licence_set_id, PaymentState.PAID)).invoice_reference is None
    await hall.town.execute("update licence_sets set invoice_reference = 'R-2026-7'")
    assert (await pay(hall, licence_set_id, PaymentState.PAID)).invoice_reference == "R-2026-7"


async def test_what_is_used_up_is_shown(hall: Hall, office: Office) -> None:
    """The partner sees that nothing is left, and can sell more; beyond that nothing is assigned, and nothing is charged (BIL-01, BIL-04, Q-06)."""
    customer = await hall.customer(packages={"suite": 1})
    [used] = (await customers(hall).show(provider(hall.north), customer)).quantities
    assert (used.limit, used.assigned) == (1, 1)
    assert await hall.refused(office.user(customer, "ada")) is RefusalCode.PACKAGE_QUANTITY_EXCEEDED
    now = await hall.town.now()
    bill = await office.users.billable_items(office.north, hall.north.partner_id, from_=now - DAY, to=now + DAY)
    assert bill.items == ()


async def test_whose_it_is(hall: Hall) -> None:
    """Another partner finds nothing; who only reads, does not sell or reviews may do neither; a stranger is no subscription (P14, PO-04)."""
    customer = await hall.customer()
    licence_set_id, bought = licences_of(customer), await hall.town.organisation()
    await hall.town.buy(bought)
    [row] = await hall.town.fetch("select licence_set_id from licence_sets where organisation_id = $1", bought)
    refusals = [
        (provider(hall.south), licence_set_id, RefusalCode.SUBSCRIPTION_NOT_FOUND),
        (seller(hall.south), licence_set_id, RefusalCode.SUBSCRIPTION_NOT_FOUND),
        (SERVICE, LicenceSetId("lic_nobody"), RefusalCode.SUBSCRIPTION_NOT_FOUND),
        (SERVICE, LicenceSetId(row["licence_set_id"]), RefusalCode.SUBSCRIPTION_NOT_FOUND),
        (reader(hall.north), licence_set_id, RefusalCode.FORBIDDEN),
        (REVIEWER, licence_set_id, RefusalCode.FORBIDDEN),
        (helper(hall.north), licence_set_id, RefusalCode.ROLE_NOT_ALLOWED),
    ]
    for caller, known, code in refusals:
        assert await hall.refused(cancel(hall, known, caller)) is code
        assert await hall.refused(pay(hall, known, PaymentState.UNPAID, caller)) is code
    assert (await cancel(hall, licence_set_id, seller(hall.north))).state is LicenceState.SUSPENDED
