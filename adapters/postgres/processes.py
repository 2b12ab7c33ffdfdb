"""The table between facts and executions: what to start, what to wake, and what is missing (EV-03, P15)."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from adapters.postgres import figures, missing
from adapters.postgres.database import Database, business_now, lock
from adapters.postgres.pending import require_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.process import Figures, Process, ProcessType
from tenure.ids import OrganisationId

_PROCESS = """
select workflow_id, type, organisation_id, input, state, due_at, wakes, restarts,
       coalesce((select t.partner_id::text from trials t where t.trial_id = p.input ->> 'trial_id'),
                (select o.partner_id::text from onboardings o
                  where o.organisation_id = p.organisation_id
                    and p.type in ('WholesaleOnboarding', 'RplReview', 'AddressChange')),
                (select c.partner_id::text from rpl_cases c where c.case_id = p.input ->> 'case_id'),
                (select min(m.partner_id::text collate "C") from managements m
                  where m.organisation_id = p.organisation_id)) as partner_id
  from processes p
"""

_TO_START = _PROCESS + " where state = 'pending' order by created_at, workflow_id limit $1"
_TO_WAKE = _PROCESS + " where state = 'started' and wakes > wakes_sent order by workflow_id limit $1"
_OPEN = _PROCESS + " where state <> 'closed' and ($1::text is null or workflow_id > $1) order by workflow_id limit $2"

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
    ProcessType.CUSTOMER_SCREENING: "select from customer_screenings where trial_id = $1 and $2::int = 1"
    " and state in ('screening', 'pending_rpl_review')",
    ProcessType.NUMBER_RETENTION: "select from phone_numbers where trial_id = $1 and hold = $2 and state = 'held'",
    ProcessType.DEVICE_RETURN: "select from device_returns where trial_id = $1 and generation = $2"
    " and overdue_at is null",
    ProcessType.WHOLESALE_ONBOARDING: "select from onboardings where organisation_id = $1 and generation = $2"
    " and state in ('received', 'screening', 'pending_rpl_review', 'provisioning')",
    ProcessType.RPL_REVIEW: "select from rpl_cases where case_id = $1 and $2::int = 1 and state = 'open'",
    ProcessType.ADDRESS_CHANGE: "select from address_changes where organisation_id = $1 and generation = $2"
    " and state in ('address_screening', 'address_pending_rpl_review')",
    # It closes its row once everybody is screened: one that has not is begun anew, and screens nobody twice.
    ProcessType.LIST_SCREENING: "select from screening_lists where list_id = $1 and version = $2",
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
            needed = await missing.find(connection)
            await require_processes(connection, needed, at=await business_now(connection))
        return [process.workflow_id for process in needed]

    async def restart(self, workflow_id: str) -> bool:
        """Make a process pending again whose execution is gone though its fact still needs it.

        Where the fact needs it no more, the row is closed: what it waited for is over.
        """
        process_type, subject, generation = names.parse(workflow_id)
        async with self._database.write() as connection:
            row = await connection.fetchrow("select organisation_id from processes where workflow_id = $1", workflow_id)
            if row is None:
                return False
            if row["organisation_id"] is not None:
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


def _processes(rows: Sequence[asyncpg.Record]) -> list[Process]:
    return [Process.model_validate(dict(row)) for row in rows]
