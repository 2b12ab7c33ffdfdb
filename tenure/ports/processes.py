"""The durable executions, and the table that starts them."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from tenure.contracts.base import Instant
from tenure.contracts.process import Figures, Process


class Processes(Protocol):
    """The table between facts and executions."""

    async def to_start(self, limit: int) -> Sequence[Process]:
        """Pending processes, oldest first."""
        ...

    async def started(self, workflow_id: str) -> None:
        """An execution has this id: it is never started again."""
        ...

    async def to_wake(self, limit: int) -> Sequence[Process]:
        """Started processes that facts concern since the last signal."""
        ...

    async def woken(self, workflow_id: str, wakes: int) -> None:
        """The signal for so many changes was delivered, or the execution is closed."""
        ...

    async def open(self, after: str | None, limit: int) -> Sequence[Process]:
        """Started and pending processes in order of id, for the repair."""
        ...

    async def require_missing(self) -> Sequence[str]:
        """Insert the rows of processes that facts need and nothing names; answers their ids (EV-03)."""
        ...

    async def restart(self, workflow_id: str) -> bool:
        """Make a process pending again whose execution is gone though its fact still needs it."""
        ...

    async def overdue(self, as_of: Instant) -> int:
        """Next dates past due by more than a day without a recorded reason (P15)."""
        ...

    async def figures(self) -> Figures:
        """The state of the installation in numbers, for the metrics."""
        ...


class Executions(Protocol):
    """Workflow executions, as Temporal has them."""

    def running(self) -> AsyncIterator[str]:
        """The workflow ids that seem to run, in no order. A moment behind: a hint where to look, never a ground to act."""
        ...

    async def is_open(self, workflow_id: str) -> bool:
        """Whether an execution with this id runs, as the primary knows it."""
        ...

    async def wake(self, workflow_id: str) -> bool:
        """Tell an execution that facts have changed; False where none with this id runs."""
        ...


class Histories(Protocol):
    """The histories that Temporal keeps of an organisation's executions, and that an erasure takes along."""

    async def delete(self, workflow_ids: Sequence[str]) -> int:
        """Delete every execution with one of these ids; answers how many there were. Safe to repeat."""
        ...

    async def remaining(self, workflow_ids: Sequence[str]) -> int:
        """How many of these ids Temporal still knows."""
        ...
