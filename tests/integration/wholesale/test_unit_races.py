"""The last unit under concurrency: checked and taken in one step, whoever wants it by whichever way (PKG-07)."""

import asyncio
from collections.abc import Awaitable, Sequence

import pytest

from adapters.postgres.wholesale.units import take_unit
from tenure.contracts.package import UnitKind
from tenure.contracts.user import AddOnCommand, ItemOutcome, User
from tenure.errors import Refusal
from tests.integration.wholesale.office import ATTENDANT, Office, person


def _codes(answers: Sequence[object]) -> list[str]:
    return [str(answer.code) for answer in answers if isinstance(answer, Refusal)]


async def test_the_last_unit_is_taken_once_whatever_else_is_locked(office: Office) -> None:
    """The count alone decides, in one statement, without the lock of the organisation (PKG-07)."""
    org = await office.hall.customer(packages={"suite": 2})
    everybody = asyncio.Barrier(12)

    async def take() -> None:
        async with office.town.database.write() as connection:
            await everybody.wait()
            await take_unit(connection, org, UnitKind.PACKAGE, "suite")

    answers = await asyncio.gather(*(take() for _ in range(12)), return_exceptions=True)
    assert answers.count(None) == 1
    assert _codes(answers) == 11 * ["package_quantity_exceeded"]
    assert await office.units(org) == {"suite": (2, 2)}


async def test_of_fifty_who_are_added_at_once_one_gets_the_last_package(office: Office) -> None:
    """Fifty users, one unit: one is created, and 49 are refused (PKG-07)."""
    org = await office.hall.customer(packages={"suite": 2})
    answers = await asyncio.gather(*(office.user(org, f"user{place}") for place in range(50)), return_exceptions=True)
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert _codes(answers) == 49 * ["package_quantity_exceeded"]
    assert await office.units(org) == {"suite": (2, 2)}
    await office.balance(org)


async def test_of_fifty_who_change_at_once_one_gets_the_last_package(office: Office) -> None:
    """Fifty users of one package, one unit of another: one moves, and the others keep what they have (PKG-07, PKG-09)."""
    org = await office.hall.customer(packages={"suite": 2, "calling": 50})
    await office.run(org, *(person(f"user{place}", "calling") for place in range(50)))
    people = [user for user in (await office.people(org)).values() if user.package == "calling"]
    answers = await asyncio.gather(
        *(office.change(org, user.person_id, "suite") for user in people), return_exceptions=True
    )
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert _codes(answers) == 49 * ["package_quantity_exceeded"]
    assert await office.units(org) == {"suite": (2, 2), "calling": (49, 50)}
    await office.balance(org)


async def test_by_all_ways_at_once_one_gets_the_last_package(office: Office) -> None:
    """Added, changed, or in a run of provisioning: one of them all (PKG-07, PRV-05)."""
    org = await office.hall.customer(packages={"suite": 2, "calling": 10})
    movers = [await office.user(org, f"mover{place}", "calling") for place in range(5)]
    ways: list[Awaitable[object]] = [office.user(org, f"new{place}") for place in range(5)]
    ways += [office.change(org, user.person_id, "suite") for user in movers]
    ways += [office.run(org, *(person(f"run{run}-{place}") for place in range(3))) for run in range(5)]
    answers = await asyncio.gather(*ways, return_exceptions=True)
    items = [item for answer in answers if isinstance(answer, tuple) for item in answer]
    won = sum(isinstance(answer, User) for answer in answers)
    won += sum(item.outcome is ItemOutcome.CREATED for item in items)
    lost = [*_codes(answers), *(item.code for item in items if item.code is not None)]
    assert (won, lost) == (1, 24 * ["package_quantity_exceeded"])
    await office.balance(org)


async def test_of_many_one_gets_the_last_add_on(office: Office) -> None:
    """Add-ons are capped as packages are (ADD-04, PKG-07)."""
    org = await office.hall.customer(packages={"suite": 21}, add_ons={ATTENDANT: 1})
    await office.run(org, *(person(f"user{place}") for place in range(20)))
    people = (await office.people(org)).values()
    answers = await asyncio.gather(
        *(
            office.users.assign_add_on(
                office.north, AddOnCommand(organisation_id=org, user_id=user.person_id, add_on=ATTENDANT)
            )
            for user in people
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert _codes(answers) == 20 * ["add_on_quantity_exceeded"]
    await office.balance(org)


async def test_a_unit_that_becomes_free_is_given_once(office: Office) -> None:
    """One user moves away while twenty want the unit: at most one gets it, and the count is right (PKG-07, PKG-08)."""
    org = await office.hall.customer(packages={"suite": 2, "calling": 1})
    ann = await office.user(org, "ann")
    answers = await asyncio.gather(
        office.change(org, ann.person_id, "calling"),
        *(office.user(org, f"user{place}") for place in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, User) for answer in answers[1:]) <= 1
    assert set(_codes(answers)) == {"package_quantity_exceeded"}
    await office.balance(org)


@pytest.mark.parametrize("lowered", [2, 3])
async def test_quantities_are_lowered_while_users_are_added(office: Office, lowered: int) -> None:
    """Either the users are there and the lower quantity is refused, or it holds and they are (PKG-07, PKG-11)."""
    org = await office.hall.customer(packages={"suite": 4})
    answers = await asyncio.gather(
        *(office.user(org, f"user{place}") for place in range(3)),
        office.quantities(org, {"suite": lowered}),
        return_exceptions=True,
    )
    assert _codes(answers)
    assert set(_codes(answers)) <= {"package_quantity_exceeded", "quantity_below_assigned"}
    await office.balance(org)


async def test_one_address_at_once_is_one_user(office: Office) -> None:
    """However often it is sent at the same time: one user, one unit, one answer for all (USR-03, PKG-02)."""
    org = await office.hall.customer(packages={"suite": 9})
    answers = await asyncio.gather(*(office.user(org, "ann") for _ in range(10)), office.run(org, person("ANN")))
    people = {answer.person_id for answer in answers if isinstance(answer, User)}
    assert len(people) == 1
    assert await office.units(org) == {"suite": (2, 9)}
