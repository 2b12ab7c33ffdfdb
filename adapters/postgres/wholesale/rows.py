"""Onboardings as rows: found, locked with whom they concern, and written with their audit."""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection, lock, lock_one
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Contract, Instant
from tenure.contracts.customer import RPL_REASONS, NewSite, OnboardingReason, OnboardingState
from tenure.contracts.organisation import GONE
from tenure.contracts.user import NumberItem, UserItem
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, PartnerId

ROW: Final = """
select n.*, o.name as organisation_name from onboardings n join organisations o using (organisation_id)
 where organisation_id = $1
"""
_CURRENT: Final = """
select * from onboardings
 where partner_id = $1 and external_id = $2 and state <> 'cancelled' and (reason is null or reason = 'provisioning_failed')
"""


class Onboarding(Contract):
    """A row of `onboardings`."""

    organisation_id: OrganisationId
    partner_id: PartnerId
    external_id: str
    request_hash: str
    generation: int
    state: OnboardingState
    reason: OnboardingReason | None
    state_since: Instant
    requested_at: Instant
    activated_at: Instant | None
    own_organisation: bool
    name: str
    organisation_name: str | None = None
    """In the books: for a partner's own organisation it may be another one. Known where the row was found by itself."""
    billing_address: BillingAddress
    package: str
    licence_set_id: LicenceSetId
    admin_email: str | None
    admin_name: str | None
    invoice_reference: str | None
    sites: tuple[NewSite, ...]
    users: tuple[UserItem, ...]
    numbers: tuple[NumberItem, ...]
    provision_after_review: bool
    reviewed: bool
    attempts: int
    looks_at: Instant | None
    problem: str | None
    warnings: tuple[str, ...]
    account: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called, by its service provider and in the books."""
        return tuple(dict.fromkeys(name for name in (self.name, self.organisation_name) if name))

    @property
    def failed_review(self) -> bool:
        """Whether it is over because of what was found (RPL-12)."""
        return self.reason in RPL_REASONS


async def find(connection: Connection, organisation_id: OrganisationId) -> Onboarding | None:
    """The onboarding of a customer, where it has one."""
    row = await connection.fetchrow(ROW, organisation_id)
    return None if row is None else Onboarding.model_validate(dict(row))


async def find_current(connection: Connection, partner_id: PartnerId, external_id: str) -> Onboarding | None:
    """The customer that has a service provider's reference at present: none that is over has one (RPL-12, Q-29)."""
    row = await connection.fetchrow(_CURRENT, partner_id, external_id)
    return None if row is None else Onboarding.model_validate(dict(row))


async def lock_alive(connection: Connection, organisation_id: OrganisationId) -> Onboarding | None:
    """Lock a customer's organisation and read its onboarding anew; None where either is gone, for who steps on anyway."""
    return await find(connection, organisation_id) if await lock_living(connection, organisation_id) else None


async def lock_living(connection: Connection, organisation_id: OrganisationId) -> bool:
    """Lock an organisation; answers whether there is one that is not gone."""
    organisation = (await lock(connection, organisation_id)).get(organisation_id)
    return organisation is not None and organisation["state"] not in GONE


async def lock_customer(connection: Connection, organisation_id: OrganisationId) -> tuple[Onboarding, asyncpg.Record]:
    """Lock a wholesale customer's organisation and read its onboarding anew; answers both.

    Raises:
        Refusal: `customer_not_found`, or `org_deleted` from its fence on.
    """
    try:
        organisation = await lock_one(connection, organisation_id)
    except Refusal as refusal:
        if refusal.code is RefusalCode.ORGANISATION_NOT_FOUND:
            raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND) from None
        raise
    onboarding = await find(connection, organisation_id)
    if onboarding is None:
        raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
    return onboarding, organisation


def require_ready(onboarding: Onboarding) -> None:
    """Refuse what needs an account while there is none (RPL-06, PRV-03, USR-04).

    Raises:
        Refusal: `rpl_review_pending`, `onboarding_failed`, `account_not_ready` or `customer_cancelled`.
    """
    match onboarding.state:
        case OnboardingState.ACTIVE:
            return
        case OnboardingState.PENDING_RPL_REVIEW:
            raise Refusal(RefusalCode.RPL_REVIEW_PENDING)
        case OnboardingState.CANCELLED:
            raise Refusal(RefusalCode.CUSTOMER_CANCELLED)
        case OnboardingState.ERROR if onboarding.failed_review:
            raise Refusal(RefusalCode.ONBOARDING_FAILED)
        case _:
            raise Refusal(RefusalCode.ACCOUNT_NOT_READY)


async def change(
    connection: Connection,
    before: Onboarding,
    *,
    at: Instant,
    actor: str,
    action: str,
    details: Mapping[str, Any] | None = None,
    **columns: Any,
) -> Onboarding:
    """Write some columns of an onboarding with its audit row (XC-04); answers it as it is then.

    A state says its reason with it; where it is another one, it holds since now.
    """
    if columns.get("state", before.state) is not before.state:
        columns = {"reason": None, **columns, "state_since": at}
    names = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=2))
    row = await connection.fetchrow(
        f"update onboardings set {names} where organisation_id = $1 returning *",  # noqa: S608 - names of columns, all ours
        before.organisation_id,
        *columns.values(),
    )
    assert row is not None
    after = Onboarding.model_validate(dict(row))
    reason = None if after.reason is None else str(after.reason)
    await record(connection, before, after.state, at=at, actor=actor, action=action, reason=reason, details=details)
    return after


async def record(
    connection: Connection,
    onboarding: Onboarding,
    to_state: OnboardingState,
    *,
    at: Instant,
    actor: str,
    action: str,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write the audit row of a change; `onboarding` is the row as it was before."""
    await audit.append(
        connection,
        subject=onboarding.organisation_id,
        at=at,
        actor=actor,
        action=action,
        from_state=onboarding.state,
        to_state=to_state,
        reason=reason,
        details=dict(details or {}),
    )
