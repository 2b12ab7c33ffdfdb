"""The labelled set of F11: listed names changed in known ways, and names that are on no list."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from icu import Transliterator
from rapidfuzz import fuzz, process

from tenure.contracts.screening import EntryKind, ListEntry, NameQuality

_FORMS: Final = ("Ltd", "Limited", "LLC", "L.L.C.", "GmbH", "S.A.", "SARL", "Inc.", "Incorporated", "OOO", "AG", "PLC")
_FORM: Final = re.compile(
    r",? \(?(?:CO\.?,? )?(?:LTDA?|LIMITED|LLC|GMBH|S\.?A\.?|SARL|INC|OOO|AG|PLC|CORP)\.?\)?$", re.IGNORECASE
)
_RESPELT: Final = (
    *(("ou", "u"), ("u", "ou"), ("kh", "h"), ("q", "k"), ("k", "q"), ("y", "i"), ("i", "y"), ("w", "v"), ("ph", "f")),
    *(
        ("f", "ph"),
        ("ee", "i"),
        ("sh", "ch"),
        ("dj", "j"),
        ("j", "dj"),
        ("ei", "ai"),
        ("ae", "e"),
        ("z", "s"),
        ("e", "i"),
    ),
)
"""How one name is written by different hands and languages."""
_ACCENTS: Final = str.maketrans("aeiou", "áéîöú")
_CYRILLIC: Final = Transliterator.createInstance("Latin-Cyrillic")


@dataclass(frozen=True, slots=True)
class Label:
    """A name that is asked, how it came about, and the entry that it is; None for one that is on no list."""

    how: str
    asked: str
    entry_id: str | None


type Change = Callable[[list[str], Random], list[str] | None]
"""Makes other words of a name's words, or nothing where it does not apply."""


def _swapped(words: list[str], random: Random) -> list[str] | None:
    return None if len(words) < 2 else [words[-1], *words[:-1]] if random.random() < 0.5 else words[::-1]


def _mistyped(words: list[str], random: Random) -> list[str] | None:
    long = [number for number, word in enumerate(words) if len(word) >= 5]
    if not long:
        return None
    number = random.choice(long)
    word, at = words[number], random.randrange(1, len(words[number]) - 1)
    typo = random.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + random.choice("aeiorstln") + word[at:],
            word[:at] + random.choice("aeiorstln") + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )
    return [*words[:number], typo, *words[number + 1 :]]


def _mistyped_twice(words: list[str], random: Random) -> list[str] | None:
    once = _mistyped(words, random)
    return once and _mistyped(once, random)


def _respelt(words: list[str], random: Random) -> list[str] | None:
    name = " ".join(words).lower()
    known = [(old, new) for old, new in _RESPELT if old in name]
    if not known:
        return None
    for old, new in random.sample(known, min(2, len(known))):
        name = name.replace(old, new, 1)
    return name.split()


def _shortened(words: list[str], random: Random) -> list[str] | None:
    if len(words) < 3:
        return None
    gone = random.randrange(1, len(words) - 1)
    return [*words[:gone], *words[gone + 1 :]]


def _initials(words: list[str], random: Random) -> list[str] | None:
    if len(words) < 3:
        return None
    short = random.randrange(1, len(words) - 1)
    return [*words[:short], f"{words[short][0]}.", *words[short + 1 :]]


def _joined(words: list[str], random: Random) -> list[str] | None:
    if len(words) < 2:
        return None
    at = random.randrange(len(words) - 1)
    return [*words[:at], words[at] + words[at + 1], *words[at + 2 :]]


def _split(words: list[str], random: Random) -> list[str] | None:
    long = [number for number, word in enumerate(words) if len(word) >= 8]
    if not long:
        return None
    number = random.choice(long)
    half = len(words[number]) // 2
    return [*words[:number], words[number][:half], words[number][half:], *words[number + 1 :]]


def _accented(words: list[str], _random: Random) -> list[str] | None:
    return [word.lower().translate(_ACCENTS) for word in words]


def _in_cyrillic(words: list[str], _random: Random) -> list[str] | None:
    return str(_CYRILLIC.transliterate(" ".join(words).lower())).split()


def _other_form(words: list[str], random: Random) -> list[str] | None:
    bare = _FORM.sub("", " ".join(words)).split()
    return [*bare, random.choice(_FORMS)] if bare and len(bare) < len(words) else None


def _no_form(words: list[str], _random: Random) -> list[str] | None:
    bare = _FORM.sub("", " ".join(words)).split()
    return bare if bare and len(bare) < len(words) else None


PERSONS: Final[dict[str, Change]] = {
    "as listed": lambda words, _random: words,
    "words transposed": _swapped,
    "one typo": _mistyped,
    "two typos": _mistyped_twice,
    "respelt": _respelt,
    "Cyrillic": _in_cyrillic,
    "a part missing": _shortened,
    "an initial": _initials,
    "words joined": _joined,
    "accents": _accented,
}
COMPANIES: Final[dict[str, Change]] = {
    "as listed": PERSONS["as listed"],
    "words transposed": _swapped,
    "one typo": _mistyped,
    "two typos": _mistyped_twice,
    "another legal form": _other_form,
    "no legal form": _no_form,
    "words joined": _joined,
    "a word split": _split,
    "accents": _accented,
}


def matches(entries: Sequence[ListEntry], each: int, random: Random) -> list[Label]:
    """So many of each change, of persons and of companies: names in Latin letters with two words and more."""
    labels: list[Label] = []
    for kinds, changes in (({EntryKind.PERSON}, PERSONS), ({EntryKind.ORGANISATION}, COMPANIES)):
        known = [
            (entry.entry_id, spoken(listed.name, entry.kind))
            for entry in entries
            if entry.kind in kinds
            for listed in entry.names
            if listed.quality is not NameQuality.WEAK and listed.name.isascii()
        ]
        known = [(entry_id, words) for entry_id, words in known if len(words) > 1 and len("".join(words)) > 7]
        who = "person" if EntryKind.PERSON in kinds else "company"
        for how, change in changes.items():
            found = 0
            for entry_id, words in random.sample(known, len(known)):
                changed = change(words, random)
                if changed and (how == "as listed" or changed != words):
                    labels.append(Label(f"{who}: {how}", " ".join(changed), entry_id))
                    found += 1
                if found == each:
                    break
    return labels


def spoken(name: str, kind: EntryKind) -> list[str]:
    """The words of a name in the order in which people say them."""
    if kind is EntryKind.PERSON and name.count(",") == 1:
        name = " ".join(reversed(name.split(",")))
    return name.split()


def strangers(words: Sequence[str], listed: Sequence[str], *, below: float = 75) -> list[str]:
    """The words that are like none of the listed ones."""
    return [word for word in words if process.extractOne(word, listed, scorer=fuzz.ratio, score_cutoff=below) is None]
