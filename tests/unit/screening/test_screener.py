"""The embedded screener: without good lists there is no answer, and each answer is of the lists of that moment."""

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from adapters.screening.embedded import EmbeddedScreener
from tenure.contracts.screening import (
    EntryKind,
    ListedName,
    ListEntry,
    ListId,
    ListUpdate,
    ListVersion,
    ScreeningList,
    Subject,
)
from tenure.errors import Unavailable
from tenure.policy.screening import ScreeningRules, is_stale, unusable
from tenure.ports import Caller, ListFile, ScreeningLists

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RULES = ScreeningRules(required_lists=(ListId.US_DPL, ListId.UN))
QUARTZ = Subject(names=("Teodor Quartzov",))


def threads() -> ThreadPoolExecutor:
    """Compares beside the test, where the dictionaries are read once for all."""
    return ThreadPoolExecutor(1)


def listed(
    list_id: ListId, *names: str, version: int = 1, stale: bool = False
) -> tuple[ScreeningList, list[ListEntry]]:
    """A list of these persons."""
    entries = [
        ListEntry(list_id=list_id, entry_id=name, kind=EntryKind.PERSON, names=(ListedName(name=name),))
        for name in names
    ]
    stored = ScreeningList(
        list_id=list_id,
        version=version,
        sha256=hashlib.sha256(repr((list_id, names)).encode()).hexdigest(),
        loaded_at=NOW,
        confirmed_at=NOW,
        loaded_by="operator:ada",
        entries=len(entries),
        names=len(entries),
        stale=stale,
    )
    return stored, entries


class Shelf(ScreeningLists):
    """Lists that a test puts there."""

    def __init__(self, *lists: tuple[ScreeningList, list[ListEntry]]) -> None:
        self.lists: dict[ListId, tuple[ScreeningList, list[ListEntry]]] = {}
        self.read: list[ListId] = []
        self.changed = frozenset[str]()
        self.put(*lists)

    def put(self, *lists: tuple[ScreeningList, list[ListEntry]]) -> None:
        """Take lists into use."""
        self.lists |= {stored.list_id: (stored, entries) for stored, entries in lists}

    async def all(self) -> Sequence[ScreeningList]:
        """Those in use."""
        return [stored for stored, _ in self.lists.values()]

    async def update(self, caller: Caller, files: Sequence[ListFile]) -> ListUpdate:
        """Not here."""
        raise NotImplementedError

    async def changes(self, list_id: ListId, version: int) -> frozenset[str]:
        """Those of the version in use that a test says."""
        stored, _ = self.lists[list_id]
        return self.changed if stored.version == version else frozenset()

    async def entries(self, version: ScreeningList) -> AsyncIterator[ListEntry]:
        """The entries of the version in use."""
        self.read.append(version.list_id)
        for entry in self.lists[version.list_id][1]:
            yield entry


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ((), "us-dpl has never been loaded"),
        ((listed(ListId.US_DPL, "Teodor Quartzov"),), "un has never been loaded"),
        ((listed(ListId.US_DPL, "Teodor Quartzov"), listed(ListId.UN)), "un is empty"),
        ((listed(ListId.US_DPL, "Teodor Quartzov"), listed(ListId.UN, "Abu Feldspar", stale=True)), "un is stale"),
        (
            (
                listed(ListId.US_DPL, "Teodor Quartzov"),
                listed(ListId.UN, "Abu Feldspar"),
                listed(ListId.EU, "Ilia Basaltov", stale=True),
            ),
            "eu is stale",
        ),
    ],
)
async def test_without_good_lists_there_is_no_answer(
    lists: tuple[tuple[ScreeningList, list[ListEntry]], ...], why: str
) -> None:
    """Missing, empty or stale: the list is named, and even a subject that is on another one gets no answer (RPL-16)."""
    shelf = Shelf(*lists)
    with pytest.raises(Unavailable, match=why):
        await EmbeddedScreener(shelf, RULES, threads).screen(QUARTZ)
    assert shelf.read == []


async def test_an_answer_is_of_the_lists_of_that_moment() -> None:
    """A list that is updated is read anew, and no other; the versions are told with the answer (RPL-19)."""
    shelf = Shelf(listed(ListId.US_DPL, "Jan Basalt"), listed(ListId.UN, "Abu Feldspar"))
    screener = EmbeddedScreener(shelf, RULES, threads)
    assert (await screener.screen(QUARTZ)).hits == ()
    shelf.put(listed(ListId.UN, "Abu Feldspar", "Teodor Ilia Quartzov", version=2))
    found = await screener.screen(QUARTZ)
    assert [(hit.list_id, hit.entry_id) for hit in found.hits] == [(ListId.UN, "Teodor Ilia Quartzov")]
    assert {(each.list_id, each.version) for each in found.lists} == {(ListId.US_DPL, 1), (ListId.UN, 2)}
    first = shelf.lists[ListId.US_DPL][0]
    assert found.lists[0] == ListVersion(list_id=ListId.US_DPL, version=1, sha256=first.sha256)
    assert shelf.read == [ListId.US_DPL, ListId.UN, ListId.UN]
    shelf.put(listed(ListId.UN, "Abu Feldspar", version=3))
    assert (await screener.screen(QUARTZ)).hits == ()


async def test_what_is_made_ready_is_not_read_again() -> None:
    """The first subject finds the lists read, unless one was updated in between (RPL-16)."""
    shelf = Shelf(listed(ListId.US_DPL, "Jan Basalt", "Ada Warm"), listed(ListId.UN, "Teodor Quartzov", "Ada Warm"))
    screener = EmbeddedScreener(shelf, RULES, threads)
    await screener.warm()
    assert shelf.read == [ListId.US_DPL, ListId.UN]
    await screener.warm()
    assert len((await screener.screen(QUARTZ)).hits) == 1
    assert shelf.read == [ListId.US_DPL, ListId.UN]
    shelf.put(listed(ListId.UN, "Abu Feldspar", "Ada Warm", version=2))
    assert (await screener.screen(QUARTZ)).hits == ()
    assert shelf.read == [ListId.US_DPL, ListId.UN, ListId.UN]


async def test_without_lists_nothing_is_made_ready() -> None:
    """An installation that does not screen yet starts no process and reads no dictionary."""
    executor = threads()
    executor.shutdown()
    await EmbeddedScreener(Shelf(), RULES, lambda: executor).warm()


async def test_a_list_that_is_not_all_there_is_no_list() -> None:
    """Fewer entries than the list says: no answer, and the next question reads it again (RPL-16)."""
    stored, entries = listed(ListId.UN, "Abu Feldspar", "Teodor Quartzov")
    shelf = Shelf(listed(ListId.US_DPL, "Jan Basalt"), (stored, entries[:1]))
    screener = EmbeddedScreener(shelf, RULES, threads)
    with pytest.raises(Unavailable, match="un is being updated"):
        await screener.screen(QUARTZ)
    shelf.put((stored, entries))
    assert len((await screener.screen(QUARTZ)).hits) == 1


async def test_the_best_hits_come_first_and_are_not_too_many() -> None:
    """Best first, at most as many as the rules say (RPL-05)."""
    names = [f"Teodor Quartzov {number}" for number in range(20)]
    shelf = Shelf(listed(ListId.US_DPL, "Jan Basalt"), listed(ListId.UN, "Teodor Quartzov", *names))
    rules = RULES.model_copy(update={"most_hits": 5})
    hits = (await EmbeddedScreener(shelf, rules, threads).screen(QUARTZ)).hits
    assert len(hits) == 5
    assert hits[0].entry_id == "Teodor Quartzov"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_comparing_is_done_elsewhere_and_survives_its_end() -> None:
    """A process of its own compares; where it is killed, that is no answer, and the next question has one (RPL-16).

    With the program it ends at once, whatever it is doing.
    """
    shelf = Shelf(listed(ListId.US_DPL, "Jan Basalt"), listed(ListId.UN, "Teodor Quartzov"))
    loop = asyncio.get_running_loop()
    async with EmbeddedScreener.open(shelf, RULES) as screener:
        assert len((await screener.screen(QUARTZ)).hits) == 1
        process = await screener._run(os.getpid)
        assert process != os.getpid()
        os.kill(process, signal.SIGKILL)
        with pytest.raises(Unavailable, match="broke off"):
            await _until_noticed(screener)
        assert len((await screener.screen(QUARTZ)).hits) == 1
        process = await screener._run(os.getpid)
        busy = screener._executor.submit(time.sleep, 60)
        while not busy.running():  # noqa: ASYNC110
            await asyncio.sleep(0)
        told_to_end = loop.time()
    assert loop.time() - told_to_end < 30  # nobody waits for what it does
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert isinstance(busy.exception(), BrokenProcessPool)


async def _until_noticed(screener: EmbeddedScreener) -> None:
    while True:
        await screener.screen(QUARTZ)
        await asyncio.sleep(0)


def test_when_a_list_is_stale() -> None:
    """Strictly older than the age that is set (RPL-16)."""
    assert not is_stale(NOW, NOW + timedelta(days=7), RULES)
    assert is_stale(NOW, NOW + timedelta(days=7, microseconds=1), RULES)


def test_lists_that_are_good() -> None:
    """All that are required, fresh: nothing speaks against screening (RPL-01)."""
    lists = [listed(list_id, "Jan Basalt")[0] for list_id in (ListId.US_DPL, ListId.UN, ListId.EU)]
    assert unusable(lists, RULES) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"list_max_age": 0},
        {"list_max_age": "-P1D"},
        {"required_lists": []},
        {"required_lists": ["us-sdm"]},
        {"threshold": 0},
        {"threshold": 1.1},
        {"largest_loss": -0.1},
        {"most_hits": 0},
        {"treshold": 0.5},
    ],
)
def test_rules_that_are_none(wrong: dict[str, object]) -> None:
    """A rule that would switch screening off, or is misspelt, is refused on load (RPL-03)."""
    with pytest.raises(ValidationError):
        ScreeningRules.model_validate(wrong)
