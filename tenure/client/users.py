"""Users of wholesale customers with their packages, add-ons, numbers and roles, and what of it is billed (USR, NUM, ADD)."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from tenure.client.connection import Connection, Parameters
from tenure.contracts.base import Instant
from tenure.contracts.package import BillableItem, BillableItems
from tenure.contracts.user import (
    AddOnCommand,
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    DeleteUser,
    NumberAssignment,
    ReleaseNumber,
    SetUserRole,
    User,
    UserPage,
)
from tenure.ids import OrganisationId, PartnerId

_USER: TypeAdapter[User] = TypeAdapter(User)
_PAGE: TypeAdapter[UserPage] = TypeAdapter(UserPage)
_NUMBER: TypeAdapter[NumberAssignment] = TypeAdapter(NumberAssignment)
_ITEMS: TypeAdapter[BillableItems] = TypeAdapter(BillableItems)

PAGE_SIZE = 1000
"""Users, and billable items, in one request of a list."""


class Users:
    """What a customer's users have.

    Beside its own, each command has the refusals of a customer that is not active: `customer_not_found`,
    `rpl_review_pending`, `onboarding_failed`, `account_not_ready` and `customer_cancelled`.

    `key` is the idempotency key; one is made for each call where none is given.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list_users(self, organisation_id: OrganisationId) -> AsyncIterator[User]:
        """A customer's users in order of id, page by page as they are read."""
        path = f"/v1/customers/{organisation_id}/users"
        async for page in self._connection.pages(path, _PAGE, {"limit": PAGE_SIZE}):
            for user in page.users:
                yield user

    async def create_user(self, command: CreateUser, *, key: str | None = None) -> User:
        """Add a user with exactly one package; one that is there, and identical, is answered (USR-03).

        Raises:
            Refusal: `package_required`, `package_quantity_exceeded` (`details` has limit, assigned and requested),
                `user_exists`, `admin_package_mismatch`, or what `assign_add_on` refuses.
        """
        return await self._connection.command("/v1/users/create", command, _USER, key)

    async def delete_user(self, command: DeleteUser, *, key: str | None = None) -> None:
        """Take a user out: package, add-ons and numbers are free at once (PKG-08).

        Raises:
            Refusal: `user_not_found`, or `last_full_admin`.
        """
        await self._connection.order("/v1/users/delete", command, key)

    async def change_user_package(self, command: ChangeUserPackage, *, key: str | None = None) -> User:
        """Replace a user's package in one step; without a free one, nothing changes (PKG-09).

        Raises:
            Refusal: `package_quantity_exceeded`, `admin_package_downgrade_not_supported` or `admin_package_mismatch`.
        """
        return await self._connection.command("/v1/users/change-package", command, _USER, key)

    async def set_user_role(self, command: SetUserRole, *, key: str | None = None) -> User:
        """Make a user an administrator, or an administrator a user (ADM-03, ADM-06).

        Raises:
            Refusal: `admin_package_mismatch`, or `last_full_admin`.
        """
        return await self._connection.command("/v1/users/set-role", command, _USER, key)

    async def assign_add_on(self, command: AddOnCommand, *, key: str | None = None) -> User:
        """Give an add-on to a user, beside the package (ADD-03, ADD-04).

        Raises:
            Refusal: `add_on_quantity_exceeded`, `add_on_not_available`, `unknown_add_on` or `package_required`.
        """
        return await self._connection.command("/v1/users/assign-add-on", command, _USER, key)

    async def remove_add_on(self, command: AddOnCommand, *, key: str | None = None) -> User:
        """Take an add-on back; one that is not there is no error (ADD-05)."""
        return await self._connection.command("/v1/users/remove-add-on", command, _USER, key)

    async def assign_number(self, command: AssignNumber, *, key: str | None = None) -> NumberAssignment:
        """Give a number to a user or to a location (NUM-02).

        Raises:
            Refusal: `number_in_use`, or `calling_not_entitled`.
        """
        return await self._connection.command("/v1/numbers/assign", command, _NUMBER, key)

    async def release_number(self, command: ReleaseNumber, *, key: str | None = None) -> NumberAssignment:
        """Take a number back; one that is not assigned there is no error."""
        return await self._connection.command("/v1/numbers/release", command, _NUMBER, key)

    async def list_billable_items(
        self, partner_id: PartnerId, *, from_: Instant, to: Instant
    ) -> AsyncIterator[BillableItem]:
        """Add-ons that were assigned at some time in `[from_, to)`, page by page as they are read (ADD-05, Q-34)."""
        parameters: Parameters = {
            "partner_id": partner_id,
            "from": from_.isoformat(),
            "to": to.isoformat(),
            "limit": PAGE_SIZE,
        }
        async for page in self._connection.pages("/v1/billable-items", _ITEMS, parameters):
            for item in page.items:
                yield item
