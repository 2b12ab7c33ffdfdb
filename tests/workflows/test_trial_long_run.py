"""A trial that is over and has something left to tear down: however often it is woken, its history stays short (P10, P15)."""

import pytest
from temporalio.client import WorkflowExecutionStatus

from adapters.postgres.platform import PostgresPlatform
from tenure import names
from tenure.contracts.platform import Built, PlatformOrder
from tenure.contracts.trial import CancelTrial, TrialState
from tenure.contracts.trial_process import TrialContract
from tenure.errors import PlatformRefused
from tests.integration.deletion.town import HOUR
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation
from workflows._options import LOOKS_PER_RUN


async def _refuse(_platform: PostgresPlatform, _order: PlatformOrder) -> Built:
    raise PlatformRefused("maintenance")


async def test_what_is_left_is_waited_for_in_a_next_run(
    world: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After many wakes the next run takes over what the platform refuses for now, and ends once that is done (TC-11, PV-04).

    An order that is handed over has not failed, and no log says so.
    """
    fair = await Fair.open(world)
    await fair.new_customer()
    with monkeypatch.context() as patch:
        patch.setattr(PostgresPlatform, "tear_down", _refuse)
        await world.services.trials.cancel(OPERATOR, CancelTrial(trial_id=fair.trial(), by=fair.seller, confirmed=True))
        await world.settle()
        handle = world.client.get_workflow_handle(names.trial_id(fair.trial(), 1))
        first = await handle.describe()
        assert first.status is WorkflowExecutionStatus.RUNNING
        for _ in range(LOOKS_PER_RUN):
            await handle.signal(TrialContract.facts_changed)
            await world.settle()
        second = await handle.describe()
        assert second.run_id != first.run_id
        assert second.status is WorkflowExecutionStatus.RUNNING
    await world.clock.advance(await world.services.installation.now() + 2 * HOUR, world.hear)
    assert {service.state for service in (await fair.show()).services} == {"gone"}
    assert (await fair.result()).state is TrialState.CANCELLED
    assert "An order to the platform failed" not in caplog.text
