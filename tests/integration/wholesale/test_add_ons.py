"""Add-ons: on top of a package, capped, and billed from their beginning to their end (ADD-01 to ADD-05)."""

from datetime import timedelta

from tenure.contracts.organisation import Role
from tenure.contracts.user import AddOnCommand, CreateUser, DeleteUser, User
from tenure.ids import PartnerId, PersonId
from tenure.policy.catalogue import shipped
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, provider, reader
from tests.integration.wholesale.office import ATTENDANT, PLAN, Office, address

DAY = timedelta(days=1)


async def test_no_package_comes_with_an_add_on(office: Office) -> None:
    """They are billed apart, none is in a package or given by default, and none ships as available (ADD-01, ADD-02)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 5})
    assert {add_on.code for add_on in shipped().add_ons} == {ATTENDANT, PLAN}
    assert not [add_on for add_on in shipped().add_ons if add_on.available]
    assert not {ATTENDANT, PLAN} & {service for package in shipped().packages for service in package.services}
    assert (await office.user(org, "ann")).add_ons == ()
    as_shipped = Office(office.hall, catalogue=shipped())
    assert await as_shipped.refused(as_shipped.user(org, "bob", add_ons=[ATTENDANT])) == "add_on_not_available"


async def test_an_add_on_is_given_and_taken_back(office: Office) -> None:
    """On top of the package; again, nothing happens, and neither does taking back what is not there (ADD-03)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 1})
    ann = await office.user(org, "ann")
    given = await office.users.assign_add_on(office.north, _add_on(ann))
    assert (given.package, given.add_ons) == ("suite", (ATTENDANT,))
    before = await office.hall.facts()
    assert await office.users.assign_add_on(office.north, _add_on(ann)) == given
    assert await office.hall.facts() == before
    assert (await office.users.remove_add_on(office.north, _add_on(ann))).add_ons == ()
    before = await office.hall.facts()
    assert (await office.users.remove_add_on(office.north, _add_on(ann))).add_ons == ()
    assert await office.hall.facts() == before
    assert await office.units(org) == {"suite": (2, 10), ATTENDANT: (0, 1)}


async def test_what_speaks_against_an_add_on(office: Office) -> None:
    """Never instead of a package, never more than stated, never what is not available (ADD-02, ADD-03, ADD-04)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 1, PLAN: 4})
    ann, bob = await office.user(org, "ann"), await office.user(org, "bob")
    await office.users.assign_add_on(office.north, _add_on(ann))
    without = await office.hall.person("guest", org, Role.PARTNER_ADMIN)
    for command, code in [
        (_add_on(bob), "add_on_quantity_exceeded"),
        (_add_on(bob, PLAN), "add_on_not_available"),
        (_add_on(bob, "fax"), "unknown_add_on"),
        (_add_on(bob, person_id=without), "package_required"),
        (_add_on(bob, person_id=PersonId("per_nobody")), "user_not_found"),
    ]:
        assert await office.refused(office.users.assign_add_on(office.north, command)) == code
    await office.users.remove_add_on(office.north, _add_on(ann))
    await office.users.assign_add_on(office.north, _add_on(bob))
    await office.balance(org)


async def test_a_user_of_another_customer_is_none_here(office: Office) -> None:
    """Each command names the customer, and the user must be one of it (P14)."""
    org, other = await office.hall.customer(add_ons={ATTENDANT: 1}), await office.hall.customer(add_ons={ATTENDANT: 1})
    stranger = await office.user(other, "ann")
    command = _add_on(stranger).model_copy(update={"organisation_id": org})
    assert await office.refused(office.users.assign_add_on(office.north, command)) == "user_not_found"


async def test_billable_items_have_a_beginning_and_an_end(office: Office) -> None:
    """An item lasts from its assignment to its removal, be it with its user, and outlives both (ADD-05, Q-34)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 2})
    start = await office.town.now()
    ann, bob = await office.user(org, "ann", add_ons=[ATTENDANT]), await office.user(org, "bob", add_ons=[ATTENDANT])
    await office.town.advance(10 * DAY)
    await office.users.remove_add_on(office.north, _add_on(ann))
    await office.town.advance(10 * DAY)
    await office.users.delete(office.north, DeleteUser(organisation_id=org, user_id=bob.person_id))
    await office.user(org, "carl", add_ons=[ATTENDANT])
    end = await office.town.now() + DAY
    page = await office.users.billable_items(office.north, office.hall.north.partner_id, from_=start, to=end)
    assert [item.person_id for item in page.items[:2]] == [ann.person_id, bob.person_id]
    assert [(item.organisation_id, item.add_on) for item in page.items] == 3 * [(org, ATTENDANT)]
    lasted = [None if item.ended_at is None else (item.ended_at - item.started_at).days for item in page.items]
    assert lasted == [10, 20, None]


async def test_a_bill_is_of_its_time_and_of_its_partner(office: Office) -> None:
    """What ended before or begins later is not on it; pages leave nothing out; another partner's is refused (ADD-05)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 5})
    elsewhere = await office.hall.customer(side=office.hall.south, add_ons={ATTENDANT: 5})
    partner = office.hall.north.partner_id
    ann = await office.user(org, "ann", add_ons=[ATTENDANT])
    south = await office.users.create(
        OPERATOR, CreateUser(organisation_id=elsewhere, email=address("sue"), package="suite")
    )
    await office.users.assign_add_on(provider(office.hall.south), _add_on(south))
    await office.town.advance(DAY)
    await office.users.remove_add_on(office.north, _add_on(ann))
    middle = await office.town.now()
    await office.town.advance(DAY)
    people = [await office.user(org, f"late{place}", add_ons=[ATTENDANT]) for place in range(3)]
    now = await office.town.now()
    earlier = await office.users.billable_items(
        reader(office.hall.north), partner, from_=middle - 2 * DAY, to=middle + DAY / 2
    )
    assert [item.person_id for item in earlier.items] == [ann.person_id]
    first = await office.users.billable_items(office.north, partner, from_=middle, to=now, limit=2)
    rest = await office.users.billable_items(
        office.north, partner, from_=middle, to=now, after=first.next_after, limit=2
    )
    assert [item.person_id for item in (*first.items, *rest.items)] == [user.person_id for user in people]
    assert (len(first.items), rest.next_after) == (2, None)
    for caller, whose, code in [
        (provider(office.hall.south), partner, "forbidden"),
        (REVIEWER, partner, "forbidden"),
        (OPERATOR, PartnerId("ptr_nobody"), "partner_not_found"),
    ]:
        asked = office.users.billable_items(caller, whose, from_=middle, to=now)
        assert await office.refused(asked) == code


def _add_on(user: User, code: str = ATTENDANT, person_id: PersonId | None = None) -> AddOnCommand:
    return AddOnCommand(organisation_id=user.organisation_id, user_id=person_id or user.person_id, add_on=code)
