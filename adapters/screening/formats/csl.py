"""The Consolidated Screening List of the US International Trade Administration: a CSV in either of its two layouts.

`;` stands between several values of a cell. The older layout has no ids: rows of one source, number and name are one
entry there.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from adapters.screening.formats import damage, tables
from adapters.screening.formats.damage import DamagedList, Read
from tenure.contracts.screening import EntryKind, ListId, NameQuality
from tenure.ports import ListFile

OLDER: Final = (
    *("source", "entity_number", "type", "programs", "name", "title", "addresses", "federal_register_notice"),
    *("start_date", "end_date", "standard_order", "license_requirement", "license_policy", "call_sign", "vessel_type"),
    *("gross_tonnage", "gross_registered_tonnage", "vessel_flag", "vessel_owner", "remarks", "source_list_url"),
    *("alt_names", "citizenships", "dates_of_birth", "nationalities", "places_of_birth", "source_information_url"),
    "ids",
)
NEWER: Final = ("_id", *OLDER)

_KINDS: Final = {
    "Individual": EntryKind.PERSON,
    "Entity": EntryKind.ORGANISATION,
    "Vessel": EntryKind.VESSEL,
    "Aircraft": EntryKind.AIRCRAFT,
    "": EntryKind.UNKNOWN,
}
_SUCCESSORS: Final = "and any successor"
"""What the list appends to a name is none."""


def read(file: ListFile) -> Iterator[Read]:
    """The entries.

    Raises:
        DamagedList: the file is damaged.
    """
    columns = NEWER if tables.first_row(file, ",") == list(NEWER) else OLDER
    joined: dict[str, tuple[int, list[dict[str, str]]]] = {}
    for line, row in tables.rows(file, columns):
        if columns is NEWER:
            yield _entry(file.name, line, row["_id"], [row])
        else:
            joined.setdefault(_id(row), (line, []))[1].append(row)
    for entry_id, (line, rows) in joined.items():
        yield _entry(file.name, line, entry_id, rows)


def _entry(file: str, line: int, entry_id: str, rows: list[dict[str, str]]) -> Read:
    row = rows[0]
    if row["type"] not in _KINDS:
        raise DamagedList(file, line, "the type is not known")
    name, *more = _parts(row["name"]) or [""]
    addresses = [address for each in rows for address in _parts(each["addresses"])]
    return damage.entry(
        file,
        line,
        ListId.US_CSL,
        entry_id,
        _KINDS[row["type"]],
        names=damage.names(
            file,
            line,
            name,
            [
                *((other, NameQuality.STRONG) for other in more if not other.startswith(_SUCCESSORS)),
                *((alias, NameQuality.STRONG) for each in rows for alias in _parts(each["alt_names"])),
            ],
        ),
        addresses=damage.lines(*((address,) for address in addresses)),
        countries=damage.countries(
            *(address.rpartition(", ")[2] for address in addresses),
            *_parts(row["nationalities"]),
            *_parts(row["citizenships"]),
            row["vessel_flag"],
        ),
        births=tuple(dict.fromkeys(_parts(row["dates_of_birth"]))),
        programmes=tuple(filter(None, (row["source"], *_parts(row["programs"])))),
        remarks=row["remarks"],
    )


def _parts(cell: str) -> list[str]:
    return [part for part in map(str.strip, cell.split(";")) if part]


def _id(row: dict[str, str]) -> str:
    return hashlib.sha256("\n".join((row["source"], row["entity_number"], row["name"])).encode()).hexdigest()[:32]
