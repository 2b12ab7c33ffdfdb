"""The restricted-party lists: an update is stored as a whole or not at all, as what it changed (RPL)."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.wholesale import list_screening
from adapters.screening.formats.damage import DamagedList
from adapters.screening.reading import Publication, publication
from tenure.contracts.base import Instant
from tenure.contracts.credential import CredentialRole
from tenure.contracts.screening import ListEntry, ListId, ListUpdate, ScreeningList
from tenure.errors import Refusal, RefusalCode
from tenure.policy.screening import ScreeningRules, fingerprint, is_stale
from tenure.ports import Caller, ListFile, ScreeningLists

_BATCH: Final = 2_000
"""Entries in memory at a time."""
_KEEPERS: Final = frozenset({CredentialRole.LIST_KEEPER, CredentialRole.OPERATOR, None})
"""Who loads lists; None is a program that stands beside the database."""

_IN_USE: Final = """
select distinct on (list_id) *, lag(version) over (partition by list_id order by version) as previous_version
  from screening_lists order by list_id, version desc
"""
_STAGE: Final = """
create temporary table staged_entries (entry_id text primary key, hash text, document text, names integer)
    on commit drop
"""
_CLOSE: Final = """
update screening_entries e set until_version = $2
 where e.list_id = $1 and e.until_version is null
   and not exists (select from staged_entries s where s.entry_id = e.entry_id and s.hash = e.hash)
returning e.entry_id, exists (select from staged_entries s where s.entry_id = e.entry_id) as goes_on
"""
_OPEN: Final = """
insert into screening_entries (list_id, entry_id, from_version, hash, document)
select $1, s.entry_id, $2, s.hash, s.document::jsonb from staged_entries s
 where not exists (select from screening_entries e
                    where e.list_id = $1 and e.until_version is null and e.entry_id = s.entry_id)
"""
_ENTRIES: Final = """
select document from screening_entries
 where list_id = $1 and from_version <= $2 and (until_version is null or until_version > $2) order by entry_id
"""
_CHANGES: Final = """
select entry_id from screening_entries where list_id = $1 and from_version = $2 and until_version is null
"""


class PostgresScreeningLists(ScreeningLists):
    """The port `ScreeningLists` on Postgres."""

    def __init__(self, database: Database, rules: ScreeningRules) -> None:
        self._database = database
        self._rules = rules

    async def all(self) -> Sequence[ScreeningList]:
        """Every list that was ever loaded, by id, in the version that is in use."""
        async with self._database.read() as connection:
            now = await business_now(connection)
            return [self._list(row, now) for row in await connection.fetch(_IN_USE)]

    async def entries(self, version: ScreeningList) -> AsyncIterator[ListEntry]:
        """The entries of a version."""
        async with self._database.read() as connection:
            async for row in connection.cursor(_ENTRIES, version.list_id, version.version, prefetch=_BATCH):
                yield ListEntry.model_validate(row["document"])

    async def changes(self, list_id: ListId, version: int) -> frozenset[str]:
        """The ids of the entries that a version has added or changed, and that are still in use as they were then."""
        async with self._database.read() as connection:
            return frozenset(row["entry_id"] for row in await connection.fetch(_CHANGES, list_id, version))

    async def update(self, caller: Caller, files: Sequence[ListFile]) -> ListUpdate:
        """Take a list into use as a whole, or not at all; the same files again only confirm it.

        Raises:
            Refusal: `import_invalid` for files that are no list, or damaged, or lose too much of what is in use;
                `wrong_state` for a list that was published before that; `forbidden` to all but list keepers and operators.
        """
        if caller.role not in _KEEPERS or caller.partner_id is not None:
            raise Refusal(RefusalCode.FORBIDDEN)
        try:
            published = await asyncio.to_thread(publication, files)
            async with self._database.write() as connection:
                await connection.execute(
                    "select pg_advisory_xact_lock(hashtext('tenure.lists'), hashtext($1))", published.list_id
                )
                return await self._update(connection, caller, published)
        except DamagedList as damage:
            raise Refusal(
                RefusalCode.IMPORT_INVALID,
                f"{damage}. Nothing was changed: the list in use, if there is one, stays.",
                damage.fault.model_dump(),
            ) from damage

    async def _update(self, connection: Connection, caller: Caller, published: Publication) -> ListUpdate:
        now = await business_now(connection)
        before = next((row for row in await connection.fetch(_IN_USE) if row["list_id"] == published.list_id), None)
        if before is not None and before["sha256"] == published.sha256:
            return await self._confirm(connection, caller, before, now)
        if before is not None and _is_older(published, before["published_at"]):
            raise Refusal(RefusalCode.WRONG_STATE, "This list was published before the one that is in use.")
        entries, names = await _stage(connection, published.entries)
        version = 1 if before is None else before["version"] + 1
        if before is not None:
            self._refuse_loss(published, (before["entries"], before["names"]), (entries, names))
        row = await connection.fetchrow(
            "insert into screening_lists"
            " (list_id, version, sha256, published_at, loaded_at, confirmed_at, loaded_by, entries, names)"
            " values ($1, $2, $3, $4, $5, $5, $6, $7, $8) returning *, nullif($2 - 1, 0) as previous_version",
            published.list_id,
            version,
            published.sha256,
            published.published_at,
            now,
            caller.actor,
            entries,
            names,
        )
        assert row is not None
        closed = await connection.fetch(_CLOSE, published.list_id, version)
        changed = sum(each["goes_on"] for each in closed)
        opened = int((await connection.execute(_OPEN, published.list_id, version)).rpartition(" ")[2])
        update = ListUpdate(
            screening_list=self._list(row, now), added=opened - changed, changed=changed, removed=len(closed) - changed
        )
        await _audit(
            connection, caller, row, now, "list_loaded", str(before["version"]) if before is not None else None
        )
        await list_screening.after_load(connection, now)
        if update.added or update.changed:
            await list_screening.after_change(connection, published.list_id, version, now)
        return update

    async def _confirm(
        self, connection: Connection, caller: Caller, before: asyncpg.Record, now: Instant
    ) -> ListUpdate:
        await connection.execute(
            "update screening_lists set confirmed_at = $3 where list_id = $1 and version = $2",
            before["list_id"],
            before["version"],
            now,
        )
        await _audit(connection, caller, before, now, "list_confirmed", str(before["version"]))
        await list_screening.after_load(connection, now)
        confirmed = self._list(before, now).model_copy(update={"confirmed_at": now, "stale": False})
        return ListUpdate(screening_list=confirmed, repeated=True)

    def _refuse_loss(self, published: Publication, before: tuple[int, int], after: tuple[int, int]) -> None:
        for what, had, has in zip(("entries", "names"), before, after, strict=True):
            if has < had * (1 - self._rules.largest_loss):
                reason = f"it has {has} {what}, and the list in use has {had}: it looks cut off"
                raise DamagedList(published.list_id, 0, reason)

    def _list(self, row: asyncpg.Record, now: Instant) -> ScreeningList:
        found = ScreeningList.model_validate(dict(row))
        return found.model_copy(update={"stale": is_stale(found.confirmed_at, now, self._rules)})


async def _stage(connection: Connection, entries: Iterator[ListEntry]) -> tuple[int, int]:
    """Read and copy all entries, some at a time; answers how many there are, and how many names they have."""
    await connection.execute(_STAGE)
    count = names = 0
    while batch := await asyncio.to_thread(lambda: [_row(entry) for entry in islice(entries, _BATCH)]):
        count += len(batch)
        names += sum(row[-1] for row in batch)
        await connection.copy_records_to_table("staged_entries", records=batch)
    await connection.execute("analyze staged_entries")
    return count, names


def _row(entry: ListEntry) -> tuple[str, str, str, int]:
    return entry.entry_id, fingerprint(entry), entry.model_dump_json(), len(entry.names)


def _is_older(published: Publication, than: Instant | None) -> bool:
    return published.published_at is not None and than is not None and published.published_at < than


async def _audit(
    connection: Connection, caller: Caller, row: asyncpg.Record, now: Instant, action: str, before: str | None
) -> None:
    await audit.append(
        connection,
        subject=f"list/{row['list_id']}",
        at=now,
        actor=caller.actor,
        action=action,
        from_state=before,
        to_state=str(row["version"]),
        details={"sha256": row["sha256"], "entries": row["entries"]},
    )
