"""The table between facts and executions: what to start, what to wake, and what is missing (EV-03, P15)."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from adapters.postgres import figures
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.graces import grace_process
from adapters.postgres.pending import require_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.deletion import CountdownInput
from tenure.contracts.erasure import ErasureInput
from tenure.contracts.licence import RenewalGraceInput
from tenure.contracts.process import Figures, Process, ProcessState, ProcessType
from tenure.contracts.trial_process import TrialInput
from tenure.ids import OrganisationId, TrialId

_PROCESS = """
select workflow_id, type, organisation_id, input, state, due_at, wakes, restarts,
       coalesce((select t.partner_id::text from trials t where t.trial_id = p.input ->> 'trial_id'),
                (select min(m.partner_id::text collate "C") from managements m
                  where m.organisation_id = p.organisation_id)) as partner_id
  from processes p
"""

_TO_START = _PROCESS + " where state = 'pending' order by created_at, workflow_id limit $1"
_TO_WAKE = _PROCESS + " where state = 'started' and wakes > wakes_sent order by workflow_id limit $1"
_OPEN = _PROCESS + " where state <> 'closed' and ($1::text is null or workflow_id > $1) order by workflow_id limit $2"

# What the facts need: the same three rules that write the row in the transaction of the fact.
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
    ProcessType.NUMBER_RETENTION: (_NUMBER_HOLDS, names.number_retention_id),
    ProcessType.DEVICE_RETURN: (_DEVICE_RETURNS, names.device_return_id),
}

_STILL_NEEDED = {
    ProcessType.DELETION_COUNTDOWN: "select from organisations"
    " where organisation_id = $1 and generation = $2 and state in ('marked', 'warned')",
    # A removed set too: its process has not closed, so that the purge or the marking may be left to do.
    ProcessType.RENEWAL_GRACE: "select from licence_sets l join organisations o using (organisation_id)"
    " where l.licence_set_id = $1 and l.generation = $2 and l.state in ('suspended', 'removed')"
    " and o.state not in ('erasing', 'deleted')",
    ProcessType.ERASURE: "select from erasures"
    " where organisation_id = $1 and generation = $2 and state in ('quarantine', 'purging')",
    ProcessType.TRIAL_CONSENT: "select from trial_requests where trial_id = $1 and $2::int = 1 and state = 'pending'",
    ProcessType.TRIAL: "select from trials t where t.trial_id = $1 and t.generation = $2"
    " and (t.state in ('awaiting_details', 'provisioning', 'active')"
    " or t.state in ('grace', 'cancelled', 'converted', 'ended') and exists (select from trial_services s"
    " where s.trial_id = t.trial_id and s.state = 'leaving'))",
    ProcessType.NUMBER_RETENTION: "select from phone_numbers where trial_id = $1 and hold = $2 and state = 'held'",
    ProcessType.DEVICE_RETURN: "select from device_returns where trial_id = $1 and generation = $2"
    " and overdue_at is null",
}
_MAILS_LEFT = "select from notices where workflow_id = $1 and state = 'queued'"

_LATE = timedelta(days=1)
"""P15."""


class PostgresProcesses:
    """The port `Processes` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def to_start(self, limit: int) -> Sequence[Process]:
        """Pending processes, oldest first."""
        async with self._database.read() as connection:
            return _processes(await connection.fetch(_TO_START, limit))

    async def started(self, workflow_id: str) -> None:
        """An execution has this id: it is never started again."""
        async with self._database.write() as connection:
            await connection.execute(
                "update processes set state = 'started', started_at = business_now()"
                " where workflow_id = $1 and state = 'pending'",
                workflow_id,
            )

    async def to_wake(self, limit: int) -> Sequence[Process]:
        """Started processes that facts concern since the last signal."""
        async with self._database.read() as connection:
            return _processes(await connection.fetch(_TO_WAKE, limit))

    async def woken(self, workflow_id: str, wakes: int) -> None:
        """The signal for so many changes was delivered, or the execution is closed."""
        async with self._database.write() as connection:
            await connection.execute(
                "update processes set wakes_sent = $2 where workflow_id = $1 and wakes_sent < $2", workflow_id, wakes
            )

    async def open(self, after: str | None, limit: int) -> Sequence[Process]:
        """Started and pending processes in order of id, for the repair."""
        async with self._database.read() as connection:
            return _processes(await connection.fetch(_OPEN, after, limit))

    async def require_missing(self) -> Sequence[str]:
        """Insert the rows of processes that facts need and nothing names; answers their ids (EV-03).

        A fact that goes away meanwhile does no harm: its process looks at it first, and ends.
        """
        async with self._database.write() as connection:
            missing = [
                *await _countdowns(connection),
                *await _graces(connection),
                *await _erasures(connection),
                *await _trials(connection),
            ]
            await require_processes(connection, missing, at=await business_now(connection))
        return [process.workflow_id for process in missing]

    async def restart(self, workflow_id: str) -> bool:
        """Make a process pending again whose execution is gone though its fact still needs it.

        Where the fact needs it no more, the row is closed: what it waited for is over.
        """
        process_type, subject, generation = names.parse(workflow_id)
        async with self._database.write() as connection:
            row = await connection.fetchrow("select organisation_id from processes where workflow_id = $1", workflow_id)
            if row is None:
                return False
            await lock(connection, OrganisationId(row["organisation_id"]))
            needed = await connection.fetchrow(_STILL_NEEDED[process_type], subject, generation)
            if needed is not None or await connection.fetchrow(_MAILS_LEFT, workflow_id) is not None:
                restarted = await connection.fetchval(
                    "update processes set state = 'pending', restarts = restarts + 1, wakes_sent = wakes"
                    " where workflow_id = $1 and state = 'started' returning true",
                    workflow_id,
                )
                return bool(restarted)
            await connection.execute(
                "update processes set state = 'closed', closed_at = business_now()"
                " where workflow_id = $1 and state = 'started'",
                workflow_id,
            )
            return False

    async def overdue(self, as_of: Instant) -> int:
        """Next dates past due by more than a day without a recorded reason (P15).

        A hold is such a reason: it says when it looks again. The planned expiry of a licence set is not counted: it is
        the service's to report, and no process waits for it.
        """
        async with self._database.read() as connection:
            count: int = await connection.fetchval(
                "select count(*) from next_dates where coalesce(looks_at, due_at) < $1 and kind <> 'licence_expiry'",
                as_of - _LATE,
            )
            return count

    async def figures(self) -> Figures:
        """The state of the installation in numbers; states that no organisation is in count zero."""
        async with self._database.read() as connection:
            return await figures.read(connection)


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
    """Consents, trials, holds of numbers, returns of devices: all are of a trial and its generation."""
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


def _processes(rows: Sequence[asyncpg.Record]) -> list[Process]:
    return [Process.model_validate(dict(row)) for row in rows]
