"""However often the processes of a trial are woken, their histories stay short, and what they wait for comes (P10, P15)."""

from collections.abc import Mapping

import pytest
from temporalio.client import WorkflowExecutionStatus

from tenure.contracts.platform import Deed
from tenure.contracts.trial import ConsentState, TrialState
from tests.integration.deletion.town import HOUR
from tests.workflows.fair import DAY, Fair
from tests.workflows.installation import OPERATOR, Installation
from tests.workflows.waits import cancel_what_stays, everything_that_waits, platform_refuses, wake_often
from workflows import _options


async def _runs(world: Installation, waiting: Mapping[str, str]) -> dict[str, str]:
    """The present run of each, all of which wait."""
    found = {}
    for what, workflow_id in waiting.items():
        description = await world.client.get_workflow_handle(workflow_id).describe()
        assert description.status is WorkflowExecutionStatus.RUNNING, what
        found[what] = description.run_id
    return found


async def test_whatever_is_waited_for_is_waited_for_in_a_next_run(
    world: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many wakes each process goes on in a next run, and ends when its time comes (TC-11, PV-04, P10, P15)."""
    monkeypatch.setattr(_options, "LOOKS_PER_RUN", 5)
    fair = await Fair.open(world)
    waiting = await everything_that_waits(fair)
    with platform_refuses(Deed.TEAR_DOWN):
        await cancel_what_stays(fair)
        first = await _runs(world, waiting)
        await wake_often(world, waiting.values())
        second = await _runs(world, waiting)
        assert [what for what in waiting if first[what] == second[what]] == []
    await world.clock.advance(await world.services.installation.now() + 2 * HOUR, world.hear)
    assert {service.state for service in (await fair.show("cancelled")).services} == {"gone"}
    assert (await fair.result("cancelled")).state is TrialState.CANCELLED
    await world.advance(60 * DAY)
    assert (await fair.show("asked")).consent is ConsentState.LAPSED
    assert [(await fair.show(name)).state for name in ("grace", "active")] == [TrialState.ENDED, TrialState.GRACE]
    assert (await world.services.devices.show(OPERATOR, fair.trial("active"))).overdue
    numbers = await world.row("select state from phone_numbers where trial_id = $1", fair.trial("active"))
    assert numbers["state"] == "released"
    assert [workflow_id for workflow_id in waiting.values() if await _open(world, workflow_id)] == []


async def _open(world: Installation, workflow_id: str) -> bool:
    return (await world.client.get_workflow_handle(workflow_id).describe()).status is WorkflowExecutionStatus.RUNNING
