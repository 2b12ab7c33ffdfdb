"""An order is set up: tied to the organisation of its trial by its contact, and to no other (TC-16 to TC-18)."""

from typing import Final

import asyncpg

from adapters.postgres.database import Connection
from adapters.postgres.trials import rows
from tenure.contracts.conversion import ActingAs, OrderSetUp, TieOrder
from tenure.contracts.organisation import GONE
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrderId, PersonId, TrialId
from tenure.ports import Caller

_ORDER: Final = """
select ord.*, p.name as partner_name, o.name as organisation_name, o.state as organisation_state,
       coalesce(c.language, home.language, o.language) as language
  from orders ord join trials t using (trial_id) join partners p using (partner_id)
  join organisations o on o.organisation_id = ord.organisation_id
  left join people c on c.person_id = ord.contact
  left join organisations home on home.organisation_id = c.organisation_id
 where ord.order_id = $1
"""


_CONTACT: Final = """
select exists (
    select from orders ord join trials t using (trial_id) join people p on p.person_id = ord.contact
     where ord.order_id = $1 and p.person_id = $2 and p.email_version = $3
       and (exists (select from customer_admins a
                     where a.person_id = p.person_id and a.organisation_id = ord.organisation_id)
            or exists (select from partner_admins a
                        where a.person_id = p.person_id and a.partner_id in (t.partner_id, ord.ordered_by))))
"""


async def is_contact(connection: Connection, order_id: OrderId, person_id: PersonId, address: int) -> bool:
    """Whether an order is for this person to set up, whose link was sent to their present address (TC-15, SF-09).

    Whoever has lost the role since is no contact any more: a link in an old mail gives nobody back what was taken.
    """
    found: bool = await connection.fetchval(_CONTACT, order_id, person_id, address)
    return found


async def find_set_up(connection: Connection, order_id: OrderId) -> OrderSetUp:
    """What the set-up page shows; the customer's name only once the order is tied.

    Raises:
        Refusal: `order_not_found`, `org_deleted`.
    """
    return _set_up(await _order(connection, order_id))


async def plan_tie(connection: Connection, command: TieOrder) -> OrderSetUp:
    """The customer data to check before an order is tied (TC-17).

    Raises:
        Refusal: `order_not_found`, `org_deleted`, or `customer_not_matched` (TC-18).
    """
    order = await _order(connection, command.order_id)
    known = await connection.fetchval(
        "select exists (select from customer_admins where organisation_id = $1 and lower(email) = lower($2))",
        order["organisation_id"],
        command.admin_email,
    )
    if not known:
        raise Refusal(RefusalCode.CUSTOMER_NOT_MATCHED)
    shown = _set_up(order)
    return shown.model_copy(update={"organisation_name": order["organisation_name"], "acting_as": command.acting_as})


async def tie(connection: Connection, caller: Caller, command: TieOrder) -> None:
    """Tie an order to the organisation of its trial; no other organisation ever comes of it (TC-18).

    A second time changes nothing.
    """
    trial_id = await connection.fetchval("select trial_id from orders where order_id = $1", command.order_id)
    if trial_id is None:
        raise Refusal(RefusalCode.ORDER_NOT_FOUND)
    locked = await rows.lock_trial(connection, TrialId(trial_id))
    await plan_tie(connection, command)
    tied = await connection.fetchval(
        "update orders set acting_as = $2, tied_at = $3 where order_id = $1 and tied_at is null returning true",
        command.order_id,
        command.acting_as,
        locked.now,
    )
    if tied:
        await rows.record(
            connection,
            locked.trial,
            locked.trial.state,
            at=locked.now,
            actor=caller.actor,
            action="order_tied",
            reason=command.acting_as,
            details={"order_id": command.order_id},
        )


async def _order(connection: Connection, order_id: OrderId) -> asyncpg.Record:
    row = await connection.fetchrow(_ORDER, order_id)
    if row is None:
        raise Refusal(RefusalCode.ORDER_NOT_FOUND)
    if row["organisation_state"] in GONE:
        raise Refusal(RefusalCode.ORG_DELETED)
    return row


def _set_up(order: asyncpg.Record) -> OrderSetUp:
    tied = order["tied_at"] is not None
    return OrderSetUp(
        order_id=order["order_id"],
        trial_id=order["trial_id"],
        organisation_id=order["organisation_id"],
        partner_name=order["partner_name"],
        services=tuple(order["services"]),
        acting_as=ActingAs(order["acting_as"]) if tied else None,
        tied_at=order["tied_at"],
        organisation_name=order["organisation_name"] if tied else None,
        language=order["language"],
    )
