"""The worker: two task queues, the relay, the metrics."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Never

from temporalio.client import Client
from temporalio.common import MetricMeter, VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities import counters
from adapters.postgres.database import Database, DatabaseRole
from adapters.postgres.eraser import PostgresEraser
from adapters.postgres.licences import PostgresLicences
from adapters.postgres.simulation import PostgresSimulation
from adapters.temporal import TemporalExecutions, TemporalHistories
from tenure import names
from tenure.settings import InstallationKind, ServerSettings
from workers import registry
from workers.application import Application, open_mailer, open_platform, require
from workers.connection import require_clock
from workers.metrics import measure
from workers.relay import Relay
from workers.schedule import ensure_reconcile
from workers.simulation.starts import simulated

GRACE = timedelta(seconds=25)
"""How long activities may take to end once the worker is to stop; below the 45 seconds that Kubernetes waits."""
_ACTIVITIES_AT_ONCE = 40
_ERASURES_AT_ONCE = 4

_logger = logging.getLogger(__name__)


async def serve(application: Application, client: Client, meter: MetricMeter) -> Never:
    """Work until cancelled: poll both task queues, relay what facts ask for, measure, and have the repair scheduled.

    Raises:
        Misconfigured: as `polling` says.
    """
    for counter in counters.ALL:
        counter.begin(meter, namespace=client.namespace, task_queue=names.TASK_QUEUE)
    async with polling(application, client), asyncio.TaskGroup() as group:
        if application.database.kind is InstallationKind.PRODUCTION:
            await ensure_reconcile(client)  # a simulation's clock does not move schedules: it starts the repair itself
        _logger.info("The worker polls %s and %s.", names.TASK_QUEUE, names.ERASURE_TASK_QUEUE)
        group.create_task(relay(application, client).run(application.database), name="relay")
        group.create_task(measure(application.processes, meter), name="metrics")
    raise AssertionError("the relay and the metrics never end")


def relay(application: Application, client: Client) -> Relay:
    """The relay of an installation; in a simulation, executions begin at the simulation's now."""
    simulation = application.database.kind is InstallationKind.SIMULATION
    return Relay(
        application.processes,
        TemporalExecutions(client),
        simulated(client, PostgresSimulation(application.database)) if simulation else client,
        starts_per_second=application.settings.starts_per_second,
    )


@asynccontextmanager
async def polling(application: Application, client: Client) -> AsyncIterator[None]:
    """Poll both task queues while the context is open; at its end, activities under way may finish.

    Raises:
        Misconfigured: the mail server's URL or the erasure role's database is missing or wrong, or executions live by
            another clock than they must.
    """
    await require_clock(client, application.database.kind)
    settings = application.settings
    mailer = open_mailer(settings)
    url = require(settings.erasure_database_url or settings.database_url, "TENURE_DATABASE_URL")
    patience = application.database.patience
    async with (
        Database.open(url, DatabaseRole.ERASURE, max_size=_ERASURES_AT_ONCE + 1, patience=patience) as database,
        open_platform(settings, application.database) as platform,
        open_platform(settings, database) as purged,
    ):
        eraser = PostgresEraser(database, application.rules, TemporalHistories(client), purged)
        licences = PostgresLicences(
            database, application.rules, application.catalogue, message_domain=application.message_domain
        )
        main = Worker(
            client,
            task_queue=names.TASK_QUEUE,
            workflows=registry.WORKFLOWS,
            activities=registry.activities(application, mailer, platform, TemporalExecutions(client)),
            max_concurrent_activities=_ACTIVITIES_AT_ONCE,
            graceful_shutdown_timeout=GRACE,
            deployment_config=_deployment(settings),
        )
        erasure = Worker(
            client,
            task_queue=names.ERASURE_TASK_QUEUE,
            activities=registry.destruction(eraser, licences),
            max_concurrent_activities=_ERASURES_AT_ONCE,
            graceful_shutdown_timeout=GRACE,
            deployment_config=_deployment(settings),
        )
        async with together(main, erasure):
            yield


@asynccontextmanager
async def together(*workers: Worker) -> AsyncIterator[None]:
    """Run workers while the context is open; at its end all stop at once, so that one grace is enough for all."""
    async with AsyncExitStack() as running:
        for each in workers:
            await running.enter_async_context(each)
        try:
            yield
        finally:
            await asyncio.gather(*(each.shutdown() for each in workers))


def _deployment(settings: ServerSettings) -> WorkerDeploymentConfig | None:
    """Worker versioning, where the build says who it is: sleeping executions move on to it once it is current (EV-02)."""
    if settings.build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=names.TASK_QUEUE, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
