"""Reports of mail servers on what became of a mail that one of them had accepted (RFC 3464, TL-04)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from tenure.contracts.base import Contract, EmailAddress, Instant
from tenure.ids import OrganisationId

MAX_REPORT_BYTES = 1024 * 1024
"""The longest report that is taken: mail servers return much less of a mail than that."""
MAX_RECIPIENTS = 100
"""The most recipients that one report is read for: each of our mails has one."""

MessageId = Annotated[str, StringConstraints(max_length=250, pattern=r"^<[!-;=?A-~]+@[!-;=?A-~]+>$")]
"""A Message-ID as RFC 5322 writes it, with its angle brackets."""

Status = Annotated[str, StringConstraints(pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")]
"""An enhanced status (RFC 3463), such as `5.1.1`."""


class Action(StrEnum):
    """What a mail server says that it has done."""

    FAILED = "failed"
    """It has given up: the mail was not delivered, and will not be."""
    DELAYED = "delayed"
    """It goes on trying; what comes of it is told by another report, or by none."""
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class ReportedRecipient(Contract):
    """What a report says of one recipient."""

    addresses: tuple[EmailAddress, ...]
    """All by which it may be known: as first written, and as it was when a server gave up, behind aliases and forwards."""
    action: Action
    status: Status
    text: str
    """The server's words on one line; they may hold addresses."""


class DeliveryReport(Contract):
    """A report as it was read."""

    message_id: MessageId
    """Of the mail that it is about."""
    recipients: tuple[ReportedRecipient, ...] = Field(max_length=MAX_RECIPIENTS)


class Bounce(Contract):
    """That a mail came back after its acceptance."""

    at: Instant
    """When the report was handed in."""
    status: Status
    text: str
    """The words of the server that gave up, without addresses."""


class BounceOutcome(StrEnum):
    """What came of a report."""

    RECORDED = "recorded"
    KNOWN = "known"
    """That the notice came back had been recorded before: nothing has changed."""
    IGNORED = "ignored"
    """It tells of a delay, or of a delivery: nothing is recorded."""


class BounceResult(Contract):
    """What came of a report, and which notice it is about."""

    outcome: BounceOutcome
    notice_id: str
    organisation_id: OrganisationId
    status: Status
