"""Deliveries and mails for tests, complete in every field; and how a mail's page is read back."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from tenure.contracts.catalogue import Carrier
from tenure.contracts.notice import (
    DeletionMatter,
    Delivery,
    EndingTrial,
    Mail,
    Notice,
    NoticeKind,
    NoticeState,
    TrialMatter,
)
from tenure.contracts.trial import TrialContact
from tenure.ids import OrganisationId, PersonId, TrialId
from tenure.policy.catalogue import shipped
from tenure.policy.promise import promised
from tenure.policy.rules import DEFAULT

ATTEMPT = datetime(2026, 11, 3, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)
CONSENT_PAGE = "https://tenure.example/consent/WyJ0cmlhbCIsInBlciJd.c2lnbmVk"


def delivery(**changes: Any) -> Delivery:
    """A deletion warning as the ledger hands it out, with a promise by the rules."""
    attempt_at = changes.get("attempt_at", ATTEMPT)
    matter = {
        "base_at": attempt_at - 31 * DAY,
        "deletion_at": promised(attempt_at, changes.get("time_zone", "Europe/Warsaw"), DEFAULT),
    }
    return _delivery(NoticeKind.DELETION_WARNING, DeletionMatter, matter, changes)


def trial_delivery(kind: NoticeKind, **changes: Any) -> Delivery:
    """A mail about a trial, with all that any kind speaks of: it ends 7 days after the attempt, or has just ended.

    What none of the fields of a delivery is called belongs to its matter.
    """
    attempt_at = changes.get("attempt_at", ATTEMPT)
    ends_at = (
        attempt_at if kind in {NoticeKind.TRIAL_EXPIRED, NoticeKind.TRIAL_EXPIRED_PARTNER} else attempt_at + 7 * DAY
    )
    meetings, calling = (service for service in shipped().services if service.key in {"meetings", "calling"})
    matter = {
        "trial_id": TrialId("trl_bakery"),
        "partner_name": "Kraków Telecom",
        "services": (meetings, calling),
        "deadline_at": attempt_at + 10 * DAY,
        "ends_at": ends_at,
        "grace_ends_at": ends_at + 30 * DAY,
        "numbers_held_until": ends_at + 45 * DAY,
        "link": CONSENT_PAGE,
        "ending": (
            EndingTrial(
                organisation_name="Smith Dental",
                services=(calling,),
                ends_at=attempt_at - 2 * DAY,
                grace_ends_at=attempt_at + 28 * DAY,
                contact=TrialContact(name="Ada Smith", email="ada@smith.example"),
            ),
            EndingTrial(
                organisation_name="Nowak Bakery",
                services=(meetings, calling),
                ends_at=ends_at,
                grace_ends_at=ends_at + 30 * DAY,
            ),
        ),
        "device_ends_at": attempt_at + 7 * DAY,
        "devices_due_at": attempt_at + 21 * DAY,
        "devices": 2,
        "carrier": Carrier.DHL,
    }
    return _delivery(kind, TrialMatter, matter, changes)


def some_delivery(kind: NoticeKind, **changes: Any) -> Delivery:
    """A mail of any kind."""
    return delivery(**changes) if kind is NoticeKind.DELETION_WARNING else trial_delivery(kind, **changes)


def _delivery(
    kind: NoticeKind, matter: type[DeletionMatter | TrialMatter], of_matter: dict[str, Any], changes: dict[str, Any]
) -> Delivery:
    fields: dict[str, Any] = {
        "notice": Notice(
            notice_id="6f1d5c0e-2f5b-4f0a-9b57-0c8f3a5d9e11",
            kind=kind,
            organisation_id=OrganisationId("org_bakery"),
            subject="org_bakery",
            cycle=1,
            recipient=PersonId("per_zofia"),
            message_id="<6f1d5c0e@tenure.example>",
            state=NoticeState.QUEUED,
        ),
        "name": "Zofia Nowak",
        "email": "zofia@bakery.example",
        "language": "en",
        "time_zone": "Europe/Warsaw",
        "organisation_name": "Nowak Bakery",
        "attempt_at": ATTEMPT,
    }
    told = {name: value for name, value in changes.items() if name in matter.model_fields}
    others = {name: value for name, value in changes.items() if name not in matter.model_fields}
    return Delivery(**(fields | {"matter": matter(**(of_matter | told))} | others))


def speaks_of(delivery: Delivery | None) -> DeletionMatter:
    """What a delivery of a deletion warning speaks of."""
    assert delivery is not None
    assert isinstance(delivery.matter, DeletionMatter)
    return delivery.matter


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


class Page(HTMLParser):
    """The elements, the text, the instants and the links of a mail's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.instants: list[str | None] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element, and what it points to."""
        self.elements.append(tag)
        if tag == "time":
            self.instants.append(dict(attrs)["datetime"])
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data
