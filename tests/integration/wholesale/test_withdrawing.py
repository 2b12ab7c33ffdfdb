"""The end of a customer's services: everything that was assigned is free, and the people are still there (PO-08, ADD-05)."""

from datetime import timedelta

from adapters.postgres.wholesale import rows
from adapters.postgres.wholesale.adding import add
from adapters.postgres.wholesale.withdrawing import withdraw
from adapters.postgres.wholesale.work import Work
from tenure.contracts.organisation import Role
from tenure.contracts.user import UserItem
from tenure.ids import OrganisationId
from tenure.policy.package import Packages
from tenure.policy.rules import DEFAULT
from tests.integration.wholesale.office import ATTENDANT, SOLD, Office, number, person, phone


async def _withdraw(office: Office, organisation_id: OrganisationId) -> None:
    """As the cancelling of the last subscription does."""
    async with office.town.database.write() as connection:
        customer, _ = await rows.lock_customer(connection, organisation_id)
        await withdraw(await Work.now(connection, customer, Packages(SOLD, DEFAULT), "operator:ada"))


async def test_nothing_is_assigned_any_more(office: Office) -> None:
    """Packages and numbers are given back, the bill of an add-on ends, and another customer's stay (ADD-05, PO-08)."""
    org, other = [await office.hall.customer(packages={"suite": 5}, add_ons={ATTENDANT: 2}) for _ in range(2)]
    for place, each in enumerate((org, other)):
        await office.run(
            each,
            person("ann", add_ons=[ATTENDANT]),
            number(2 * place, to="ann"),
            number(2 * place + 1, location="Hall"),
        )
    there = await office.people(other)
    await _withdraw(office, org)
    assert await office.people(org) == {}
    assert await office.units(org) == {"suite": (0, 0), ATTENDANT: (0, 0)}
    now = await office.town.now() + timedelta(seconds=1)
    partner = office.hall.north.partner_id
    bill = await office.users.billable_items(office.north, partner, from_=now - timedelta(days=1), to=now)
    assert [(item.organisation_id, item.ended_at is None) for item in bill.items] == [(org, False), (other, True)]
    assert await office.people(other) == there
    await office.assign(other, "Reception", phone(0))
    await office.assign(other, "Workshop", phone(1))
    people = await office.town.fetch("select name from people where organisation_id = $1 order by name", org)
    assert [row["name"] for row in people] == ["Eve", "ann@works.example"]


async def test_who_comes_again_finds_their_people(office: Office) -> None:
    """In an organisation that is onboarded again, as a partner's own may be, the full admin is the same person (PO-07, Q-29)."""
    org = await office.hall.customer(packages={"suite": 5})
    eve = await office.administrator(org)
    await _withdraw(office, org)
    await office.quantities(org, {"suite": 1})
    [address] = await office.town.fetch("select email from people where person_id = $1", eve)
    async with office.town.database.write() as connection:
        customer, _ = await rows.lock_customer(connection, org)
        work = await Work.now(connection, customer, Packages(SOLD, DEFAULT), "timer")
        first = UserItem(email=address["email"], package="suite", role=Role.CUSTOMER_FULL_ADMIN)
        await add(work, first)
    [user] = await office.town.fetch("select person_id from user_packages where organisation_id = $1", org)
    assert user["person_id"] == eve
    await office.balance(org)
