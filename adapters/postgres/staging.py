"""The rows of an import on their way in: copied as they come, then checked against each other and what is stored."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.activity import FUTURE_TOLERANCE
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.licence import LicenceKind, LicenceState
from tenure.contracts.portfolio import (
    LicenceSetRecord,
    ManagementRecord,
    OrganisationRecord,
    PartnerRecord,
    PersonRecord,
    PortfolioRecord,
    RowError,
)
from tenure.policy.grace import removal_due_at
from tenure.policy.rules import Rules
from tenure.portfolio import Row

_BATCH: Final = 5_000
"""Rows in memory at a time."""

type _Tables = defaultdict[str, list[tuple[object, ...]]]


def _sql(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


_CREATE: Final = _sql("staging.sql")
_CONFLICTS: Final = _sql("staging_conflicts.sql")
_MERGE: Final = _sql("staging_merge.sql")
_CHECKS: Final = _sql("staging_checks.sql")
_ANALYZE: Final = """
analyze staged_partners, staged_organisations, staged_managements, staged_people, staged_roles, staged_licence_sets
"""
_MOVED_OUT: Final = """
with moved as (
    delete from staged_people s using people p
     where p.person_id = s.person_id and p.origin_organisation_id = s.organisation_id returning s.person_id
)
delete from staged_roles r using moved m where r.person_id = m.person_id
"""
_REST_ANEW: Final = """
update staged_licence_sets set removal_due_at = $3 where kind = $1 and state = 'suspended' and removal_due_at <= $2
"""
_LOCK: Final = """
select organisation_id from organisations where organisation_id in (select organisation_id from staged_subjects)
 order by organisation_id for update
"""


async def stage(connection: Connection, rows: Iterator[Row], rules: Rules) -> tuple[int, list[RowError]]:
    """Copy all rows into temporary tables, some at a time; answers how many there were, and those that are wrong."""
    await connection.execute(_CREATE)
    count, errors = 0, list[RowError]()
    while batch := await asyncio.to_thread(lambda: list(islice(rows, _BATCH))):
        count += len(batch)
        errors += [row.error for row in batch if row.error is not None]
        for table, records in _tables(batch, rules).items():
            await connection.copy_records_to_table(table, records=records)
    await connection.execute(_ANALYZE)
    return count, errors


async def merge(connection: Connection) -> list[RowError]:
    """Leave one row for each thing, and lock the organisations that exist; answers rows that contradict earlier ones."""
    errors = [RowError.model_validate(dict(row)) for row in await connection.fetch(_CONFLICTS)]
    await connection.execute(_MERGE)
    await connection.execute(_LOCK)
    return errors


async def complete(connection: Connection, catalogue: Catalogue) -> None:
    """A set of a meetings service is one of meetings, also where the base says only which service it is (RP-06)."""
    await connection.execute(
        "update staged_licence_sets set meetings = true where not meetings and services && $1::text[]",
        [service.key for service in catalogue.services if service.meetings],
    )


async def rest_anew(connection: Connection, as_of: Instant, rules: Rules) -> None:
    """Licences whose grace is over already rest for a whole one from now on (WH-07).

    Nothing was removed where they come from, and nobody loses at the first look here what could not be rescued (SF-06).
    """
    for kind in LicenceKind:
        await connection.execute(_REST_ANEW, kind, as_of, removal_due_at(kind, as_of, rules))


async def check(connection: Connection, as_of: Instant) -> list[RowError]:
    """Find the rows that do not fit what is stored, under the locks that `merge` took.

    Whoever was moved out to the consumers is no such row: they stay there, without the roles that they had (GR-08).
    """
    await connection.execute(_MOVED_OUT)
    return [RowError.model_validate(dict(row)) for row in await connection.fetch(_CHECKS, as_of + FUTURE_TOLERANCE)]


def _tables(batch: Sequence[Row], rules: Rules) -> _Tables:
    tables: _Tables = defaultdict(list)
    for row in batch:
        if row.record is not None:
            _put(tables, row.line, row.record, rules)
        elif row.subject is not None:
            tables["staged_rejected"].append((row.subject,))
    return tables


def _put(tables: _Tables, line: int, record: PortfolioRecord, rules: Rules) -> None:
    match record:
        case PartnerRecord():
            tables["staged_partners"].append(
                (
                    line,
                    record.partner_id,
                    record.name,
                    record.organisation_id,
                    record.certified,
                    record.tier,
                    record.distributor_id,
                )
            )
        case OrganisationRecord():
            tables["staged_organisations"].append(
                (
                    line,
                    record.organisation_id,
                    record.name,
                    record.country,
                    record.language,
                    record.time_zone,
                    record.industry,
                    record.region,
                    record.last_activity_at,
                )
            )
            if record.partner_id is not None:
                tables["staged_managements"].append((line, record.partner_id, record.organisation_id, None))
        case ManagementRecord():
            tables["staged_managements"].append((line, record.partner_id, record.organisation_id, record.access))
        case PersonRecord():
            tables["staged_people"].append(
                (
                    line,
                    record.person_id,
                    record.organisation_id,
                    record.name,
                    record.email,
                    record.language,
                    record.time_zone,
                )
            )
            tables["staged_roles"].append((line, record.person_id, record.role))
        case LicenceSetRecord():
            tables["staged_licence_sets"].append(
                (
                    line,
                    record.licence_set_id,
                    record.organisation_id,
                    record.kind,
                    record.state,
                    record.meetings,
                    record.services,
                    record.expires_at,
                    removal_due_at(record.kind, record.expires_at, rules)
                    if record.state is not LicenceState.ACTIVE and record.expires_at is not None
                    else None,
                )
            )
