"""Users as rows: found by id or address, and shown."""

from typing import Any, Final

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.user import User, UserPage
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.policy.package import Packages

_PERSON: Final = """
select p.person_id, p.organisation_id, p.email, p.name, u.package,
       array(select r.role from person_roles r where r.person_id = p.person_id order by r.role) as roles,
       array(select a.add_on from add_on_assignments a
              where a.person_id = p.person_id and a.ended_at is null order by a.add_on) as add_ons,
       array(select n.phone_number from phone_numbers n where n.person_id = p.person_id order by n.phone_number)
           as phone_numbers
  from people p left join user_packages u using (person_id)
"""
_BY_ID: Final = _PERSON + " where p.person_id = $2 and p.organisation_id = $1"
# A base may know an address twice in one organisation: its user, or else the first, is meant.
_BY_ADDRESS: Final = (
    _PERSON
    + " where lower(p.email) = lower($2) and p.organisation_id = $1 order by u.package is null, p.person_id limit 1"
)
_PAGE: Final = (
    _PERSON + " where u.organisation_id = $1 and ($2::text is null or u.person_id > $2) order by u.person_id limit $3"
)


async def by_address(connection: Connection, organisation_id: OrganisationId, email: str) -> asyncpg.Record | None:
    """Whoever has an address in an organisation, in whatever case it is written; a person may have no package."""
    return await connection.fetchrow(_BY_ADDRESS, organisation_id, email)


async def require(connection: Connection, organisation_id: OrganisationId, person_id: PersonId) -> asyncpg.Record:
    """A user of a customer.

    Raises:
        Refusal: `user_not_found`, or `package_required` where the person is there and has none (ADD-03).
    """
    return require_user(await connection.fetchrow(_BY_ID, organisation_id, person_id))


async def require_address(connection: Connection, organisation_id: OrganisationId, email: str) -> asyncpg.Record:
    """The user of a customer who has an address; refuses as `require` does."""
    return require_user(await by_address(connection, organisation_id, email))


def require_user(row: asyncpg.Record | None) -> asyncpg.Record:
    """Refuse whoever is no user: `user_not_found` or `package_required`."""
    if row is None:
        raise Refusal(RefusalCode.USER_NOT_FOUND)
    if row["package"] is None:
        raise Refusal(RefusalCode.PACKAGE_REQUIRED)
    return row


async def show(
    connection: Connection, organisation_id: OrganisationId, person_id: PersonId, packages: Packages
) -> User:
    """A user with package, add-ons and numbers; refuses as `require` does."""
    return view(await require(connection, organisation_id, person_id), packages)


async def page(
    connection: Connection,
    organisation_id: OrganisationId,
    packages: Packages,
    *,
    after: PersonId | None,
    limit: int,
) -> UserPage:
    """Up to `limit` users after an id, in order of id."""
    rows = await connection.fetch(_PAGE, organisation_id, after, limit + 1)
    users = tuple(view(row, packages) for row in rows[:limit])
    return UserPage(users=users, next_after=users[-1].person_id if len(rows) > limit else None)


def view(row: asyncpg.Record, packages: Packages) -> User:
    """A user as others see them, with what the package entitles to (PKG-03)."""
    fields: dict[str, Any] = dict(row)
    return User(**fields, services=packages.services(row["package"]))
