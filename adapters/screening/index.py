"""An index of names: it proposes the few that may be meant, and never looks at all of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.screening.spelling import Spelling, features, spellings
from tenure.contracts.screening import ListedName, ListEntry

type Among = NDArray[np.bool_]
"""Some of the places of an index."""

READ: Final = 30_000
"""Places that a question may look at, whatever the size of the list: those of its rarest features."""
PROPOSED: Final = 16
"""Names that are proposed by each of the two measures."""


@dataclass(frozen=True, slots=True)
class Place:
    """A name of an entry."""

    entry: ListEntry
    name: ListedName


class NameIndex:
    """The names of a list by their features, rarest first."""

    def __init__(self, entries: Iterable[ListEntry]) -> None:
        """Analyse every name; 25,000 take about a second."""
        self.places: list[Place] = []
        numbers: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        for place, found in _analysed(entries):
            rows.extend([len(self.places)] * len(found))
            columns.extend(numbers.setdefault(feature, len(numbers)) for feature in found)
            self.places.append(place)
        self._numbers = numbers
        order = np.argsort(np.asarray(columns, dtype=np.int32), kind="stable")
        self._rows: NDArray[np.int32] = np.asarray(rows, dtype=np.int32)[order]
        counts = np.bincount(np.asarray(columns, dtype=np.int32), minlength=len(numbers))
        self._ends: NDArray[np.int64] = np.concatenate(([0], np.cumsum(counts)))
        # How much a feature tells: more, the fewer names have it, and never nothing.
        self._telling: NDArray[np.float32] = np.log((len(self.places) + 1) / counts).astype(np.float32)
        told = self._telling[np.asarray(columns, dtype=np.int32)] if columns else np.zeros(0, np.float32)
        self._all: NDArray[np.float32] = np.bincount(rows, told, len(self.places)).astype(np.float32)
        self._scores: NDArray[np.float32] = np.zeros(len(self.places), np.float32)
        most = log(len(self.places) + 1) or 1.0
        self.weights = {
            feature.removeprefix("word "): float(self._telling[number]) / most
            for feature, number in numbers.items()
            if feature.startswith("word ")
        }
        """How much a word tells, from 0 for one that every name has to nearly 1 for one that a single name has."""

    def __len__(self) -> int:
        return len(self.places)

    def among(self, entry_ids: Collection[str]) -> Among:
        """Which places are of these entries."""
        return np.fromiter((place.entry.entry_id in entry_ids for place in self.places), np.bool_, len(self.places))

    def propose(self, readings: Iterable[Spelling], among: Among | None = None) -> Sequence[Place]:
        """The names that share most of what tells, and those of which most is shared; at most twice `PROPOSED`.

        Args:
            readings: One name as it can be read.
            among: The places that are wanted, where not all are. They are found and measured as ever, so that each of
                them that is proposed among all is proposed among them.
        """
        told = features(readings)
        numbers = sorted(
            (number for feature in told if (number := self._numbers.get(feature)) is not None),
            key=self._telling.__getitem__,
            reverse=True,
        )
        met, left = list[NDArray[np.int32]](), READ
        for number in numbers:
            rows = self._rows[self._ends[number] : self._ends[number + 1]]
            if len(rows) > left and met:
                break
            rows, left = rows[:left], left - len(rows)
            met.append(rows[self._scores[rows] == 0])
            self._scores[rows] += self._telling[number]
        if not met:
            return []
        touched = np.concatenate(met)
        scores = self._scores[touched]
        self._scores[touched] = 0
        if among is not None:
            scores, touched = scores[among[touched]], touched[among[touched]]
        asked = sum(float(self._telling[number]) for number in numbers)
        best = set[int]()
        for measure in (scores / (self._all[touched] + asked), scores / np.minimum(self._all[touched] + 1, asked)):
            kept = np.argpartition(-measure, PROPOSED)[:PROPOSED] if len(measure) > PROPOSED else slice(None)
            best.update(touched[kept].tolist())
        return [self.places[number] for number in best]


def _analysed(entries: Iterable[ListEntry]) -> Iterator[tuple[Place, set[str]]]:
    for entry in entries:
        for listed in entry.names:
            yield Place(entry, listed), features(spellings(listed.name, entry.kind))
