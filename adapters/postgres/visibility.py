"""Who may see which organisation (PS-06, P14)."""

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.organisation import GONE, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller


async def require_visible(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> asyncpg.Record:
    """Read an organisation that the caller may see: a partner sees those in its customer list, and no trace of others.

    Raises:
        Refusal: `organisation_not_found`.
    """
    row = await connection.fetchrow(
        "select o.* from organisations o where organisation_id = $1 and ($2::text is null or exists"
        " (select from customer_lists c where c.organisation_id = o.organisation_id and c.partner_id = $2))",
        organisation_id,
        caller.partner_id,
    )
    if row is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    return row


async def require_alive(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> asyncpg.Record:
    """Read an organisation that the caller may see and that is not gone for them.

    From its fence on it is gone for a partner, and from its receipt on for everybody (SF-11).

    Raises:
        Refusal: `organisation_not_found` or `org_deleted`.
    """
    row = await require_visible(connection, caller, organisation_id)
    state = OrganisationState(row["state"])
    if state is OrganisationState.DELETED or (state in GONE and caller.partner_id is not None):
        raise Refusal(RefusalCode.ORG_DELETED)
    return row


async def require_acquainted(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> None:
    """Refuse a partner to whom the people of a customer in its list are unknown, after the last grace (RO-04, Q-01, P14).

    Raises:
        Refusal: `access_level_insufficient`.
    """
    if caller.partner_id is None:
        return
    acquainted = await connection.fetchval(
        "select exists (select from managements where organisation_id = $1 and partner_id = $2 and access <> 'none')",
        organisation_id,
        caller.partner_id,
    )
    if not acquainted:
        raise Refusal(RefusalCode.ACCESS_LEVEL_INSUFFICIENT)
