"""People: what they are in an organisation."""

from typing import Final

from adapters.postgres.database import Connection
from tenure.ids import OrganisationId, PersonId

_ROLES: Final = """
select array(select r.role from person_roles r where r.person_id = p.person_id) from people p
 where p.person_id = $1 and p.organisation_id = $2
"""


async def roles_in(
    connection: Connection, organisation_id: OrganisationId, person_id: PersonId
) -> frozenset[str] | None:
    """What a person is in an organisation; None where they are not of it."""
    roles = await connection.fetchval(_ROLES, person_id, organisation_id)
    return None if roles is None else frozenset(roles)
