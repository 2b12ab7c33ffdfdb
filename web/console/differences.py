"""Two names word by word: what is the same in both, what differs in letters, and what only one of them has.

Pure. It only makes visible what a reviewer compares; whether an entry is a hit is the screener's to say. Case and
punctuation tell no two names apart, the order of words does not either, and a word may be written as two.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from rapidfuzz.distance import Indel

_SIMILAR: Final = 0.6
"""From here on two words are told as one that differs in letters: `Meyer` and `Maier`."""
_JOINED: Final = 0.8
"""The same of two words and one, such as `Bio Tech` and `Biotech`."""
_MOST_WORDS: Final = 40
"""Of each name that are compared by their letters: nobody reads more, and an absurd name costs no time."""


class Likeness(StrEnum):
    """What a word is to the other name."""

    SAME = "same"
    SIMILAR = "similar"
    """It differs in letters; an initial of a word is similar to it."""
    CUSTOMER = "customer"
    """Only the customer's name has it."""
    LISTED = "listed"
    """Only the listed name has it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of letters of a word."""

    text: str
    changed: bool = False
    """The other word has others in its place, or none."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of each name, or of one alone."""

    likeness: Likeness
    customer: tuple[Piece, ...] = ()
    listed: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class _Span:
    """A word, or two in a row."""

    at: int
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def letters(self) -> list[tuple[int, str]]:
        """Each letter and digit with its place in the text, case aside; all of a word that has none."""
        text = self.text
        found = [(place, letter.casefold()) for place, letter in enumerate(text) if letter.isalnum()]
        return found or list(enumerate(text))

    @property
    def places(self) -> range:
        return range(self.at, self.at + len(self.words))


def compare(customer: str, listed: str) -> tuple[Pair, ...]:
    """Pair the words of two names, in the order of the customer's; words of the list alone stand where they stood."""
    ours, theirs = _words(customer), _words(listed)
    pairs = dict(_paired(ours, theirs))
    mine = {place: span for span in pairs for place in span.places}
    order: list[tuple[_Span | None, _Span | None]] = []
    for place, word in enumerate(ours):
        span = mine.get(place, _Span(place, (word,)))
        if span.at == place:
            order.append((span, pairs.get(span)))
    met = {place for span in pairs.values() for place in span.places}
    for place, word in enumerate(theirs):
        if place not in met:
            order.insert(_behind(order, place) if met else len(order), (None, _Span(place, (word,))))
    return tuple(_pair(one, other) for one, other in order)


def in_words(pairs: Sequence[Pair]) -> str:
    """The same as a sentence, for those who do not see the marks."""
    same = sum(pair.likeness is Likeness.SAME for pair in pairs)
    told = [f"{same} word{'' if same == 1 else 's'} the same"] if same else []
    told += [
        f"“{_text(pair.customer)}” is “{_text(pair.listed)}” on the list"
        for pair in pairs
        if pair.likeness is Likeness.SIMILAR
    ]
    for whose, likeness in (("the customer", Likeness.CUSTOMER), ("the list", Likeness.LISTED)):
        alone = [_text(pair.customer or pair.listed) for pair in pairs if pair.likeness is likeness]
        if alone:
            told.append(f"only {whose} has {', '.join(f'“{word}”' for word in alone)}")
    return "; ".join(told)


def scripts_differ(customer: str, listed: str) -> bool:
    """Whether the two share no script: then letters cannot be compared, and the likeness is one of sounds."""
    ours, theirs = _scripts(customer), _scripts(listed)
    return bool(ours and theirs) and not ours & theirs


def _scripts(name: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()} - {""}


def _words(name: str) -> list[str]:
    return unicodedata.normalize("NFC", name).split()


def _key(span: _Span) -> str:
    return "".join(letter for _, letter in span.letters)


def _paired(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[_Span, _Span]]:
    """Equal words first, then the most similar, each at most once."""
    left, right = dict(enumerate(ours)), dict(enumerate(theirs))
    equal: dict[str, list[int]] = {}
    for place, word in right.items():
        equal.setdefault(_key(_Span(place, (word,))), []).append(place)
    for place, word in list(left.items()):
        span = _Span(place, (word,))
        if equal.get(_key(span)):
            other = equal[_key(span)].pop(0)
            yield span, _Span(other, (right.pop(other),))
            del left[place]
    for _, one, another in sorted(_candidates(left, right), key=lambda found: found[0]):
        if all(place in left for place in one.places) and all(place in right for place in another.places):
            yield one, another
            for place in one.places:
                del left[place]
            for place in another.places:
                del right[place]


def _candidates(
    left: dict[int, str], right: dict[int, str]
) -> Iterator[tuple[tuple[float, int, int, int, int], _Span, _Span]]:
    if len(left) > _MOST_WORDS or len(right) > _MOST_WORDS:
        return
    for one, another in product(_spans(left), _spans(right)):
        size = len(one.words) + len(another.words)
        likeness = _likeness(_key(one), _key(another))
        if size < 4 and likeness >= (_SIMILAR if size == 2 else _JOINED):
            yield (-likeness, size, abs(one.at - another.at), one.at, another.at), one, another


def _likeness(one: str, another: str) -> float:
    if 1 in (len(one), len(another)) and one[0] == another[0]:
        return _SIMILAR  # an initial
    return Indel.normalized_similarity(one, another)


def _spans(words: dict[int, str]) -> list[_Span]:
    twos = [_Span(place, (word, words[place + 1])) for place, word in words.items() if place + 1 in words]
    return [*(_Span(place, (word,)) for place, word in words.items()), *twos]


def _behind(order: Sequence[tuple[_Span | None, _Span | None]], place: int) -> int:
    """Behind whatever holds the word before; every word before has its place already."""
    for index, (_, span) in enumerate(order):
        if span is not None and place - 1 in span.places:
            return index + 1
    return 0


def _pair(one: _Span | None, another: _Span | None) -> Pair:
    if another is None:
        assert one is not None
        return Pair(Likeness.CUSTOMER, customer=(Piece(one.text),))
    if one is None:
        return Pair(Likeness.LISTED, listed=(Piece(another.text),))
    if _key(one) == _key(another):
        return Pair(Likeness.SAME, (Piece(one.text),), (Piece(another.text),))
    ours, theirs = one.letters, another.letters
    changes = [
        change for change in Indel.opcodes([a for _, a in ours], [b for _, b in theirs]) if change.tag != "equal"
    ]
    here = {ours[n][0] for change in changes for n in range(change.src_start, change.src_end)}
    there = {theirs[n][0] for change in changes for n in range(change.dest_start, change.dest_end)}
    return Pair(Likeness.SIMILAR, _pieces(one.text, here), _pieces(another.text, there))


def _pieces(text: str, changed: set[int]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for place, letter in enumerate(text):
        if pieces and pieces[-1].changed == (place in changed):
            pieces[-1] = Piece(pieces[-1].text + letter, pieces[-1].changed)
        else:
            pieces.append(Piece(letter, place in changed))
    return tuple(pieces)


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)
