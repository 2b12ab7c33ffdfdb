"""How alike two names are: what rigour pairs by meaning and by spelling, weighed by how much each word tells."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz
from rigour.names import (
    Alignment,
    CompareConfig,
    NamePart,
    NameTypeTag,
    Symbol,
    SymbolCategory,
    align_person_name_order,
    compare_parts,
    pair_symbols,
)

from adapters.screening.spelling import Spelling

_MEANT: Final = {SymbolCategory.NAME: 0.95, SymbolCategory.INITIAL: 0.7, SymbolCategory.NICK: 0.85}
"""What a pair is worth that is written differently and stands for the same; 0.9 for all other meanings."""
_EXTRA_ASKED: Final = 0.8
_EXTRA_LISTED: Final = 0.25
"""How much a word counts that the other name has not: lists give names in full, and people leave parts out."""
_LEAST: Final = 0.1
"""How much a legal form or a particle counts, and a word that everybody has."""

_PERMISSIVE: Final = CompareConfig(budget_tolerance=2.0)
"""As for the onboarding of customers rather than for payments: two typos in a word are still the word."""
_PLAIN: Final = 0.9
"""What the plain comparison is worth: it knows no word from another."""

_SURELY: Final = 70
"""From how many per cent on two words are spelt alike."""

type Weights = Mapping[str, float]


def likeness(asked: Spelling, listed: Spelling, weights: Weights) -> float:
    """From 0 for strangers to 1 for the same name.

    Args:
        asked: The subject's name.
        listed: The list's.
        weights: How much a word tells, from 0 to 1; one that is not there tells all.
    """
    plain = _PLAIN * max(fuzz.ratio(asked.plain, listed.plain), fuzz.ratio(asked.letters, listed.letters)) / 100
    pairings: Sequence[tuple[Alignment, ...]] = pair_symbols(asked.name, listed.name) or [()]
    return max(plain, *(_weighed(asked, listed, pairing, weights) for pairing in pairings))


def _weighed(asked: Spelling, listed: Spelling, pairing: Sequence[Alignment], weights: Weights) -> float:
    left = _rest(asked.name.parts, [part for pair in pairing for part in pair.qps])
    right = _rest(listed.name.parts, [part for pair in pairing for part in pair.rps])
    pairs = [*pairing, *_initials(left, right), *(_turned(pair) for pair in _initials(right, left))]
    if asked.name.tag == NameTypeTag.PER:
        left, right = align_person_name_order(left, right)
    else:
        left, right = NamePart.tag_sort(left), NamePart.tag_sort(right)
    score = total = 0.0
    for pair in (*pairs, *compare_parts(left, right, _PERMISSIVE)):
        told = _told(pair.qps, asked.silent, weights), _told(pair.rps, listed.silent, weights)
        if not pair.rps:
            total += _EXTRA_ASKED * told[0]
        elif not pair.qps:
            total += _EXTRA_LISTED * told[1]
        else:
            total += max(told)
            score += max(told) * _score(pair)
    return score / total if total else 0.0


def _initials(short: list[NamePart], long: list[NamePart]) -> Iterator[Alignment]:
    """Take out letters that stand for a word which the other name has still left."""
    for letter in [part for part in short if len(part.comparable) == 1]:
        word = next((part for part in long if part.comparable.startswith(letter.comparable)), None)
        if word is not None:
            short.remove(letter)
            long.remove(word)
            yield Alignment([letter], [word], Symbol(SymbolCategory.INITIAL, letter.comparable))


def _turned(pair: Alignment) -> Alignment:
    return Alignment(pair.rps, pair.qps, pair.symbol)


def _score(pair: Alignment) -> float:
    if pair.qstr == pair.rstr:
        return 1.0
    if pair.symbol is not None:
        return _MEANT.get(pair.symbol.category, 0.9)
    # What is left over elsewhere in the name makes rigour doubt a pair: two words that are nearly the same stay so.
    spelt = fuzz.ratio(pair.qstr.replace(" ", ""), pair.rstr.replace(" ", ""), score_cutoff=_SURELY) / 100
    return max(pair.score, spelt)


def _told(parts: Sequence[NamePart], silent: frozenset[NamePart], weights: Weights) -> float:
    told = 0.0
    for part in parts:
        told += _LEAST if part in silent else max(_LEAST, weights.get(part.comparable, 1.0))
    return told


def _rest(parts: Sequence[NamePart], taken: Sequence[NamePart]) -> list[NamePart]:
    gone = set(taken)
    return [part for part in parts if part not in gone]
