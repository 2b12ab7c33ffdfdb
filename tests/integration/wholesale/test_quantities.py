"""Quantities of packages and add-ons: stated, raised and lowered, and what speaks against it (PKG-05, PKG-10 to PKG-12)."""

from typing import Any

import pytest

from tenure.contracts.package import MOST_UNITS, Quantity, SetQuantities, UnitKind
from tenure.errors import Refusal
from tests.integration.wholesale.hall import helper, provider, reader
from tests.integration.wholesale.office import ATTENDANT, PLAN, Office, phone


async def test_the_limit_may_be_reached_and_not_passed(office: Office) -> None:
    """Exactly as many as were stated: one more is refused, with the limit and what is assigned (PKG-05, PKG-06)."""
    org = await office.hall.customer(packages={"suite": 3})
    await office.user(org, "ann")
    await office.user(org, "bob")
    with pytest.raises(Refusal) as refusal:
        await office.user(org, "carl")
    assert refusal.value.code == "package_quantity_exceeded"
    assert refusal.value.details == {"code": "suite", "limit": 3, "assigned": 3, "requested": 1}
    assert await office.refused(office.user(org, "carl", "calling")) == "package_quantity_exceeded"
    await office.balance(org)


async def test_a_raised_quantity_may_be_assigned_at_once(office: Office) -> None:
    """The last value that the service provider sent holds; codes that are not named stay (PKG-11, PKG-12)."""
    org = await office.hall.customer(packages={"suite": 1, "calling": 4}, add_ons={ATTENDANT: 2})
    assert await office.refused(office.user(org, "ann")) == "package_quantity_exceeded"
    answer = await office.quantities(org, {"suite": 2, "meetings": 1})
    assert answer.quantities == (
        Quantity(kind=UnitKind.PACKAGE, code="calling", limit=4, assigned=0),
        Quantity(kind=UnitKind.PACKAGE, code="meetings", limit=1, assigned=0),
        Quantity(kind=UnitKind.PACKAGE, code="suite", limit=2, assigned=1),
        Quantity(kind=UnitKind.ADD_ON, code=ATTENDANT, limit=2, assigned=0),
    )
    await office.user(org, "ann")
    await office.user(org, "bob", "meetings")
    await office.quantities(org, {"calling": 0}, {ATTENDANT: 5})
    assert await office.units(org) == {"suite": (2, 2), "calling": (0, 0), "meetings": (1, 1), ATTENDANT: (0, 5)}
    before = await office.hall.facts()
    await office.quantities(org, {"calling": 0, "suite": 2})
    assert await office.hall.facts() == before
    assert (await office.audited(org)).count("quantities_set") == 2


@pytest.mark.parametrize(
    ("packages", "add_ons", "code"),
    [
        ({"premium": 1}, {}, "unknown_package"),
        ({"premium": 0}, {}, "unknown_package"),
        ({}, {"fax": 1}, "unknown_add_on"),
        ({"calling": -1}, {}, "invalid_quantity"),
        ({"calling": MOST_UNITS + 1}, {}, "invalid_quantity"),
        ({}, {ATTENDANT: -1}, "invalid_quantity"),
        ({}, {PLAN: 4}, "add_on_not_available"),
        ({"suite": 1}, {}, "quantity_below_assigned"),
        ({"suite": 0}, {}, "quantity_below_assigned"),
        ({}, {ATTENDANT: 0}, "quantity_below_assigned"),
        ({"calling": 9, "suite": 1}, {}, "quantity_below_assigned"),
    ],
)
async def test_quantities_that_a_customer_cannot_have(
    office: Office, packages: dict[str, int], add_ons: dict[str, int], code: str
) -> None:
    """Each refusal has its code, and none of what came with it is stored (PKG-10, PKG-11, ADD-02, ADD-04)."""
    org = await office.hall.customer(packages={"suite": 4, "calling": 1}, add_ons={ATTENDANT: 1, PLAN: 3})
    await office.user(org, "ann", add_ons=[ATTENDANT])
    assert await office.refused(office.quantities(org, packages, add_ons)) == code


async def test_what_is_assigned_is_the_least(office: Office) -> None:
    """As low as what is assigned, and no lower; what is not available may be lowered (PKG-11, ADD-02)."""
    org = await office.hall.customer(packages={"suite": 4}, add_ons={PLAN: 3})
    await office.user(org, "ann")
    with pytest.raises(Refusal) as refusal:
        await office.quantities(org, {"suite": 1})
    assert refusal.value.details == {"code": "suite", "limit": 4, "assigned": 2, "requested": 1}
    await office.quantities(org, {"suite": 2}, {PLAN: 1})
    assert await office.units(org) == {"suite": (2, 2), PLAN: (0, 1)}


async def test_the_first_full_admin_keeps_a_package(office: Office) -> None:
    """Before the account is there one package of the creation is its first admin's, and cannot be taken away (ADM-04)."""
    org = await office.hall.customer(packages={"suite": 2, "calling": 3})
    await office.town.execute("update unit_quantities set assigned = 0 where organisation_id = $1", org)
    await office.become(org, "screening")
    assert await office.refused(office.quantities(org, {"suite": 0})) == "invalid_quantity"
    await office.quantities(org, {"suite": 1, "calling": 0})


@pytest.mark.parametrize(
    ("state", "reason", "code"),
    [
        ("received", None, None),
        ("screening", None, None),
        ("pending_rpl_review", None, None),
        ("provisioning", None, None),
        ("error", "provisioning_failed", None),
        ("active", None, None),
        ("error", "rpl_unresolved", "onboarding_failed"),
        ("cancelled", None, "customer_cancelled"),
    ],
)
async def test_quantities_may_be_raised_at_any_time_until_it_is_over(
    office: Office, state: str, reason: str | None, code: str | None
) -> None:
    """Also while a customer is screened, reviewed or built (PKG-11)."""
    org = await office.hall.customer(packages={"suite": 1})
    await office.become(org, state, reason)
    if code is None:
        await office.quantities(org, {"suite": 5})
        assert (await office.units(org))["suite"] == (1, 5)
    else:
        assert await office.refused(office.quantities(org, {"suite": 5})) == code


async def test_quantities_are_the_service_providers(office: Office) -> None:
    """Nobody else states them, and another partner finds no customer (PKG-12, P14)."""
    org = await office.hall.customer()
    command = SetQuantities(organisation_id=org, packages={"suite": 50})
    refusals: list[tuple[Any, str]] = [
        (provider(office.hall.south), "customer_not_found"),
        (reader(office.hall.north), "forbidden"),
        (helper(office.hall.north), "role_not_allowed"),
    ]
    for caller, code in refusals:
        assert await office.refused(office.users.set_quantities(caller, command)) == code


async def test_the_same_key_answers_the_same(office: Office) -> None:
    """A raise that is sent again later does not undo a newer one (P10)."""
    org = await office.hall.customer(packages={"suite": 1})
    keyed = office.north.model_copy(update={"key": "raise"})
    command = SetQuantities(organisation_id=org, packages={"suite": 5})
    first = await office.users.set_quantities(keyed, command)
    await office.quantities(org, {"suite": 9})
    assert await office.users.set_quantities(keyed, command) == first
    assert (await office.units(org))["suite"] == (1, 9)


async def test_calling_stays_while_a_location_has_a_number(office: Office) -> None:
    """The last package with calling is not lowered to none under a location's number (NUM-02)."""
    org = await office.hall.customer(package="meetings", packages={"meetings": 3, "calling": 1})
    await office.assign(org, "Lobby", phone(1))
    assert await office.refused(office.quantities(org, {"calling": 0})) == "calling_not_entitled"
    await office.quantities(org, {"calling": 0, "suite": 1})
