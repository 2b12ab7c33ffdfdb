"""How alike two addresses are, in whichever form their streets and postal codes are written.

rigour takes numbers at their word: two addresses of which one number differs are of two houses, and nearly nothing alike.
So it is with a house number. A postal code that is written in another form is none that differs, and one that differs
alone, by a slip of the keyboard perhaps, does not make it another place.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rigour.addresses import match_addresses

_FORMS: Final = (
    (re.compile(r"(?<=\w\w)(?:stra(?:ss|ß)e|str)\b\.?", re.IGNORECASE), " str"),  # Hauptstr., Hauptstraße
    (re.compile(r"\b[A-Z]{1,2}-(?=\d{4,6}\b)"), ""),  # CH-8022, D-10115
    (re.compile(r"\b(\d{5})-\d{4}\b"), r"\1"),  # 20500-0003
    (re.compile(r"\b(\d{3}) (\d{2,3})\b"), r"\1\2"),  # 113 52
    (re.compile(r"\b(\d{4})([A-Z]{2})\b"), r"\1 \2"),  # 1017XK
    (re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})\b"), r"\1 \2"),  # SW1A2AA
)
_CODE: Final = re.compile(r"(?<!^)\b(?:\d{5,6}|\d{2}-\d{3})\b")
"""Surely a postal code: house numbers have fewer figures, or stand in front."""
_BUT_FOR_THE_CODE: Final = 0.9
"""What addresses are worth that are alike but for their postal codes."""
_ALIKE: Final = 0.75
"""From where on they are that: the same house in the same place, and not in a street of that name elsewhere."""


class Nearest(NamedTuple):
    """The listed address that is nearest to the subject's, and how alike the two are, from 0 to 1."""

    likeness: float | None = None
    address: str | None = None


def nearest(address: str | None, listed: Sequence[str]) -> Nearest:
    """Find the nearest of an entry's addresses; nothing where either has none."""
    if address is None:
        return Nearest()
    plain, among = _plain(address), {_plain(each): each for each in listed}
    best = _best(plain, among)
    without = _best(_CODE.sub(" ", plain), {_CODE.sub(" ", each): original for each, original in among.items()})
    if without.likeness is None or without.likeness < _ALIKE:
        return best
    alike = round(_BUT_FOR_THE_CODE * without.likeness, 3)
    return best if best.likeness is not None and best.likeness >= alike else Nearest(alike, without.address)


def _best(address: str, among: Mapping[str, str]) -> Nearest:
    match = match_addresses([address], list(among))
    return Nearest() if match is None else Nearest(round(min(match.score, 1.0), 3), among[match.result])


def _plain(address: str) -> str:
    """An address with streets and postal codes in one form."""
    for pattern, form in _FORMS:
        address = pattern.sub(form, address)
    return address
