"""Workers: what each queue may do, and what a deployment does to executions that sleep."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from temporalio.activity import _Definition
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Schedule, ScheduleHandle, ScheduleUpdate, ScheduleUpdateInput
from temporalio.service import RPCError

from adapters.postgres.platform import PostgresPlatform
from adapters.temporal import TemporalExecutions
from tenure import names
from tenure.contracts.organisation import OrganisationState
from tenure.settings import InstallationKind, ServerSettings
from tests.conftest import FreshDatabase
from tests.replay.test_replay import HISTORIES
from tests.workflows.installation import Installation, installation
from workers import registry
from workers.application import open_mailer
from workers.connection import connect
from workers.schedule import ensure_reconcile
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal
from workers.worker import polling

DAY = timedelta(days=1)
DESTRUCTION = {"erase_store", "issue_receipt", "purge_meeting_data"}


async def test_only_the_erasure_queue_destroys(world: Installation) -> None:
    """What deletes for good is registered on its own queue alone, and every history sends it there (SF-12)."""
    mailer = open_mailer(world.application.settings)
    platform = PostgresPlatform(world.application.database)
    main = registry.activities(world.application, mailer, platform, TemporalExecutions(world.client))
    assert DESTRUCTION.isdisjoint({str(_Definition.must_from_callable(each).name) for each in main})
    queues: dict[str, set[str]] = {}
    for file in HISTORIES.rglob("*.json"):
        for event in json.loads(file.read_text())["events"]:
            if scheduled := event.get("activityTaskScheduledEventAttributes"):
                name, queue = scheduled["activityType"]["name"], scheduled["taskQueue"]["name"]
                queues.setdefault(queue, set()).add(name)
    assert queues[names.ERASURE_TASK_QUEUE] == DESTRUCTION
    assert DESTRUCTION.isdisjoint(queues[names.TASK_QUEUE])


@asynccontextmanager
async def deployed(world: Installation, build_id: str) -> AsyncIterator[None]:
    """Workers of one build, which is the current one."""
    settings = world.application.settings.model_copy(update={"build_id": build_id})
    async with polling(replace(world.application, settings=settings), world.client):
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=world.client.namespace, deployment_name=names.TASK_QUEUE, build_id=build_id
        )
        async with asyncio.timeout(30):
            while True:
                try:
                    await world.client.workflow_service.set_worker_deployment_current_version(request)
                    break
                except RPCError:
                    await asyncio.sleep(0.1)  # the server has not heard of the build yet
        yield


async def test_a_new_build_takes_over_what_sleeps(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """A countdown that began under one build is warned on its day by the next one, once (EV-02)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False) as world:
        async with deployed(world, f"{world.suffix}-1"):
            organisation_id = await world.organisation()
            await world.settle()
            await world.advance(10 * DAY)
        async with deployed(world, f"{world.suffix}-2"):
            await world.advance(21 * DAY)
            assert (await world.show(organisation_id)).state is OrganisationState.WARNED
            assert len(world.mails()) == 1
            description = await world.countdown(organisation_id).describe()
            versioning = description.raw_description.workflow_execution_info.versioning_info
            assert versioning.deployment_version.build_id == f"{world.suffix}-2"
        unversioned = SetWorkerDeploymentCurrentVersionRequest(
            namespace=world.client.namespace, deployment_name=names.TASK_QUEUE, build_id=""
        )
        await world.client.workflow_service.set_worker_deployment_current_version(unversioned)


async def _seen(handle: ScheduleHandle, true: Callable[[Schedule], bool]) -> Schedule:
    """The schedule once the server shows what it has accepted: it answers a change before it has carried it out."""
    async with asyncio.timeout(30):
        while True:
            schedule = (await handle.describe()).schedule
            if true(schedule):
                return schedule
            await asyncio.sleep(0.05)


async def test_the_schedule_of_the_repair_keeps_a_pause(temporal: Temporal) -> None:
    """A worker that starts brings the schedule up to date, and leaves an operator's pause alone (EV-03)."""
    client = await connect(ServerSettings(), address=temporal.address)
    handle = client.get_schedule_handle(names.RECONCILE_SCHEDULE)
    await ensure_reconcile(client)
    before = (await handle.describe()).info.last_updated_at
    await ensure_reconcile(client)
    assert (await handle.describe()).info.last_updated_at == before, "one that is as wanted is left alone"
    await handle.pause(note="while the database is moved")
    await _seen(handle, lambda found: found.state.paused)

    def change(found: ScheduleUpdateInput) -> ScheduleUpdate:
        found.description.schedule.spec.intervals[0].every = timedelta(days=9)
        return ScheduleUpdate(schedule=found.description.schedule)

    await handle.update(change)
    await _seen(handle, lambda found: found.spec.intervals[0].every == timedelta(days=9))
    await ensure_reconcile(client)
    found = await _seen(handle, lambda found: found.spec.intervals[0].every == timedelta(hours=1))
    assert found.state.paused
    await handle.unpause()
