"""Screening: the published lists as they are kept, and who compares a subject with them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from tenure.contracts.screening import ListEntry, ListUpdate, Screening, ScreeningList, Subject
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


class Screener(Protocol):
    """Finds the entries that a subject may be."""

    async def screen(self, subject: Subject) -> Screening:
        """Compare a subject with every list in use.

        Raises:
            Unavailable: a list is missing, empty or stale, or the provider does not answer: no answer is ever "no match"
                in place of one (RPL-16).
        """
        ...
