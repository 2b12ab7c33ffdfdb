"""Executions that began under an earlier release finish on this one."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tenure.contracts.deletion import CountdownInput, CountdownResult
from tenure.plugin import TenurePlugin
from tests.replay.fingerprint import COMMANDS, commands
from workers.registry import WORKFLOWS

HISTORIES = Path(__file__).with_name("histories")
FILES = sorted(HISTORIES.rglob("*.json"))


def history(file: Path) -> WorkflowHistory:
    text = file.read_text()
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HISTORIES).with_suffix("")))
async def test_recorded_histories_replay(file: Path) -> None:
    """Today's workflows issue the commands of the history, event by event, under the production plugin (EV-01, P12)."""
    replayer = Replayer(workflows=WORKFLOWS, plugins=[TenurePlugin()])
    result = await replayer.replay_workflow(history(file), raise_on_replay_failure=False)
    assert result.replay_failure is None


def test_every_workflow_has_recorded_histories() -> None:
    """No workflow is without a history that keeps its next change honest (EV-01)."""
    recorded = {file.parent.name for file in FILES}
    assert recorded == {str(getattr(each, "__temporal_workflow_definition").name) for each in WORKFLOWS}


def test_every_workflow_is_recorded_on_its_way_into_a_next_run() -> None:
    """Each but the repair goes on in a next run one day, and what it does before that stays as it is, too (EV-01, P10)."""
    continued = {
        file.parent.name for file in FILES if "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW" in file.read_text()
    }
    assert continued == {file.parent.name for file in FILES} - {"Reconcile"}


@workflow.defn(name="DeletionCountdown", sandboxed=False)
class _ChangedCountdown:
    """A release that sleeps first, and forgot the executions that sleep already."""

    @workflow.run
    async def run(self, countdown: CountdownInput) -> CountdownResult:
        """Do something else."""
        await workflow.sleep(timedelta(days=1))
        raise NotImplementedError


async def test_a_change_without_a_patch_is_found() -> None:
    """The replay fails where a release would break executions that sleep (EV-01)."""
    replayer = Replayer(workflows=[_ChangedCountdown], plugins=[TenurePlugin()])
    file = HISTORIES / "DeletionCountdown" / "undisturbed.json"
    result = await replayer.replay_workflow(history(file), raise_on_replay_failure=False)
    assert isinstance(result.replay_failure, NondeterminismError)


def test_commands_are_those_that_were_reviewed() -> None:
    """A change of what workflows ask of Temporal shows as a diff of `commands.txt` (EV-01).

    Where it is meant: record the histories of the old code first, gate the change by a patch, then run
    `python -m tests.replay.record`.
    """
    assert commands() == COMMANDS.read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HISTORIES).with_suffix("")))
def test_histories_hold_no_person(file: Path) -> None:
    """What Temporal keeps of an execution names organisations by id alone: no address, no name (XC-04)."""
    attributes = history(file)
    for event in attributes.events:
        for text in ("@replay.example", "acme replay", "ada@"):
            assert text not in str(event), text
