"""What becomes of a wholesale customer's users and numbers."""

from collections.abc import Awaitable, Callable
from typing import Any

from tenure.client import Tenure
from tenure.contracts.customer import CustomerView
from tenure.contracts.user import (
    AddOnCommand,
    ChangeUserPackage,
    CreateUser,
    ItemOutcome,
    NumberItem,
    ProvisioningRun,
    ReleaseNumber,
    RunProvisioning,
    SetUserRole,
    User,
    UserItem,
    UserRole,
)
from workers.demo.acts import Act
from workers.demo.acts.customers import by_provider


def user(address: str, package: str | None, **fields: Any) -> UserItem:
    """A user to be there."""
    return UserItem(email=address, package=package, **fields)


def number(phone_number: str, address: str | None = None, *, location: str | None = None) -> NumberItem:
    """A number to be assigned."""
    return NumberItem(phone_number=phone_number, email=address, location=location)


def provision(
    reference: str,
    *,
    users: tuple[UserItem, ...] = (),
    numbers: tuple[NumberItem, ...] = (),
    with_creation: bool = False,
) -> Act:
    """Provisioning is run: what is missing is added, and what fails is told (PRV-02 to PRV-06)."""

    async def step(provider: Tenure, customer: CustomerView) -> str:
        command = RunProvisioning(
            organisation_id=customer.organisation_id, users=users, numbers=numbers, with_creation=with_creation
        )
        return _told(await provider.customers.run_provisioning(command))

    return by_provider(reference, "run provisioning", step)


def _told(run: ProvisioningRun) -> str:
    outcomes = [result.outcome for result in run.results]
    parts = [f"{outcomes.count(outcome)} {outcome}" for outcome in ItemOutcome if outcome in outcomes]
    parts += [f"{result.key} {result.code}" for result in run.results if result.code is not None]
    return ", ".join(parts) or "nothing to do"


def add_user(reference: str, address: str, package: str | None, **fields: Any) -> Act:
    """A user is added."""

    async def step(provider: Tenure, customer: CustomerView) -> None:
        command = CreateUser(organisation_id=customer.organisation_id, email=address, package=package, **fields)
        await provider.users.create_user(command)

    return by_provider(reference, f"add {address}", step)


def change_package(reference: str, address: str, package: str) -> Act:
    """A user's package is replaced."""

    async def step(provider: Tenure, user: User) -> None:
        await provider.users.change_user_package(ChangeUserPackage(**_of(user), package=package))

    return _on_user(reference, address, f"{package} for {address}", step)


def set_role(reference: str, address: str, role: UserRole) -> Act:
    """A user becomes an administrator, or an administrator a user."""

    async def step(provider: Tenure, user: User) -> None:
        await provider.users.set_user_role(SetUserRole(**_of(user), role=role))

    return _on_user(reference, address, f"{address} as {role}", step)


def add_on(reference: str, address: str, code: str) -> Act:
    """A user is to have an add-on."""

    async def step(provider: Tenure, user: User) -> None:
        await provider.users.assign_add_on(AddOnCommand(**_of(user), add_on=code))

    return _on_user(reference, address, f"{code} for {address}", step)


def _on_user(reference: str, address: str, what: str, step: Callable[[Tenure, User], Awaitable[None]]) -> Act:
    """Something is done to a user, who is known by the address."""

    async def found(provider: Tenure, customer: CustomerView) -> None:
        await step(provider, await find(provider, customer, address))

    return by_provider(reference, what, found)


def _of(user: User) -> dict[str, Any]:
    return {"organisation_id": user.organisation_id, "user_id": user.person_id}


def release(reference: str, phone_number: str) -> Act:
    """A number is taken back."""

    async def step(provider: Tenure, customer: CustomerView) -> None:
        command = ReleaseNumber(organisation_id=customer.organisation_id, phone_number=phone_number)
        await provider.users.release_number(command)

    return by_provider(reference, f"release {phone_number}", step)


async def find(client: Tenure, customer: CustomerView, address: str) -> User:
    """The user with an address."""
    users = [each async for each in client.users.list_users(customer.organisation_id)]
    return next(each for each in users if each.email == address)
