"""Who may see which organisation (PS-06, P14)."""

import asyncpg

from adapters.postgres.database import Connection
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller


async def require_visible(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> asyncpg.Record:
    """Read an organisation that the caller may see: a partner sees those it manages, and no trace of others.

    Raises:
        Refusal: `organisation_not_found`.
    """
    row = await connection.fetchrow(
        "select o.* from organisations o where organisation_id = $1 and ($2::text is null or exists"
        " (select from managements m where m.organisation_id = o.organisation_id and m.partner_id = $2))",
        organisation_id,
        caller.partner_id,
    )
    if row is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    return row
