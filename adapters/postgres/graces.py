"""Licence sets as rows, and what each leaves behind for later: its planned expiry, or its grace (RP-01)."""

from collections.abc import Sequence

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_dates, require_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.forecast import NextDate, NextKind
from tenure.contracts.licence import LicenceSet, LicenceState, RenewalGraceInput
from tenure.contracts.process import Process, ProcessState, ProcessType
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy import grace as rule
from tenure.policy.rules import Rules


def licence_set(row: asyncpg.Record) -> LicenceSet:
    """A row of `licence_sets`."""
    return LicenceSet.model_validate(dict(row))


async def find_licence_set(connection: Connection, licence_set_id: LicenceSetId) -> LicenceSet | None:
    """A licence set, where there is one."""
    row = await connection.fetchrow("select * from licence_sets where licence_set_id = $1", licence_set_id)
    return None if row is None else licence_set(row)


async def find_term(connection: Connection, licence_set_id: LicenceSetId) -> tuple[Instant, Instant | None]:
    """Since when a licence set that is there has been active, and its newest expiry that was reported."""
    row = await connection.fetchrow(
        "select active_since, expired_at from licence_sets where licence_set_id = $1", licence_set_id
    )
    assert row is not None
    return row["active_since"], row["expired_at"]


async def is_taken(connection: Connection, licence_set_id: LicenceSetId) -> bool:
    """Whether a set of this id has rested before, though its row may be erased, or is what somebody will have (P11).

    No process is ever begun anew, and no trial or customer finds its licences to be somebody else's once it is active.
    """
    taken: bool = await connection.fetchval(
        "select exists (select from processes where workflow_id = $1)"
        "    or exists (select from trials where licence_set_id = $2)"
        "    or exists (select from onboardings where licence_set_id = $2)",
        names.renewal_grace_id(licence_set_id, 1),
        licence_set_id,
    )
    return taken


async def licence_sets(connection: Connection, organisation_id: OrganisationId) -> tuple[LicenceSet, ...]:
    """All licence sets of an organisation, in order of id."""
    rows = await connection.fetch(
        "select * from licence_sets where organisation_id = $1 order by licence_set_id", organisation_id
    )
    return tuple(licence_set(row) for row in rows)


async def change_licence_set(
    connection: Connection, before: LicenceSet, after: LicenceSet, *, at: Instant, actor: str, reason: str
) -> None:
    """Write the new state with its audit row; the next dates of the old one hold no more."""
    await connection.execute(
        "update licence_sets set state = $2, expires_at = $3, removal_due_at = $4, generation = $5,"
        " meetings = $7, services = $8,"
        " active_since = case when $2 = 'active' then $6 else active_since end,"
        " expired_at = case when $2 = 'suspended' then $3 else expired_at end,"
        " removed_at = case when $2 = 'removed' then $6::timestamptz end where licence_set_id = $1",
        after.licence_set_id,
        after.state,
        after.expires_at,
        after.removal_due_at,
        after.generation,
        at,
        after.meetings,
        list(after.services),
    )
    await clear_next_dates(
        connection,
        after.organisation_id,
        NextKind.LICENCE_EXPIRY,
        NextKind.LICENCE_REMOVAL,
        subject=after.licence_set_id,
    )
    await record_licence_set(connection, before.state, after, at=at, actor=actor, reason=reason)


async def suspend_licence_set(
    connection: Connection,
    active: LicenceSet,
    expired_at: Instant,
    *,
    at: Instant,
    actor: str,
    reason: str,
    rules: Rules,
) -> LicenceSet:
    """Suspend an active set, as is reported now; its grace begins, and its process waits that out (RP-01)."""
    suspended = active.model_copy(
        update={
            "state": LicenceState.SUSPENDED,
            "expires_at": expired_at,
            "removal_due_at": rule.reported_removal_due_at(active.kind, expired_at, at, rules),
            "generation": active.generation + 1,
        }
    )
    await change_licence_set(connection, active, suspended, at=at, actor=actor, reason=reason)
    await begin_graces(connection, [suspended], at=at)
    return suspended


async def record_licence_set(
    connection: Connection,
    from_state: LicenceState | None,
    licences: LicenceSet,
    *,
    at: Instant,
    actor: str,
    reason: str,
) -> None:
    """Append what became of a set to its organisation's audit (XC-04)."""
    await audit.append(
        connection,
        subject=licences.organisation_id,
        at=at,
        actor=actor,
        action=f"licences_{licences.state}",
        from_state=from_state,
        to_state=licences.state,
        reason=reason,
        details={"licence_set_id": licences.licence_set_id, "generation": licences.generation},
    )


async def put_expiries(connection: Connection, sets: Sequence[LicenceSet]) -> None:
    """Store the planned expiry of each active set that has one (DP-07). It is reported, not brought about here."""
    await put_next_dates(
        connection,
        [
            NextDate(
                organisation_id=licences.organisation_id,
                kind=NextKind.LICENCE_EXPIRY,
                subject=licences.licence_set_id,
                due_at=licences.expires_at,
                rule="RP-01",
                reason=licences.kind,
            )
            for licences in sets
            if licences.state is LicenceState.ACTIVE and licences.expires_at is not None
        ],
    )


async def begin_graces(
    connection: Connection,
    sets: Sequence[LicenceSet],
    *,
    at: Instant,
    import_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Begin the grace of each suspended set: its end as a next date, and the process that waits for it.

    The reason of the date is the kind of the licences, where none is given.
    """
    graces = [
        RenewalGraceInput(
            licence_set_id=licences.licence_set_id,
            organisation_id=licences.organisation_id,
            kind=licences.kind,
            generation=licences.generation,
            removal_due_at=licences.removal_due_at,
        )
        for licences in sets
        if licences.state is LicenceState.SUSPENDED and licences.removal_due_at is not None
    ]
    await put_next_dates(
        connection,
        [
            NextDate(
                organisation_id=grace.organisation_id,
                kind=NextKind.LICENCE_REMOVAL,
                subject=grace.licence_set_id,
                due_at=grace.removal_due_at,
                rule="RP-05",
                reason=reason or grace.kind,
            )
            for grace in graces
        ],
    )
    await require_processes(connection, [grace_process(grace) for grace in graces], at=at, import_id=import_id)


def grace_process(grace: RenewalGraceInput) -> Process:
    """The process that waits out a grace."""
    return Process(
        workflow_id=names.renewal_grace_id(grace.licence_set_id, grace.generation),
        type=ProcessType.RENEWAL_GRACE,
        organisation_id=grace.organisation_id,
        input=grace.model_dump(mode="json"),
        state=ProcessState.PENDING,
        due_at=grace.removal_due_at,
    )
