"""Published files become a list: which one they are is told by what is in them, or by OFAC's file names."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.screening.formats import csl, dpl, eu, sdn, tables, un
from adapters.screening.formats.damage import DamagedList, whole
from adapters.screening.formats.documents import root
from tenure.contracts.screening import ListEntry, ListId
from tenure.ports import ListFile

_CHUNK: Final = 1024 * 1024
_SDN: Final = frozenset({sdn.ENTRIES, sdn.ALIASES, sdn.ADDRESSES, sdn.COMMENTS})
_TABLES: Final = {
    (ListId.US_DPL, "\t"): [list(dpl.COLUMNS)],
    (ListId.US_CSL, ","): [list(csl.OLDER), list(csl.NEWER)],
}
_DOCUMENTS: Final = {un.ROOT: (ListId.UN, un.PUBLISHED), eu.ROOT: (ListId.EU, eu.PUBLISHED)}


@dataclass(frozen=True, slots=True)
class Publication:
    """A list as it was published."""

    list_id: ListId
    sha256: str
    published_at: datetime | None
    entries: Iterator[ListEntry]
    """Read while they are taken; damage shows only then."""


def publication(files: Sequence[ListFile]) -> Publication:
    """The list that these files are.

    Raises:
        DamagedList: they are none that is known, or more than one; or, while the entries are taken, damaged.
    """
    named = {file.name.lower(): file for file in files}
    if len(named) < len(files):
        raise DamagedList(files[0].name, 0, "two files have the same name")
    if named and named.keys() <= _SDN:
        return Publication(ListId.US_SDN, _digest(files), None, whole(sdn.ENTRIES, sdn.read(named)))
    if len(files) != 1:
        raise DamagedList(files[0].name if files else "-", 0, f"only {', '.join(sorted(_SDN))} belong together")
    (file,) = files
    for (list_id, delimiter), headers in _TABLES.items():
        if tables.first_row(file, delimiter) in headers:
            reader = dpl if list_id is ListId.US_DPL else csl
            return Publication(list_id, _digest(files), None, whole(file.name, reader.read(file)))
    outermost = root(file)
    if outermost is None or outermost.tag not in _DOCUMENTS:
        raise DamagedList(file.name, 1, "this is none of the lists that are known, or its beginning is damaged")
    list_id, attribute = _DOCUMENTS[outermost.tag]
    published_at = _instant(file.name, outermost.get(attribute, ""))
    reader = un if list_id is ListId.UN else eu
    return Publication(list_id, _digest(files), published_at, whole(file.name, reader.read(file)))


def _instant(file: str, told: str) -> datetime:
    try:
        # The EU writes an offset as +0100 or +01:00, the UN ends in Z.
        instant = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", told))
    except ValueError:
        raise DamagedList(file, 1, "the list does not say when it was made") from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _digest(files: Sequence[ListFile]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name.lower()):
        file.content.seek(0)
        while chunk := file.content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
