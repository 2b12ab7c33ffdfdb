"""Notices on their way to people."""

from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.counters import NOTICES
from tenure.contracts.notice import DeliverInput, DeliverResult, Delivery, Notice, NoticeState
from tenure.errors import MailRefused, Unavailable
from tenure.ports import Mailer, Notices, Writer

REFUSED: Final = "recipient_refused"
"""The type of the failure by which a refused recipient is tried again."""


class NoticeActivities:
    """One attempt after the other to deliver one notice to one recipient."""

    def __init__(self, notices: Notices, writer: Writer, mailer: Mailer, *, refusal_interval: timedelta) -> None:
        """Take the ports, and how long to leave an address alone that is refused."""
        self._notices = notices
        self._writer = writer
        self._mailer = mailer
        self._refusal_interval = refusal_interval

    @activity.defn(name="deliver_notice")
    async def deliver(self, command: DeliverInput) -> DeliverResult:
        """Make one attempt: read the ledger again, send, and write down what the mail server answered (XC-02).

        What the server said stays in the ledger: its words may hold an address, and histories are kept (TL-01).

        Raises:
            Unavailable: the server did not take it this time.
            ApplicationError: it refuses the recipient, not often enough to be final; tried again after the interval.
        """
        delivery = await self._notices.next_attempt(command.notice_id)
        if delivery is None:
            return DeliverResult(state=None)
        notice = await self._send(delivery)
        NOTICES.add(kind=notice.kind, result=notice.state)
        return DeliverResult(state=notice.state)

    async def _send(self, delivery: Delivery) -> Notice:
        notice_id = delivery.notice.notice_id
        try:
            answer = await self._mailer.send(self._writer.write(delivery))
        except MailRefused as refusal:
            notice = await self._notices.refused(notice_id, str(refusal))
            if notice.state is not NoticeState.QUEUED:
                return notice
            raise ApplicationError(
                "The mail server refuses the recipient; its answer is in the ledger, and it is asked again.",
                type=REFUSED,
                next_retry_delay=self._refusal_interval,
                category=ApplicationErrorCategory.BENIGN,
            ) from None
        except Unavailable as error:
            await self._notices.deferred(notice_id, str(error))
            raise Unavailable("The mail server did not take the notice; its answer is in the ledger.") from None
        return await self._notices.accepted(notice_id, answer)
