"""The contestants of F11: Tenure's index and comparison, and rapidfuzz's plain scan with each of its scorers."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from rapidfuzz import fuzz, process, utils
from rigour.text.translit import ascii_text

from adapters.screening.comparison import compare
from adapters.screening.index import NameIndex
from tenure.contracts.screening import ListEntry, Subject

SCORERS: Final = (fuzz.token_sort_ratio, fuzz.token_set_ratio, fuzz.WRatio)
_LOOSE: Final = 0.4
"""Hits are collected from here on, so that every threshold can be tried afterwards."""


class Contestant(Protocol):
    """Whoever screens."""

    name: str

    def ask(self, asked: str, threshold: float) -> None:
        """Screen a name as in earnest."""
        ...

    def like(self, asked: str, entry_id: str | None) -> float:
        """How alike a name is to the names of an entry; None for the best of all."""
        ...


class Tenure:
    """As the embedded screener does it."""

    def __init__(self, entries: Sequence[ListEntry]) -> None:
        self.name = "Tenure"
        self._index = NameIndex(entries)

    def ask(self, asked: str, threshold: float) -> None:
        """Screen a name of which nothing else is known."""
        compare(Subject(names=(asked,)), self._index, threshold)

    def like(self, asked: str, entry_id: str | None) -> float:
        """What the index does not propose counts as nothing."""
        hits = compare(Subject(names=(asked,)), self._index, _LOOSE)
        return max((hit.score for hit in hits if entry_id in {None, hit.entry_id}), default=0.0)


class Scan:
    """Every name of the list, one after the other, in C++; all of them in plain Latin letters, as rigour writes them."""

    def __init__(self, entries: Sequence[ListEntry], scorer: Callable[..., float]) -> None:
        self.name = f"scan, {scorer.__name__}"
        self._scorer = scorer
        self._names = [_plain(name.name) for entry in entries for name in entry.names]
        self._of: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            self._of[entry.entry_id] += [_plain(name.name) for name in entry.names]

    def ask(self, asked: str, threshold: float) -> None:
        """Screen a name."""
        process.extract(_plain(asked), self._names, scorer=self._scorer, limit=50, score_cutoff=100 * threshold)

    def like(self, asked: str, entry_id: str | None) -> float:
        """The best name decides."""
        names = self._names if entry_id is None else self._of[entry_id]
        found = process.extractOne(_plain(asked), names, scorer=self._scorer)
        return found[1] / 100 if found else 0.0


def _plain(name: str) -> str:
    return utils.default_process(ascii_text(name))
