"""What follows the update of a list: whoever waits for one is screened at once, and every customer against the changes."""

from collections.abc import Sequence
from typing import Final

from adapters.postgres.database import Connection, business_now
from adapters.postgres.pending import require_processes, wake_processes
from adapters.postgres.trials import screenings as trial_screenings
from adapters.postgres.trials.screenings import CustomerScreening
from adapters.postgres.wholesale import cases, rows, screenings
from adapters.postgres.wholesale.rows import Onboarding
from tenure import names
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Instant
from tenure.contracts.customer import OnboardingReason, OnboardingState
from tenure.contracts.customer_screening import CustomerScreeningState
from tenure.contracts.onboarding import ListScreeningInput
from tenure.contracts.process import Process, ProcessState, ProcessType
from tenure.contracts.review import ScreeningTrigger
from tenure.contracts.screening import ListId, ListVersion, Screening, Subject
from tenure.ids import OrganisationId
from tenure.policy.onboarding import subject
from tenure.policy.rules import Rules

_CONCERNED: Final = frozenset(
    {OnboardingState.PENDING_RPL_REVIEW, OnboardingState.PROVISIONING, OnboardingState.ACTIVE}
)
"""Whoever is still being screened is held against the new version anyway."""
_OF_TRIALS: Final = frozenset({CustomerScreeningState.PENDING_RPL_REVIEW, CustomerScreeningState.CLEAR})

# A partner's own organisation may have come by a trial: what is known of its bill is more than name and country.
_CUSTOMERS: Final = """
with customers as (
       select organisation_id, name, billing_address from onboardings
        where state = any($1::text[]) or reason = 'provisioning_failed'),
     by_trials as (
       select distinct on (organisation_id) organisation_id, state from customer_screenings
        order by organisation_id, requested_at desc, trial_id),
     concerned as (
       select organisation_id from customers union
       select organisation_id from by_trials where $4 and state = any($5::text[]))
select organisation_id, array_remove(array[c.name, o.name], null) as names,
       coalesce(c.billing_address, jsonb_build_object('country', o.country)) as billing_address
  from concerned join organisations o using (organisation_id) left join customers c using (organisation_id)
 where o.state not in ('erasing', 'deleted') and ($2::text is null or organisation_id > $2)
 order by organisation_id limit $3
"""
# Also whoever is being screened at this moment: without the list, that is in vain, and not on record yet.
_HURRY_ONBOARDINGS: Final = """
update onboardings set looks_at = least(looks_at, $1)
 where organisation_id in (select organisation_id from onboardings
                            where state = 'screening' order by organisation_id for update)
returning organisation_id
"""
_HURRY_ADDRESSES: Final = """
update address_changes set looks_at = least(looks_at, $1)
 where (organisation_id, generation) in (select organisation_id, generation from address_changes
                                          where state = 'address_screening' order by organisation_id for update)
returning organisation_id
"""
_HURRY_TRIALS: Final = """
update customer_screenings set looks_at = least(looks_at, $1)
 where trial_id in (select trial_id from customer_screenings where state = 'screening' order by trial_id for update)
returning organisation_id
"""
_CASE: Final = """
select exists (select from screenings s join rpl_cases c using (screening_id)
                where s.organisation_id = $1 and s.list_id = $2 and s.list_version = $3)
"""


async def after_load(connection: Connection, at: Instant) -> None:
    """A list was loaded or confirmed: whoever is waiting to be screened is screened at once (RPL-16)."""
    waiting: list[OrganisationId] = []
    for hurry in (_HURRY_ONBOARDINGS, _HURRY_ADDRESSES, _HURRY_TRIALS):
        waiting += [row["organisation_id"] for row in await connection.fetch(hurry, at)]
    await wake_processes(connection, *waiting)


async def after_change(connection: Connection, list_id: ListId, version: int, at: Instant) -> None:
    """A version added or changed entries: every customer is held against these, by a process of its own (Q-32)."""
    process = Process(
        workflow_id=names.list_screening_id(list_id, version),
        type=ProcessType.LIST_SCREENING,
        input=ListScreeningInput(list_id=list_id, version=version).model_dump(mode="json"),
        state=ProcessState.PENDING,
    )
    await require_processes(connection, [process], at=at)


async def customers_after(
    connection: Connection, update: ListScreeningInput, limit: int, *, of_trials: bool
) -> Sequence[tuple[OrganisationId, Subject]]:
    """Up to `limit` customers after the last, in order of id; with `of_trials` those too that trials have created."""
    found = await connection.fetch(_CUSTOMERS, list(_CONCERNED), update.after, limit, of_trials, list(_OF_TRIALS))
    return [
        (
            OrganisationId(row["organisation_id"]),
            subject(row["names"], BillingAddress.model_validate(row["billing_address"])),
        )
        for row in found
    ]


async def record(
    connection: Connection,
    update: ListScreeningInput,
    organisation_id: OrganisationId,
    subject: Subject,
    screening: Screening,
    rules: Rules,
) -> bool:
    """Keep a screening against an update; a hit opens a case that blocks nothing. Answers whether there is one."""
    customer = await _lock_concerned(connection, organisation_id)
    if customer is None:
        return False
    at = await business_now(connection)
    found = await screenings.find(connection, organisation_id, subject, screening)
    screening_id = await screenings.keep(
        connection,
        organisation_id,
        ScreeningTrigger.LIST_UPDATE,
        customer.generation,
        subject,
        screening,
        found,
        at,
        update=ListVersion(list_id=update.list_id, version=update.version),
    )
    if screening_id is None:
        return bool(await connection.fetchval(_CASE, organisation_id, update.list_id, update.version))
    if not found.is_clear:
        trigger = ScreeningTrigger.LIST_UPDATE
        await cases.open_case(connection, customer, trigger, customer.generation, screening_id, rules, at)
    return not found.is_clear


async def _lock_concerned(
    connection: Connection, organisation_id: OrganisationId
) -> Onboarding | CustomerScreening | None:
    """Lock a customer whom an update concerns; None where it is gone, or over."""
    if not await rows.lock_living(connection, organisation_id):
        return None
    customer = await rows.find(connection, organisation_id)
    if customer is not None and _is_concerned(customer):
        return customer
    asked = await trial_screenings.newest(connection, organisation_id)
    return asked if asked is not None and asked.state in _OF_TRIALS else None


def _is_concerned(customer: Onboarding) -> bool:
    return customer.state in _CONCERNED or customer.reason is OnboardingReason.PROVISIONING_FAILED
