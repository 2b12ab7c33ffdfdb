"""The SDN list of the US Office of Foreign Assets Control: `sdn.csv` with its aliases, addresses and long remarks.

The files have no header; `-0-` stands for nothing, and the first column ties them together. An alias or address of an
entry that is not there shows that `sdn.csv` was cut off.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from adapters.screening.formats import damage, tables
from adapters.screening.formats.damage import DamagedList, Read
from tenure.contracts.screening import EntryKind, ListId, NameQuality
from tenure.ports import ListFile

ENTRIES, ALIASES, ADDRESSES, COMMENTS = "sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"
"""Their published names; the last one only goes on with remarks that are too long for a cell."""

_ENTRY: Final = (
    *("id", "name", "type", "programmes", "title", "call_sign", "vessel_type", "tonnage", "gross_tonnage"),
    *("flag", "owner", "remarks"),
)
_ALIAS: Final = ("id", "number", "type", "name", "remarks")
_ADDRESS: Final = ("id", "number", "street", "city", "country", "remarks")
_COMMENT: Final = ("id", "remarks")
_NOTHING: Final = "-0-"
_KINDS: Final = {
    "individual": EntryKind.PERSON,
    "vessel": EntryKind.VESSEL,
    "aircraft": EntryKind.AIRCRAFT,
    "": EntryKind.ORGANISATION,
}
_WEAK: Final = re.compile(r"a\.k\.a\. '([^;]+?)'")
"""OFAC puts aliases that identify nobody in quotes, into the remarks."""
_PLACE: Final = re.compile(r"(?:^|; )(?:alt\. )?(?:nationality|citizen) ([^;]+?)\.?(?=;|$)")
_BORN: Final = re.compile(r"(?:^|; )(?:alt\. )?DOB ([^;]+?)\.?(?=;|$)")

type _Rows = Mapping[str, list[dict[str, str]]]


def read(files: Mapping[str, ListFile]) -> Iterator[Read]:
    """The entries of the files, by their published names.

    Raises:
        DamagedList: a file is missing or damaged, or speaks of an entry that is not there.
    """
    for name in (ENTRIES, ALIASES, ADDRESSES):
        if name not in files:
            raise DamagedList(name, 0, "the list is not complete without this file")
    aliases, addresses = _joined(files[ALIASES], _ALIAS), _joined(files[ADDRESSES], _ADDRESS)
    comments = _joined(files[COMMENTS], _COMMENT) if COMMENTS in files else {}
    known = set()
    for line, row in tables.rows(files[ENTRIES], _ENTRY, header=False):
        cells = _cells(row)
        known.add(cells["id"])
        yield _entry(files[ENTRIES].name, line, cells, aliases, addresses, comments)
    for name, rows in ((ALIASES, aliases), (ADDRESSES, addresses)):
        if missing := next((entry_id for entry_id in rows if entry_id not in known), None):
            line = int(rows[missing][0]["line"])
            raise DamagedList(files[name].name, line, f"{files[ENTRIES].name} has no entry {missing}")


def _entry(file: str, line: int, cells: dict[str, str], aliases: _Rows, addresses: _Rows, comments: _Rows) -> Read:
    entry_id = cells["id"]
    if not entry_id.isdecimal() or cells["type"] not in _KINDS:
        raise DamagedList(file, line, "the row has no number, or a type that is not known")
    places = addresses.get(entry_id, [])
    remarks = "".join((cells["remarks"], *(row["remarks"] for row in comments.get(entry_id, []))))
    return damage.entry(
        file,
        line,
        ListId.US_SDN,
        entry_id,
        _KINDS[cells["type"]],
        names=damage.names(
            file,
            line,
            cells["name"],
            [
                *((row["name"], NameQuality.STRONG) for row in aliases.get(entry_id, [])),
                *((alias, NameQuality.WEAK) for alias in _WEAK.findall(remarks)),
            ],
        ),
        addresses=damage.lines(*((row["street"], row["city"], row["country"]) for row in places)),
        countries=damage.countries(*(row["country"] for row in places), cells["flag"], *_PLACE.findall(remarks)),
        births=tuple(dict.fromkeys(birth for told in _BORN.findall(remarks) for birth in births(told))),
        programmes=tuple(re.split(r"\] \[", cells["programmes"].strip("[]"))) if cells["programmes"] else (),
        remarks=remarks,
    )


def births(told: str) -> tuple[str, ...]:
    """Dates of birth as OFAC writes them: `14 Jun 1975`, `Jun 1975`, `circa 1975`, `1975 to 1977`."""
    first, _, last = told.removeprefix("circa ").partition(" to ")
    if last:
        return damage.years(first[-4:], last[-4:])
    for written, kept in (("%d %b %Y", "%Y-%m-%d"), ("%b %Y", "%Y-%m"), ("%Y", "%Y")):
        try:
            return (datetime.strptime(first, written).strftime(kept),)  # noqa: DTZ007 - a day, not an instant
        except ValueError:
            continue
    return ()


def _joined(file: ListFile, columns: tuple[str, ...]) -> _Rows:
    joined: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line, row in tables.rows(file, columns, header=False):
        cells = _cells(row)
        joined[cells["id"]].append(cells | {"line": str(line)})
    return joined


def _cells(row: dict[str, str]) -> dict[str, str]:
    return {name: "" if cell.strip() == _NOTHING else cell.strip() for name, cell in row.items()}
