"""The screener that needs nobody: an index of each list in memory, rebuilt when a list is updated."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.screening.comparison import compare
from adapters.screening.index import NameIndex
from tenure.contracts.screening import Hit, ListEntry, ListId, ListVersion, Screening, ScreeningList, Subject
from tenure.errors import Unavailable
from tenure.policy.screening import ScreeningRules, unusable
from tenure.ports import Screener, ScreeningLists


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: ScreeningList
    index: NameIndex


class EmbeddedScreener(Screener):
    """Screens against the lists as they are stored at that moment."""

    def __init__(self, lists: ScreeningLists, rules: ScreeningRules) -> None:
        """Prepare; the lists are read when the first subject comes."""
        self._lists = lists
        self._rules = rules
        self._loaded: dict[ListId, _Loaded] = {}
        self._turn = asyncio.Lock()

    async def screen(self, subject: Subject) -> Screening:
        """Compare a subject with every list in use.

        Raises:
            Unavailable: a list is missing, empty or stale; it is named.
        """
        versions = await self._lists.all()
        reason = unusable(versions, self._rules)
        if reason is not None:
            raise Unavailable(f"Nothing is screened. {reason} Load it with `tenure lists update`.")
        async with self._turn:  # an index takes one question at a time
            for version in versions:
                await self._load(version)
            hits = await asyncio.to_thread(self._compare, subject)
        return Screening(
            hits=tuple(hits),
            lists=tuple(
                ListVersion(list_id=each.list_id, version=each.version, sha256=each.sha256) for each in versions
            ),
        )

    def _compare(self, subject: Subject) -> Sequence[Hit]:
        hits = [
            hit for loaded in self._loaded.values() for hit in compare(subject, loaded.index, self._rules.threshold)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.list_id, hit.entry_id))[: self._rules.most_hits]

    async def _load(self, version: ScreeningList) -> None:
        loaded = self._loaded.get(version.list_id)
        if loaded is not None and loaded.version.version == version.version:
            return
        entries: list[ListEntry] = [entry async for entry in self._lists.entries(version)]
        if len(entries) != version.entries:
            raise Unavailable(f"The list {version.list_id} is being updated: try again.")
        self._loaded[version.list_id] = _Loaded(version, await asyncio.to_thread(NameIndex, entries))
