"""How alike two names are: what rigour pairs by meaning and by spelling, weighed by how much each word tells."""

from collections.abc import Callable, Sequence
from typing import Final

from rapidfuzz import fuzz
from rigour.names import (
    Alignment,
    Name,
    NamePart,
    NamePartTag,
    NameTypeTag,
    SymbolCategory,
    align_person_name_order,
    compare_parts,
    pair_symbols,
)

from adapters.screening.spelling import words

_MEANT: Final = {SymbolCategory.NAME: 0.95, SymbolCategory.INITIAL: 0.7, SymbolCategory.NICK: 0.85}
"""What a pair is worth that is written differently and stands for the same; 0.9 for all other meanings."""
_EXTRA_ASKED: Final = 0.6
_EXTRA_LISTED: Final = 0.25
"""How much a word counts that the other name has not: lists give names in full, and people leave parts out."""
_SILENT: Final = 0.1
"""How much a legal form or a particle counts."""

type Weight = Callable[[str], float]


def likeness(asked: Name, listed: Name, weight: Weight) -> float:
    """From 0 for strangers to 1 for the same name.

    Args:
        asked: The subject's name.
        listed: The list's.
        weight: How much a word tells, from 0 to 1.
    """
    pairings: Sequence[tuple[Alignment, ...]] = pair_symbols(asked, listed) or [()]
    meant = max(_weighed(asked, listed, pairing, weight) for pairing in pairings)
    return max(meant, _spelt(asked, listed))


def _spelt(asked: Name, listed: Name) -> float:
    """The plain comparison of words in any order, which takes typos in short words more lightly."""
    left, right = (" ".join(part.comparable for part in words(name)) for name in (asked, listed))
    return fuzz.token_sort_ratio(left, right) / 100


def _weighed(asked: Name, listed: Name, pairing: Sequence[Alignment], weight: Weight) -> float:
    left = _rest(asked.parts, [part for pair in pairing for part in pair.qps])
    right = _rest(listed.parts, [part for pair in pairing for part in pair.rps])
    if asked.tag == NameTypeTag.PER:
        left, right = align_person_name_order(left, right)
    else:
        left, right = NamePart.tag_sort(left), NamePart.tag_sort(right)
    score = total = 0.0
    for pair in (*pairing, *compare_parts(left, right)):
        share = _share(pair, weight)
        total += share
        score += share * _score(pair)
    return score / total if total else 0.0


def _score(pair: Alignment) -> float:
    if pair.symbol is None or pair.qstr == pair.rstr:
        return pair.score if pair.symbol is None else 1.0
    return _MEANT.get(pair.symbol.category, 0.9)


def _share(pair: Alignment, weight: Weight) -> float:
    if not pair.rps:
        return _EXTRA_ASKED * _told(pair.qps, weight)
    if not pair.qps:
        return _EXTRA_LISTED * _told(pair.rps, weight)
    return max(_told(pair.qps, weight), _told(pair.rps, weight))


def _told(parts: Sequence[NamePart], weight: Weight) -> float:
    return sum(
        _SILENT if part.tag in {NamePartTag.LEGAL, NamePartTag.STOP} else max(_SILENT, weight(part.comparable))
        for part in parts
    )


def _rest(parts: Sequence[NamePart], taken: Sequence[NamePart]) -> list[NamePart]:
    gone = set(taken)
    return [part for part in parts if part not in gone]
