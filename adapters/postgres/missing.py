"""The processes that facts need and nothing names: the same rules that write the row in the transaction of the fact (EV-03)."""

from adapters.postgres.database import Connection
from adapters.postgres.graces import grace_process
from tenure import names
from tenure.contracts.deletion import CountdownInput
from tenure.contracts.erasure import ErasureInput
from tenure.contracts.licence import RenewalGraceInput
from tenure.contracts.onboarding import ListScreeningInput, OnboardingInput, ReviewInput
from tenure.contracts.process import Process, ProcessState, ProcessType
from tenure.contracts.trial_process import TrialInput
from tenure.ids import OrganisationId, TrialId

_COUNTDOWNS = """
select o.organisation_id, o.generation from organisations o
 where o.state in ('marked', 'warned')
   and not exists (select from processes p
                    where p.workflow_id = 'deletion/' || o.organisation_id || '/' || o.generation)
 order by o.organisation_id
"""
_GRACES = """
select l.licence_set_id, l.organisation_id, l.kind, l.generation, l.removal_due_at
  from licence_sets l join organisations o using (organisation_id)
 where l.state = 'suspended' and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p
                    where p.workflow_id = 'renewal-grace/' || l.licence_set_id || '/' || l.generation)
 order by l.licence_set_id
"""
_ERASURES = """
select e.organisation_id, e.generation, e.cause, e.fenced_at, e.quarantine_until from erasures e
 where e.state in ('quarantine', 'purging')
   and not exists (select from processes p
                    where p.workflow_id = 'erasure/' || e.organisation_id || '/' || e.generation)
 order by e.organisation_id
"""

_CONSENTS = """
select t.trial_id, t.organisation_id, 1 as generation, r.deadline_at as due_at
  from trial_requests r join trials t using (trial_id) join organisations o on o.organisation_id = t.organisation_id
 where r.state = 'pending' and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p where p.workflow_id = 'trial-consent/' || t.trial_id || '/1')
 order by t.trial_id
"""
_TRIALS = """
select t.trial_id, t.organisation_id, t.generation, t.ends_at as due_at
  from trials t join organisations o using (organisation_id)
 where t.state in ('awaiting_details', 'provisioning', 'active') and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p where p.workflow_id = 'trial/' || t.trial_id || '/' || t.generation)
 order by t.trial_id
"""
_CUSTOMER_SCREENINGS = """
select c.trial_id, c.organisation_id, 1 as generation, null::timestamptz as due_at
  from customer_screenings c join organisations o using (organisation_id)
 where c.state in ('screening', 'pending_rpl_review') and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p where p.workflow_id = 'customer-screening/' || c.trial_id || '/1')
 order by c.trial_id
"""
_NUMBER_HOLDS = """
select n.trial_id, n.organisation_id, n.hold as generation, min(n.held_until) as due_at
  from phone_numbers n join organisations o using (organisation_id)
 where n.state = 'held' and n.trial_id is not null and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p where p.workflow_id = 'number-retention/' || n.trial_id || '/' || n.hold)
 group by n.trial_id, n.organisation_id, n.hold order by n.trial_id
"""
_DEVICE_RETURNS = """
select d.trial_id, d.organisation_id, d.generation, d.due_at
  from device_returns d join organisations o using (organisation_id)
 where d.overdue_at is null and o.state not in ('erasing', 'deleted')
   and exists (select from trial_devices v where v.trial_id = d.trial_id and v.returned_at is null)
   and not exists (select from processes p where p.workflow_id = 'device-return/' || d.trial_id || '/' || d.generation)
 order by d.trial_id
"""
_OF_TRIALS = {
    ProcessType.TRIAL_CONSENT: (_CONSENTS, names.trial_consent_id),
    ProcessType.TRIAL: (_TRIALS, names.trial_id),
    ProcessType.CUSTOMER_SCREENING: (_CUSTOMER_SCREENINGS, names.customer_screening_id),
    ProcessType.NUMBER_RETENTION: (_NUMBER_HOLDS, names.number_retention_id),
    ProcessType.DEVICE_RETURN: (_DEVICE_RETURNS, names.device_return_id),
}

# Of wholesale customers.
_ONBOARDINGS = """
select b.organisation_id, b.generation from onboardings b join organisations o using (organisation_id)
 where b.state in ('received', 'screening', 'pending_rpl_review', 'provisioning') and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p
                    where p.workflow_id = 'onboarding/' || b.organisation_id || '/' || b.generation)
 order by b.organisation_id
"""
_ADDRESS_CHANGES = """
select c.organisation_id, c.generation from address_changes c join organisations o using (organisation_id)
 where c.state in ('address_screening', 'address_pending_rpl_review') and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p
                    where p.workflow_id = 'address-change/' || c.organisation_id || '/' || c.generation)
 order by c.organisation_id
"""
_OF_CUSTOMERS = {
    ProcessType.WHOLESALE_ONBOARDING: (_ONBOARDINGS, names.onboarding_id),
    ProcessType.ADDRESS_CHANGE: (_ADDRESS_CHANGES, names.address_change_id),
}
# What an updated list has found waits for ever.
_REVIEWS = """
select c.case_id, c.organisation_id, case when c.trigger <> 'list_update' then c.deadline_at end as due_at
  from rpl_cases c join organisations o using (organisation_id)
 where c.state = 'open' and o.state not in ('erasing', 'deleted')
   and not exists (select from processes p where p.workflow_id = 'rpl-review/' || c.case_id || '/1')
 order by c.case_id
"""
# A version that only took entries away concerns nobody, and one that was there before the first customer concerned nobody.
_LIST_UPDATES = """
select l.list_id, l.version from screening_lists l
 where exists (select from screening_entries e where e.list_id = l.list_id and e.from_version = l.version)
   and (exists (select from onboardings b where b.requested_at <= l.loaded_at)
        or exists (select from customer_screenings c where c.requested_at <= l.loaded_at))
   and not exists (select from processes p
                    where p.workflow_id = 'list-screening/' || l.list_id || '/' || l.version)
 order by l.list_id, l.version
"""


async def find(connection: Connection) -> list[Process]:
    """All of them, still to be written."""
    return [
        *await _countdowns(connection),
        *await _graces(connection),
        *await _erasures(connection),
        *await _trials(connection),
        *await _customers(connection),
        *await _reviews(connection),
        *await _list_updates(connection),
    ]


async def _countdowns(connection: Connection) -> list[Process]:
    return [
        Process(
            workflow_id=names.deletion_id(countdown.organisation_id, countdown.generation),
            type=ProcessType.DELETION_COUNTDOWN,
            organisation_id=countdown.organisation_id,
            input=countdown.model_dump(mode="json"),
            state=ProcessState.PENDING,
        )
        for countdown in [CountdownInput(**row) for row in await connection.fetch(_COUNTDOWNS)]
    ]


async def _graces(connection: Connection) -> list[Process]:
    return [grace_process(RenewalGraceInput(**row)) for row in await connection.fetch(_GRACES)]


async def _erasures(connection: Connection) -> list[Process]:
    return [
        Process(
            workflow_id=names.erasure_id(erasure.organisation_id, erasure.generation),
            type=ProcessType.ERASURE,
            organisation_id=erasure.organisation_id,
            input=erasure.model_dump(mode="json"),
            state=ProcessState.PENDING,
            due_at=erasure.quarantine_until,
        )
        for erasure in [ErasureInput(**row) for row in await connection.fetch(_ERASURES)]
    ]


async def _trials(connection: Connection) -> list[Process]:
    """Consents, trials, screenings of their customers, holds of numbers, returns of devices: all are of a trial and a generation."""
    return [
        Process(
            workflow_id=workflow_id(TrialId(row["trial_id"]), row["generation"]),
            type=process_type,
            organisation_id=row["organisation_id"],
            input=TrialInput(**{name: row[name] for name in TrialInput.model_fields}).model_dump(mode="json"),
            state=ProcessState.PENDING,
            due_at=row["due_at"],
        )
        for process_type, (query, workflow_id) in _OF_TRIALS.items()
        for row in await connection.fetch(query)
    ]


async def _customers(connection: Connection) -> list[Process]:
    """Onboardings and changes of address: both are of a customer and a generation."""
    return [
        Process(
            workflow_id=workflow_id(OrganisationId(row["organisation_id"]), row["generation"]),
            type=process_type,
            organisation_id=row["organisation_id"],
            input=OnboardingInput.model_validate(dict(row)).model_dump(mode="json"),
            state=ProcessState.PENDING,
        )
        for process_type, (query, workflow_id) in _OF_CUSTOMERS.items()
        for row in await connection.fetch(query)
    ]


async def _reviews(connection: Connection) -> list[Process]:
    return [
        Process(
            workflow_id=names.rpl_review_id(row["case_id"]),
            type=ProcessType.RPL_REVIEW,
            organisation_id=row["organisation_id"],
            input=ReviewInput.model_validate(dict(row)).model_dump(mode="json"),
            state=ProcessState.PENDING,
            due_at=row["due_at"],
        )
        for row in await connection.fetch(_REVIEWS)
    ]


async def _list_updates(connection: Connection) -> list[Process]:
    return [
        Process(
            workflow_id=names.list_screening_id(update.list_id, update.version),
            type=ProcessType.LIST_SCREENING,
            input=update.model_dump(mode="json"),
            state=ProcessState.PENDING,
        )
        for update in [ListScreeningInput(**row) for row in await connection.fetch(_LIST_UPDATES)]
    ]
