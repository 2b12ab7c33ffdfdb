"""A name as rigour reads it: its words in one script, legal forms made one, and what they are known to stand for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rigour.names import Name, NamePart, NamePartTag, NameTypeTag, SymbolCategory, analyze_names
from rigour.text.scripts import is_latin
from rigour.text.translit import ascii_text

from tenure.contracts.screening import EntryKind

_TAGS: Final = {
    EntryKind.PERSON: NameTypeTag.PER,
    EntryKind.ORGANISATION: NameTypeTag.ORG,
    EntryKind.VESSEL: NameTypeTag.OBJ,
    EntryKind.AIRCRAFT: NameTypeTag.OBJ,
    EntryKind.UNKNOWN: NameTypeTag.ENT,
}
_SILENT: Final = frozenset({NamePartTag.LEGAL, NamePartTag.STOP})
_TELLING: Final = frozenset({SymbolCategory.NAME, SymbolCategory.NICK, SymbolCategory.SYMBOL, SymbolCategory.NUMERIC})
_KEPT: Final = 20_000
"""Spellings that are kept: some 80 MiB at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """One reading of a name."""

    name: Name
    words: tuple[NamePart, ...]
    """Those that tell whose name it is, without legal forms and particles; all, where none does."""
    silent: frozenset[NamePart]
    """The others."""
    plain: str
    """The words in the order of the alphabet."""
    letters: str
    """The name as it was written, without what stands between words."""


def spellings(name: str, kind: EntryKind) -> tuple[Spelling, ...]:
    """The name as it is written; and in plain Latin letters, where it has accents or a script that rigour leaves alone."""
    if kind is EntryKind.PERSON and name.count(",") == 1:  # SURNAME, Given
        name = " ".join(reversed(name.split(",")))
    tag = _TAGS[kind]
    found = analyze_names(tag, [name], consolidate=False)
    latin = ascii_text(name)
    if latin != name and (is_latin(name) or not all(part.ascii for each in found for part in each.parts)):
        found |= analyze_names(tag, [latin], consolidate=False)
    return tuple(map(_spelling, found))


known_spellings = lru_cache(maxsize=_KEPT)(spellings)
"""The same for names of lists, which come again and again."""


def features(readings: Iterable[Spelling]) -> set[str]:
    """By what a name is found: all of it, its words, how they sound, what they stand for, and pieces of them.

    Pieces run over the ends of words, so that words which are split, joined or misspelt are still found.
    """
    found = set[str]()
    for reading in readings:
        found.add(f"whole {reading.plain}")
        found.update(f"word {part.comparable}" for part in reading.words)
        found.update(f"sound {part.metaphone}" for part in reading.words if part.metaphone and len(part.metaphone) > 1)
        found.update(f"symbol {span.symbol.id}" for span in reading.name.spans if span.symbol.category in _TELLING)
        joined = "".join(part.comparable for part in reading.words)
        size = 3 if joined.isascii() else 2
        found.update(joined[at : at + size] for at in range(max(1, len(joined) - size + 1)))
    return found


def _spelling(name: Name) -> Spelling:
    silent = frozenset(part for part in name.parts if part.tag in _SILENT)
    words = tuple(part for part in name.parts if part not in silent) or name.parts
    plain = " ".join(sorted(part.comparable for part in words))
    return Spelling(name, words, silent, plain, "".join(filter(str.isalnum, name.original.casefold())))
