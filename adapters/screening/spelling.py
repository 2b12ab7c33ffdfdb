"""A name as rigour reads it: its words in one script, legal forms made one, and what they are known to stand for."""

from functools import lru_cache
from typing import Final

from rigour.names import Name, NamePart, NamePartTag, NameTypeTag, SymbolCategory, analyze_names
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
"""Words that say little of whose name it is."""
_TELLING: Final = frozenset({SymbolCategory.NAME, SymbolCategory.NICK, SymbolCategory.SYMBOL, SymbolCategory.NUMERIC})
_KEPT: Final = 50_000
"""Analysed names that are kept: some 150 MiB at most."""


@lru_cache(maxsize=_KEPT)
def spellings(name: str, kind: EntryKind) -> tuple[Name, ...]:
    """The name as it is written, and in Latin letters where it is written in others."""
    if kind is EntryKind.PERSON and name.count(",") == 1:  # SURNAME, Given
        name = " ".join(reversed(name.split(",")))
    tag = _TAGS[kind]
    # Any word of a person may be shortened to its first letter, on either side.
    shortened = {NamePartTag.GIVEN: [name]} if tag is NameTypeTag.PER else None
    found = analyze_names(tag, [name], shortened, infer_initials=True, consolidate=False)
    latin = ascii_text(name)
    if latin != name and not all(part.ascii for each in found for part in each.parts):
        found |= analyze_names(tag, [latin], shortened, infer_initials=True, consolidate=False)
    return tuple(found)


def words(name: Name) -> list[NamePart]:
    """The words that tell whose name it is; all, where none does."""
    return [part for part in name.parts if part.tag not in _SILENT] or list(name.parts)


def features(name: Name) -> set[str]:
    """By what a name is found: its words, how they sound, what they stand for, and pieces of them.

    Pieces run over the ends of words, so that words which are split, joined or misspelt are still found.
    """
    told = words(name)
    found = {f"word {part.comparable}" for part in told}
    found |= {f"sound {part.metaphone}" for part in told if part.metaphone and len(part.metaphone) > 1}
    found |= {f"symbol {span.symbol.id}" for span in name.spans if span.symbol.category in _TELLING}
    joined = "".join(part.comparable for part in told)
    size = 3 if joined.isascii() else 2
    found |= {joined[at : at + size] for at in range(max(1, len(joined) - size + 1))}
    return found
