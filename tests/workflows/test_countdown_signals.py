"""What a running countdown is told: wakes, activity by signal, long runs, and what is no message at all."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from tenure import names
from tenure.contracts.activity import ActivityKind, ActivitySignal
from tenure.contracts.base import Instant
from tenure.contracts.deletion import DeletionCountdownContract
from tenure.contracts.organisation import OrganisationState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.installation import FEED, Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal
from workers.worker import polling
from workflows import _options

DAY = timedelta(days=1)


def sign_in(at: Instant) -> ActivitySignal:
    return ActivitySignal(at=at, kind=ActivityKind.APP_SIGN_IN, source=FEED)


async def test_activity_by_signal_is_written_at_once(world: Installation) -> None:
    """What comes by signal is evidence as soon as it is written, which is at once (AC-02, AC-10)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(10 * DAY)
    now = await world.simulation.now()
    await world.countdown(organisation_id).signal(DeletionCountdownContract.activity, sign_in(now))
    await world.settle()
    assert (await world.show(organisation_id)).last_activity_at == now
    await world.advance(29 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED


async def test_a_burst_of_signals_is_folded(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """While one write is pending what comes is folded into the next: two writes for a burst of 100 (AC-10, P7)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False) as world:
        async with polling(world.application, world.client):
            organisation_id = await world.organisation()
            await world.settle()
            await world.advance(10 * DAY)
        now = await world.simulation.now()
        countdown = names.deletion_id(organisation_id, 1)
        before = (await world.events(countdown)).count("activity_task_scheduled")
        for second in range(100):
            signal = sign_in(now - timedelta(seconds=99 - second))  # each newer than the one before
            await world.countdown(organisation_id).signal(DeletionCountdownContract.activity, signal)
        async with polling(world.application, world.client):
            await world.settle()
        assert (await world.show(organisation_id)).last_activity_at == now
        assert (await world.events(countdown)).count("activity_task_scheduled") == before + 2


async def test_activity_by_signal_resets_a_warned_organisation(world: Installation) -> None:
    """The public signal does what the HTTP feed does (AC-02, AC-03)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(40 * DAY)
    now = await world.simulation.now()
    await world.countdown(organisation_id).signal(DeletionCountdownContract.activity, sign_in(now))
    await world.settle()
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED


async def test_a_wrong_clock_does_not_hide_the_activity_that_follows(world: Installation) -> None:
    """An instant far in the future is no evidence, and the next true one counts (AC-10)."""
    organisation_id = await world.organisation()
    await world.settle()
    now = await world.simulation.now()
    handle = world.countdown(organisation_id)
    await handle.signal(DeletionCountdownContract.activity, sign_in(now + 900 * DAY))
    await handle.signal(DeletionCountdownContract.activity, sign_in(now))
    await world.settle()
    assert (await world.show(organisation_id)).last_activity_at == now


async def test_what_is_no_message_changes_nothing(world: Installation) -> None:
    """A signal of the wrong form is dropped, an unknown one is ignored, and the countdown goes on (P4)."""
    organisation_id = await world.organisation()
    await world.settle()
    handle = world.countdown(organisation_id)
    for payload in ({"at": "yesterday"}, {}, "org_other", 0, {"at": "2020-01-01", "kind": "", "source": "app"}):
        await handle.signal(names.FACTS_CHANGED, payload)
        await handle.signal("activity", payload)
    await handle.signal("keep_alive", {"for": "ever"})
    await world.settle()
    assert (await world.show(organisation_id)).last_activity_at is None
    await world.advance(31 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED


async def test_a_long_run_continues_as_new_and_loses_nothing(
    world: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many looks the next run takes over in the middle of a notice period: same date, no second mail (P10)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(35 * DAY)
    handle = world.countdown(organisation_id)
    first = (await handle.describe()).run_id
    promised = (await world.show(organisation_id)).deletion_at
    assert promised is not None
    monkeypatch.setattr(_options, "LOOKS_PER_RUN", 10)
    for _ in range(_options.LOOKS_PER_RUN):
        await handle.signal(DeletionCountdownContract.facts_changed)
        await world.settle()
    second = await handle.describe()
    assert second.run_id != first
    assert second.status is WorkflowExecutionStatus.RUNNING
    assert len(await world.events(names.deletion_id(organisation_id, 1))) < 60
    await world.clock.advance(promised + timedelta(minutes=3), world.hear)
    assert (await world.show(organisation_id)).state is OrganisationState.ERASING
    assert len(world.mails()) == 1
