"""The embedded Temporal, started for real in folders of the tests' own."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.envconfig import ClientConnectConfig

from tenure import names, search
from workers.stack.errors import StackError
from workers.stack.namespaces import ensure_namespace, time_skipping_enabled
from workers.stack.ports import free_port
from workers.stack.temporal import Temporal
from workers.stack.temporal import temporal as start_temporal

BOTH = {names.NAMESPACE: False, names.SIMULATION_NAMESPACE: True}


async def connect(server: Temporal, namespace: str = names.NAMESPACE) -> Client:
    return await Client.connect(server.address, namespace=namespace)


@pytest.mark.parametrize("namespace", BOTH)
async def test_a_namespace_has_its_retention_and_search_attributes(temporal: Temporal, namespace: str) -> None:
    """Histories stay for 30 days, and every attribute of the registry can be set at once."""
    client = await connect(temporal, namespace)
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    assert found.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    assert {name: int(kind) for name, kind in listed.custom_attributes.items()} == {
        key.name: int(key.indexed_value_type) for key in search.REGISTRY
    }


@pytest.mark.parametrize(("namespace", "expected"), BOTH.items())
async def test_only_the_simulation_may_skip_time(temporal: Temporal, namespace: str, expected: bool) -> None:
    """The start-up probe finds time skipping on in the simulation's namespace alone (P13)."""
    assert await time_skipping_enabled(await connect(temporal, namespace)) is expected


async def test_the_web_interface_shows_the_namespaces(temporal: Temporal) -> None:
    """The address that is reported serves the page, and the page reaches the server."""
    assert temporal.ui_url is not None
    async with httpx.AsyncClient(base_url=temporal.ui_url) as http:
        assert "<html" in (await http.get("/")).text
        answer = (await http.get("/api/v1/namespaces")).json()
    assert set(BOTH) <= {namespace["namespaceInfo"]["name"] for namespace in answer["namespaces"]}


async def test_executions_are_found_again_after_the_server_was_killed(tmp_path: Path) -> None:
    """`kill -9` of the server and a new start on other ports, at once: what was started still runs (P10)."""
    ended = asyncio.Event()

    def report(line: str) -> None:
        if line.startswith("Temporal ended unexpectedly (exit code 137)"):
            ended.set()

    async with start(tmp_path, report) as server:
        client = await connect(server)
        await client.start_workflow("Nobody", id="kept", task_queue="nobody-listens")
        listening(server).kill()
        await asyncio.wait_for(ended.wait(), 10)
    async with asyncio.timeout(20), start(tmp_path, print) as server:
        kept = await (await connect(server)).get_workflow_handle("kept").describe()
        assert kept.status == WorkflowExecutionStatus.RUNNING


async def test_a_running_server_is_used_where_it_is(temporal: Temporal, tmp_path: Path) -> None:
    """With an address nothing is started; the namespace and attributes that are missing are added, once."""
    extra: list[SearchAttributeKey[Any]] = [*search.REGISTRY, SearchAttributeKey.for_bool("TenureProbe")]
    for _ in range(2):
        async with start_temporal(
            tmp_path, print, namespaces={"elsewhere": False}, search_attributes=extra, address=temporal.address
        ) as found:
            assert found == Temporal(temporal.address, None)
    assert not (tmp_path / "temporal").exists()
    client = await connect(temporal, "elsewhere")
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="elsewhere"))
    assert "TenureProbe" in listed.custom_attributes


async def test_a_search_attribute_of_another_type_is_told(temporal: Temporal) -> None:
    """An attribute cannot change its type: say so, instead of failing at the first start of a workflow."""
    conflict = ClientConnectConfig(target_host=temporal.address, namespace="conflict")
    await ensure_namespace(conflict, [SearchAttributeKey.for_int("TenurePhase")])
    with pytest.raises(StackError, match=r"TenurePhase of namespace 'conflict' is a .*INT and should be a .*KEYWORD: "):
        await ensure_namespace(conflict, search.REGISTRY)


async def test_a_server_out_of_reach_is_told(tmp_path: Path) -> None:
    """The message names the address that TEMPORAL_ADDRESS gave."""
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(StackError, match=f"^Temporal at {address} "):
        async with start_temporal(tmp_path, print, namespaces=BOTH, search_attributes=[], address=address):
            pass


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        ("port", r"^Temporal cannot listen on port \d+ .*TENURE_TEMPORAL_PORT\.$"),
        ("ui_port", r"^Temporal's web interface cannot listen on port \d+ .*TENURE_TEMPORAL_UI_PORT\.$"),
    ],
)
async def test_a_taken_port_is_told_in_one_sentence(
    temporal: Temporal, tmp_path: Path, taken: str, message: str
) -> None:
    """The message names what cannot listen, where, and the variable that chooses another port."""
    number = int(temporal.address.rpartition(":")[2])
    port, ui_port = (number, 0) if taken == "port" else (0, number)
    with pytest.raises(StackError, match=message):
        async with start_temporal(tmp_path, print, namespaces=BOTH, search_attributes=[], port=port, ui_port=ui_port):
            pass


def start(data: Path, report: Callable[[str], None]) -> AbstractAsyncContextManager[Temporal]:
    return start_temporal(data, report, namespaces=BOTH, search_attributes=search.REGISTRY, port=0, ui_port=0)


def listening(server: Temporal) -> psutil.Process:
    """Return the server's process: the one below this process that listens on its port."""
    port = int(server.address.rpartition(":")[2])
    for process in psutil.Process().children(recursive=True):
        if any(
            connection.laddr.port == port
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        ):
            return process
    raise AssertionError(f"nothing listens on {port}")
