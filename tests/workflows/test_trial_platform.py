"""A trial whose platform refuses or does not answer: visible to whoever looks, and asked again at once on request."""

import logging
from collections import Counter
from datetime import timedelta

import pytest

from adapters.postgres.platform import PostgresPlatform
from tenure import names
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.contracts.trial import CancelTrial, TrialState
from tenure.errors import PlatformRefused, TenureError, Unavailable
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation
from tests.workflows.waits import platform_refuses

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
    build, asked, fails = PostgresPlatform.build, Counter[str](), True

    async def ask(platform: PostgresPlatform, order: PlatformOrder) -> Built:
        asked[order.service] += 1
        if fails and order.service == "calling":
            raise failure
        return await build(platform, order)

    fair = await Fair.open(world)
    monkeypatch.setattr(PostgresPlatform, "build", ask)
    await world.services.trials.request(OPERATOR, fair.request())
    await world.settle()
    waiting = await fair.show()
    assert waiting.state is TrialState.PROVISIONING
    assert {each.service: each.problem for each in waiting.services} == {"messaging": None, "calling": code}
    handle = world.client.get_workflow_handle(names.trial_id(fair.trial(), 1))
    assert f"build calling, not done yet ({code})" in str(await handle.query("__temporal_workflow_metadata"))
    fails = False
    await world.services.trials.provide_details(OPERATOR, fair.details())
    await world.settle()
    assert (await fair.show()).state is TrialState.ACTIVE
    assert [each.problem for each in (await fair.show()).services] == [None, None]
    assert asked == {"messaging": 1, "calling": 2}
    await world.advance(2 * HOUR)
    assert asked == {"messaging": 1, "calling": 2}, "the attempt that was hurried is not made as well"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_what_was_cancelled_is_not_asked_for_again(world: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that was refused is not built any more, also while the trial's process waits for what is torn down (TC-09, PV-04)."""
    asked = Counter[str]()

    async def refuse(_platform: PostgresPlatform, order: PlatformOrder) -> Built:
        asked[order.deed] += 1
        raise PlatformRefused("maintenance")

    fair = await Fair.open(world)
    with platform_refuses(Deed.TEAR_DOWN):
        monkeypatch.setattr(PostgresPlatform, "build", refuse)
        await world.services.trials.request(OPERATOR, fair.request())
        await world.settle()
        cancel = CancelTrial(trial_id=fair.trial(), by=fair.seller, confirmed=True)
        await world.services.trials.cancel(OPERATOR, cancel)
        await world.settle()
        before = asked[Deed.BUILD]
        await world.advance(3 * HOUR)
        assert asked[Deed.BUILD] == before == 2
    await world.advance(2 * HOUR)
    assert (await fair.result()).state is TrialState.CANCELLED
    assert {service.state for service in (await fair.show()).services} == {"gone"}
