"""A trial whose platform refuses or does not answer: visible to whoever looks, and asked again at once on request."""

import logging
from datetime import timedelta

import pytest

from adapters.postgres.platform import PostgresPlatform
from tenure import names
from tenure.contracts.platform import Built, PlatformOrder
from tenure.contracts.trial import TrialState
from tenure.errors import PlatformRefused, TenureError, Unavailable
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("failure", "code"),
    [(PlatformRefused("no_numbers_left"), "no_numbers_left"), (Unavailable(retry_after=HOUR), "no_answer")],
)
async def test_given_again_the_platform_is_asked_at_once(
    world: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: TenureError,
    code: str,
) -> None:
    """The trial and the Temporal UI say why it waits; once the details are given again, no hour is waited for (PV-04, 18.1)."""
    build = PostgresPlatform.build

    async def fail(platform: PostgresPlatform, order: PlatformOrder) -> Built:
        if order.service == "calling":
            raise failure
        return await build(platform, order)

    fair = await Fair.open(world)
    with monkeypatch.context() as patch:
        patch.setattr(PostgresPlatform, "build", fail)
        await world.services.trials.request(OPERATOR, fair.request())
        await world.settle()
        waiting = await fair.show()
        assert waiting.state is TrialState.PROVISIONING
        assert {each.service: each.problem for each in waiting.services} == {"messaging": None, "calling": code}
        handle = world.client.get_workflow_handle(names.trial_id(fair.trial(), 1))
        assert f"build calling, not done yet ({code})" in str(await handle.query("__temporal_workflow_metadata"))
    await world.services.trials.provide_details(OPERATOR, fair.details())
    await world.settle()
    assert (await fair.show()).state is TrialState.ACTIVE
    assert [each.problem for each in (await fair.show()).services] == [None, None]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
