"""Billable items: which add-ons somebody had, from when until when (ADD-05, Q-34)."""

from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.credential import CredentialRole
from tenure.contracts.package import BillableItem, BillableItems
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId
from tenure.ports import Caller

_PAGE: Final = """
select item_id, add_on, organisation_id, person_id, started_at, ended_at from add_on_assignments
 where partner_id = $1 and started_at < $3 and (ended_at is null or ended_at > $2)
   and ($4::bigint is null or item_id > $4)
 order by item_id limit $5
"""


async def billable_items(
    connection: Connection,
    caller: Caller,
    partner_id: PartnerId,
    *,
    from_: Instant,
    to: Instant,
    after: int | None,
    limit: int,
) -> BillableItems:
    """Up to `limit` add-ons that were assigned at some time in `[from_, to)`, after an id.

    What outlives its user and its customer's erasure is an id, which names nobody.

    Raises:
        Refusal: `forbidden` to another partner and to a reviewer (P14), or `partner_not_found`.
    """
    if caller.role is CredentialRole.REVIEWER or caller.partner_id not in {None, partner_id}:
        raise Refusal(RefusalCode.FORBIDDEN)
    if not await connection.fetchval("select exists (select from partners where partner_id = $1)", partner_id):
        raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
    rows = await connection.fetch(_PAGE, partner_id, from_, to, after, limit + 1)
    items = tuple(BillableItem.model_validate(dict(row)) for row in rows[:limit])
    return BillableItems(
        partner_id=partner_id, items=items, next_after=items[-1].item_id if len(rows) > limit else None
    )
