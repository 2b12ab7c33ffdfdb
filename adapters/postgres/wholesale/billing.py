"""Billable items: which add-ons somebody had, from when until when (ADD-05, Q-34).

An item begins and ends at an instant that was read, and has a number that was given, before its transaction commits. So
whoever writes items of a partner shares a lock, taken before that; and whoever reads the bill has it alone: what was
under way is there by then, and what begins afterwards begins later, under a higher number.
"""

from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.credential import OF_SCREENING
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
_SHARE: Final = "select pg_advisory_xact_lock_shared(hashtextextended('tenure.bill:' || $1, 0))"
_CLOSE: Final = "select pg_advisory_xact_lock(hashtextextended('tenure.bill:' || $1, 0))"


async def open_bill(connection: Connection, partner_id: PartnerId) -> None:
    """Let nobody read a partner's bill until this transaction is over; it locks no organisation after this."""
    await connection.execute(_SHARE, partner_id)


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

    Waits for what is being written. Of a time that is over nothing is missed, and no end of an item that lies in it.
    What outlives its user and its customer's erasure is an id, which names nobody.

    Args:
        connection: A transaction at READ COMMITTED, whose statements see what they have waited for.
        caller: Who asks.
        partner_id: Whose bill.
        from_: Items that had not ended by then.
        to: Items that had begun before then.
        after: The id of the last item of the page before.
        limit: The length of a page.

    Raises:
        Refusal: `forbidden` to another partner and to who screens (P14), or `partner_not_found`.
    """
    if caller.role in OF_SCREENING or caller.partner_id not in {None, partner_id}:
        raise Refusal(RefusalCode.FORBIDDEN)
    if not await connection.fetchval("select exists (select from partners where partner_id = $1)", partner_id):
        raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
    await connection.execute(_CLOSE, partner_id)
    rows = await connection.fetch(_PAGE, partner_id, from_, to, after, limit + 1)
    items = tuple(BillableItem.model_validate(dict(row)) for row in rows[:limit])
    return BillableItems(
        partner_id=partner_id, items=items, next_after=items[-1].item_id if len(rows) > limit else None
    )
