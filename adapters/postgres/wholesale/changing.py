"""A user's package is replaced, or the user taken out: units are taken and freed in one step (PKG-08, PKG-09, ADM-02)."""

import asyncpg

from adapters.postgres.wholesale import add_ons, numbers, roles, user_rows
from adapters.postgres.wholesale.units import free_unit, take_unit
from adapters.postgres.wholesale.work import Work
from tenure.contracts.organisation import Role
from tenure.contracts.package import UnitKind
from tenure.contracts.user import ChangeUserPackage, DeleteUser
from tenure.errors import Refusal, RefusalCode
from tenure.policy.package import RANKS, role_of


async def change_package(work: Work, command: ChangeUserPackage) -> None:
    """Replace a user's package; the same again does nothing.

    Raises:
        Refusal: `user_not_found`, `package_required`, `unknown_package`, `admin_package_downgrade_not_supported`,
            `admin_package_mismatch`, `package_quantity_exceeded`; `calling_not_entitled` while the user has a number
            and the package no calling (NUM-02).
    """
    user = await user_rows.require(work.connection, work.organisation_id, command.user_id)
    current, target = user["package"], work.packages.require_package(command.package)
    if target == current:
        return
    work.packages.require_change(role_of(user["roles"]), current, target, work.customer.package)
    if user["phone_numbers"] and target not in work.packages.with_calling:
        raise Refusal(
            RefusalCode.CALLING_NOT_ENTITLED, "This user has a number, and the package no calling: release it first."
        )
    await take_unit(work.connection, work.organisation_id, UnitKind.PACKAGE, target)
    await free_unit(work.connection, work.organisation_id, UnitKind.PACKAGE, current)
    await work.connection.execute(
        "update user_packages set package = $2, since = $3 where person_id = $1", command.user_id, target, work.at
    )
    await work.record(
        work.change("package_changed", person_id=command.user_id, from_package=current, to_package=target)
    )


async def delete(work: Work, command: DeleteUser) -> None:
    """Take a user out: package, add-ons and numbers are free at once, and the person is gone.

    Whoever is more than a user of this customer, such as a partner's admin in its own organisation, stays as that.

    Raises:
        Refusal: `user_not_found`, `package_required`, or `last_full_admin`.
    """
    user = await user_rows.require(work.connection, work.organisation_id, command.user_id)
    if role_of(user["roles"]) is Role.CUSTOMER_FULL_ADMIN:
        await roles.require_another(work.connection, work.organisation_id, command.user_id)
    await add_ons.end(work, user, *user["add_ons"])
    await numbers.release_all(work, command.user_id)
    await free_unit(work.connection, work.organisation_id, UnitKind.PACKAGE, user["package"])
    await _remove(work, user)
    await work.record(work.change("user_deleted", person_id=command.user_id, package=user["package"]))


async def _remove(work: Work, user: asyncpg.Record) -> None:
    """The person goes, with all that is of them alone."""
    if set(user["roles"]) <= set(RANKS):
        await work.connection.execute("delete from people where person_id = $1", user["person_id"])
        return
    await work.connection.execute("delete from user_packages where person_id = $1", user["person_id"])
    await work.connection.execute(
        "delete from person_roles where person_id = $1 and role = any($2::text[])", user["person_id"], list(RANKS)
    )
