"""The production worker as a process of its own that kills itself, as `kill -9` would, at one step of its work.

    FAULT=port.method:before|after:count python tests/integration/killable.py

`FAULT=mailer.send:after:1` dies when the mail server has taken the first mail, and nobody has written that down yet.
"""

import asyncio
import dataclasses
import functools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.workflow import ActivityConfig

from adapters.postgres.database import Database
from adapters.postgres.eraser import PostgresEraser
from adapters.postgres.licences import PostgresLicences
from tenure.exit import run
from tenure.settings import ServerSettings
from tests.workflows.installation import screened
from workers import worker
from workers.application import Application, open_application, open_mailer, open_platform
from workers.connection import connect
from workflows import _options

NOTICED_AFTER = timedelta(seconds=15)
"""When Temporal gives an activity up by itself. The test has it do so at once where a worker is gone; an attempt of one
that lives, however slow the machine is, has no twin beside it that could do its work and leave the next fault none."""


class Armed:
    """A port that kills the process at a call of one of its methods."""

    def __init__(self, name: str, port: object) -> None:
        self._name = name
        self._port = port
        self._calls = 0

    def __getattr__(self, method: str) -> Any:
        """The method, armed where it is the one."""
        target, moment, count = (os.environ.get("FAULT") or "none:none:0").split(":")
        function = getattr(self._port, method)
        if target != f"{self._name}.{method}":
            return function

        @functools.wraps(function)
        async def armed(*arguments: Any, **options: Any) -> Any:
            self._calls += 1
            number = self._calls  # others may be called while this one is under way
            if moment == "before" and number == int(count):
                os.kill(os.getpid(), signal.SIGKILL)
            result = await function(*arguments, **options)
            if moment == "after" and number == int(count):
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return armed


def arm(application: Application) -> Any:
    """The application with every port armed that its activities call; names are screened as they are listed."""
    application = screened(application)
    services: dict[str, Any] = {
        name: Armed(name, getattr(application.services, name))
        for name in ("notices", "erasures", "licences", "screener")
    }
    return dataclasses.replace(
        application,
        countdowns=Armed("countdowns", application.countdowns),
        trial_steps=Armed("trial_steps", application.trial_steps),
        onboarding_steps=Armed("onboarding_steps", application.onboarding_steps),
        services=dataclasses.replace(application.services, **services),
    )


@asynccontextmanager
async def armed_platform(settings: ServerSettings, database: Database) -> AsyncIterator[Armed]:
    """The platform, armed."""
    async with open_platform(settings, database) as platform:
        yield Armed("platform", platform)


def hurried(options: Callable[[str], ActivityConfig]) -> Callable[[str], ActivityConfig]:
    """Activities whose loss is noticed soon, and that are tried again soon."""

    def config(summary: str) -> ActivityConfig:
        found = options(summary)
        retries = found["retry_policy"]
        assert retries is not None
        soon = dataclasses.replace(retries, initial_interval=timedelta(milliseconds=200), backoff_coefficient=1)
        return found | ActivityConfig(start_to_close_timeout=NOTICED_AFTER, retry_policy=soon)

    return config


async def main() -> int:
    """Work until killed or terminated."""
    for name in ("facts", "mail", "platform", "screening", "destruction"):
        setattr(_options, name, hurried(getattr(_options, name)))
    vars(worker).update(
        # Without a cache every workflow task replays the history, and no dead worker's queue is waited for. The sandbox
        # would load the options anew, as they are shipped.
        Worker=functools.partial(Worker, max_cached_workflows=0, workflow_runner=UnsandboxedWorkflowRunner()),
        PostgresEraser=lambda *ports: Armed("eraser", PostgresEraser(*ports)),
        PostgresLicences=lambda *ports, **options: Armed("destruction", PostgresLicences(*ports, **options)),
        open_platform=armed_platform,
        open_mailer=lambda settings: Armed("mailer", open_mailer(settings)),
    )
    settings = ServerSettings()
    async with open_application(settings) as application:
        client = await connect(settings)
        async with worker.polling(arm(application), client):
            print("works", flush=True)  # noqa: T201
            await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    run(main)
