"""What follows the update of a list: whoever waits for one is screened at once, and every customer against the changes."""

from collections.abc import Sequence
from typing import Final

from adapters.postgres.database import Connection, business_now
from adapters.postgres.pending import require_processes, wake_processes
from adapters.postgres.wholesale import cases, rows, screenings
from adapters.postgres.wholesale.rows import Onboarding
from tenure import names
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Instant
from tenure.contracts.customer import OnboardingReason, OnboardingState
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

_CUSTOMERS: Final = """
select b.organisation_id, b.name, b.billing_address from onboardings b join organisations o using (organisation_id)
 where o.state not in ('erasing', 'deleted') and (b.state = any($1::text[]) or b.reason = 'provisioning_failed')
   and ($2::text is null or b.organisation_id > $2)
 order by b.organisation_id limit $3
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
_CASE: Final = """
select exists (select from screenings s join rpl_cases c using (screening_id)
                where s.organisation_id = $1 and s.list_id = $2 and s.list_version = $3)
"""


async def after_load(connection: Connection, at: Instant) -> None:
    """A list was loaded or confirmed: whoever is waiting to be screened is screened at once (RPL-16)."""
    waiting: list[OrganisationId] = []
    for hurry in (_HURRY_ONBOARDINGS, _HURRY_ADDRESSES):
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
    connection: Connection, update: ListScreeningInput, limit: int
) -> Sequence[tuple[OrganisationId, Subject]]:
    """Up to `limit` customers after the last, in order of id."""
    found = await connection.fetch(_CUSTOMERS, list(_CONCERNED), update.after, limit)
    return [
        (
            OrganisationId(row["organisation_id"]),
            subject(row["name"], BillingAddress.model_validate(row["billing_address"])),
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
    customer = await rows.lock_alive(connection, organisation_id)
    if customer is None or not _is_concerned(customer):
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


def _is_concerned(customer: Onboarding) -> bool:
    return customer.state in _CONCERNED or customer.reason is OnboardingReason.PROVISIONING_FAILED
