"""Random lives of a customer's users on a real Postgres: the rules hold after every command, alone or beside others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.contracts.organisation import Role
from tenure.contracts.user import AddOnCommand, DeleteUser, ReleaseNumber, User, UserRole
from tenure.errors import Refusal
from tenure.ids import OrganisationId, PersonId
from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.integration.wholesale.hall import Hall
from tests.integration.wholesale.office import ATTENDANT, Office, number, person, phone

CREATION = "calling"
WITH_CALLING = {"calling", "suite", "voice"}
NAMES = st.sampled_from(["eve", "ann", "bob", "carl", "dora"])
PACKAGES = st.sampled_from(["calling", "calling", "suite", "meetings"])
ROLES: Final[st.SearchStrategy[UserRole]] = st.sampled_from([Role.USER, Role.CUSTOMER_ADMIN, Role.CUSTOMER_FULL_ADMIN])
PHONES = st.integers(0, 2)


@dataclass(frozen=True)
class Scene:
    """The office, one customer, and who is there at the beginning of a command."""

    office: Office
    org: OrganisationId
    people: dict[str, User]

    def id_of(self, name: str) -> PersonId:
        """Somebody's id, or nobody's."""
        return self.people[name].person_id if name in self.people else PersonId("per_nobody")

    def add_on(self, name: str) -> AddOnCommand:
        """The add-on of somebody."""
        return AddOnCommand(organisation_id=self.org, user_id=self.id_of(name), add_on=ATTENDANT)


type Move = Callable[[Scene], Awaitable[object]]


def _create(name: str, package: str, role: UserRole, add_on: bool) -> Move:
    add_ons = [ATTENDANT] if add_on else []
    return lambda scene: scene.office.user(scene.org, name, package, role=role, add_ons=add_ons)


def _delete(name: str) -> Move:
    return lambda scene: scene.office.users.delete(
        scene.office.north, DeleteUser(organisation_id=scene.org, user_id=scene.id_of(name))
    )


def _run(names: list[str], package: str, role: UserRole, last: int) -> Move:
    return lambda scene: scene.office.run(
        scene.org, *(person(name, package, role=role, add_ons=[ATTENDANT]) for name in names), number(last, to=names[0])
    )


def _release(last: int) -> Move:
    return lambda scene: scene.office.users.release_number(
        scene.office.north, ReleaseNumber(organisation_id=scene.org, phone_number=phone(last))
    )


MOVES: Final[st.SearchStrategy[Move]] = st.one_of(
    st.builds(_create, NAMES, PACKAGES, ROLES, st.booleans()),
    st.builds(_delete, NAMES),
    st.builds(lambda name, package: lambda s: s.office.change(s.org, s.id_of(name), package), NAMES, PACKAGES),
    st.builds(lambda name, role: lambda s: s.office.promote(s.org, s.id_of(name), role), NAMES, ROLES),
    st.builds(lambda name: lambda s: s.office.users.assign_add_on(s.office.north, s.add_on(name)), NAMES),
    st.builds(lambda name: lambda s: s.office.users.remove_add_on(s.office.north, s.add_on(name)), NAMES),
    st.builds(lambda code, units: lambda s: s.office.quantities(s.org, {code: units}), PACKAGES, st.integers(-1, 4)),
    st.builds(lambda name, last: lambda s: s.office.assign(s.org, s.id_of(name), phone(last)), NAMES, PHONES),
    st.builds(_release, PHONES),
    st.builds(_run, st.lists(NAMES, min_size=1, max_size=3), PACKAGES, ROLES, PHONES),
)


@pytest.fixture(scope="module")
async def office(fresh_database: FreshDatabase) -> AsyncIterator[Office]:
    """One office for all lives; each has a customer of its own."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT) as town:
        yield Office(await Hall.open(town))


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(turns=st.lists(st.lists(MOVES, min_size=1, max_size=3), min_size=4, max_size=10))
async def test_the_rules_hold_whatever_happens(office: Office, turns: list[list[Move]]) -> None:
    """What is counted is what is there, never more than may be; a number is where calling is; a refusal changed nothing.

    Everybody has one package, and administrators the creation's, also where commands come at once (PKG-02, PKG-06, PKG-07, PKG-09, PKG-11, ADD-04, ADM-01 to ADM-06, NUM-02, PRV-04, PRV-05, XC-05).
    """
    org = await office.hall.customer(
        package=CREATION, packages={"calling": 3, "suite": 2, "meetings": 1}, add_ons={ATTENDANT: 2}
    )
    await office.town.execute("update people set email = 'eve@works.example' where organisation_id = $1", org)
    for moves in turns:
        before, people = await _facts(office, org), await office.people(org)
        scene = Scene(office, org, people)
        answers = await asyncio.gather(*(move(scene) for move in moves), return_exceptions=True)
        assert not [each for each in answers if isinstance(each, BaseException) and not isinstance(each, Refusal)]
        if all(isinstance(answer, Refusal) for answer in answers):
            assert await _facts(office, org) == before
        await office.balance(org, CREATION)
        for user in (await office.people(org)).values():
            assert not user.phone_numbers or user.package in WITH_CALLING
    await office.town.execute(
        "update phone_numbers set state = 'released', person_id = null, location = null where organisation_id = $1", org
    )


async def _facts(office: Office, organisation_id: OrganisationId) -> list[object]:
    """What there is of a customer."""
    return [
        await office.people(organisation_id),
        await office.units(organisation_id),
        await office.hall.numbers(organisation_id),
        await office.audited(organisation_id),
    ]
