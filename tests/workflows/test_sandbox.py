"""Every workflow loads in the sandbox, and takes nothing of ours into it unintended (convention of imports)."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from tenure.plugin import TenurePlugin
from workers.registry import WORKFLOWS


async def _no_histories() -> AsyncIterator[WorkflowHistory]:
    histories: tuple[WorkflowHistory, ...] = ()
    for history in histories:
        yield history


@pytest.mark.parametrize("workflow", WORKFLOWS)
async def test_loads_in_the_sandbox(workflow: type) -> None:
    """A bare first-party import in a workflow file gives two copies of a model, and fails here (EV-01)."""
    restrictions = SandboxRestrictions.default.with_import_notification_policy(
        SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )
    replayer = Replayer(
        workflows=[workflow],
        plugins=[TenurePlugin()],
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )
    results = await replayer.replay_workflows(_no_histories())
    assert not results.replay_failures
