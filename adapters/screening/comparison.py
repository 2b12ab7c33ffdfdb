"""One subject against one list: the index proposes, rigour compares, and each hit says why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rigour.names import Name

from adapters.screening import reasons
from adapters.screening.index import NameIndex, Place
from adapters.screening.likeness import likeness
from adapters.screening.spelling import spellings
from tenure.contracts.screening import EntryKind, Hit, Subject

_PERSONS: Final = frozenset({EntryKind.PERSON})
_COMPANIES: Final = frozenset(EntryKind) - _PERSONS


@dataclass(frozen=True, slots=True)
class _Asked:
    """A name of the subject in one reading, and the kinds of entries that it is held against."""

    name: str
    reading: Name
    against: frozenset[EntryKind]


def compare(subject: Subject, index: NameIndex, threshold: float) -> list[Hit]:
    """The entries of a list that the subject may be, each by its best pair of names, in no order."""
    best: dict[str, tuple[float, str, Place]] = {}
    for asked in _asked(subject):
        for place in index.propose(asked.reading):
            if place.entry.kind in asked.against:
                score = max(
                    likeness(asked.reading, listed, index.weight)
                    for listed in spellings(place.name.name, place.entry.kind)
                )
                if score >= threshold and score > best.get(place.entry.entry_id, (0.0,))[0]:
                    best[place.entry.entry_id] = score, asked.name, place
    return [_hit(subject, *found) for found in best.values()]


def _asked(subject: Subject) -> Iterator[_Asked]:
    """A subject of unknown kind is read twice: as a person against persons, and as whatever it is against the rest."""
    if subject.kind is EntryKind.UNKNOWN:
        readings = {EntryKind.PERSON: _PERSONS, EntryKind.UNKNOWN: _COMPANIES}
    else:
        readings = {subject.kind: frozenset(EntryKind)}
    for name in subject.names:
        for kind, against in readings.items():
            for reading in spellings(name, kind):
                yield _Asked(name, reading, against)


def _hit(subject: Subject, score: float, name: str, place: Place) -> Hit:
    entry = place.entry
    nearest = reasons.address(subject, entry.addresses)
    return Hit(
        list_id=entry.list_id,
        entry_id=entry.entry_id,
        kind=entry.kind,
        score=round(min(score, 1.0), 3),
        name=name,
        listed_name=place.name.name,
        quality=place.name.quality,
        primary_name=entry.names[0].name,
        country=reasons.country(subject, entry.countries),
        countries=entry.countries,
        address=nearest.likeness,
        listed_address=nearest.address,
        birth=reasons.birth(subject, entry.births),
        births=entry.births,
        programmes=entry.programmes,
    )
