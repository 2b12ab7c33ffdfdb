"""Add-ons of users: assigned on top of a package, and billed from their beginning to their end (ADD-03 to ADD-05)."""

import asyncpg

from adapters.postgres.wholesale import user_rows
from adapters.postgres.wholesale.units import free_unit, take_unit
from adapters.postgres.wholesale.work import Work
from tenure.contracts.package import UnitKind
from tenure.contracts.user import AddOnCommand
from tenure.ids import PersonId


async def assign(work: Work, command: AddOnCommand) -> None:
    """Give an add-on to a user; one that is there, stays (ADD-02 to ADD-04).

    Raises:
        Refusal: `user_not_found`, `package_required`, `unknown_add_on`, `add_on_not_available` or
            `add_on_quantity_exceeded`.
    """
    user = await user_rows.require(work.connection, work.organisation_id, command.user_id)
    if command.add_on in user["add_ons"]:
        return
    await give(work, command.user_id, command.add_on)
    await work.record(work.change("add_on_assigned", person_id=command.user_id, add_on=command.add_on))


async def remove(work: Work, command: AddOnCommand) -> None:
    """Take an add-on back: its billing ends, and its unit is free; one that is not there is no error.

    Raises:
        Refusal: `user_not_found` or `package_required`.
    """
    user = await user_rows.require(work.connection, work.organisation_id, command.user_id)
    if command.add_on not in user["add_ons"]:
        return
    await end(work, user, command.add_on)
    await work.record(work.change("add_on_removed", person_id=command.user_id, add_on=command.add_on))


async def give(work: Work, person_id: PersonId, add_on: str) -> None:
    """Take a unit of an add-on for a user who lacks it; it is billed from now on.

    Raises:
        Refusal: `unknown_add_on`, `add_on_not_available` or `add_on_quantity_exceeded`.
    """
    work.packages.require_add_on(add_on)
    await take_unit(work.connection, work.organisation_id, UnitKind.ADD_ON, add_on)
    await work.connection.execute(
        "insert into add_on_assignments (organisation_id, partner_id, person_id, add_on, started_at)"
        " values ($1, $2, $3, $4, $5)",
        work.organisation_id,
        work.customer.partner_id,
        person_id,
        add_on,
        work.at,
    )


async def end(work: Work, user: asyncpg.Record, *add_ons: str) -> None:
    """End add-ons that a user has; what was assigned stays written, for the bill."""
    await work.connection.execute(
        "update add_on_assignments set ended_at = greatest($3, started_at)"
        " where person_id = $1 and add_on = any($2::text[]) and ended_at is null",
        user["person_id"],
        list(add_ons),
        work.at,
    )
    for add_on in add_ons:
        await free_unit(work.connection, work.organisation_id, UnitKind.ADD_ON, add_on)
