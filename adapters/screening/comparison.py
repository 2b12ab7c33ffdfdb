"""One subject against one list: the index proposes, rigour compares, and each hit says why."""

from itertools import chain

from adapters.screening import reasons
from adapters.screening.index import Among, NameIndex, Place
from adapters.screening.likeness import likeness
from adapters.screening.spelling import known_spellings, spellings
from tenure.contracts.screening import EntryKind, Hit, Subject
from tenure.policy.screening import fingerprint


def compare(subject: Subject, index: NameIndex, threshold: float, among: Among | None = None) -> list[Hit]:
    """The entries of a list, or those among some, that the subject may be, each by its best pair of names, in no order."""
    best: dict[str, tuple[float, str, Place]] = {}
    for name in subject.names:
        readings = {kind: spellings(name, kind) for kind in _kinds(subject.kind)}
        for place in index.propose(chain.from_iterable(readings.values()), among):
            asked = readings.get(place.entry.kind) or readings[subject.kind]
            listed = known_spellings(place.name.name, place.entry.kind)
            score = max(likeness(one, other, index.weights) for one in asked for other in listed)
            if score >= threshold and score > best.get(place.entry.entry_id, (0.0,))[0]:
                best[place.entry.entry_id] = score, name, place
    return [_hit(subject, *found) for found in best.values()]


def _kinds(kind: EntryKind) -> tuple[EntryKind, ...]:
    """As what a name is read: one of unknown kind as a person against persons, and as it is against all others."""
    return (kind, EntryKind.PERSON) if kind is EntryKind.UNKNOWN else (kind,)


def _hit(subject: Subject, score: float, name: str, place: Place) -> Hit:
    entry = place.entry
    nearest = reasons.address(subject, entry.addresses)
    return Hit(
        list_id=entry.list_id,
        entry_id=entry.entry_id,
        entry_hash=fingerprint(entry),
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
