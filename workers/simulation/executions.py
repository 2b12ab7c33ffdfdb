"""Workflow executions under a simulation's clock: moved along with it, and asked what they do.

Per-execution time skipping is marked experimental in Temporal 1.32; all that touches it is here and in `starts`.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from activities import notices, provisioning
from tenure.contracts.base import Instant
from tenure.errors import RefusalCode, TenureError
from tenure.plugin import UNAVAILABLE

CLOSE: Final = timedelta(seconds=10)
"""An execution whose clock is not further behind than this is left to walk by itself."""
_ONE_SKIP: Final = TimeSkippingConfig(max_session_skip_count=1)
"""A move is one skip, to its end or to the first timer on the way, and it ends with that, in one transaction.

In server 1.32 an execution that works while the end of its move goes by in real time may skip to its next timer
instead, however far that is. So no work ever falls into a move.
"""
_EVENTS_OF_A_MOVE: Final = 2
"""That it was asked for, and that it was made."""
_FIRES_WITHIN_SECONDS: Final = 2.0
_AHEAD: Final = timedelta(seconds=1)
_PASSES: Final = frozenset({UNAVAILABLE, RefusalCode.CLOCK_AHEAD, notices.REFUSED, provisioning.REFUSED})
"""Failures that time mends: whatever else an activity fails by, is an error of ours."""
_ATTEMPTS: Final = 5
"""How often an error of ours may come about before it counts as one that stays."""
_ENDED_WELL: Final = frozenset({WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.CONTINUED_AS_NEW})


class SimulationStuck(TenureError):
    """The simulation cannot go on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What an execution is doing."""

    workflow_id: str
    running: bool
    lag: timedelta = timedelta(0)
    """How far its clock is behind the installation's."""
    busy: tuple[str, ...] = ()
    """What it works on at this moment, in words; empty while it sleeps."""
    retries_at: tuple[Instant, ...] = ()
    """When activities that have failed are tried again, where that is not at once."""
    events: int = 0
    """Of its history."""
    at_timer: bool = False
    """Whether a timer has come that has not fired yet."""


class Executions:
    """The executions of a namespace that may skip time."""

    def __init__(self, client: Client, *, patience: timedelta) -> None:
        """Take the client, and how long in real time one move may take."""
        self._client = client
        self._skipper = TimeSkipper(client, config=_ONE_SKIP)
        self._patience = patience
        self._at_timer: dict[str, tuple[int, float]] = {}
        """Executions whose move has ended at a timer: how long their histories are until it fires, and when that is given up."""

    async def look(self, workflow_id: str, offset: timedelta) -> Progress:
        """Ask what an execution does, and how far its clock is behind the wall's time plus `offset`.

        One that is unknown does not run: an erasure takes the histories of its organisation along.

        Raises:
            SimulationStuck: the execution has failed, an activity of it does so for ever, or its clock ran ahead.
        """
        before = datetime.now(UTC)
        try:
            description = await self._handle(workflow_id).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return Progress(workflow_id, running=False)
        after = datetime.now(UTC)
        if description.status is not WorkflowExecutionStatus.RUNNING:
            if description.status not in _ENDED_WELL:
                raise SimulationStuck(f"{workflow_id} ended as {_name(description)}.")
            return Progress(workflow_id, running=False)
        raw = description.raw_description
        info = raw.workflow_extended_info
        clock = info.time_skipping_info.current_time.ToDatetime(UTC) if info.HasField("time_skipping_info") else before
        if clock - after - offset > _AHEAD:
            raise SimulationStuck(f"{workflow_id} ran {clock - after - offset} ahead of the installation's clock.")
        task = raw.pending_workflow_task
        busy = [f"workflow task, attempt {task.attempt}"] if raw.HasField("pending_workflow_task") else []
        retries = []
        for activity in raw.pending_activities:
            if _fails_for_ever(activity):
                raise SimulationStuck(f"{workflow_id}: {_sentence(activity)}: an error that no time mends.")
            again = _next_attempt(activity)
            if again is not None and again - clock > CLOSE:
                retries.append(again)
            else:
                busy.append(_sentence(activity))
        # Measured from before the question, the lag comes out too small by the time it took: no move goes too far.
        lag, events = before + offset - clock, description.history_length
        return Progress(
            workflow_id, True, lag, tuple(busy), tuple(retries), events, self._waits_for_timer(workflow_id, events)
        )

    async def hop(self, workflow_id: str, offset: timedelta) -> Progress:
        """Move the clock of an execution that sleeps towards the wall's time plus `offset`, at most to its first timer.

        Answers what it does then: whoever wants it to arrive comes again when it sleeps. An activity that waits for its
        next attempt is tried at each move: the server does that, wherever the move ends.

        Raises:
            SimulationStuck: it does not move, or has failed.
        """
        progress = await self.look(workflow_id, offset)
        if progress.busy or progress.lag <= CLOSE:
            return progress
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._skipper.fast_forward(self._handle(workflow_id), progress.lag)
        except TimeoutError as error:
            doing = "; ".join((await self.look(workflow_id, offset)).busy) or "nothing"
            raise SimulationStuck(
                f"{workflow_id} did not move within {self._patience}: it waits for {doing}."
            ) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has closed meanwhile
                raise
        return await self._after_move(progress, offset)

    async def _after_move(self, before: Progress, offset: timedelta) -> Progress:
        """What an execution does now. Where a timer has ended its move, that fires some moments later."""
        quiet = before.events + _EVENTS_OF_A_MOVE
        known = self._at_timer.pop(before.workflow_id, None)
        if known is not None and before.at_timer:
            self._at_timer[before.workflow_id] = quiet, known[1]
        after = await self.look(before.workflow_id, offset)
        if after.lag > CLOSE and after.events <= quiet and not after.busy and not after.retries_at:
            self._at_timer[before.workflow_id] = quiet, asyncio.get_running_loop().time() + _FIRES_WITHIN_SECONDS
            return replace(after, at_timer=True)
        return after

    def _waits_for_timer(self, workflow_id: str, events: int) -> bool:
        """Whether nothing has happened since its move ended at a timer."""
        quiet, until = self._at_timer.get(workflow_id, (0, 0.0))
        if events <= quiet and asyncio.get_running_loop().time() < until:
            return True
        self._at_timer.pop(workflow_id, None)
        return False

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id)


def _name(description: WorkflowExecutionDescription) -> str:
    return description.status.name.lower() if description.status else "unknown"


def _next_attempt(activity: PendingActivityInfo) -> Instant | None:
    """When an activity that has failed is tried again; None where it is being tried."""
    if not activity.HasField("next_attempt_schedule_time"):
        return None
    return activity.next_attempt_schedule_time.ToDatetime(UTC)


def _fails_for_ever(activity: PendingActivityInfo) -> bool:
    """Whether it has failed by an error of ours again and again: its attempts could be followed to the end of time."""
    failure = activity.last_failure
    ours = failure.HasField("application_failure_info") and failure.application_failure_info.type not in _PASSES
    return ours and activity.attempt > _ATTEMPTS


def _sentence(activity: PendingActivityInfo) -> str:
    state = PendingActivityState.Name(activity.state).removeprefix("PENDING_ACTIVITY_STATE_").lower()
    why = f" after {activity.last_failure.message!r}" if activity.HasField("last_failure") else ""
    return f"activity {activity.activity_type.name} ({state}, attempt {activity.attempt}{why})"
