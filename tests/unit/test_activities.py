"""Activities over ports that answer as told: what is tried again, and what a history must not hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.erasures import DestructionActivities
from activities.notices import NoticeActivities
from tenure.contracts.erasure import EraseStore, Store, StoreResult
from tenure.contracts.notice import DeliverInput, Delivery, Notice, NoticeState
from tenure.errors import MailRefused, Unavailable
from tenure.ids import OrganisationId
from tests.deliveries import delivery

DAY = timedelta(days=1)
ADDRESS = "ada@bakery.example"


@dataclass
class Ledger:
    """A ledger of one notice, and the mail server behind it."""

    answers: Sequence[str | Exception]
    wanted: bool = True
    final: bool = True
    written: list[str] = field(default_factory=list)
    sent: int = 0

    async def next_attempt(self, notice_id: str) -> Delivery | None:
        """The notice, while it is wanted."""
        self.written.append("attempted")
        return delivery() if self.wanted else None

    async def accepted(self, notice_id: str, answer: str) -> Notice:
        """Taken."""
        return self._write(NoticeState.ACCEPTED, answer)

    async def refused(self, notice_id: str, answer: str) -> Notice:
        """Refused, for good where that was once too often."""
        return self._write(NoticeState.REFUSED if self.final else NoticeState.QUEUED, answer)

    async def deferred(self, notice_id: str, answer: str) -> None:
        """Not now."""
        self._write(NoticeState.QUEUED, answer)

    async def send(self, mail: object) -> str:
        """Answer as told."""
        answer = self.answers[self.sent]
        self.sent += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    def write(self, wanted: Delivery) -> object:
        """What is sent: nobody looks at it."""
        return wanted

    def _write(self, state: NoticeState, answer: str) -> Notice:
        self.written.append(f"{state}: {answer}")
        return delivery().notice.model_copy(update={"state": state})


async def deliver(ledger: Ledger) -> NoticeState | None:
    """One attempt."""
    activities = NoticeActivities(ledger, ledger, ledger, refusal_interval=DAY)  # type: ignore[arg-type]
    result = await ActivityEnvironment().run(activities.deliver, DeliverInput(notice_id="1"))
    return result.state


async def test_an_accepted_notice_is_written_down_with_the_servers_words() -> None:
    """The ledger is read before the mail is sent, and written after the server's 250 (XC-02)."""
    ledger = Ledger(["250 OK"])
    assert await deliver(ledger) is NoticeState.ACCEPTED
    assert ledger.written == ["attempted", "accepted: 250 OK"]


async def test_a_refusal_for_good_is_no_failure() -> None:
    """The address does not exist: that is on record, and not tried again (SF-02)."""
    ledger = Ledger([MailRefused("550 unknown")])
    assert await deliver(ledger) is NoticeState.REFUSED
    assert ledger.written == ["attempted", "refused: 550 unknown"]


async def test_a_refusal_that_is_not_final_is_tried_again_a_day_later() -> None:
    """Temporal is told when, and not whose address it was (SF-02, TL-01)."""
    ledger = Ledger([MailRefused(f"550 5.1.1 {ADDRESS}")], final=False)
    with pytest.raises(ApplicationError) as failure:
        await deliver(ledger)
    assert ledger.written == ["attempted", f"queued: 550 5.1.1 {ADDRESS}"]
    assert (failure.value.next_retry_delay, failure.value.non_retryable) == (DAY, False)
    assert ADDRESS not in str(failure.value)
    assert failure.value.__cause__ is None


async def test_what_the_server_said_stays_out_of_the_history() -> None:
    """A passing refusal is tried again; its words, which may hold an address, are in the ledger alone (TL-01)."""
    ledger = Ledger([Unavailable(f"451 {ADDRESS} is busy")])
    with pytest.raises(Unavailable) as failure:
        await deliver(ledger)
    assert ledger.written == ["attempted", f"queued: 451 {ADDRESS} is busy"]
    assert ADDRESS not in str(failure.value)
    assert failure.value.__cause__ is None


async def test_a_notice_that_is_not_wanted_any_more_is_not_sent() -> None:
    """Whoever came back or bought is not mailed (TL-01)."""
    ledger = Ledger([], wanted=False)
    assert await deliver(ledger) is None
    assert ledger.sent == 0


@dataclass
class Vault:
    """A store from which not everything goes."""

    remaining: int

    async def erase(self, command: EraseStore) -> StoreResult:
        """Purge, as far as it goes."""
        return StoreResult(store=command.store, removed=1, remaining=self.remaining)


@pytest.mark.parametrize("remaining", [0, 1])
async def test_a_store_that_is_not_empty_is_purged_again(remaining: int) -> None:
    """What the read-back still finds keeps the erasure at this store: forward only (XC-07, SF-07)."""
    activities = DestructionActivities(Vault(remaining), None)  # type: ignore[arg-type]
    command = EraseStore(organisation_id=OrganisationId("org_bakery"), generation=1, store=Store.FILES)
    erasing = ActivityEnvironment().run(activities.erase, command)
    if remaining:
        with pytest.raises(Unavailable, match="files"):
            await erasing
    else:
        assert (await erasing).removed == 1
