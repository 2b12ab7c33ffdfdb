"""Licence sets as rows, and what each leaves behind for later: its planned expiry, or its grace (RP-01)."""

from collections.abc import Sequence

import asyncpg

from adapters.postgres.database import Connection
from adapters.postgres.pending import put_next_dates, require_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.forecast import NextDate, NextKind
from tenure.contracts.licence import LicenceSet, LicenceState, RenewalGraceInput
from tenure.contracts.process import Process, ProcessState, ProcessType
from tenure.ids import LicenceSetId, OrganisationId


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


async def licence_sets(connection: Connection, organisation_id: OrganisationId) -> tuple[LicenceSet, ...]:
    """All licence sets of an organisation, in order of id."""
    rows = await connection.fetch(
        "select * from licence_sets where organisation_id = $1 order by licence_set_id", organisation_id
    )
    return tuple(licence_set(row) for row in rows)


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
    connection: Connection, sets: Sequence[LicenceSet], *, at: Instant, import_id: str | None = None
) -> None:
    """Begin the grace of each suspended set: its end as a next date, and the process that waits for it."""
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
                reason=grace.kind,
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
