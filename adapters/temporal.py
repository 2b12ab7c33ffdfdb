"""Temporal as a store: which executions run, and the histories that an erasure takes along."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from tenure import names
from tenure.contracts.process import ProcessType

_TYPES = ", ".join(f"'{process_type}'" for process_type in ProcessType)
_FORGOTTEN_WITHIN_SECONDS = 45.0
"""A server deletes an execution only once it has noted its close, which it does every 30 seconds by default."""
_POLL_SECONDS = 0.2


class TemporalExecutions:
    """The port `Executions` on Temporal."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def running(self) -> AsyncIterator[str]:
        """The workflow ids that visibility lists as running; it may be a moment behind."""
        async for execution in self._client.list_workflows(
            f"ExecutionStatus = 'Running' AND WorkflowType IN ({_TYPES})"
        ):
            yield execution.id

    async def is_open(self, workflow_id: str) -> bool:
        """Whether the newest execution with this id has not closed."""
        try:
            execution = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return execution.close_time is None

    async def wake(self, workflow_id: str) -> bool:
        """Send `facts_changed`; False where no execution with this id runs."""
        try:
            await self._client.get_workflow_handle(workflow_id).signal(names.FACTS_CHANGED)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True


class TemporalHistories:
    """The port `Histories` on Temporal: by exact id, every run of a closed execution."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def delete(self, workflow_ids: Sequence[str]) -> int:
        """Delete the closed runs of these ids, oldest first, and wait until Temporal has forgotten them.

        One that still runs is left: it has been told that the organisation is gone, and ends by itself. A run is counted
        once it is gone.
        """
        asked = [
            workflow_id
            for workflow_id in workflow_ids
            for run_id in reversed(await self._closed_runs(workflow_id))
            if await self._delete(workflow_id, run_id)
        ]
        known = await self._known(workflow_ids)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FORGOTTEN_WITHIN_SECONDS):
                while not known.isdisjoint(asked):
                    await asyncio.sleep(_POLL_SECONDS)
                    known = await self._known(workflow_ids)
        return sum(workflow_id not in known for workflow_id in asked)

    async def remaining(self, workflow_ids: Sequence[str]) -> int:
        """How many of these ids Temporal still knows, running or closed."""
        return len(await self._known(workflow_ids))

    async def _known(self, workflow_ids: Sequence[str]) -> set[str]:
        return {workflow_id for workflow_id in workflow_ids if await self._newest_run(workflow_id) is not None}

    async def _delete(self, workflow_id: str, run_id: str) -> bool:
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        request = DeleteWorkflowExecutionRequest(namespace=self._client.namespace, workflow_execution=execution)
        try:
            await self._client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def _closed_runs(self, workflow_id: str) -> list[str]:
        """The closed runs, newest first: the chain of the newest one, then what visibility knows beside it."""
        runs: dict[str, None] = {}
        newest = await self._newest_run(workflow_id)
        run_id = newest.run_id if newest else None
        while run_id:
            runs[run_id] = None
            run_id = await self._run_before(workflow_id, run_id)
        async for execution in self._client.list_workflows(f"WorkflowId = '{workflow_id}'"):
            runs[execution.run_id] = None
        if newest and newest.status is WorkflowExecutionStatus.RUNNING:
            del runs[newest.run_id]
        return list(runs)

    async def _newest_run(self, workflow_id: str) -> WorkflowExecutionDescription | None:
        try:
            return await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise

    async def _run_before(self, workflow_id: str, run_id: str) -> str | None:
        """The run that continued as this one, as the first event of this one says."""
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        try:
            first = await anext(handle.fetch_history_events(page_size=1))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return first.workflow_execution_started_event_attributes.continued_execution_run_id or None
