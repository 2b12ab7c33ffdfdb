"""The screener that needs nobody: an index of each list in memory, built anew when a list is updated."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from typing import Self

from adapters.screening import room
from tenure.contracts.screening import Hit, ListId, ListVersion, Screening, ScreeningList, Subject
from tenure.errors import Unavailable
from tenure.policy.screening import ScreeningRules, unusable
from tenure.ports import Screener, ScreeningLists, UpdateScreener


class EmbeddedScreener(Screener, UpdateScreener):
    """Screens against the lists as they are stored at that moment."""

    def __init__(self, lists: ScreeningLists, rules: ScreeningRules, executor: Callable[[], Executor]) -> None:
        """Nothing is read yet: `warm` does, or the first subject that comes.

        Args:
            lists: Where they are stored.
            rules: When they are good enough, and what a hit is.
            executor: Makes what compares; another is made where it has died.
        """
        self._lists = lists
        self._rules = rules
        self._make = executor
        self._executor = executor()
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, lists: ScreeningLists, rules: ScreeningRules) -> AsyncIterator[Self]:
        """Screen in a process of its own, which ends with the context."""
        screener = cls(lists, rules, room.Room)
        try:
            yield screener
        finally:
            await asyncio.to_thread(screener._executor.shutdown, cancel_futures=True)

    async def warm(self) -> None:
        """Read dictionaries and lists, so that the first subject waits for neither; without lists there is no hurry.

        Raises:
            Unavailable: the reading broke off, or a list is being updated; the first subject has it read again.
        """
        versions = await self._lists.all()
        if not versions:
            return
        async with self._turn:
            await self._run(room.prepare)
            await self._take_missing(versions, await self._run(room.missing, [version.sha256 for version in versions]))

    async def screen(self, subject: Subject) -> Screening:
        """Compare a subject with every list in use.

        Raises:
            Unavailable: a list is missing, empty or stale, and is named; or the comparing broke off.
        """
        versions = await self._lists.all()
        reason = unusable(versions, self._rules)
        if reason is not None:
            raise Unavailable(f"Nothing is screened. {reason} Load it with `tenure lists update`.")
        async with self._turn:  # so that a list is read once, and not by everybody who waits for it
            return self._best(await self._ask(subject, versions), versions)

    async def screen_changes(self, list_id: ListId, version: int, subjects: Sequence[Subject]) -> Sequence[Screening]:
        """Compare each subject with what a version of a list has added or changed, in the index of the list in use.

        An index of the changes alone would weigh their words as if they were the whole list, and miss what that finds.

        Raises:
            Unavailable: the comparing broke off, or the list is being updated.
        """
        in_use = next((each for each in await self._lists.all() if each.list_id == list_id), None)
        changes = await self._lists.changes(list_id, version)
        if in_use is None or not changes:
            return [self._best([], [in_use] if in_use else []) for _ in subjects]
        async with self._turn:
            found = await self._ask_among(subjects, in_use, changes)
        return [self._best(hits, [in_use]) for hits in found]

    async def _ask(self, subject: Subject, versions: Sequence[ScreeningList]) -> list[Hit]:
        hashes = [version.sha256 for version in versions]
        missing, hits = await self._run(room.ask, subject, hashes, self._rules.threshold)
        if missing:
            await self._take_missing(versions, missing)
            missing, hits = await self._run(room.ask, subject, hashes, self._rules.threshold)
        return hits

    async def _ask_among(
        self, subjects: Sequence[Subject], version: ScreeningList, entry_ids: frozenset[str]
    ) -> list[list[Hit]]:
        question = subjects, version.sha256, entry_ids, self._rules.threshold
        found = await self._run(room.ask_among, *question)
        if found is None:
            await self._take(version)
            found = await self._run(room.ask_among, *question)
        assert found is not None
        return found

    def _best(self, hits: Sequence[Hit], versions: Sequence[ScreeningList]) -> Screening:
        best = sorted(hits, key=lambda hit: (-hit.score, hit.list_id, hit.entry_id))
        return Screening(
            hits=tuple(best[: self._rules.most_hits]),
            omitted=max(0, len(best) - self._rules.most_hits),
            lists=tuple(
                ListVersion(list_id=each.list_id, version=each.version, sha256=each.sha256) for each in versions
            ),
        )

    async def _take_missing(self, versions: Sequence[ScreeningList], missing: Sequence[str]) -> None:
        for version in versions:
            if version.sha256 in missing:
                await self._take(version)

    async def _take(self, version: ScreeningList) -> None:
        entries = [entry async for entry in self._lists.entries(version)]
        if len(entries) != version.entries:
            raise Unavailable(f"The list {version.list_id} is being updated: try again.")
        await self._run(room.take, version.sha256, entries)

    async def _run[*Arguments, Result](self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        except BrokenProcessPool:
            self._executor = self._make()
            raise Unavailable("The screening broke off: try again.") from None
