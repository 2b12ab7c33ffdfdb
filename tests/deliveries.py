"""Deliveries and mails for tests, complete in every field."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tenure.contracts.notice import Delivery, Mail, Notice, NoticeKind, NoticeState
from tenure.ids import OrganisationId, PersonId
from tenure.policy.promise import promised
from tenure.policy.rules import DEFAULT

ATTEMPT = datetime(2026, 11, 3, 14, 30, tzinfo=UTC)


def delivery(**changes: Any) -> Delivery:
    """A deletion warning as the ledger hands it out, with a promise by the rules."""
    notice = Notice(
        notice_id="6f1d5c0e-2f5b-4f0a-9b57-0c8f3a5d9e11",
        kind=NoticeKind.DELETION_WARNING,
        organisation_id=OrganisationId("org_bakery"),
        subject="org_bakery",
        cycle=1,
        recipient=PersonId("per_zofia"),
        message_id="<6f1d5c0e@tenure.example>",
        state=NoticeState.QUEUED,
    )
    attempt_at = changes.get("attempt_at", ATTEMPT)
    time_zone = changes.get("time_zone", "Europe/Warsaw")
    fields: dict[str, Any] = {
        "notice": notice,
        "name": "Zofia Nowak",
        "email": "zofia@bakery.example",
        "language": "en",
        "time_zone": time_zone,
        "organisation_name": "Nowak Bakery",
        "attempt_at": attempt_at,
        "base_at": attempt_at - timedelta(days=31),
        "deletion_at": promised(attempt_at, time_zone, DEFAULT),
    }
    return Delivery(**(fields | changes))


def mail(**changes: Any) -> Mail:
    """A mail ready to be sent."""
    fields: dict[str, Any] = {
        "message_id": "<6f1d5c0e@tenure.example>",
        "date": ATTEMPT,
        "to_name": "Zofia Nowak",
        "to_address": "zofia@bakery.example",
        "language": "en",
        "subject": "A subject",
        "text": "A text.\n",
        "html": "<p>A text.</p>\n",
        "not_before": datetime(2026, 12, 4, tzinfo=UTC),
    }
    return Mail(**(fields | changes))
