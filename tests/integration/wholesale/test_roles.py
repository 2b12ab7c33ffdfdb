"""Administrators hold the package that the organisation was created with, on every route (ADM-01 to ADM-07, PKG-09)."""

import asyncio
from typing import Final

import pytest

from tenure.contracts.organisation import Role
from tenure.contracts.user import DeleteUser, User, UserRole
from tenure.errors import Refusal
from tenure.ids import OrganisationId, PersonId
from tenure.policy.rules import DEFAULT
from tests.integration.wholesale.hall import Hall
from tests.integration.wholesale.office import Office, person

FULL: Final = Role.CUSTOMER_FULL_ADMIN
ADMIN: Final = Role.CUSTOMER_ADMIN
ADMINS: Final[list[UserRole]] = [ADMIN, FULL]
FOUR = {"suite": 9, "calling": 9, "meetings": 9, "voice": 9}


async def _customer(office: Office) -> OrganisationId:
    """One that was created with `calling`: there are packages above and below it."""
    return await office.hall.customer(package="calling", packages=FOUR)


async def test_a_package_is_replaced_in_one_step(office: Office) -> None:
    """A unit of the new one is taken, one of the old one freed; the same again does nothing (PKG-09)."""
    org = await _customer(office)
    ann = await office.user(org, "ann", "meetings")
    changed = await office.change(org, ann.person_id, "suite")
    assert (changed.package, changed.services) == ("suite", ("messaging", "meetings", "calling"))
    assert (await office.units(org)) == {"suite": (1, 9), "calling": (1, 9), "meetings": (0, 9), "voice": (0, 9)}
    before = await office.hall.facts()
    assert await office.change(org, ann.person_id, "suite") == changed
    assert await office.hall.facts() == before


async def test_without_a_unit_of_the_target_nothing_changes(office: Office) -> None:
    """The user keeps the old package, and its unit (PKG-09, PKG-10)."""
    org = await office.hall.customer(packages={"suite": 1, "calling": 2})
    ann = await office.user(org, "ann", "calling")
    assert await office.refused(office.change(org, ann.person_id, "suite")) == "package_quantity_exceeded"
    assert await office.refused(office.change(org, ann.person_id, "meetings")) == "package_quantity_exceeded"
    assert await office.refused(office.change(org, ann.person_id, "premium")) == "unknown_package"
    assert await office.refused(office.change(org, PersonId("per_nobody"), "calling")) == "user_not_found"
    assert (await office.people(org))["ann"].package == "calling"


async def test_users_go_up_and_down(office: Office) -> None:
    """Within the caps, whoever is no administrator may have any package (ADM-05)."""
    org = await _customer(office)
    ann = await office.user(org, "ann", "voice")
    for package in ("suite", "voice", "calling", "meetings"):
        assert (await office.change(org, ann.person_id, package)).package == package


@pytest.mark.parametrize("role", ADMINS)
async def test_an_administrators_package_is_neither_lowered_nor_raised(office: Office, role: UserRole) -> None:
    """A downgrade is not supported, an upgrade no match, for a full admin as for any (ADM-01, ADM-02, ADM-07)."""
    org = await _customer(office)
    ann = await office.user(org, "ann", "calling", role=role)
    for package in ("meetings", "voice"):
        refused = office.change(org, ann.person_id, package)
        assert await office.refused(refused) == "admin_package_downgrade_not_supported"
    assert await office.refused(office.change(org, ann.person_id, "suite")) == "admin_package_mismatch"


@pytest.mark.parametrize("role", ADMINS)
async def test_whoever_becomes_an_administrator_has_the_creation_package(office: Office, role: UserRole) -> None:
    """Higher or lower, the package is fixed first (ADM-03)."""
    org = await _customer(office)
    for package in ("suite", "meetings"):
        user = await office.user(org, f"with-{package}", package)
        assert await office.refused(office.promote(org, user.person_id, role)) == "admin_package_mismatch"
        await office.change(org, user.person_id, "calling")
        assert (await office.promote(org, user.person_id, role)).roles == (role,)
    await office.balance(org, "calling")


async def test_a_former_administrator_is_a_user_like_others(office: Office) -> None:
    """Without the role the package may go down; with it again, it may not (ADM-06)."""
    org = await _customer(office)
    ann = await office.user(org, "ann", "calling", role=ADMIN)
    assert (await office.promote(org, ann.person_id, Role.USER)).roles == (Role.USER,)
    assert (await office.change(org, ann.person_id, "voice")).package == "voice"
    assert await office.refused(office.promote(org, ann.person_id, ADMIN)) == "admin_package_mismatch"
    assert (await office.audited(org))[1:] == ["role_changed", "package_changed"]


async def test_provisioning_is_no_way_around(office: Office) -> None:
    """In bulk as one by one: no administrator with another package, no package of one lowered, no role changed (ADM-06)."""
    org = await _customer(office)
    await office.user(org, "ann", "calling", role=ADMIN)
    await office.user(org, "bob", "meetings")
    results = await office.run(
        org,
        person("new", "suite", role=FULL),
        person("low", "voice", role=ADMIN),
        person("ann", "meetings", role=ADMIN),
        person("ann", "calling"),
        person("bob", "meetings", role=FULL),
        person("good", "calling", role=FULL),
    )
    assert [result.code for result in results] == [
        "admin_package_mismatch",
        "admin_package_mismatch",
        "user_already_has_package",
        None,
        "user_exists",
        None,
    ]
    assert [result.outcome for result in results if result.code is None] == ["present", "created"]
    assert (await office.people(org))["ann"].roles == (ADMIN,)
    await office.balance(org, "calling")


async def test_an_installation_may_allow_administrators_a_higher_package(hall: Hall) -> None:
    """Higher then, never lower, on each route (ADM-07)."""
    office = Office(hall, rules=DEFAULT.model_copy(update={"allow_admin_upgrade": True}))
    org = await _customer(office)
    ann = await office.user(org, "ann", "suite", role=FULL)
    assert await office.refused(office.user(org, "bob", "meetings", role=FULL)) == "admin_package_mismatch"
    back = office.change(org, ann.person_id, "calling")
    assert await office.refused(back) == "admin_package_downgrade_not_supported"
    eve = await office.administrator(org)
    assert (await office.change(org, eve, "suite")).package == "suite"


async def test_the_last_full_admin_stays(office: Office) -> None:
    """Neither demoted nor deleted, until there is another one; a plain admin is none (ADM-02, B annex 4)."""
    org = await office.hall.customer()
    eve = await office.administrator(org)
    await office.user(org, "ann", role=ADMIN)
    delete = DeleteUser(organisation_id=org, user_id=eve)
    assert await office.refused(office.promote(org, eve, Role.USER)) == "last_full_admin"
    assert await office.refused(office.promote(org, eve, ADMIN)) == "last_full_admin"
    assert await office.refused(office.users.delete(office.north, delete)) == "last_full_admin"
    bob = await office.user(org, "bob", role=FULL)
    await office.users.delete(office.north, delete)
    assert await office.refused(office.promote(org, bob.person_id, ADMIN)) == "last_full_admin"
    await office.balance(org)


async def test_roles_of_a_partner_stay_beside(office: Office) -> None:
    """A role of the customer's replaces another one, and none else; again, nothing happens (PO-07)."""
    org = await office.hall.customer()
    await office.hall.person("pat", org, Role.PARTNER_ADMIN)
    [made] = await office.run(org, person("pat").model_copy(update={"email": "pat@example.com"}))
    assert made.outcome == "created"
    pat = (await office.people(org))["pat"]
    for role in (FULL, ADMIN, Role.USER):
        changed = await office.promote(org, pat.person_id, role)
        assert set(changed.roles) == {role, Role.PARTNER_ADMIN}
        before = await office.hall.facts()
        await office.promote(org, pat.person_id, role)
        assert await office.hall.facts() == before


async def test_two_full_admins_who_leave_at_once_do_not_both_leave(office: Office) -> None:
    """By whichever way, one stays (ADM-02, XC-06)."""
    org = await office.hall.customer()
    eve, bob = await office.administrator(org), await office.user(org, "bob", role=FULL)
    answers = await asyncio.gather(
        office.promote(org, eve, Role.USER),
        office.users.delete(office.north, DeleteUser(organisation_id=org, user_id=bob.person_id)),
        return_exceptions=True,
    )
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["last_full_admin"]
    await office.balance(org)


async def test_a_promotion_and_a_downgrade_at_once(office: Office) -> None:
    """Whichever is first, no administrator has another package than the creation's (ADM-01, XC-06)."""
    org = await office.hall.customer(packages={"suite": 9, "calling": 9})
    people: list[User] = [await office.user(org, f"user{place}") for place in range(6)]
    answers = await asyncio.gather(
        *(office.promote(org, user.person_id, ADMIN) for user in people),
        *(office.change(org, user.person_id, "calling") for user in people),
        return_exceptions=True,
    )
    refused = {str(answer.code) for answer in answers if isinstance(answer, Refusal)}
    assert sum(isinstance(answer, User) for answer in answers) == len(people)
    assert refused <= {"admin_package_mismatch", "admin_package_downgrade_not_supported"}
    await office.balance(org)
