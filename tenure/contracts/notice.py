"""Mails to people, and the ledger that keeps them to one each (TL-01, XC-02)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from tenure.contracts.base import Contract, EmailAddress, Instant, Line
from tenure.ids import OrganisationId, PersonId

MessageId = Annotated[str, StringConstraints(max_length=250, pattern=r"^<[!-;=?A-~]+@[!-;=?A-~]+>$")]
"""A Message-ID as RFC 5322 writes it, with its angle brackets."""


class NoticeKind(StrEnum):
    """What a mail is about."""

    DELETION_WARNING = "deletion_warning"


class NoticeState(StrEnum):
    """Where a notice stands. Queued ones are tried until the state that wanted them is gone."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The mail server has refused this recipient often enough (SF-02); see `tenure.errors.MailRefused` for what counts."""
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
    message_id: MessageId
    """Derived from the key, so that a second copy is recognised as one."""
    state: NoticeState
    attempts: int = 0
    first_attempt_at: Instant | None = None
    accepted_at: Instant | None = None
    server_answer: str | None = None


class Delivery(Contract):
    """All that is needed to write and send one notice, read just before the attempt."""

    notice: Notice
    name: str
    email: EmailAddress
    language: str
    """The recipient's, else the organisation's: a BCP 47 tag such as `pl` or `sr-Latn`."""
    time_zone: str
    """The organisation's: the promise is a full day there, whatever zone the recipient lives in (SF-01)."""
    organisation_name: str
    attempt_at: Instant
    """The business instant of this attempt: it dates the mail."""
    base_at: Instant
    """The end of activity that the warning speaks of."""
    deletion_at: Instant
    """The promise that the mail prints (SF-01)."""
    simulation: bool = False


class Mail(Contract):
    """A mail, rendered."""

    message_id: MessageId
    date: Instant
    to_name: Line
    to_address: EmailAddress
    language: str
    """The tag of the language it is written in."""
    subject: Line
    text: str
    html: str
    not_before: Instant | None = None
    """The promise that it prints, for machines: nothing is deleted before it (SF-01)."""


class DeliverInput(Contract):
    """Which notice to deliver."""

    notice_id: str


class DeliverResult(Contract):
    """What became of it; a passing failure is no result but a retry."""

    state: NoticeState | None
    """None where nothing was left to send: it is final, or no longer true."""
