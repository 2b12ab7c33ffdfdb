"""Screenings as they are kept, every one, and what a reviewer has cleared before (RPL-19, Q-32)."""

from typing import Any, Final

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.review import ScreeningPage, ScreeningResult, ScreeningTrigger, StoredScreening
from tenure.contracts.screening import Hit, ListId, ListVersion, Screening, Subject
from tenure.ids import OrganisationId, RplCaseId
from tenure.policy.onboarding import EntryKey, Finding, finding, key
from tenure.policy.screening import fingerprint

_KEEP: Final = """
insert into screenings (organisation_id, trigger, generation, result, subject, lists, hits, known, omitted, screened_at,
                        list_id, list_version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing returning screening_id
"""
_CLEARED: Final = (
    "select list_id, entry_id, entry_hash from cleared_hits where organisation_id = $1 and subject_hash = $2"
)
_CLEAR: Final = """
insert into cleared_hits (organisation_id, list_id, entry_id, entry_hash, subject_hash, case_id, cleared_at)
select $1, e.list_id, e.entry_id, e.entry_hash, $5, $6, $7
  from unnest($2::text[], $3::text[], $4::text[]) as e (list_id, entry_id, entry_hash) on conflict do nothing
"""
_PAGE: Final = """
select s.*, c.case_id from screenings s left join rpl_cases c using (screening_id)
 where s.organisation_id = $1 and ($2::bigint is null or s.screening_id < $2) order by s.screening_id desc limit $3
"""
_IN_USE: Final = "select list_id, max(version) as version from screening_lists group by list_id"


async def find(
    connection: Connection, organisation_id: OrganisationId, subject: Subject, screening: Screening
) -> Finding:
    """Hold a screening against what this very customer was cleared of."""
    rows = await connection.fetch(_CLEARED, organisation_id, fingerprint(subject))
    return finding(screening, {(row["list_id"], row["entry_id"], row["entry_hash"]) for row in rows})


async def keep(
    connection: Connection,
    organisation_id: OrganisationId,
    trigger: ScreeningTrigger,
    generation: int,
    subject: Subject,
    screening: Screening,
    found: Finding,
    at: Instant,
    *,
    update: ListVersion | None = None,
) -> int | None:
    """Store a screening; None where this one, against the `update` of a list, is stored already."""
    screening_id: int | None = await connection.fetchval(
        _KEEP,
        organisation_id,
        trigger,
        generation,
        ScreeningResult.CLEAR if found.is_clear else ScreeningResult.MATCH,
        subject.model_dump(mode="json"),
        [version.model_dump(mode="json") for version in screening.lists],
        [hit.model_dump(mode="json") for hit in found.hits],
        [hit.model_dump(mode="json") for hit in found.known],
        screening.omitted,
        at,
        None if update is None else update.list_id,
        None if update is None else update.version,
    )
    return screening_id


async def remember(
    connection: Connection, organisation_id: OrganisationId, case_id: RplCaseId, screening_id: int, at: Instant
) -> None:
    """An approval clears the customer, as it is, of every entry that its screening met, as each is (Q-32)."""
    row = await connection.fetchrow("select subject, hits from screenings where screening_id = $1", screening_id)
    assert row is not None
    keys: list[EntryKey] = [key(Hit.model_validate(hit)) for hit in row["hits"]]
    subject_hash = fingerprint(Subject.model_validate(row["subject"]))
    columns = [list(column) for column in zip(*keys, strict=True)] if keys else [[], [], []]
    await connection.execute(_CLEAR, organisation_id, *columns, subject_hash, case_id, at)


async def page(
    connection: Connection, organisation_id: OrganisationId, *, before: int | None, limit: int
) -> ScreeningPage:
    """Up to `limit` screenings of a customer before one, newest first."""
    rows = await connection.fetch(_PAGE, organisation_id, before, limit + 1)
    screenings = tuple(_stored(row) for row in rows[:limit])
    return ScreeningPage(screenings=screenings, next_before=screenings[-1].screening_id if len(rows) > limit else None)


async def is_newest(connection: Connection, screening: Screening) -> bool:
    """Whether our lists were looked at as they are now; until the end of this transaction none of them is updated.

    An update that comes before is seen here, and one that comes after finds the customer among those whom it concerns:
    nobody slips through between the two. Other providers' lists are theirs to keep.
    """
    seen = {str(version.list_id): version.version for version in screening.lists if version.list_id in set(ListId)}
    if not seen:
        return True
    for list_id in sorted(ListId):
        await connection.execute("select pg_advisory_xact_lock_shared(hashtext('tenure.lists'), hashtext($1))", list_id)
    return seen == {row["list_id"]: row["version"] for row in await connection.fetch(_IN_USE)}


def _stored(row: asyncpg.Record) -> StoredScreening:
    fields: dict[str, Any] = dict(row)
    return StoredScreening.model_validate(fields)
