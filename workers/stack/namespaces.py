"""Namespaces of a Temporal server: registered, with their search attributes, and asked whether they skip time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    DescribeWorkflowExecutionRequest,
    PollWorkflowExecutionTimeSkippingRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.envconfig import ClientConnectConfig
from temporalio.service import RPCError, RPCStatusCode

from workers.stack.errors import StackError

RETENTION: Final = timedelta(days=30)
"""How long the server keeps the history of an execution that has ended."""
_READY_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1
_NO_EXECUTION: Final = WorkflowExecution(workflow_id="no-such-execution")


async def ensure_namespace(connection: ClientConnectConfig, keys: Sequence[SearchAttributeKey[Any]]) -> None:
    """Register a namespace unless it is there, add the search attributes it lacks, and wait until it can be used.

    Args:
        connection: How to reach the server, and the namespace.
        keys: The search attributes.

    Raises:
        StackError: The server does not answer, or refuses.
    """
    try:
        client = await Client.connect(**connection)
        await _register(client)
        await _until_usable(client)
        await add_search_attributes(client, keys)
    except (RuntimeError, RPCError, TimeoutError) as error:
        address, namespace = connection["target_host"], connection["namespace"]
        raise StackError(f"Temporal at {address} has no usable namespace {namespace!r}: {error}.") from error


async def time_skipping_enabled(client: Client) -> bool:
    """Return whether executions of the client's namespace may skip time.

    The server is asked with a request it must refuse, one without the id of a skip: it says first whether the
    namespace may skip at all.

    Raises:
        RPCError: The server does not answer, or does not know the namespace.
    """
    request = PollWorkflowExecutionTimeSkippingRequest(
        namespace=client.namespace, workflow_execution=_NO_EXECUTION, fast_forward_id=""
    )
    try:
        await client.workflow_service.poll_workflow_execution_time_skipping(request)
    except RPCError as error:
        if error.status not in {RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.INVALID_ARGUMENT}:
            raise
        return error.status == RPCStatusCode.INVALID_ARGUMENT
    raise AssertionError("the server answered a request without an id")


async def _register(client: Client) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        try:
            await client.workflow_service.register_namespace(request)
        except RPCError as conflict:
            if conflict.status != RPCStatusCode.ALREADY_EXISTS:
                raise


async def add_search_attributes(client: Client, keys: Sequence[SearchAttributeKey[Any]]) -> None:
    """Add the search attributes that the client's namespace lacks.

    Raises:
        StackError: One of that name is there and has another type.
    """
    wanted = {key.name: int(key.indexed_value_type) for key in keys}
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    for name, number in present.custom_attributes.items():
        if wanted.get(name, number) != number:
            kinds = [IndexedValueType.Name(IndexedValueType.ValueType(kind)) for kind in (number, wanted[name])]
            raise StackError(
                f"The search attribute {name} of namespace {client.namespace!r} is a {kinds[0]} and should be a {kinds[1]}: "
                "remove it with `temporal operator search-attribute remove`, or use another namespace."
            )
    missing = {name: number for name, number in wanted.items() if name not in present.custom_attributes}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)  # type: ignore[arg-type]
        )


async def _until_usable(client: Client) -> None:
    """Wait until every part of the server answers for the namespace; some learn of it a moment later than others."""
    service = client.workflow_service
    queue = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name="readiness"))
    execution = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=_NO_EXECUTION)
    async with asyncio.timeout(_READY_SECONDS):
        await _until(None, lambda: service.describe_task_queue(queue))
        await _until(RPCStatusCode.NOT_FOUND, lambda: service.describe_workflow_execution(execution))


async def _until(answer: RPCStatusCode | None, call: Callable[[], Awaitable[object]]) -> None:
    """Repeat `call` until its error is `answer`; None for no error."""
    while True:
        status = None
        try:
            await call()
        except RPCError as error:
            if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.UNAVAILABLE}:
                raise
            status = error.status
        if status == answer:
            return
        await asyncio.sleep(_POLL_SECONDS)
