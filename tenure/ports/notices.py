"""Mails to people."""

from collections.abc import Sequence
from typing import Protocol

from tenure.contracts.base import Instant
from tenure.contracts.bounce import BounceResult, DeliveryReport
from tenure.contracts.notice import Delivery, Mail, Notice, NoticeKind
from tenure.ids import OrganisationId
from tenure.ports.caller import Caller


class Notices(Protocol):
    """The ledger of notices."""

    async def next_attempt(self, notice_id: str) -> Delivery | None:
        """Read state and promise again just before sending, and record the attempt.

        None when nothing is to be sent any more: the notice is final, or what it says is no longer true (then it is
        dropped). The promise is moved where acceptance now could not keep it.
        """
        ...

    async def accepted(self, notice_id: str, answer: str) -> Notice:
        """The mail server took it (250); the promise and its acceptance are recorded with it."""
        ...

    async def refused(self, notice_id: str, answer: str) -> Notice:
        """The mail server refuses the recipient (5xx).

        One answer is not final: the notice stays queued until the rules' number of refusals has come, each about the
        rules' interval after the one before (SF-02).
        """
        ...

    async def deferred(self, notice_id: str, answer: str) -> None:
        """Not now (4xx, no connection): the attempt is on record, and another follows."""
        ...

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[Notice]:
        """All notices of an organisation that the caller may see, oldest first (P14)."""
        ...

    async def preview(
        self, caller: Caller, kind: NoticeKind, organisation_id: OrganisationId, as_of: Instant
    ) -> Delivery:
        """What would be sent to the organisation's first full admin at that instant (WH-03). Changes nothing."""
        ...


class ReportReader(Protocol):
    """Reads what mail servers report of mails (TL-04)."""

    def read(self, report: bytes) -> DeliveryReport:
        """The mail that it is about, and what it says of each recipient. Whoever sent it may mean harm.

        Raises:
            Refusal: `too_large`, or `report_unreadable` where it is no report, or does not name mail and recipients.
        """
        ...


class Bounces(Protocol):
    """Notices that came back after their acceptance."""

    async def record(self, caller: Caller, report: DeliveryReport) -> BounceResult:
        """Write down that a notice came back, once: with the status and the server's words (TL-04).

        The notice is the one with the Message-ID and with the address that it was sent to. A report of a delay or a
        delivery is ignored. Once every warning of a cycle that was accepted has come back, operator and partner see an
        alert; what is due comes no earlier by that (SF-01, SF-02).

        Raises:
            Refusal: `notice_not_found`; `recipient_mismatch`, where the notice was sent to none of these recipients.
        """
        ...


class Writer(Protocol):
    """Turns a delivery into a mail."""

    def write(self, delivery: Delivery) -> Mail:
        """Render subject, text and HTML in the recipient's language and zone."""
        ...


class Mailer(Protocol):
    """Sends a mail."""

    async def send(self, mail: Mail) -> str:
        """Hand the mail to the server; answers with the server's words after its 250.

        Raises:
            MailRefused: The server refuses the recipient for good.
            Unavailable: 4xx, a timeout, no connection, or a 5xx that is not about the recipient: try again.
        """
        ...
