"""What every reader has in common: a file is good, or it is refused as a whole with line and reason."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pydantic import ValidationError
from rigour.territories import lookup_territory

from tenure.contracts.screening import EntryKind, ListedName, ListEntry, ListFault, ListId, NameQuality

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_SPAN: Final = 20
"""Years of birth that lie further apart say nothing of a person."""


class DamagedList(Exception):
    """A file that is no list, or not all of it."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}, line {line}: {reason}" if line else f"{file}: {reason}")
        self.fault = ListFault(file=file, line=line, reason=reason)


class Read(NamedTuple):
    """An entry, and the line on which it begins."""

    line: int
    entry: ListEntry


def entry(file: str, line: int, list_id: ListId, entry_id: str, kind: EntryKind, **fields: object) -> Read:
    """An entry that has been checked to be one.

    Raises:
        DamagedList: a field has not its form, or there is no name.
    """
    try:
        return Read(line, ListEntry.model_validate({"list_id": list_id, "entry_id": entry_id, "kind": kind, **fields}))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise DamagedList(file, line, wrong) from None


def names(
    file: str, line: int, primary: str, aliases: Iterable[tuple[str, NameQuality]] = ()
) -> tuple[ListedName, ...]:
    """The names of an entry without blanks and repetitions, the primary one first.

    Raises:
        DamagedList: one of them is none.
    """
    found = {squeeze(primary): NameQuality.PRIMARY}
    for alias, quality in aliases:
        found.setdefault(squeeze(alias), quality)
    try:
        return tuple(ListedName(name=name, quality=quality) for name, quality in found.items() if name)
    except ValidationError as error:
        raise DamagedList(file, line, f"a name: {error.errors()[0]['msg']}") from None


def squeeze(text: str | None) -> str:
    """A text on one line, with single blanks; control characters that publishers leave behind are blanks, too."""
    return " ".join(_CONTROLS.sub(" ", text or "").split())


def lines(*parts: Iterable[str | None]) -> tuple[str, ...]:
    """Addresses on one line each, without repetitions; empty parts are left out."""
    joined = (", ".join(filter(None, map(squeeze, each))) for each in parts)
    return tuple(dict.fromkeys(filter(None, joined)))


def countries(*told: str | None) -> tuple[str, ...]:
    """The countries that are told by code or name in any language; what is none is left out."""
    codes = (_code(text) for text in map(squeeze, told) if text)
    return tuple(dict.fromkeys(code for code in codes if code))


def _code(text: str) -> str | None:
    territory = lookup_territory(text)
    code = territory.code.partition("-")[0].upper() if territory is not None else ""
    return code if len(code) == 2 and code.isalpha() else None


def whole(file: str, reads: Iterator[Read]) -> Iterator[ListEntry]:
    """The entries of a list: at least one, and each id once.

    Raises:
        DamagedList: an id comes twice, or there is no entry at all.
    """
    seen: dict[str, int] = {}
    for line, found in reads:
        if found.entry_id in seen:
            reason = f"the entry {found.entry_id} was on line {seen[found.entry_id]} already"
            raise DamagedList(file, line, reason)
        seen[found.entry_id] = line
        yield found
    if not seen:
        raise DamagedList(file, 0, "there is no entry in it")


def years(first: str, last: str) -> tuple[str, ...]:
    """The years from one to another, where they say anything."""
    if not (first.isdecimal() and last.isdecimal()) or not 0 <= int(last) - int(first) <= _LONGEST_SPAN:
        return ()
    return tuple(f"{year:04}" for year in range(int(first), int(last) + 1))
