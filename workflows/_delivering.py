"""How a process delivers mails beside what it waits for: however long a mail server refuses, it goes on."""

import asyncio
from collections.abc import Collection
from functools import partial

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notices import NoticeActivities
    from tenure.contracts.notice import DeliverInput, DeliverResult
    from workflows import _options
    from workflows._waiting import Watch


class Deliveries:
    """Deliveries under way, one a notice. The ledger says what is queued; each attempt asks it again."""

    def __init__(self, watch: Watch, summary: str, *, each: bool = False) -> None:
        """Take who is told, and what a delivery is called in the Temporal UI.

        Args:
            watch: Told once all have ended: a look at the facts for every mail would make histories long.
            summary: Such as `Deliver the warning`.
            each: Told of each, where one that has arrived changes what comes next.
        """
        self._watch = watch
        self._summary = summary
        self._each = each
        self._under_way: dict[str, workflow.ActivityHandle[DeliverResult]] = {}
        self._failed: set[str] = set()

    def __bool__(self) -> bool:
        """Whether any is under way."""
        return bool(self._under_way)

    def begin(self, notices: Collection[str]) -> None:
        """Begin to deliver what is queued and not under way."""
        for notice_id in notices:
            if notice_id not in self._under_way and notice_id not in self._failed:
                delivery = workflow.start_activity_method(
                    NoticeActivities.deliver, DeliverInput(notice_id=notice_id), **_options.mail(self._summary)
                )
                delivery.add_done_callback(partial(self._delivered, notice_id))
                self._under_way[notice_id] = delivery

    def follow(self, notices: Collection[str]) -> None:
        """Deliver what is queued, and leave off what no longer is."""
        for notice_id in [known for known in self._under_way if known not in notices]:
            self._under_way.pop(notice_id).cancel()
        self.begin(notices)

    async def withdraw(self) -> None:
        """No further attempt follows: nothing is true any more, or a next run takes over. One under way is waited for."""
        deliveries, self._under_way = self._under_way, {}
        for delivery in deliveries.values():
            delivery.cancel()
        await asyncio.gather(*deliveries.values(), return_exceptions=True)

    def _delivered(self, notice_id: str, delivery: asyncio.Task[DeliverResult]) -> None:
        """Have the facts read again once it has arrived or never will.

        It may be queued once more: for another address of its recipient.
        """
        if delivery.cancelled():
            return
        error = delivery.exception()
        if self._under_way.get(notice_id) is delivery:  # how one ends that was left off means nothing
            del self._under_way[notice_id]
            if error is not None:  # its organisation is purged: a look finds that
                workflow.logger.error("A notice cannot be delivered.", exc_info=error)
                self._failed.add(notice_id)
        if self._each or not self._under_way:
            self._watch.tell()
