"""Reading portfolios: both formats carry the same records, and a wrong row says its line and why."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.licence import LicenceKind, LicenceState
from tenure.contracts.organisation import Access, Role
from tenure.contracts.portfolio import (
    LicenceSetRecord,
    ManagementRecord,
    OrganisationRecord,
    PartnerRecord,
    PersonRecord,
    PortfolioRecord,
    RowCode,
)
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId
from tenure.portfolio import CSV, JSON_LINES, Row, read

NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40).map(str.strip).filter(bool)
IDS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ORGANISATIONS = IDS.map(lambda name: OrganisationId(f"org_{name}"))
PARTNERS = IDS.map(lambda name: PartnerId(f"ptr_{name}"))
ZONES = st.sampled_from(["UTC", "Europe/Warsaw", "Asia/Seoul"])
SERVICES = st.lists(st.sampled_from(["calling", "meetings", "contact-center"]), max_size=3).map(tuple)

RECORDS = st.one_of(
    st.builds(
        PartnerRecord,
        partner_id=PARTNERS,
        name=NAMES,
        organisation_id=st.none() | ORGANISATIONS,
        certified=st.booleans(),
        tier=st.sampled_from([1, 2]),
        distributor_id=st.none() | st.just(PartnerId("ptr_the-distributor")),
    ),
    st.builds(
        OrganisationRecord,
        organisation_id=ORGANISATIONS,
        name=NAMES,
        country=st.sampled_from(["DE", "PL"]),
        language=st.sampled_from(["en", "pl", "pt-BR"]),
        time_zone=ZONES,
        partner_id=st.none() | PARTNERS,
        industry=st.none() | st.just("retail"),
        region=st.none() | st.just("eu"),
        last_activity_at=st.none() | INSTANTS,
    ),
    st.builds(
        PersonRecord,
        person_id=IDS.map(lambda name: PersonId(f"per_{name}")),
        organisation_id=ORGANISATIONS,
        name=NAMES,
        email=st.just("ada@example.com"),
        role=st.sampled_from(Role),
        language=st.none() | st.just("ko"),
        time_zone=st.none() | ZONES,
    ),
    st.builds(ManagementRecord, partner_id=PARTNERS, organisation_id=ORGANISATIONS, access=st.sampled_from(Access)),
    st.builds(
        LicenceSetRecord,
        licence_set_id=IDS.map(lambda name: LicenceSetId(f"lic_{name}")),
        organisation_id=ORGANISATIONS,
        kind=st.sampled_from(LicenceKind),
        state=st.sampled_from(LicenceState),
        meetings=st.booleans(),
        services=SERVICES,
        expires_at=INSTANTS,
    ),
)


def as_json_lines(records: list[PortfolioRecord]) -> bytes:
    """The records as JSON Lines."""
    return "".join(f"{record.model_dump_json()}\n" for record in records).encode()


def as_csv(records: list[PortfolioRecord]) -> bytes:
    """The records as CSV under one header; a list is one cell, with spaces in between."""
    rows: list[dict[str, Any]] = [
        {name: " ".join(value) if isinstance(value, list) else value for name, value in fields.items()}
        for fields in (record.model_dump(mode="json", exclude_none=True) for record in records)
    ]
    header = ["record", *sorted({field for row in rows for field in row} - {"record"})]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def errors(content: str | bytes, media_type: str = JSON_LINES) -> list[tuple[int, RowCode, str]]:
    """The wrong rows of a file."""
    rows = read(content if isinstance(content, bytes) else content.encode(), media_type)
    return [(row.error.line, row.error.code, row.error.reason) for row in rows if row.error is not None]


@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_both_formats_carry_the_same_records(records: list[PortfolioRecord]) -> None:
    """What is written as CSV or JSON Lines is read back as it was, with its lines (WH-07)."""
    assert list(read(as_json_lines(records), JSON_LINES)) == [Row(i, r) for i, r in enumerate(records, start=1)]
    assert [row.record for row in read(as_csv(records), CSV)] == records
    assert [row.record for row in read(b"\xef\xbb\xbf" + as_csv(records), CSV)] == records


def test_lines_are_those_of_the_file() -> None:
    """A row is found by the line it begins on, though quoted cells and empty lines lie before it (WH-07)."""
    content = (
        'record,partner_id,name\r\n\r\npartner,ptr_a,"A ""big"" one"\r\npartner,ptr_b,"Two\nlines"\r\npartner,B,B\r\n'
    )
    assert [(row.line, row.error is None) for row in read(content.encode(), CSV)] == [(3, True), (4, False), (6, False)]


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"time_zone": "Europe/Nowhere"}, RowCode.UNKNOWN_TIME_ZONE, "time_zone"),
        ({"time_zone": "localtime"}, RowCode.UNKNOWN_TIME_ZONE, "time_zone"),
        ({"organisation_id": "ptr_a"}, RowCode.INVALID_ROW, "organisation_id"),
        ({"organisation_id": ""}, RowCode.INVALID_ROW, "organisation_id"),
        ({"name": "  "}, RowCode.INVALID_ROW, "name"),
        ({"name": "A\u0000"}, RowCode.INVALID_ROW, "name"),
        ({"country": "pl"}, RowCode.INVALID_ROW, "country"),
        ({"last_activity_at": 0}, RowCode.INVALID_ROW, "last_activity_at"),
        ({"last_activity_at": "1970-01-01T00:00:00Z"}, RowCode.INVALID_ROW, "last_activity_at"),
        ({"last_activity_at": "2026-01-01T00:00:00"}, RowCode.INVALID_ROW, "timezone"),
        ({"last_activty_at": "2026-01-01T00:00:00Z"}, RowCode.INVALID_ROW, "last_activty_at"),
        ({"record": "organization"}, RowCode.INVALID_ROW, "organization"),
        ({"time_zone": "x", "country": "x"}, RowCode.INVALID_ROW, "time_zone"),
    ],
)
def test_wrong_organisations(fields: dict[str, object], code: RowCode, reason: str) -> None:
    """A value of the wrong form, kind or zone, and a field that is misspelt, make a row wrong (WH-07, SF-08, P4)."""
    row = {"record": "organisation", "organisation_id": "org_a", "name": "A", "country": "PL"} | fields
    [(line, found, why)] = errors("\n" + json.dumps(row))
    assert (line, found) == (2, code)
    assert reason in why


@pytest.mark.parametrize(
    "row",
    [
        {"record": "partner", "partner_id": "ptr_a", "name": "A", "tier": 3},
        {"record": "partner", "partner_id": "ptr_a", "name": "A", "tier": "2"},
        {"record": "partner", "partner_id": "ptr_a", "name": "A", "certified": "maybe"},
        {"record": "partner", "partner_id": "ptr_a", "name": "A", "distributor_id": "ptr_a"},
        {"record": "organisation", "organisation_id": "org_a", "name": "A", "country": "PL", "industry": "Any text"},
        {"record": "licence_set", "licence_set_id": "lic_a", "organisation_id": "org_a", "services": ["Calling"]},
        {"record": "licence_set", "licence_set_id": "lic_a", "organisation_id": "org_a", "services": "calling"},
    ],
)
def test_wrong_facts_of_trials(row: dict[str, object]) -> None:
    """A tier that is none, a partner that is its own distributor, an industry and a service of the wrong form make a row wrong (WH-07, TC-13, P4)."""
    if row["record"] == "licence_set":
        row |= {"kind": "trial"}
    assert [code for _, code, _ in errors(json.dumps(row))] == [RowCode.INVALID_ROW]


def test_sets_that_are_not_active_say_when_they_expired() -> None:
    """Without its expiry a suspended or removed set has no end of grace, and is refused (RP-01, WH-07)."""
    row = {"record": "licence_set", "licence_set_id": "lic_a", "organisation_id": "org_a", "kind": "trial"}
    for state in ("suspended", "removed"):
        [(_, code, _)] = errors(json.dumps(row | {"state": state}))
        assert code is RowCode.EXPIRY_MISSING
    assert errors(json.dumps(row | {"state": "active"})) == []


@pytest.mark.parametrize(
    ("content", "media_type", "found"),
    [
        (b"{", JSON_LINES, [(1, RowCode.INVALID_ROW)]),
        (b'[1]\n"x"\nnull', JSON_LINES, [(1, RowCode.INVALID_ROW), (2, RowCode.INVALID_ROW), (3, RowCode.INVALID_ROW)]),
        (b'{"record":"partner","partner_id":"ptr_a","name":"\xff"}', JSON_LINES, [(1, RowCode.INVALID_ROW)]),
        (b"record,partner_id,name\npartner,ptr_a,\xff\npartner,ptr_b,B", CSV, [(2, RowCode.INVALID_ROW)]),
        (b"record,partner_id,name\npartner,ptr_a", CSV, [(2, RowCode.INVALID_ROW)]),
        (b"record,partner_id,name\npartner,ptr_a,A,B", CSV, [(2, RowCode.INVALID_ROW)]),
        (b"record,partner_id,nam\npartner,ptr_a,A", CSV, [(2, RowCode.INVALID_ROW)]),
        (b"partner_id,name\nptr_a,A", CSV, [(2, RowCode.INVALID_ROW)]),
        (b"record,name,name\npartner,A,B", CSV, [(1, RowCode.UNREADABLE)]),
        (b'record,partner_id,name\npartner,ptr_a,"A" x\npartner,ptr_b,B', CSV, [(2, RowCode.UNREADABLE)]),
        (b'record,partner_id,name\npartner,ptr_a,"A\npartner,ptr_b,B', CSV, [(2, RowCode.UNREADABLE)]),
        (b"", CSV, []),
        (b"", JSON_LINES, []),
    ],
)
def test_files_that_are_cut_off_or_of_another_kind(
    content: bytes, media_type: str, found: list[tuple[int, RowCode]]
) -> None:
    """Each wrong row of a damaged file is named, and a file that cannot be read on says from where (WH-07)."""
    assert [(line, code) for line, code, _ in errors(content, media_type)] == found


def test_wrong_rows_say_what_they_are_about() -> None:
    """A wrong organisation or partner is known by its id, so that the rows that refer to it are not called wrong too (WH-07)."""
    rows = read(
        b'{"record":"organisation","organisation_id":"org_a"}\n{"record":"partner","partner_id":"ptr_a"}\n{', JSON_LINES
    )
    assert [row.subject for row in rows] == ["org_a", "ptr_a", None]
