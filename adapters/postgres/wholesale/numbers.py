"""Phone numbers of users and locations: each in one place, on the whole platform (NUM-02)."""

from typing import Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.wholesale import units, user_rows
from adapters.postgres.wholesale.work import Work
from tenure.contracts.platform import PhoneNumber
from tenure.contracts.user import AssignNumber, ItemOutcome, NumberAssignment, NumberItem, ReleaseNumber
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId

# Another customer may be assigning it at this moment: the second to insert waits for the first, and then finds it taken.
# Free is what was released, and what is this customer's own in no place, as numbers of a trial are that it has bought.
_ASSIGN: Final = """
insert into phone_numbers as known (phone_number, organisation_id, licence_set_id, person_id, location)
values ($1, $2, $3, $4, $5)
on conflict (phone_number) do update
   set state = 'assigned', organisation_id = $2, licence_set_id = $3, person_id = $4, location = $5,
       trial_id = null, hold = null
 where known.state = 'released'
    or (known.state = 'assigned' and known.organisation_id = $2 and known.trial_id is null
        and num_nonnulls(known.person_id, known.location) = 0)
returning true
"""
# In order of the numbers, as everybody who locks more than one does.
_RELEASE: Final = """
update phone_numbers set state = 'released', licence_set_id = null, person_id = null, location = null
 where phone_number in (select phone_number from phone_numbers
                         where organisation_id = $1 and state = 'assigned' and trial_id is null
                           and ($2::text is null or phone_number = $2) and ($3::text is null or person_id = $3)
                           and num_nonnulls(person_id, location) > 0
                         order by phone_number for update)
returning phone_number
"""
_FIND: Final = """
select person_id, location from phone_numbers where phone_number = $1 and organisation_id = $2 and state = 'assigned'
"""


async def assign(work: Work, command: AssignNumber) -> None:
    """Give a number to a user or to a location; there already, nothing happens.

    Raises:
        Refusal: `user_not_found`, `package_required`, `calling_not_entitled` or `number_in_use`.
    """
    user = None
    if command.user_id is not None:
        user = await user_rows.require(work.connection, work.organisation_id, command.user_id)
    await work.record(*await _place(work, command.phone_number, user, command.location))


async def ensure(work: Work, item: NumberItem) -> tuple[ItemOutcome, list[audit.Change]]:
    """Let a number be where it is meant to be (PRV-04); refuses as `assign` does."""
    user = None
    if item.email is not None:
        user = await user_rows.require_address(work.connection, work.organisation_id, item.email)
    changes = await _place(work, item.phone_number, user, item.location)
    return ItemOutcome.CREATED if changes else ItemOutcome.PRESENT, changes


async def release(work: Work, command: ReleaseNumber) -> None:
    """Take a number back from its user or location; one that is in no place here is no error."""
    released = await work.connection.fetch(_RELEASE, work.organisation_id, command.phone_number, None)
    if released:
        await work.record(work.change("number_released"))


async def release_all(work: Work, person_id: PersonId | None = None) -> None:
    """Take all numbers of a user back, or of all users and locations (PKG-08)."""
    await work.connection.execute(_RELEASE, work.organisation_id, None, person_id)


async def show(connection: Connection, organisation_id: OrganisationId, phone_number: PhoneNumber) -> NumberAssignment:
    """Where a number is at this customer."""
    row = await connection.fetchrow(_FIND, phone_number, organisation_id)
    return NumberAssignment(
        phone_number=phone_number,
        organisation_id=organisation_id,
        user_id=None if row is None else row["person_id"],
        location=None if row is None else row["location"],
    )


async def _place(
    work: Work, number: PhoneNumber, user: asyncpg.Record | None, location: str | None
) -> list[audit.Change]:
    """Put a number in its place; answers what changed: nothing, where it is there."""
    person_id = None if user is None else user["person_id"]
    there = await work.connection.fetchrow(_FIND, number, work.organisation_id)
    if there is not None and (there["person_id"], there["location"]) == (person_id, location):
        return []
    if not await _entitled(work, user):
        raise Refusal(RefusalCode.CALLING_NOT_ENTITLED)
    placed = await work.connection.fetchval(
        _ASSIGN, number, work.organisation_id, work.customer.licence_set_id, person_id, location
    )
    if not placed:
        raise Refusal(RefusalCode.NUMBER_IN_USE)
    return [work.change("number_assigned", **({} if person_id is None else {"person_id": person_id}))]


async def _entitled(work: Work, user: asyncpg.Record | None) -> bool:
    """Whether a number may go there: to a user whose package has calling, or to a location of a customer that has such."""
    if user is not None:
        return user["package"] in work.packages.with_calling
    return await units.has_any(work.connection, work.organisation_id, work.packages.with_calling)
