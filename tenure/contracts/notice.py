"""Mails to people, and the ledger that keeps them to one each (TL-01, XC-02)."""

from enum import StrEnum

from pydantic import Field

from tenure.contracts.base import Contract, Instant
from tenure.ids import OrganisationId, PersonId


class NoticeKind(StrEnum):
    """What a mail is about."""

    DELETION_WARNING = "deletion_warning"


class NoticeState(StrEnum):
    """Where a notice stands. Queued ones are tried until the state that wanted them is gone."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The mail server refuses this address for good (5xx)."""
    DROPPED = "dropped"
    """What it would have said is no longer true."""


class Notice(Contract):
    """One row of the ledger: one kind, subject, cycle and recipient."""

    notice_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    kind: NoticeKind
    organisation_id: OrganisationId
    subject: str
    """The id of what it is about."""
    cycle: int
    recipient: PersonId
    message_id: str
    """RFC 5322 Message-ID, derived from the key, so that a second copy is recognised as one."""
    state: NoticeState
    attempts: int = 0
    first_attempt_at: Instant | None = None
    accepted_at: Instant | None = None
    server_answer: str | None = None


class Delivery(Contract):
    """All that is needed to write and send one notice, read just before the attempt."""

    notice: Notice
    name: str
    email: str
    language: str
    time_zone: str
    organisation_name: str
    deletion_at: Instant
    """The promise that the mail prints (SF-01)."""
    simulation: bool = False


class Mail(Contract):
    """A mail, rendered."""

    message_id: str
    to_name: str
    to_address: str
    language: str
    subject: str
    text: str
    html: str


class DeliverInput(Contract):
    """Which notice to deliver."""

    notice_id: str


class DeliverResult(Contract):
    """What became of it; a passing failure is no result but a retry."""

    state: NoticeState
