"""How a process waits: until an absolute instant or until the facts have changed, and the operator can see which."""

from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from tenure import search
from tenure.contracts.base import Instant
from workflows import _options


class Watch:
    """Compares the changes that a process was told of with those its last look at the facts can have seen.

    Two levels instead of a flag: what arrives during a look, or before `run` begins, is never missed.
    """

    def __init__(self) -> None:
        self._told = 0
        self._seen = 0
        self._looks = 0

    def tell(self) -> None:
        """Something has changed."""
        self._told += 1

    def look(self) -> None:
        """The facts are about to be read."""
        self._seen = self._told
        self._looks += 1

    async def rest(self, until: Instant | None, summary: str) -> bool:
        """Wait until that instant or until something has changed; answers whether the instant has come.

        Args:
            until: When to look again; None where the facts do not say, which means before long.
            summary: What is waited for; the timer carries it in the Temporal UI.
        """
        until = until or workflow.now() + _options.LOOK_AGAIN
        left = until - workflow.now()
        if left.total_seconds() <= 0:
            return True
        try:
            await workflow.wait_condition(
                lambda: self._told != self._seen or _continue_suggested(),
                timeout=left,
                timeout_summary=f"{summary} until {instant(until)}",
            )
        except TimeoutError:
            return True
        return False

    async def wait(self) -> None:
        """Wait until something has changed, however long: nothing comes by time alone."""
        await workflow.wait_condition(lambda: self._told != self._seen or _continue_suggested())

    def long_run(self) -> bool:
        """Whether it is time to continue as new: every wake of a sleeping execution replays its history."""
        return self._looks >= _options.LOOKS_PER_RUN or _continue_suggested()


def _continue_suggested() -> bool:
    return workflow.info().is_continue_as_new_suggested()


def show(phase: str, due_at: Instant | None, headline: str, *lines: str) -> None:
    """Tell the operator what the process does and until when: details for the UI, attributes for its lists.

    Attributes are only written when they change: each write is an event of the history. No personal data.
    """
    until = f" until {instant(due_at)}" if due_at else ""
    workflow.set_current_details("\n".join([f"**{headline}{until}**", "", *(f"- {line}" for line in lines)]).rstrip())
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
