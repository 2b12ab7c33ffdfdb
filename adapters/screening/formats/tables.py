"""Rows of delimited files, strictly: UTF-8, closed quotes, and as many cells as there are columns."""

import csv
from collections.abc import Iterator, Sequence

from adapters.screening.formats.damage import DamagedList
from tenure.ports import ListFile

_END_MARK = "\x1a"
"""How some of OFAC's files end."""

type Row = tuple[int, dict[str, str]]


def rows(file: ListFile, columns: Sequence[str], *, delimiter: str = ",", header: bool = True) -> Iterator[Row]:
    """Each row as a dictionary, with the line on which it begins; empty lines are skipped.

    Raises:
        DamagedList: the header is another, a row has more or fewer cells, or the file is no text of this form.
    """
    reader = csv.reader(_text(file), delimiter=delimiter, strict=True)
    line = 1
    try:
        if header:
            found = next(reader, [])
            if found != list(columns):
                raise DamagedList(file.name, 1, "the header is not that of this list")
            line = reader.line_num + 1
        for cells in reader:
            if cells and cells != [_END_MARK]:
                if len(cells) != len(columns):
                    raise DamagedList(file.name, line, f"the row has {len(cells)} cells, and not {len(columns)}")
                yield line, dict(zip(columns, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DamagedList(file.name, line, str(error)) from None


def first_row(file: ListFile, delimiter: str) -> list[str]:
    """The first row, by which a list is known; nothing where it cannot be read."""
    file.content.seek(0)
    try:
        return next(csv.reader([file.content.readline(64 * 1024).decode("utf-8-sig")], delimiter=delimiter), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def _text(file: ListFile) -> Iterator[str]:
    file.content.seek(0)
    for number, line in enumerate(file.content, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DamagedList(file.name, number, f"this is no UTF-8 ({error.reason})") from None
        yield text
