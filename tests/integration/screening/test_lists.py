"""The lists on Postgres: whole versions, what changed between them, their age, and damage that changes nothing."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure.contracts.credential import CredentialRole
from tenure.contracts.screening import ListEntry, ListId, ScreeningList
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId
from tenure.ports import Caller, ListFile
from tests.integration.deletion.town import OPERATOR, Town
from tests.unit.screening.published import DPL, EU, NEWER, SDN, UN, content, entries, file, files

ROWS = content("dpl.txt").split(b"\n")


def dpl(*rows: bytes) -> list[ListFile]:
    """A list of these rows."""
    return [file("dpl.txt", b"\n".join((ROWS[0], *rows)))]


async def held(lists: PostgresScreeningLists, version: ScreeningList) -> list[ListEntry]:
    """The entries of a version."""
    return [entry async for entry in lists.entries(version)]


@pytest.mark.parametrize("names", [DPL, SDN, NEWER, UN, (EU.name,)])
async def test_a_list_is_stored_as_it_was_published(lists: PostgresScreeningLists, names: tuple[str, ...]) -> None:
    """Every entry of every format comes back as it was read, under version, hash and count (RPL-19)."""
    update = await lists.update(OPERATOR, files(names))
    listed = update.screening_list
    assert (listed.version, listed.previous_version, listed.loaded_by) == (1, None, OPERATOR.actor)
    assert (update.added, update.changed, update.removed, update.repeated) == (listed.entries, 0, 0, False)
    found = await held(lists, listed)
    assert {entry.entry_id: entry for entry in found} == entries(*names)
    assert listed.entries == len(found)
    assert listed.names == sum(len(entry.names) for entry in found)
    assert list(await lists.all()) == [listed]


async def test_the_same_files_only_make_it_fresh(town: Town, lists: PostgresScreeningLists) -> None:
    """A list that is presented again keeps its version, and its age begins anew (RPL-16)."""
    first = (await lists.update(OPERATOR, files(DPL))).screening_list
    await town.advance(timedelta(days=8))
    (stale,) = await lists.all()
    assert stale.stale
    again = await lists.update(OPERATOR, files(DPL))
    assert (again.repeated, again.added, again.screening_list.version) == (True, 0, 1)
    (fresh,) = await lists.all()
    assert (fresh.stale, fresh.sha256, fresh.loaded_at) == (False, first.sha256, first.loaded_at)
    assert fresh.confirmed_at > first.confirmed_at + timedelta(days=7)
    assert await town.audit("list/us-dpl") == ["list_loaded", "list_confirmed"]


async def test_a_list_ages_to_the_very_second(town: Town, lists: PostgresScreeningLists) -> None:
    """Up to seven days it is fresh, after them it is not (RPL-16)."""
    loaded = (await lists.update(OPERATOR, files(DPL))).screening_list
    await town.advance_to(loaded.confirmed_at + timedelta(days=7) - timedelta(minutes=1))
    assert not (await lists.all())[0].stale
    await town.advance(timedelta(minutes=2))
    assert (await lists.all())[0].stale


async def test_an_update_is_what_it_changed(lists: PostgresScreeningLists, town: Town) -> None:
    """Entries that are added, changed and gone are told; both versions can still be read (RPL-19, Q-32)."""
    before = (await lists.update(OPERATOR, dpl(*ROWS[1:100]))).screening_list
    moved = ROWS[50].replace(b'"GB"', b'"FR"', 1)
    assert moved != ROWS[50]
    update = await lists.update(OPERATOR, dpl(*ROWS[2:50], moved, *ROWS[51:103]))
    after = update.screening_list
    assert (after.version, after.previous_version) == (2, 1)
    old = {entry.entry_id: entry for entry in await held(lists, before)}
    new = {entry.entry_id: entry for entry in await held(lists, after)}
    same = old.keys() & new.keys()
    assert update.added == len(new.keys() - old.keys()) > 0
    assert update.removed == len(old.keys() - new.keys()) == 1
    assert update.changed == sum(old[key] != new[key] for key in same) > 0
    changes = await lists.changes(ListId.US_DPL, 2)
    assert changes == {key for key, entry in new.items() if old.get(key) != entry}
    kept = await town.value(int, "select count(*) from screening_entries where from_version = 1")
    assert (len(old), await town.value(int, "select count(*) from screening_entries")) == (
        kept,
        kept + update.added + update.changed,
    )
    back = await lists.update(OPERATOR, dpl(*ROWS[1:100]))
    assert back.screening_list.version == 3
    assert await held(lists, back.screening_list) == [old[key] for key in sorted(old)]
    assert await lists.changes(ListId.US_DPL, 2) == frozenset()  # none of them is in use as it was then
    assert await lists.changes(ListId.US_DPL, 3) == {key for key in old if new.get(key) != old[key]}


async def test_damage_changes_nothing(lists: PostgresScreeningLists, town: Town) -> None:
    """A file that breaks off in its last row leaves the list before it in use, and says where it broke (RPL-16)."""
    good = (await lists.update(OPERATOR, files(DPL))).screening_list
    broken = content("dpl.txt")[:-30]
    with pytest.raises(Refusal) as refusal:
        await lists.update(OPERATOR, [file("dpl.txt", broken)])
    assert refusal.value.code is RefusalCode.IMPORT_INVALID
    assert refusal.value.details["file"] == "dpl.txt"
    assert refusal.value.details["line"] == len(ROWS)
    assert list(await lists.all()) == [good]
    assert len(await held(lists, good)) == good.entries
    assert await town.audit("list/us-dpl") == ["list_loaded"]


async def test_a_list_that_lost_too_much(lists: PostgresScreeningLists) -> None:
    """A file that was cut off between two rows looks whole; a fifth of the entries may go, and no more (RPL-16)."""
    count = (await lists.update(OPERATOR, files(DPL))).screening_list.entries
    with pytest.raises(Refusal, match="it looks cut off"):
        await lists.update(OPERATOR, dpl(*ROWS[1:300]))
    less = (await lists.update(OPERATOR, dpl(*ROWS[1:500]))).screening_list
    assert count * 0.8 < less.entries < count


async def test_aliases_that_were_cut_off(lists: PostgresScreeningLists) -> None:
    """All entries are there, and half of their aliases are not: refused as well (RPL-16)."""
    await lists.update(OPERATOR, files(SDN))
    half = b"\n".join(content("alt.csv").split(b"\n")[:4000])
    with pytest.raises(Refusal, match="names, and the list in use has"):
        await lists.update(OPERATOR, [file("alt.csv", half), *files(name for name in SDN if name != "alt.csv")])


async def test_an_older_publication_is_refused(lists: PostgresScreeningLists) -> None:
    """Where a list says when it was made, time does not go back (RPL-16)."""
    await lists.update(OPERATOR, files(UN))
    older = content(UN[0]).replace(b'dateGenerated="2026-02-27', b'dateGenerated="2026-02-26')
    with pytest.raises(Refusal) as refusal:
        await lists.update(OPERATOR, [file(UN[0], older)])
    assert refusal.value.code is RefusalCode.WRONG_STATE
    newer = content(UN[0]).replace(b'dateGenerated="2026-02-27', b'dateGenerated="2026-02-28')
    update = await lists.update(OPERATOR, [file(UN[0], newer)])
    assert (update.screening_list.version, update.added, update.changed, update.removed) == (2, 0, 0, 0)


async def test_two_updates_at_once(lists: PostgresScreeningLists) -> None:
    """One follows the other: no version is lost, and none is half of each (XC-06)."""
    updates = await asyncio.gather(
        *(lists.update(OPERATOR, dpl(*ROWS[1:last])) for last in (498, 499, 500)),
        *(lists.update(OPERATOR, files(NEWER)) for _ in range(2)),
    )
    versions = [update.screening_list for update in updates if update.screening_list.list_id is ListId.US_DPL]
    assert sorted(each.version for each in versions) == [1, 2, 3]
    for each in versions:
        assert len(await held(lists, each)) == each.entries
    assert sum(update.repeated for update in updates) == 1


async def test_partners_have_no_say(lists: PostgresScreeningLists) -> None:
    """No partner decides against whom it is screened, nor does who decides on hits (RPL-03, RPL-14)."""
    for caller in (
        Caller(actor="partner:ptr_north", partner_id=PartnerId("ptr_north")),
        Caller(actor="service:orders", role=CredentialRole.SERVICE),
        Caller(actor="reviewer:rita", role=CredentialRole.REVIEWER),
    ):
        with pytest.raises(Refusal) as refusal:
            await lists.update(caller, files(DPL))
        assert refusal.value.code is RefusalCode.FORBIDDEN


async def test_the_application_deletes_no_entry(town: Town, lists: PostgresScreeningLists) -> None:
    """What a screening was held against can be told for ever: the application's role may not delete (RPL-19)."""
    await lists.update(OPERATOR, files(NEWER))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await town.execute("delete from screening_entries")
