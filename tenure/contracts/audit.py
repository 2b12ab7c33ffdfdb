"""The audit as it is read: every state change, in order, chained by hash (XC-04)."""

from typing import Any

from tenure.contracts.base import Contract, Hash, Instant


class AuditEntry(Contract):
    """One change of one subject. Holds no personal data, and outlives the organisation."""

    position: int
    """Counted from 1 for each subject."""
    at: Instant
    actor: str
    action: str
    from_state: str | None = None
    to_state: str | None = None
    reason: str | None = None
    details: dict[str, Any] = {}
    hash: Hash
