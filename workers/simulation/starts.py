"""Workflows that begin at a simulation's now instead of the wall's."""

import uuid
from datetime import timedelta
from typing import Any, Final

from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle

from adapters.postgres.simulation import PostgresSimulation

_BEFORE_FIRST_TASK: Final = timedelta(milliseconds=50)
"""The skip ends this much before the workflow's first task, so that no work falls into it."""


def simulated(client: Client, simulation: PostgresSimulation) -> Client:
    """A client like `client` whose workflows begin at the simulation's now: delayed by its offset, which is skipped.

    A start answers when the workflow has begun.
    """
    config = client.config()
    config["interceptors"] = [*config["interceptors"], _BeginNow(simulation)]
    return Client(**config)


class _BeginNow(Interceptor):
    def __init__(self, simulation: PostgresSimulation) -> None:
        self._simulation = simulation

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _BeginNowOutbound(next, self._simulation)


class _BeginNowOutbound(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, simulation: PostgresSimulation) -> None:
        super().__init__(following)
        self._simulation = simulation

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        offset = await self._simulation.offset()
        if offset <= _BEFORE_FIRST_TASK:
            return await super().start_workflow(input)
        forward = FastForwardConfig(id=str(uuid.uuid4()))
        forward.duration.FromTimedelta(offset - _BEFORE_FIRST_TASK)
        input.start_delay = offset
        input.time_skipping_config = TimeSkippingConfig(enabled=True, fast_forward_config=forward)
        handle = await super().start_workflow(input)
        await _begun(handle)
        return handle


async def _begun(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait out the rest of the delay: until then nothing would tell that this workflow is about to work."""
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            return
