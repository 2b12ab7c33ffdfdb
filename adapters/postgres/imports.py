"""Import of an existing base: every row is checked, then all is stored in one transaction, or nothing (WH-07)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

import asyncpg

from adapters.postgres import audit, marking, staging, storing
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.graces import begin_graces, licence_set, put_expiries
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials.purchases import take_over
from tenure import portfolio
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.portfolio import MAX_ROW_ERRORS, ImportReport, RowError
from tenure.errors import Refusal, RefusalCode
from tenure.policy.rules import Rules
from tenure.ports import Caller

_CHUNK = 5_000
"""Rows in memory at a time."""

_HELD_SETS = """
select l.* from licence_sets l join staged_licence_sets s using (licence_set_id)
 where l.state <> 'removed' order by l.licence_set_id
"""
_BOUGHT = """
select l.* from licence_sets l join staged_licence_sets s using (licence_set_id)
 where l.kind = 'subscription' and l.state = 'active'
   and (exists (select from trials t where t.organisation_id = l.organisation_id and t.state in ('active', 'grace'))
        or exists (select from phone_numbers n where n.organisation_id = l.organisation_id and n.state = 'held'))
 order by l.licence_set_id
"""
_COUNTING = """
select o.* from organisations o join staged_subjects s using (organisation_id)
 where o.state in ('marked', 'warned') order by o.organisation_id
"""
_WITH_REMOVED_SETS = """
select o.* from organisations o
 where o.organisation_id in (select organisation_id from staged_licence_sets where state = 'removed')
 order by o.organisation_id
"""
_PROGRESS = """
select count(*) as processes, count(*) filter (where state <> 'pending') as processes_started
  from processes where import_id = $1
"""


class PostgresImports:
    """The port `Imports` on Postgres."""

    def __init__(self, database: Database, rules: Rules, catalogue: Catalogue) -> None:
        self._database = database
        self._rules = rules
        self._catalogue = catalogue

    async def store(self, caller: Caller, content: bytes, media_type: str) -> ImportReport:
        """Store a file of `tenure.portfolio` as a whole; the same file again answers what it did.

        Names, people and activity that differ are brought up to date. Licence sets never are: their state is changed
        by reporting what happened to them. Each gets the whole ladder from its start, however long ago that was (SF-06):
        licences whose grace is over rest for a whole one from now on, and organisations that have lost all licences and
        manage nobody are marked now. Services of a subscription leave the trials that they are in, as with any purchase
        (GR-05).

        Raises:
            Refusal: `invalid_input` for another media type; `forbidden` to a partner.
        """
        if caller.partner_id is not None:
            raise Refusal(RefusalCode.FORBIDDEN)
        if media_type not in {portfolio.CSV, portfolio.JSON_LINES}:
            raise Refusal(RefusalCode.INVALID_INPUT, f"{media_type} is no media type of an import.")
        import_id = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        async with self._database.write() as connection:
            # One import at a time: each is checked against all that the one before it stored.
            await connection.execute("select pg_advisory_xact_lock(hashtext('tenure.import'))")
            known = await _report(connection, import_id)
            if known is not None:
                return known.model_copy(update={"repeated": True})
            await connection.execute("set local work_mem = '64MB'")
            rows, errors = await staging.stage(connection, portfolio.read(content, media_type), self._rules)
            errors += await staging.merge(connection)
            await staging.complete(connection, self._catalogue)
            now = await business_now(connection)
            errors += await staging.check(connection, now)
            if errors:
                return _refused(import_id, rows, errors)
            await staging.rest_anew(connection, now, self._rules)
            return await self._store(connection, caller.actor, now, import_id, rows)

    async def report(self, import_id: str) -> ImportReport | None:
        """What an import did, and how many of its processes have been started by now."""
        async with self._database.read() as connection:
            return await _report(connection, import_id)

    async def _store(self, connection: Connection, actor: str, now: Instant, import_id: str, rows: int) -> ImportReport:
        stored = await storing.store(connection, now)
        async for page in _pages(connection, _HELD_SETS):
            sets = [licence_set(row) for row in page]
            await put_expiries(connection, sets)
            await begin_graces(connection, sets, at=now, import_id=import_id)
        for row in await connection.fetch(_BOUGHT):
            await take_over(connection, licence_set(row), self._catalogue, at=now, actor=actor)
        async for page in _pages(connection, _COUNTING):
            await marking.reconsider_all(connection, page, at=now, actor=actor, reason="import")
        async for page in _pages(connection, _WITH_REMOVED_SETS):
            await marking.evaluate_all(
                connection, page, at=now, actor=actor, reason="import", rules=self._rules, import_id=import_id
            )
        await wake_processes(connection, *stored.watched)
        report = ImportReport(
            import_id=import_id,
            rows=rows,
            created=stored.created,
            updated=stored.updated,
            unchanged=stored.unchanged,
        )
        await connection.execute(
            "insert into imports (import_id, rows, report, imported_by, imported_at) values ($1, $2, $3, $4, $5)",
            import_id,
            rows,
            report.model_dump(mode="json"),
            actor,
            now,
        )
        await audit.append(
            connection,
            subject=f"import/{import_id}",
            at=now,
            actor=actor,
            action="imported",
            details={"rows": rows, "created": stored.created, "updated": stored.updated},
        )
        return report.model_copy(update=await _progress(connection, import_id))


def _refused(import_id: str, rows: int, errors: list[RowError]) -> ImportReport:
    listed = sorted(errors, key=lambda error: error.line)[:MAX_ROW_ERRORS]
    return ImportReport(import_id=import_id, rows=rows, errors=tuple(listed), invalid_rows=len(errors))


async def _report(connection: Connection, import_id: str) -> ImportReport | None:
    report = await connection.fetchval("select report from imports where import_id = $1", import_id)
    return ImportReport.model_validate(report | await _progress(connection, import_id)) if report else None


async def _progress(connection: Connection, import_id: str) -> dict[str, int]:
    row = await connection.fetchrow(_PROGRESS, import_id)
    assert row is not None
    return dict(row)


async def _pages(connection: Connection, query: str) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """The rows of a query as they were when it began, some at a time."""
    cursor = await connection.cursor(query)
    while page := await cursor.fetch(_CHUNK):
        yield page
