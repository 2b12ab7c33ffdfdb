"""Screening: the published lists as they are kept, and who compares a subject with them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from tenure.contracts.screening import ListEntry, ListId, ListUpdate, Screening, ScreeningList, Subject
from tenure.ports.caller import Caller


@dataclass(frozen=True, slots=True)
class ListFile:
    """One published file, under the name that its publisher gave it; the content can be read again."""

    name: str
    content: BinaryIO


class ScreeningLists(Protocol):
    """The lists: one version each is in use, and earlier ones can still be told."""

    async def all(self) -> Sequence[ScreeningList]:
        """Every list that was ever loaded, by id, in the version that is in use."""
        ...

    async def update(self, caller: Caller, files: Sequence[ListFile]) -> ListUpdate:
        """Take a list into use as a whole, or not at all; the same files again only confirm it.

        Raises:
            Refusal: `import_invalid`, with a ListFault: the files are no list, or not all of one, or damaged. `wrong_state`
                for a list that was published before the one in use. `forbidden` to a partner.
        """
        ...

    def entries(self, version: ScreeningList) -> AsyncIterator[ListEntry]:
        """The entries of a version."""
        ...

    async def changes(self, list_id: ListId, version: int) -> frozenset[str]:
        """The ids of the entries that a version has added or changed, and that are still in use as they were then."""
        ...


class Screener(Protocol):
    """Finds the entries that a subject may be."""

    async def screen(self, subject: Subject) -> Screening:
        """Compare a subject with every list in use.

        Raises:
            Unavailable: a list is missing, empty or stale, or the provider does not answer: no answer is ever "no match"
                in place of one (RPL-16).
        """
        ...


class UpdateScreener(Protocol):
    """Finds whom the update of a list concerns (Q-32)."""

    async def screen_changes(self, list_id: ListId, version: int, subjects: Sequence[Subject]) -> Sequence[Screening]:
        """Compare each subject with what a version of a list has added or changed, and with nothing else.

        Every hit that `screen` would find among these is found, by the same rules. Other lists do not matter here, and
        the age of this one does not: whoever is screened in full is screened by `screen`.

        Raises:
            Unavailable: the comparing broke off, or the list is being updated.
        """
        ...
