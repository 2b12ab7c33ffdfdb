"""Receipts as rows: the evidence that a fence stores for them, and how they are read (SF-07)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Evidence
from tenure.contracts.erasure import Receipt
from tenure.policy import deletion
from tenure.policy.rules import Rules

_LAST_ACTIVITY = """
select last_activity_at as at, last_kind as kind, last_source as source from activity
 where organisation_id = $1 and last_activity_at is not null
"""
_LICENCES = """
select licence_set_id, kind, state, expires_at, removed_at from licence_sets
 where organisation_id = $1 order by licence_set_id
"""
_WARNINGS = """
select generation, cycle, base_at, not_before, first_attempt_at, first_accepted_at, bounced_at, void_at
  from promises
 where organisation_id = $1 order by generation, cycle
"""
_NOTICES = """
select message_id, generation, cycle, state, attempts, first_attempt_at, accepted_at, server_answer,
       bounced_at, bounce_status
  from notices
 where organisation_id = $1 order by generation, cycle, message_id
"""


async def evidence(connection: Connection, found: Evidence, rules: Rules) -> dict[str, Any]:
    """What a fence has seen, as JSON for the receipt: no name, no address, no person's id.

    The caller holds the organisation's lock.
    """
    organisation_id = found.organisation_id
    last_activity = await connection.fetchrow(_LAST_ACTIVITY, organisation_id)
    return {
        "rules_version": rules.version,
        "counting_from": text(found.counting_from),
        "base_at": text(deletion.base_at(found)),
        "last_activity": _json(last_activity) if last_activity else None,
        "lost_until": text(found.lost_until),
        "licence_sets": [_json(row) for row in await connection.fetch(_LICENCES, organisation_id)],
        "customers_managed": found.customers_managed,
        "warnings": [_json(row) for row in await connection.fetch(_WARNINGS, organisation_id)],
        "notices": [_json(row) for row in await connection.fetch(_NOTICES, organisation_id)],
        "feeds": [{"source": feed.source, "watermark": text(feed.watermark)} for feed in found.feeds],
    }


async def find(connection: Connection, organisation_id: str) -> Receipt | None:
    """The receipt of an erased organisation."""
    row = await connection.fetchrow("select * from receipts where organisation_id = $1", organisation_id)
    return receipt(row) if row else None


async def chain(connection: Connection) -> AsyncIterator[Receipt]:
    """The whole chain, oldest first."""
    async for row in connection.cursor("select * from receipts order by sequence"):
        yield receipt(row)


def receipt(row: asyncpg.Record) -> Receipt:
    """A row of `receipts`."""
    return Receipt.model_validate(dict(row))


def _json(row: asyncpg.Record) -> dict[str, Any]:
    return {key: text(value) if isinstance(value, datetime) else value for key, value in row.items()}


def text(instant: Instant | None) -> str | None:
    """An instant as receipts write it: UTC, ISO 8601."""
    return None if instant is None else instant.astimezone(UTC).isoformat()
