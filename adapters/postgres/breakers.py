"""The breakers of the fleet and of partners (SF-05)."""

from adapters.postgres.database import Connection
from tenure.ids import OrganisationId

FLEET = "fleet"
"""The scope that every organisation is in; the others are partners' ids."""


async def is_blocked(connection: Connection, organisation_id: OrganisationId) -> bool:
    """Whether an open breaker, the fleet's or a managing partner's, lets nothing of this organisation through."""
    blocked: bool = await connection.fetchval(
        "select exists (select from breakers where open_since is not null and released = 0 and (scope = 'fleet'"
        " or scope in (select partner_id from managements where organisation_id = $1)))",
        organisation_id,
    )
    return blocked
