"""Billing addresses: a new one is proposed, screened, and in force once nothing speaks against it (RPL-02, RPL-17)."""

from typing import Any, Final

from adapters.postgres.database import Connection, business_now
from adapters.postgres.pending import clear_next_dates, require_process
from adapters.postgres.wholesale import call_ins, rows
from adapters.postgres.wholesale.rows import Onboarding
from adapters.postgres.wholesale.transitions import put_screening
from tenure import names
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Contract, Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.customer import AddressState, OnboardingReason, UpdateBillingAddress
from tenure.contracts.forecast import NextKind
from tenure.contracts.onboarding import OnboardingInput
from tenure.contracts.process import ProcessType
from tenure.contracts.review import CaseState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.onboarding import REASONS, billing_country
from tenure.ports import TIMER, Caller

PENDING: Final = frozenset({AddressState.SCREENING, AddressState.PENDING_RPL_REVIEW})
"""The old address is in force, and no other can be proposed (RPL-18)."""

_NEWEST: Final = "select * from address_changes where organisation_id = $1 order by generation desc limit 1"
_PROPOSE: Final = """
insert into address_changes (organisation_id, generation, state, billing_address, resync, requested_at, state_since)
values ($1, $2, 'address_screening', $3, $4, $5, $5)
"""


class Change(Contract):
    """A row of `address_changes`."""

    organisation_id: OrganisationId
    generation: int
    state: AddressState
    reason: OnboardingReason | None
    billing_address: BillingAddress
    resync: bool
    requested_at: Instant
    attempts: int
    looks_at: Instant | None
    problem: str | None


async def newest(connection: Connection, organisation_id: OrganisationId) -> Change | None:
    """The newest change of a customer's address."""
    row = await connection.fetchrow(_NEWEST, organisation_id)
    return None if row is None else Change.model_validate(dict(row))


async def propose(
    connection: Connection, caller: Caller, customer: Onboarding, command: UpdateBillingAddress, catalogue: Catalogue
) -> None:
    """Propose an address; the one in force again, with nothing to follow it, is no change.

    Raises:
        Refusal: `billing_country_required`, `invalid_country`; `rpl_review_pending` while another change is (RPL-18), or
            as `rows.require_ready` does while there is no account.
    """
    country = billing_country(command.billing_address, catalogue)
    rows.require_ready(customer)
    before = await newest(connection, customer.organisation_id)
    if before is not None and before.state in PENDING:
        raise Refusal(RefusalCode.RPL_REVIEW_PENDING)
    address = command.billing_address.model_copy(update={"country": country})
    if address == customer.billing_address and not command.resync:
        return
    at = await business_now(connection)
    change = OnboardingInput(
        organisation_id=customer.organisation_id, generation=1 if before is None else before.generation + 1
    )
    document = address.model_dump(mode="json")
    await connection.execute(_PROPOSE, change.organisation_id, change.generation, document, command.resync, at)
    await _record(connection, customer, change.generation, "address_proposed", at, caller.actor)
    await put_screening(connection, change.organisation_id, "RPL-02", at)
    await require_process(
        connection,
        workflow_id=names.address_change_id(change.organisation_id, change.generation),
        process_type=ProcessType.ADDRESS_CHANGE,
        organisation_id=change.organisation_id,
        input_=change,
        due_at=None,
        at=at,
    )


async def hold(connection: Connection, customer: Onboarding, change: Change, at: Instant) -> None:
    """Something was found: a reviewer has to look, and the old address stays in force (RPL-17)."""
    await _put(connection, change, AddressState.PENDING_RPL_REVIEW, at)
    await _record(connection, customer, change.generation, "address_match", at, TIMER.actor)


async def apply(
    connection: Connection, customer: Onboarding, change: Change, telephony: Telephony, at: Instant, actor: str
) -> None:
    """The new address is in force; where that was asked for, country and call-in numbers follow it (Q-08, Q-35)."""
    await connection.execute(
        "update onboardings set billing_address = $2 where organisation_id = $1",
        customer.organisation_id,
        change.billing_address.model_dump(mode="json"),
    )
    await _put(connection, change, AddressState.APPLIED, at)
    await _record(connection, customer, change.generation, "address_applied", at, actor)
    country = change.billing_address.country
    if change.resync and country is not None:
        await call_ins.resync(connection, customer.organisation_id, country, telephony, at, actor)


async def conclude_review(
    connection: Connection,
    customer: Onboarding,
    change: Change,
    outcome: CaseState,
    telephony: Telephony,
    at: Instant,
    actor: str,
) -> None:
    """The review is over: the address is in force, or the change has failed and the old one stays (RPL-17)."""
    reason = REASONS.get(outcome)
    if reason is None:
        await apply(connection, customer, change, telephony, at, actor)
        return
    await _put(connection, change, AddressState.ERROR, at, reason=reason)
    await _record(connection, customer, change.generation, "address_refused", at, actor, reason)


async def _put(
    connection: Connection, change: Change, state: AddressState, at: Instant, reason: OnboardingReason | None = None
) -> None:
    await clear_next_dates(connection, change.organisation_id, NextKind.SCREENING)
    await connection.execute(
        "update address_changes set state = $3, reason = $4, state_since = $5, attempts = 0, looks_at = null,"
        " problem = null where organisation_id = $1 and generation = $2",
        change.organisation_id,
        change.generation,
        state,
        reason,
        at,
    )


async def _record(
    connection: Connection,
    customer: Onboarding,
    generation: int,
    action: str,
    at: Instant,
    actor: str,
    reason: str | None = None,
) -> None:
    """Which change it was, and not to where."""
    details: dict[str, Any] = {"change": generation}
    await rows.record(
        connection, customer, customer.state, at=at, actor=actor, action=action, reason=reason, details=details
    )
