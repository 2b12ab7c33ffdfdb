"""Screening against what an update changed: all that a full screening finds among that, and nothing else (Q-32)."""

from functools import cache
from random import Random

import pytest

from adapters.screening.comparison import compare
from adapters.screening.embedded import EmbeddedScreener
from adapters.screening.index import NameIndex
from tenure.contracts.screening import EntryKind, ListId, Subject
from tenure.policy.screening import DEFAULT
from tests.unit.screening import published
from tests.unit.screening.test_screener import QUARTZ, RULES, Shelf, listed, threads


@cache
def index() -> NameIndex:
    """Of the UN's list."""
    return NameIndex(published.entries(*published.UN).values())


def garbled(name: str, chance: Random) -> str:
    """The name with its words in another order, or a letter or a word less."""
    words = name.split()
    match chance.randrange(4):
        case 0:
            chance.shuffle(words)
        case 1 if len(words) > 2:
            words.pop(chance.randrange(len(words)))
        case 2:
            at = chance.randrange(len(words))
            words[at] = words[at][1:] or words[at]
    return " ".join(words)


@pytest.mark.parametrize("share", [0.002, 0.05, 0.5])
def test_nothing_is_missed_among_the_changes(share: float) -> None:
    """Whoever a full screening finds among the changed entries is found among them alone, as surely (Q-32, RPL-03)."""
    chance = Random(round(share * 1000))
    entries = list(published.entries(*published.UN).values())
    changed = frozenset(entry.entry_id for entry in chance.sample(entries, max(2, round(share * len(entries)))))
    among = index().among(changed)
    concerned = [entry for entry in entries if entry.entry_id in changed][:20]
    found = 0
    for entry in [*concerned, *chance.sample(entries, 20)]:
        name = garbled(chance.choice(entry.names).name, chance)
        subject = Subject(names=(name,), kind=chance.choice([entry.kind, EntryKind.UNKNOWN]))
        full = {hit.entry_id: hit.score for hit in compare(subject, index(), DEFAULT.threshold)}
        alone = {hit.entry_id: hit.score for hit in compare(subject, index(), DEFAULT.threshold, among)}
        assert {entry_id: score for entry_id, score in full.items() if entry_id in changed}.items() <= alone.items()
        assert alone.keys() <= changed
        found += len(alone)
    assert found


async def test_an_update_concerns_whom_its_changes_mean() -> None:
    """Of one list, what its version has changed: no older entry, no other list, and no other list's state (Q-32)."""
    shelf = Shelf(
        listed(ListId.US_DPL, "Teodor Quartzov", stale=True),
        listed(ListId.UN, "Teodor Quartzov", "Abu Feldspar", "Teodor Quartzov Ilich", version=2, stale=True),
    )
    shelf.changed = frozenset({"Abu Feldspar", "Teodor Quartzov Ilich"})
    screener = EmbeddedScreener(shelf, RULES, threads)
    feldspar, nobody = Subject(names=("Abu Feldspar",)), Subject(names=("Jan Basalt",))
    found = await screener.screen_changes(ListId.UN, 2, [QUARTZ, feldspar, nobody])
    assert [[hit.entry_id for hit in each.hits] for each in found] == [
        ["Teodor Quartzov Ilich"],
        ["Abu Feldspar"],
        [],
    ]
    assert {(version.list_id, version.version) for each in found for version in each.lists} == {(ListId.UN, 2)}
    assert shelf.read == [ListId.UN]
    await screener.screen_changes(ListId.UN, 2, [QUARTZ])
    assert shelf.read == [ListId.UN]


async def test_an_update_that_changed_nothing_concerns_nobody() -> None:
    """Without a change that is still in use nothing is read, and nobody is hit; that is told of the list in use (Q-32)."""
    shelf = Shelf(listed(ListId.UN, "Teodor Quartzov", version=3))
    [found] = await EmbeddedScreener(shelf, RULES, threads).screen_changes(ListId.UN, 2, [QUARTZ])
    assert found.hits == ()
    assert [version.version for version in found.lists] == [3]
    assert shelf.read == []
