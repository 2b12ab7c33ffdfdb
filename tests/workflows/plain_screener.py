"""A screener without an engine, for tests in which comparing is not the point."""

from collections.abc import Sequence

from tenure.contracts.screening import (
    Hit,
    ListEntry,
    ListId,
    ListVersion,
    NameQuality,
    Screening,
    ScreeningList,
    Subject,
)
from tenure.errors import Unavailable
from tenure.policy.screening import ScreeningRules, fingerprint, unusable
from tenure.ports import Screener, ScreeningLists, UpdateScreener


class PlainScreener(Screener, UpdateScreener):
    """Knows a party by its very name, on the lists as they are stored at that moment."""

    def __init__(self, lists: ScreeningLists, rules: ScreeningRules) -> None:
        self._lists = lists
        self._rules = rules

    async def screen(self, subject: Subject) -> Screening:
        """Compare a subject with every list in use.

        Raises:
            Unavailable: a list is missing, empty or stale.
        """
        versions = await self._lists.all()
        if reason := unusable(versions, self._rules):
            raise Unavailable(f"Nothing is screened. {reason}")
        return _screening(subject, [(version, await self._entries(version)) for version in versions])

    async def screen_changes(self, list_id: ListId, version: int, subjects: Sequence[Subject]) -> Sequence[Screening]:
        """Compare each subject with what a version of a list has added or changed."""
        [in_use] = [each for each in await self._lists.all() if each.list_id == list_id]
        changes = await self._lists.changes(list_id, version)
        entries = [entry for entry in await self._entries(in_use) if entry.entry_id in changes]
        return [_screening(subject, [(in_use, entries)]) for subject in subjects]

    async def _entries(self, version: ScreeningList) -> list[ListEntry]:
        return [entry async for entry in self._lists.entries(version)]


def _screening(subject: Subject, lists: Sequence[tuple[ScreeningList, Sequence[ListEntry]]]) -> Screening:
    return Screening(
        hits=tuple(
            Hit(
                list_id=entry.list_id,
                entry_id=entry.entry_id,
                entry_hash=fingerprint(entry),
                kind=entry.kind,
                score=1,
                name=name,
                listed_name=name,
                quality=NameQuality.PRIMARY,
                primary_name=entry.names[0].name,
            )
            for _, entries in lists
            for entry in entries
            for name in subject.names
            if name in {listed.name for listed in entry.names}
        ),
        lists=tuple(
            ListVersion(list_id=version.list_id, version=version.version, sha256=version.sha256) for version, _ in lists
        ),
    )
