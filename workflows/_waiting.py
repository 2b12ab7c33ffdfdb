"""How a process waits: until an absolute instant or until the facts have changed, and the operator can see which."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from tenure import search
from tenure.contracts.base import Instant


class Wakes:
    """Counts the changes that a process was told of, against those its last look at the facts can have seen.

    Two levels instead of a flag: what arrives during a look, or before `run` begins, is never missed.
    """

    def __init__(self) -> None:
        self._told = 0
        self._seen = 0

    def tell(self) -> None:
        """Something has changed."""
        self._told += 1

    def look(self) -> None:
        """The facts are about to be read."""
        self._seen = self._told

    def unseen(self) -> bool:
        """Whether something has changed since the last look began."""
        return self._told != self._seen


async def rest(until: Instant, woken: Callable[[], bool], summary: str) -> bool:
    """Wait until that instant, or until `woken`; answers whether the instant has come.

    The timer carries the summary in the Temporal UI.
    """
    left = until - workflow.now()
    if left.total_seconds() <= 0:
        return True
    try:
        await workflow.wait_condition(woken, timeout=left, timeout_summary=summary)
    except TimeoutError:
        return True
    return False


def long_history() -> bool:
    """Whether the server suggests to continue as new."""
    return workflow.info().is_continue_as_new_suggested()


def show(phase: str, due_at: Instant | None, headline: str, lines: Sequence[str] = ()) -> None:
    """Tell the operator what the process does and until when: details for the UI, attributes for its lists.

    Attributes are only written when they change: each write is an event of the history. No personal data.
    """
    workflow.set_current_details("\n".join([f"**{headline}**", "", *(f"- {line}" for line in lines)]).rstrip())
    present = workflow.info().typed_search_attributes
    updates: list[SearchAttributeUpdate[Any]] = []
    if present.get(search.PHASE) != phase:
        updates.append(search.PHASE.value_set(phase))
    if present.get(search.DUE_AT) != due_at:
        updates.append(search.DUE_AT.value_unset() if due_at is None else search.DUE_AT.value_set(due_at))
    if updates:
        workflow.upsert_search_attributes(updates)


def instant(value: Instant) -> str:
    """An instant as the UI shows it, to the minute."""
    return f"{value:%Y-%m-%d %H:%M} UTC"
