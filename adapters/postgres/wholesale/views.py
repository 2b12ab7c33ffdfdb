"""Customers as their service provider, operators and services see them (PO-08, PO-09, ONB-08)."""

from typing import Any, Final

import asyncpg

from adapters.postgres.database import Connection
from adapters.postgres.wholesale import addresses, call_ins, subscriptions, units
from adapters.postgres.wholesale.authority import require_reader
from adapters.postgres.wholesale.rows import Onboarding
from adapters.postgres.wholesale.statuses import statuses_of
from tenure.contracts.credential import OF_SCREENING
from tenure.contracts.customer import (
    AddressChange,
    CustomerPage,
    CustomerStatus,
    CustomerSummary,
    CustomerView,
    OnboardingState,
    Review,
)
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.ports import Caller

# A partner's own organisation leaves the list at once as its subscription is cancelled; whoever else is cancelled stays
# until the organisation is erased (PO-08, Q-29).
_PAGE: Final = """
select b.*, b.own_organisation as is_own_org from onboardings b join organisations o using (organisation_id)
 where o.state not in ('erasing', 'deleted') and not (b.own_organisation and b.state = 'cancelled')
   and ($1::text is null or b.partner_id = $1)
   and ($2::text is null or b.state = $2)
   and ($3::text is null or b.organisation_id > $3)
 order by b.organisation_id limit $4
"""
_BESIDE: Final = """
select o.country as org_country, o.state as organisation_state,
       exists (select from wizards w where w.organisation_id = o.organisation_id and w.step = 'complete') as set_up_complete
  from organisations o where o.organisation_id = $1
"""
_NEWEST: Final = """
select organisation_id from onboardings where partner_id = $1 and external_id = $2 order by requested_at desc limit 1
"""
_REVIEWS: Final = """
select distinct on (b.organisation_id) b.organisation_id, c.case_id, c.state, c.opened_at, c.deadline_at
  from onboardings b join rpl_cases c using (organisation_id)
 where b.organisation_id = any($1::text[]) and c.trigger = 'create' and c.opened_at >= b.requested_at
 order by b.organisation_id, c.opened_at desc
"""


async def show(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> CustomerView:
    """One customer with everything about its onboarding.

    Raises:
        Refusal: `customer_not_found`, also to another partner (P14), and once it is erased; `org_deleted` to a partner
            from the fence of its organisation on; `forbidden` to a reviewer or list keeper.
    """
    customer = await require_reader(connection, caller, organisation_id)
    beside = await connection.fetchrow(_BESIDE, organisation_id)
    assert beside is not None
    if caller.partner_id is not None and beside["organisation_state"] in {"erasing", "deleted"}:
        raise Refusal(RefusalCode.ORG_DELETED)
    told = (await statuses_of(connection, [organisation_id]))[organisation_id]
    reviews = await _reviews(connection, [organisation_id])
    fields: dict[str, Any] = {
        **customer.model_dump(),
        **_statuses(told),
        "is_own_org": customer.own_organisation,
        "org_country": beside["org_country"],
        "set_up_complete": beside["set_up_complete"],
        "quantities": await units.read(connection, organisation_id),
        "review": reviews.get(organisation_id),
        "address_change": await _address_change(connection, customer),
        "sites": await call_ins.views(connection, organisation_id),
        "subscription": await subscriptions.find(connection, customer),
        "to_provision": len(customer.users) + len(customer.numbers),
    }
    return CustomerView.model_validate(fields)


async def show_newest(
    connection: Connection, caller: Caller, partner_id: PartnerId, external_id: str | None
) -> CustomerView:
    """The customer that a service provider's reference was given to last, whatever has become of it.

    Raises:
        Refusal: as `show` does.
    """
    organisation_id = await connection.fetchval(_NEWEST, partner_id, external_id)
    if organisation_id is None:
        raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
    return await show(connection, caller, OrganisationId(organisation_id))


async def page(
    connection: Connection,
    caller: Caller,
    *,
    partner_id: PartnerId | None,
    state: OnboardingState | None,
    after: OrganisationId | None,
    limit: int,
) -> CustomerPage:
    """Up to `limit` customers after an id; a partner sees its own.

    Raises:
        Refusal: `forbidden` to a reviewer or list keeper, and for another partner's.
    """
    if caller.role in OF_SCREENING:
        raise Refusal(RefusalCode.FORBIDDEN)
    found = await connection.fetch(_PAGE, caller.scope(partner_id), state, after, limit + 1)
    shown = found[:limit]
    ids = [OrganisationId(row["organisation_id"]) for row in shown]
    told, reviews = await statuses_of(connection, ids), await _reviews(connection, ids)
    customers = tuple(_summary(row, told[each], reviews.get(each)) for row, each in zip(shown, ids, strict=True))
    return CustomerPage(customers=customers, next_after=customers[-1].organisation_id if len(found) > limit else None)


async def _reviews(connection: Connection, ids: list[OrganisationId]) -> dict[OrganisationId, Review]:
    """The newest review of each onboarding that has had one."""
    return {
        OrganisationId(row["organisation_id"]): Review.model_validate({name: row[name] for name in Review.model_fields})
        for row in await connection.fetch(_REVIEWS, ids)
    }


def _summary(row: asyncpg.Record, told: tuple[CustomerStatus, ...], review: Review | None) -> CustomerSummary:
    fields: dict[str, Any] = {**row, **_statuses(told), "review": review}
    return CustomerSummary.model_validate(fields)


def _statuses(told: tuple[CustomerStatus, ...]) -> dict[str, Any]:
    return {"statuses": told, "primary_status": told[0] if told else None}


async def _address_change(connection: Connection, customer: Onboarding) -> AddressChange | None:
    """The newest change, unless it is of an earlier onboarding of the same organisation."""
    change = await addresses.newest(connection, customer.organisation_id)
    if change is None or change.requested_at < customer.requested_at:
        return None
    fields: dict[str, Any] = change.model_dump(include=set(AddressChange.model_fields))
    return AddressChange.model_validate(fields)
