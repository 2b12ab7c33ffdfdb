"""Reading a portfolio: CSV or JSON Lines, record by record, with the line of each (WH-07)."""

import codecs
import csv
import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import ValidationError

from tenure.contracts.portfolio import RECORD, PortfolioRecord, RowCode, RowError

CSV = "text/csv"
JSON_LINES = "application/x-ndjson"

_SUBJECTS = {"organisation": "organisation_id", "partner": "partner_id"}


class Row(NamedTuple):
    """A line of the file: its record, or what is wrong with it."""

    line: int
    record: PortfolioRecord | None = None
    error: RowError | None = None
    subject: str | None = None
    """The organisation or partner that a wrong row was about, so that rows that refer to it are not called wrong."""


def read(content: bytes, media_type: str) -> Iterator[Row]:
    """Read a file of one of the two media types; empty lines are skipped.

    A row is strict: instants carry their offset, and a field that the kind of record has not is an error.
    """
    stream = BytesIO(content)
    if content.startswith(codecs.BOM_UTF8):
        stream.seek(len(codecs.BOM_UTF8))
    return _csv(stream) if media_type == CSV else _json_lines(stream)


def _json_lines(stream: BytesIO) -> Iterator[Row]:
    for line, text in enumerate(stream, start=1):
        if not text.strip():
            continue
        try:
            yield Row(line, RECORD.validate_json(text, strict=True))
        except ValidationError as error:
            yield _wrong(line, error, _fields(text))


def _csv(stream: BytesIO) -> Iterator[Row]:
    # Bytes that are no UTF-8 become surrogates, which the record's own validation refuses, row by row.
    reader = csv.reader((line.decode("utf-8", "surrogateescape") for line in stream), strict=True)
    line = 1
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            yield _rejected(line, RowCode.UNREADABLE, "the header names a column twice")
            return
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield _csv_row(line, header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        yield _rejected(line, RowCode.UNREADABLE, f"this is no CSV: {error}")


def _csv_row(line: int, header: list[str], cells: list[str]) -> Row:
    fields = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
    if len(cells) != len(header):
        reason = f"the row has {len(cells)} cells, the header has {len(header)}"
        return _rejected(line, RowCode.INVALID_ROW, reason, fields)
    try:
        return Row(line, RECORD.validate_strings(fields, strict=True))
    except ValidationError as error:
        return _wrong(line, error, fields)


def _wrong(line: int, error: ValidationError, fields: dict[str, Any]) -> Row:
    details = error.errors(include_url=False, include_input=False, include_context=False)
    # The first part of a location is the kind of record.
    reasons = [": ".join([*map(str, detail["loc"][1:]), detail["msg"]]) for detail in details]
    known = len(details) == 1 and details[0]["type"] in set(RowCode)
    return _rejected(line, RowCode(details[0]["type"]) if known else RowCode.INVALID_ROW, "; ".join(reasons), fields)


def _rejected(line: int, code: RowCode, reason: str, fields: Mapping[str, Any] = MappingProxyType({})) -> Row:
    subject = fields.get(_SUBJECTS.get(str(fields.get("record")), ""))
    return Row(
        line,
        error=RowError(line=line, code=code, reason=reason),
        subject=subject if isinstance(subject, str) else None,
    )


def _fields(text: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
