"""Rows of portfolios for the tests of the import."""

import csv
import io
import json
from typing import Any

from adapters.postgres.imports import PostgresImports
from tenure.contracts.portfolio import ImportReport
from tenure.portfolio import JSON_LINES
from tests.integration.deletion.town import OPERATOR

type Fields = dict[str, Any]

LONG_AGO = "2020-01-01T00:00:00Z"


def partner(name: str, own: str | None = None, **fields: Any) -> Fields:
    """A partner's row."""
    return {
        "record": "partner",
        "partner_id": f"ptr_{name}",
        "name": name,
        "organisation_id": own and f"org_{own}",
    } | fields


def organisation(name: str, /, **fields: Any) -> Fields:
    """An organisation's row."""
    return {"record": "organisation", "organisation_id": f"org_{name}", "name": name, "country": "PL"} | fields


def person(name: str, at: str, role: str = "customer_full_admin", **fields: Any) -> Fields:
    """A person's row."""
    return {
        "record": "person",
        "person_id": f"per_{name}",
        "organisation_id": f"org_{at}",
        "name": name,
        "email": f"{name}@{at}.example",
        "role": role,
    } | fields


def management(by: str, of: str, **fields: Any) -> Fields:
    """The row of a partner that manages an organisation."""
    return {"record": "management", "partner_id": f"ptr_{by}", "organisation_id": f"org_{of}"} | fields


def licences(name: str, of: str, state: str = "active", expires_at: str | None = None, **fields: Any) -> Fields:
    """A licence set's row."""
    return {
        "record": "licence_set",
        "licence_set_id": f"lic_{name}",
        "organisation_id": f"org_{of}",
        "kind": "subscription",
        "state": state,
        "expires_at": expires_at,
    } | fields


def lines(*rows: Fields) -> bytes:
    """A file of JSON Lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def table(*rows: Fields) -> bytes:
    """The same rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, sorted({field for row in rows for field in row}), restval="")
    writer.writeheader()
    writer.writerows({field: "" if value is None else value for field, value in row.items()} for row in rows)
    return file.getvalue().encode()


async def store(imports: PostgresImports, *rows: Fields) -> ImportReport:
    """Import rows that are all right."""
    report = await imports.store(OPERATOR, lines(*rows), JSON_LINES)
    assert report.errors == ()
    return report
