"""Workflows that begin at a simulation's now instead of the wall's."""

import uuid
from datetime import timedelta
from typing import Any, Final

from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle

from adapters.postgres.simulation import PostgresSimulation

_BEFORE_FIRST_TASK: Final = timedelta(milliseconds=50)
"""The skip ends this much before the workflow's first task, so that no work falls into it."""


def simulated(client: Client, simulation: PostgresSimulation) -> Client:
    """A client like `client` whose workflows begin at the simulation's now: delayed by its offset, which is skipped."""
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
        if offset > _BEFORE_FIRST_TASK:
            forward = FastForwardConfig(id=str(uuid.uuid4()))
            forward.duration.FromTimedelta(offset - _BEFORE_FIRST_TASK)
            input.start_delay = offset
            input.time_skipping_config = TimeSkippingConfig(enabled=True, fast_forward_config=forward)
        return await super().start_workflow(input)
