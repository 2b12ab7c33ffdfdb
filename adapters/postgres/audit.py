"""The audit: append-only, and for each subject a chain of hashes (XC-04, P14)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant

GENESIS = "0" * 64


def digest(previous_hash: str, row: Mapping[str, object]) -> str:
    """The hash of a row: SHA-256 over the hash before it and the row as canonical JSON."""
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
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
    """Add a row in the caller's transaction, which holds the subject's lock. No personal data, in any field."""
    last = await connection.fetchrow(
        "select position, hash from audit where subject = $1 order by position desc limit 1", subject
    )
    position = last["position"] + 1 if last else 1
    previous_hash = last["hash"] if last else GENESIS
    row = {
        "subject": subject,
        "position": position,
        "at": at.astimezone(UTC).isoformat(),
        "actor": actor,
        "action": action,
        "from": from_state,
        "to": to_state,
        "reason": reason,
        "details": dict(details or {}),
    }
    await connection.execute(
        "insert into audit (subject, position, at, actor, action, from_state, to_state, reason, details, previous_hash, hash)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        subject,
        position,
        at,
        actor,
        action,
        from_state,
        to_state,
        reason,
        dict(details or {}),
        previous_hash,
        digest(previous_hash, row),
    )


async def verify(connection: Connection, subject: str) -> bool:
    """Whether a subject's rows still form the chain they were written as."""
    expected, position = GENESIS, 0
    async for row in connection.cursor("select * from audit where subject = $1 order by position", subject):
        position += 1
        content = {
            "subject": row["subject"],
            "position": row["position"],
            "at": row["at"].astimezone(UTC).isoformat(),
            "actor": row["actor"],
            "action": row["action"],
            "from": row["from_state"],
            "to": row["to_state"],
            "reason": row["reason"],
            "details": row["details"],
        }
        if row["position"] != position or row["previous_hash"] != expected or row["hash"] != digest(expected, content):
            return False
        expected = row["hash"]
    return True
