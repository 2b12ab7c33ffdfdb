"""A simulation's clock in Postgres: the offset to the wall's time, and what stands between now and the next date."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from adapters.postgres import audit, ledger
from adapters.postgres.database import Database, business_now
from tenure.contracts.base import Contract, Instant
from tenure.contracts.notice import Notice
from tenure.errors import Misconfigured
from tenure.ids import OrganisationId
from tenure.settings import InstallationKind

_SET = """
update installation
   set clock_offset = greatest(clock_offset, make_interval(secs => extract(epoch from $1 - clock_timestamp())::float8))
returning clock_offset
"""
# A planned expiry is a fact that somebody reports; no process waits for it.
_NEXT_LOOK = """
select min(coalesce(looks_at, due_at)) from next_dates
 where kind <> 'licence_expiry' and (coalesce(looks_at, due_at) > business_now() or organisation_id <> all($1::text[]))
"""
_OVERDUE = """
select organisation_id, kind, reason, coalesce(looks_at, due_at) as look from next_dates
 where kind <> 'licence_expiry' and coalesce(looks_at, due_at) <= business_now()
 order by look, organisation_id
"""


class Execution(Contract):
    """A process that was started and has not closed."""

    workflow_id: str
    organisation_id: OrganisationId | None = None
    """None where it is of the whole installation."""


class Overdue(Contract):
    """A date that is past, and stands where it stood."""

    organisation_id: OrganisationId
    sentence: str


class Outstanding(Contract):
    """What has to happen before the clock may go on."""

    to_start: tuple[str, ...] = ()
    """Ids of processes that facts need and that do not run yet."""
    to_wake: tuple[str, ...] = ()
    """Ids of processes that have not been told of a change."""
    overdue: tuple[Overdue, ...] = ()
    changes: int = 0
    """Grows with every process and every wake that the facts ask for."""


class Change(Contract):
    """A row of the audit, of whatever subject."""

    subject: str
    at: Instant
    action: str
    from_state: str | None
    to_state: str | None
    reason: str | None
    details: dict[str, Any]


class PostgresSimulation:
    """The one clock of an installation that was created as a simulation (SF-10)."""

    def __init__(self, database: Database) -> None:
        """Take the database of the application.

        Raises:
            Misconfigured: it is no simulation; the clock of a production installation is never moved.
        """
        if database.kind is not InstallationKind.SIMULATION:
            raise Misconfigured("This installation was not created as a simulation: its clock cannot be moved.")
        self._database = database

    async def now(self) -> Instant:
        """`business_now()`."""
        async with self._database.read() as connection:
            return await business_now(connection)

    async def offset(self) -> timedelta:
        """How far the simulation is ahead of the wall's clock."""
        async with self._database.read() as connection:
            offset: timedelta = await connection.fetchval("select clock_offset from installation")
            return offset

    async def set(self, to: Instant) -> timedelta:
        """Make it `to` now, or leave the clock alone where it is later already; answers the offset."""
        async with self._database.write() as connection:
            offset: timedelta = await connection.fetchval(_SET, to)
            return offset

    async def next_look(self, retrying: Collection[OrganisationId]) -> Instant | None:
        """The earliest instant at which a process acts or looks again; it may have come this very moment.

        The dates of organisations whose process is `retrying` what was due have come long ago, and are left out.
        """
        async with self._database.read() as connection:
            look: Instant | None = await connection.fetchval(_NEXT_LOOK, list(retrying))
            return look

    async def executions(self) -> list[Execution]:
        """The processes that run."""
        async with self._database.read() as connection:
            rows = await connection.fetch(
                "select workflow_id, organisation_id from processes where state = 'started' order by workflow_id"
            )
        return [Execution.model_validate(dict(row)) for row in rows]

    async def outstanding(self) -> Outstanding:
        """What has to happen before the clock may go on."""
        async with self._database.read() as connection:
            processes = await connection.fetch(
                "select workflow_id, state from processes"
                " where state = 'pending' or (state = 'started' and wakes > wakes_sent) order by workflow_id"
            )
            dates = await connection.fetch(_OVERDUE)
            changes = await connection.fetchval("select count(*) + coalesce(sum(wakes), 0) from processes")
        return Outstanding(
            to_start=tuple(row["workflow_id"] for row in processes if row["state"] == "pending"),
            to_wake=tuple(row["workflow_id"] for row in processes if row["state"] == "started"),
            overdue=tuple(
                Overdue(
                    organisation_id=row["organisation_id"],
                    sentence=f"{row['organisation_id']}: {row['kind']} was due at {row['look']:%Y-%m-%d %H:%M:%S} ({row['reason']}).",
                )
                for row in dates
            ),
            changes=changes,
        )

    async def history(self) -> Sequence[Change]:
        """Everything that happened, over all subjects, in the order in which it was written."""
        async with self._database.read() as connection:
            rows = await connection.fetch(
                "select subject, at, action, from_state, to_state, reason, details from audit order by audit_id"
            )
        return [Change.model_validate(dict(row)) for row in rows]

    async def notices(self) -> Sequence[Notice]:
        """The whole ledger of mails, oldest first; it forgets those of an organisation that is purged."""
        async with self._database.read() as connection:
            rows = await connection.fetch("select * from notices order by created_at, notice_id")
        return [ledger.notice(row) for row in rows]

    async def broken_chains(self) -> Sequence[str]:
        """The subjects whose audit is not the chain of hashes that it was written as (P14)."""
        async with self._database.read() as connection:
            subjects = [row["subject"] for row in await connection.fetch("select distinct subject from audit")]
            return [subject for subject in sorted(subjects) if not await audit.verify(connection, subject)]
