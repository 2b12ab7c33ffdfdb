"""Wholesale subscriptions: their end, and whether they are paid (PO-08, BIL)."""

from typing import Any, Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection, business_now
from adapters.postgres.graces import licence_set, suspend_licence_set
from adapters.postgres.pending import clear_next_dates, wake_processes
from adapters.postgres.wholesale import rows
from adapters.postgres.wholesale.authority import require_provider
from adapters.postgres.wholesale.rows import Onboarding
from adapters.postgres.wholesale.statuses import statuses_of
from adapters.postgres.wholesale.withdrawing import withdraw
from adapters.postgres.wholesale.work import Work
from tenure.contracts.base import Instant
from tenure.contracts.customer import (
    CancelSubscription,
    OnboardingReason,
    OnboardingState,
    SetPaymentState,
    Subscription,
)
from tenure.contracts.forecast import NextKind
from tenure.contracts.licence import LicenceState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy.package import Packages
from tenure.policy.rules import Rules
from tenure.ports import Caller

_FIND: Final = "select * from licence_sets where licence_set_id = $1 and wholesale"
_END_CHANGE: Final = """
update address_changes set state = 'error', reason = $3, state_since = $2, looks_at = null, problem = null
 where organisation_id = $1 and state in ('address_screening', 'address_pending_rpl_review') returning generation
"""


async def cancel(
    connection: Connection, caller: Caller, command: CancelSubscription, packages: Packages, rules: Rules
) -> None:
    """End a subscription, and with it the customer, in one step; cancelled already, nothing happens (PO-08).

    The licences rest for the 60 days of any subscription's grace, then they are removed and the organisation is marked
    (RP-01, DM-01); nothing brings them back: who comes again is created and screened anew (Q-29). What is assigned ends
    at once: billing of add-ons stops, numbers are free for whoever gets them next. A change of address that waits is
    over, and the old address stays. The review of a hit goes on: who was met is looked at, though they have left.

    Raises:
        Refusal: `subscription_not_found`, also to another partner (P14); `org_deleted`; as `require_provider` does.
    """
    customer, row = await _lock(connection, caller, command.licence_set_id)
    licences = licence_set(row)
    if licences.state is LicenceState.ACTIVE:
        work = await Work.now(connection, customer, packages, caller.actor)
        now = work.at
        await suspend_licence_set(
            connection, licences, now, at=now, actor=caller.actor, reason="subscription_cancelled", rules=rules
        )
        await withdraw(work)
        await _end_address_change(connection, customer, now, caller.actor)
        await rows.change(
            connection,
            customer,
            at=now,
            actor=caller.actor,
            action="subscription_cancelled",
            details={"licence_set_id": licences.licence_set_id},
            state=OnboardingState.CANCELLED,
            users=[],
            numbers=[],
        )
        await wake_processes(connection, customer.organisation_id)


async def set_payment_state(connection: Connection, caller: Caller, command: SetPaymentState) -> None:
    """Say whether a subscription is paid; said before, nothing happens (BIL-03).

    Raises:
        Refusal: as `cancel` does.
    """
    customer, row = await _lock(connection, caller, command.licence_set_id)
    if row["payment_state"] != command.payment_state:
        await connection.execute(
            "update licence_sets set payment_state = $2 where licence_set_id = $1",
            command.licence_set_id,
            command.payment_state,
        )
        await audit.append(
            connection,
            subject=customer.organisation_id,
            at=await business_now(connection),
            actor=caller.actor,
            action="payment_state_set",
            from_state=row["payment_state"],
            to_state=command.payment_state,
            details={"licence_set_id": command.licence_set_id},
        )


async def show(connection: Connection, caller: Caller, licence_set_id: LicenceSetId) -> Subscription:
    """A subscription, with what its service provider says of the bill (BIL-02).

    Raises:
        Refusal: as `cancel` does.
    """
    row = await connection.fetchrow(_FIND, licence_set_id)
    if row is None:
        raise Refusal(RefusalCode.SUBSCRIPTION_NOT_FOUND)
    await _require(connection, caller, await rows.find(connection, row["organisation_id"]))
    return await _subscription(connection, row)


async def find(connection: Connection, customer: Onboarding) -> Subscription | None:
    """The subscription of a customer, once its account is there."""
    row = await connection.fetchrow(_FIND, customer.licence_set_id)
    return None if row is None else await _subscription(connection, row)


async def _subscription(connection: Connection, row: asyncpg.Record) -> Subscription:
    organisation_id = OrganisationId(row["organisation_id"])
    told = await statuses_of(connection, [organisation_id])
    fields: dict[str, Any] = dict(row)
    return Subscription.model_validate(fields | {"statuses": told[organisation_id]})


async def _lock(
    connection: Connection, caller: Caller, licence_set_id: LicenceSetId
) -> tuple[Onboarding, asyncpg.Record]:
    """Lock the organisation of a subscription, which never changes, and read both anew."""
    seen = await connection.fetchrow(_FIND, licence_set_id)
    if seen is None:
        raise Refusal(RefusalCode.SUBSCRIPTION_NOT_FOUND)
    await _require(connection, caller, await rows.find(connection, seen["organisation_id"]))
    customer, _ = await rows.lock_customer(connection, seen["organisation_id"])
    row = await connection.fetchrow(_FIND, licence_set_id)
    assert row is not None
    return customer, row


async def _require(connection: Connection, caller: Caller, customer: Onboarding | None) -> None:
    """Refuse another partner as if there were nothing (P14)."""
    if customer is None or caller.partner_id not in {None, customer.partner_id}:
        raise Refusal(RefusalCode.SUBSCRIPTION_NOT_FOUND)
    await require_provider(connection, caller, customer.partner_id)


async def _end_address_change(connection: Connection, customer: Onboarding, at: Instant, actor: str) -> None:
    """Its process finds that, and ends; a review that was opened for it does not wait for the change any more."""
    reason = OnboardingReason.SUBSCRIPTION_CANCELLED
    generation = await connection.fetchval(_END_CHANGE, customer.organisation_id, at, reason)
    if generation is None:
        return
    await clear_next_dates(connection, customer.organisation_id, NextKind.SCREENING)
    await rows.record(
        connection,
        customer,
        customer.state,
        at=at,
        actor=actor,
        action="address_change_ended",
        reason=reason,
        details={"generation": generation},
    )
