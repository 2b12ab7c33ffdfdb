"""The audit: append-only, and for each subject a chain of hashes (XC-04, P14)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One state change of one subject. No personal data, in any field; `details` is JSON."""

    subject: str
    at: Instant
    actor: str
    action: str
    from_state: str | None = None
    to_state: str | None = None
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def digest(previous_hash: str, position: int, change: Change) -> str:
    """The hash of a row: SHA-256 over the hash before it and the row as canonical JSON."""
    row = {
        "subject": change.subject,
        "position": position,
        "at": change.at.astimezone(UTC).isoformat(),
        "actor": change.actor,
        "action": change.action,
        "from": change.from_state,
        "to": change.to_state,
        "reason": change.reason,
        "details": change.details,
    }
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous_hash}\n{canonical}".encode()).hexdigest()


async def append(
    connection: Connection,
    *,
    subject: str,
    at: Instant,
    actor: str,
    action: str,
    from_state: str | None = None,
    to_state: str | None = None,
    reason: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add a row in the caller's transaction, which holds the subject's lock."""
    change = Change(
        subject=subject,
        at=at,
        actor=actor,
        action=action,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        details=details or {},
    )
    await append_all(connection, [change])


async def append_all(connection: Connection, changes: Sequence[Change]) -> None:
    """Add rows in the order given, each to the chain of its subject; the caller holds the subjects' locks."""
    if not changes:
        return
    tails: dict[str, tuple[int, str]] = {
        row["subject"]: (row["position"], row["hash"])
        for row in await connection.fetch(
            "select s.subject, last.position, last.hash from unnest($1::text[]) as s (subject) cross join lateral"
            " (select position, hash from audit a where a.subject = s.subject order by position desc limit 1) as last",
            list({change.subject for change in changes}),
        )
    }
    rows: list[tuple[object, ...]] = []
    for change in changes:
        last_position, previous_hash = tails.get(change.subject, (0, GENESIS))
        position, row_hash = last_position + 1, digest(previous_hash, last_position + 1, change)
        tails[change.subject] = (position, row_hash)
        rows.append(
            (
                change.subject,
                position,
                change.at,
                change.actor,
                change.action,
                change.from_state,
                change.to_state,
                change.reason,
                json.dumps(change.details),
                previous_hash,
                row_hash,
            )
        )
    await connection.execute(
        "insert into audit"
        " (subject, position, at, actor, action, from_state, to_state, reason, details, previous_hash, hash)"
        " select subject, position, at, actor, action, from_state, to_state, reason, details::jsonb, previous_hash, hash"
        "   from unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],"
        "               $8::text[], $9::text[], $10::text[], $11::text[])"
        "     as t (subject, position, at, actor, action, from_state, to_state, reason, details, previous_hash, hash)",
        *(list(column) for column in zip(*rows, strict=True)),
    )


async def verify(connection: Connection, subject: str) -> bool:
    """Whether a subject's rows still form the chain they were written as. Needs a transaction."""
    expected, position = GENESIS, 0
    async for row in connection.cursor("select * from audit where subject = $1 order by position", subject):
        position += 1
        intact = row["position"] == position and row["previous_hash"] == expected
        if not intact or row["hash"] != digest(expected, position, _change(row)):
            return False
        expected = row["hash"]
    return True


def _change(row: asyncpg.Record) -> Change:
    return Change(
        subject=row["subject"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        from_state=row["from_state"],
        to_state=row["to_state"],
        reason=row["reason"],
        details=row["details"],
    )
