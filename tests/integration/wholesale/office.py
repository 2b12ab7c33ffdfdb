"""The office of a service provider: what it does to its customers' users, and what can be seen of them."""

from collections.abc import Awaitable
from typing import Any

from adapters.postgres.wholesale.users import PostgresUsers
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.organisation import Role
from tenure.contracts.package import Quantities, SetQuantities
from tenure.contracts.user import (
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    ItemResult,
    NumberAssignment,
    NumberItem,
    RunProvisioning,
    SetUserRole,
    User,
    UserItem,
    UserRole,
)
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.policy.catalogue import shipped
from tenure.policy.rules import DEFAULT, Rules
from tenure.ports import Caller
from tests.integration.wholesale.hall import Hall, provider

ATTENDANT = "attendant-console"
PLAN = "calling-plan"
SOLD = shipped().model_copy(
    update={
        "add_ons": tuple(
            add_on.model_copy(update={"available": add_on.code == ATTENDANT}) for add_on in shipped().add_ons
        )
    }
)
"""What is shipped, with one add-on that is available, and one that is not yet."""
_ASSIGNED = """
select 'package' as kind, package as code from user_packages where organisation_id = $1
union all
select 'add_on', add_on from add_on_assignments where organisation_id = $1 and ended_at is null
"""


class Office:
    """The service provider `north` at its desk."""

    def __init__(self, hall: Hall, *, catalogue: Catalogue = SOLD, rules: Rules = DEFAULT) -> None:
        self.hall = hall
        self.town = hall.town
        self.north = provider(hall.north)
        self.users = PostgresUsers(hall.town.database, rules, catalogue)

    # What it does.

    async def user(
        self, organisation_id: OrganisationId, who: str, /, package: str | None = "suite", **details: Any
    ) -> User:
        """Add a user with that name in the address."""
        command = CreateUser(organisation_id=organisation_id, email=address(who), package=package, **details)
        return await self.users.create(self.north, command)

    async def change(self, organisation_id: OrganisationId, person_id: PersonId, package: str) -> User:
        """Change somebody's package."""
        command = ChangeUserPackage(organisation_id=organisation_id, user_id=person_id, package=package)
        return await self.users.change_package(self.north, command)

    async def promote(self, organisation_id: OrganisationId, person_id: PersonId, role: UserRole) -> User:
        """Change what somebody may do."""
        command = SetUserRole(organisation_id=organisation_id, user_id=person_id, role=role)
        return await self.users.set_role(self.north, command)

    async def assign(self, organisation_id: OrganisationId, to: PersonId | str, phone_number: str) -> NumberAssignment:
        """Give a number to a user, or to a location."""
        place = {"user_id": to} if isinstance(to, PersonId) else {"location": to}
        command = AssignNumber.model_validate(
            {"organisation_id": organisation_id, "phone_number": phone_number, **place}
        )
        return await self.users.assign_number(self.north, command)

    async def run(
        self,
        organisation_id: OrganisationId,
        *items: UserItem | NumberItem,
        caller: Caller | None = None,
        **details: Any,
    ) -> tuple[ItemResult, ...]:
        """Run provisioning for some items."""
        command = RunProvisioning(
            organisation_id=organisation_id,
            users=tuple(item for item in items if isinstance(item, UserItem)),
            numbers=tuple(item for item in items if isinstance(item, NumberItem)),
            **details,
        )
        return (await self.users.run_provisioning(caller or self.north, command)).results

    async def refused(self, act: Awaitable[object]) -> RefusalCode:
        """The code of a refusal that left nothing behind."""
        return await self.hall.refused(act)

    # What can be seen.

    async def people(self, organisation_id: OrganisationId) -> dict[str, User]:
        """The users of a customer by the name in their address, as they are listed."""
        page = await self.users.page(self.north, organisation_id, limit=1000)
        return {user.email.partition("@")[0]: user for user in page.users}

    async def units(self, organisation_id: OrganisationId) -> dict[str, tuple[int, int]]:
        """How many of each package and add-on are assigned, and how many may be."""
        rows = await self.town.fetch(
            "select code, assigned, quantity from unit_quantities where organisation_id = $1", organisation_id
        )
        return {row["code"]: (row["assigned"], row["quantity"]) for row in rows}

    async def balance(self, organisation_id: OrganisationId, creation: str = "suite") -> None:
        """What is counted is what is there, never more than may be; administrators hold the creation package.

        Exactly one package each is the key of its table (PKG-02, PKG-06, ADM-01).
        """
        there: dict[str, int] = {}
        for row in await self.town.fetch(_ASSIGNED, organisation_id):
            there[row["code"]] = there.get(row["code"], 0) + 1
        units = await self.units(organisation_id)
        assert {code: assigned for code, (assigned, _) in units.items() if assigned} == there
        assert all(0 <= assigned <= limit for assigned, limit in units.values())
        people = (await self.people(organisation_id)).values()
        assert all(user.package == creation for user in people if set(user.roles) - {Role.USER})
        assert any(Role.CUSTOMER_FULL_ADMIN in user.roles for user in people)

    async def audited(self, organisation_id: OrganisationId) -> list[str]:
        """What the audit says was done, in its order."""
        rows = await self.town.fetch("select action from audit where subject = $1 order by position", organisation_id)
        return [row["action"] for row in rows]

    async def set_up(self, organisation_id: OrganisationId) -> None:
        """The first-launch wizard of an organisation is done."""
        await self.town.execute(
            "insert into wizards (organisation_id, step, terms_version, accepted_by, accepted_at, completed_at)"
            " values ($1, 'complete', '1', 'per_eve', business_now(), business_now())",
            organisation_id,
        )

    async def quantities(
        self, organisation_id: OrganisationId, packages: dict[str, int], add_ons: dict[str, int] | None = None
    ) -> Quantities:
        """Set quantities."""
        command = SetQuantities(organisation_id=organisation_id, packages=packages, add_ons=add_ons or {})
        return await self.users.set_quantities(self.north, command)

    async def become(self, organisation_id: OrganisationId, state: str, reason: str | None = None) -> None:
        """The onboarding is in that state."""
        await self.town.execute(
            "update onboardings set state = $2, reason = $3 where organisation_id = $1", organisation_id, state, reason
        )

    async def administrator(self, organisation_id: OrganisationId) -> PersonId:
        """The first full admin of a customer."""
        return await self.hall.admin(organisation_id)


def address(name: str) -> str:
    """An address of that name."""
    return f"{name}@works.example"


def person(name: str, package: str | None = "suite", **details: Any) -> UserItem:
    """A user to be there."""
    return UserItem(email=address(name), package=package, **details)


def number(last: int, *, to: str | None = None, location: str | None = None) -> NumberItem:
    """A number to be assigned."""
    return NumberItem(phone_number=phone(last), email=None if to is None else address(to), location=location)


def phone(last: int) -> str:
    """A phone number."""
    return f"+4930123{last:04d}"
