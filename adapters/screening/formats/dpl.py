"""The Denied Persons List of the US Bureau of Industry and Security: `dpl.txt`, quoted cells between tabs.

A row is an order about a name at an address; the list has no ids. The rows of one name become one entry.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from adapters.screening.formats import damage, tables
from adapters.screening.formats.damage import Read
from tenure.contracts.screening import EntryKind, ListId
from tenure.ports import ListFile

COLUMNS: Final = (
    "Name",
    "Street_Address",
    "City",
    "State",
    "Country",
    "Postal_Code",
    "Effective_Date",
    "Expiration_Date",
    "Standard_Order",
    "Last_Update",
    "Action",
    "FR_Citation",
)
DELIMITER: Final = "\t"


def read(file: ListFile) -> Iterator[Read]:
    """The entries, in the order in which their names come first.

    Raises:
        DamagedList: the file is damaged.
    """
    orders: dict[str, list[dict[str, str]]] = {}
    begun: dict[str, int] = {}
    for line, row in tables.rows(file, COLUMNS, delimiter=DELIMITER):
        name = damage.squeeze(row["Name"])
        begun.setdefault(name, line)
        orders.setdefault(name, []).append(row)
    for name, rows in orders.items():
        line = begun[name]
        yield damage.entry(
            file.name,
            line,
            ListId.US_DPL,
            hashlib.sha256(name.encode()).hexdigest()[:16],
            EntryKind.UNKNOWN,
            names=damage.names(file.name, line, name),
            addresses=damage.lines(
                *(
                    (row["Street_Address"], row["City"], row["State"], row["Postal_Code"], row["Country"])
                    for row in rows
                )
            ),
            countries=damage.countries(*(row["Country"] for row in rows)),
            programmes=tuple(dict.fromkeys(damage.squeeze(row["FR_Citation"]) for row in rows if row["FR_Citation"])),
            remarks="; ".join(dict.fromkeys(_order(row) for row in rows)),
        )


def _order(row: dict[str, str]) -> str:
    return damage.squeeze(f"{row['Effective_Date']} to {row['Expiration_Date']}: {row['Action']}")
