"""Users of wholesale customers: added, found again, refused, and taken out (USR-01 to USR-04, PKG-01 to PKG-03)."""

from typing import Any

import pytest

from tenure.contracts.organisation import Role
from tenure.contracts.user import AssignNumber, ChangeUserPackage, CreateUser, DeleteUser
from tenure.ids import OrganisationId, PersonId
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, helper, provider, reader, seller
from tests.integration.wholesale.office import ATTENDANT, PLAN, Office, address, phone

FULL = Role.CUSTOMER_FULL_ADMIN
CLOSED = [
    ("received", None, "account_not_ready"),
    ("screening", None, "account_not_ready"),
    ("pending_rpl_review", None, "rpl_review_pending"),
    ("provisioning", None, "account_not_ready"),
    ("error", "provisioning_failed", "account_not_ready"),
    ("error", "rpl_rejected", "onboarding_failed"),
    ("error", "rpl_review_timeout", "onboarding_failed"),
    ("cancelled", None, "customer_cancelled"),
]


async def test_a_user_is_added_with_a_package_and_what_it_entitles_to(office: Office) -> None:
    """One call adds a user with a package, add-ons and a role; services come from the package (USR-01, PKG-01, PKG-03)."""
    org = await office.hall.customer(packages={"suite": 2, "calling": 1}, add_ons={ATTENDANT: 1})
    ann = await office.user(org, "ann", "calling", add_ons=[ATTENDANT], name="Ann Lee")
    assert (ann.name, ann.roles, ann.package, ann.add_ons) == ("Ann Lee", (Role.USER,), "calling", (ATTENDANT,))
    assert ann.services == ("messaging", "calling")
    bob = await office.user(org, "bob")
    assert (bob.name, bob.services, bob.add_ons) == (address("bob"), ("messaging", "meetings", "calling"), ())
    assert await office.units(org) == {"suite": (2, 2), "calling": (1, 1), ATTENDANT: (1, 1)}
    assert await office.audited(org) == ["user_created", "user_created"]
    await office.balance(org)


async def test_an_identical_user_is_answered_and_nothing_is_done(office: Office) -> None:
    """The address in whatever case, and the same contents: the existing user, and no unit more (USR-03, PKG-06)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 2})
    ann = await office.user(org, "ann", add_ons=[ATTENDANT])
    before = await office.hall.facts()
    assert await office.user(org, "ANN", add_ons=[ATTENDANT]) == ann
    assert await office.user(org, "ann", add_ons=[ATTENDANT], name=ann.name) == ann
    assert await office.hall.facts() == before


@pytest.mark.parametrize(
    "other",
    [
        {"package": "calling"},
        {"role": Role.CUSTOMER_ADMIN},
        {"add_ons": [ATTENDANT]},
        {"name": "Somebody else"},
    ],
)
async def test_another_user_with_the_same_address_is_refused(office: Office, other: dict[str, Any]) -> None:
    """Whatever differs, the address is taken in this customer, and free in another one (USR-03)."""
    org = await office.hall.customer(packages={"suite": 5, "calling": 5}, add_ons={ATTENDANT: 5})
    await office.user(org, "ann")
    assert await office.refused(office.user(org, "Ann", **other)) == "user_exists"
    elsewhere = await office.hall.customer(packages={"suite": 5, "calling": 5}, add_ons={ATTENDANT: 5})
    assert (await office.user(elsewhere, "ann")).organisation_id == elsewhere


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"package": None}, "package_required"),
        ({"package": "premium"}, "unknown_package"),
        ({"package": "voice"}, "package_quantity_exceeded"),
        ({"add_ons": ["fax"]}, "unknown_add_on"),
        ({"add_ons": [PLAN]}, "add_on_not_available"),
        ({"add_ons": [ATTENDANT]}, "add_on_quantity_exceeded"),
        ({"package": "calling", "role": FULL}, "admin_package_mismatch"),
        ({"package": "calling", "role": Role.CUSTOMER_ADMIN}, "admin_package_mismatch"),
    ],
)
async def test_what_speaks_against_a_user(office: Office, details: dict[str, Any], code: str) -> None:
    """Each refusal has its code and leaves nothing behind (USR-03, PKG-02, PKG-06, PKG-10, ADD-02, ADD-04, ADM-01)."""
    org = await office.hall.customer(packages={"suite": 5, "calling": 5}, add_ons={PLAN: 3})
    assert await office.refused(office.user(org, "ann", **{"package": "suite"} | details)) == code


@pytest.mark.parametrize(("state", "reason", "code"), CLOSED)
async def test_without_an_account_there_are_no_users(office: Office, state: str, reason: str | None, code: str) -> None:
    """Before screening, review and provisioning are over nothing is assigned, and after a failure neither (USR-04, RPL-06)."""
    org = await office.hall.customer()
    ann = await office.user(org, "ann")
    await office.become(org, state, reason)
    assert await office.refused(office.user(org, "bob")) == code
    delete = DeleteUser(organisation_id=org, user_id=ann.person_id)
    assert await office.refused(office.users.delete(office.north, delete)) == code


async def test_users_are_the_service_providers_business(office: Office) -> None:
    """Its system and sellers, services and operators may; others may not, and another partner finds nothing (PO-04, P14)."""
    org = await office.hall.customer()
    command = CreateUser(organisation_id=org, email=address("ann"), package="suite")
    refusals = [
        (provider(office.hall.south), "customer_not_found"),
        (reader(office.hall.north), "forbidden"),
        (helper(office.hall.north), "role_not_allowed"),
        (REVIEWER, "forbidden"),
    ]
    for caller, code in refusals:
        assert await office.refused(office.users.create(caller, command)) == code
    unknown = command.model_copy(update={"organisation_id": OrganisationId("org_nobody")})
    assert await office.refused(office.users.create(office.north, unknown)) == "customer_not_found"
    created = [
        await office.users.create(caller, command)
        for caller in (provider(office.hall.north), seller(office.hall.north), SERVICE, OPERATOR)
    ]
    assert len({user.person_id for user in created}) == 1


async def test_from_the_console_a_full_admin_adds_users_once_it_is_set_up(office: Office) -> None:
    """Before the wizard is done the console is refused, and the API is not (USR-02, WIZ-05)."""
    org = await office.hall.customer()
    plain = await office.user(org, "plain")
    eve = await office.administrator(org)
    command = CreateUser(organisation_id=org, email=address("ann"), package="suite", person_id=eve)
    assert await office.refused(office.users.create(SERVICE, command)) == "setup_incomplete"
    await office.set_up(org)
    by_another = command.model_copy(update={"person_id": plain.person_id})
    assert await office.refused(office.users.create(SERVICE, by_another)) == "role_not_allowed"
    by_nobody = command.model_copy(update={"person_id": PersonId("per_nobody")})
    assert await office.refused(office.users.create(SERVICE, by_nobody)) == "person_not_found"
    assert await office.refused(office.users.create(office.north, command)) == "forbidden"
    assert (await office.users.create(SERVICE, command)).package == "suite"


async def test_who_is_taken_out_frees_everything_at_once(office: Office) -> None:
    """Package, add-on and number of a deleted user are the next one's, and the person is gone (PKG-08)."""
    org = await office.hall.customer(packages={"suite": 2}, add_ons={ATTENDANT: 1})
    ann = await office.user(org, "ann", add_ons=[ATTENDANT])
    await office.assign(org, ann.person_id, phone(1))
    command = DeleteUser(organisation_id=org, user_id=ann.person_id)
    await office.users.delete(office.north, command)
    assert await office.units(org) == {"suite": (1, 2), ATTENDANT: (0, 1)}
    assert await office.refused(office.users.delete(office.north, command)) == "user_not_found"
    await office.user(org, "bob", add_ons=[ATTENDANT])
    again = await office.user(await office.hall.customer(), "ann")
    assert again.person_id != ann.person_id
    assert (await office.assign(again.organisation_id, again.person_id, phone(1))).user_id == again.person_id
    await office.balance(org)


async def test_a_partners_own_admin_becomes_a_user_and_stays_an_admin_of_the_partner(office: Office) -> None:
    """In its own organisation a partner's people are there already: they are given packages, and keep their roles (PO-07)."""
    org = await office.hall.customer(packages={"suite": 3})
    pat = await office.hall.person("pat", org, Role.PARTNER_ADMIN)
    boss = await office.hall.person("boss", org, Role.PARTNER_FULL_ADMIN, Role.CUSTOMER_FULL_ADMIN)
    made = await office.users.create(
        office.north, CreateUser(organisation_id=org, email="PAT@example.com", package="suite")
    )
    assert (made.person_id, set(made.roles)) == (pat, {Role.PARTNER_ADMIN, Role.USER})
    less = CreateUser(organisation_id=org, email="boss@example.com", package="suite")
    assert await office.refused(office.users.create(office.north, less)) == "user_exists"
    full = await office.users.create(office.north, less.model_copy(update={"role": FULL}))
    assert (full.person_id, set(full.roles)) == (boss, {Role.PARTNER_FULL_ADMIN, FULL})
    for person_id in (pat, boss):
        await office.users.delete(office.north, DeleteUser(organisation_id=org, user_id=person_id))
    left = await office.town.fetch(
        "select person_id, role from person_roles where person_id = any($1::text[])", [pat, boss]
    )
    assert {(row["person_id"], row["role"]) for row in left} == {
        (pat, Role.PARTNER_ADMIN),
        (boss, Role.PARTNER_FULL_ADMIN),
    }
    assert await office.units(org) == {"suite": (1, 3)}


async def test_users_are_listed_in_pages_to_their_own_partner(office: Office) -> None:
    """In order of id, none twice and none left out; another partner finds nothing, a reviewer may not look (P14)."""
    org = await office.hall.customer()
    people = [await office.user(org, f"user{place}") for place in range(4)]
    seen: list[PersonId] = []
    after, pages = None, 0
    while after is not None or not pages:
        page = await office.users.page(reader(office.hall.north), org, after=after, limit=2)
        seen += [user.person_id for user in page.users]
        after, pages = page.next_after, pages + 1
    assert seen == sorted([*(user.person_id for user in people), await office.administrator(org)])
    assert pages == 3
    assert await office.refused(office.users.page(provider(office.hall.south), org)) == "customer_not_found"
    assert await office.refused(office.users.page(REVIEWER, org)) == "forbidden"


async def test_a_command_is_carried_out_once_for_its_key_and_keeps_nobodys_name(office: Office) -> None:
    """Sent again it answers who is there now; neither keys nor audit hold an address, a name or a number (P10, P14)."""
    org = await office.hall.customer(packages={"suite": 3, "calling": 2})
    caller = office.north.model_copy(update={"key": "one"})
    command = CreateUser(organisation_id=org, email=address("ann"), name="Ann Lee", package="calling")
    ann = await office.users.create(caller, command)
    await office.assign(org, ann.person_id, phone(1))
    renewed = await office.users.create(caller, command)
    assert (renewed.person_id, renewed.phone_numbers) == (ann.person_id, (phone(1),))
    change = ChangeUserPackage(organisation_id=org, user_id=ann.person_id, package="suite")
    await office.users.change_package(office.north.model_copy(update={"key": "two"}), change)
    move = AssignNumber(organisation_id=org, user_id=ann.person_id, phone_number=phone(2))
    await office.users.assign_number(office.north.model_copy(update={"key": "three"}), move)
    assert (await office.users.create(caller, command)).package == "suite"
    await office.users.delete(office.north, DeleteUser(organisation_id=org, user_id=ann.person_id))
    assert await office.refused(office.users.create(caller, command)) == "user_not_found"
    kept = await office.town.value(
        str,
        "select string_agg(row::text, ';') from (select a::text from audit a union all select k::text from idempotency_keys k) as row",
    )
    assert not [part for part in ("works.example", "Ann Lee", "+4930") if part in kept]
