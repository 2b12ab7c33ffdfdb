"""How the worker stops."""

import asyncio
from typing import cast

from temporalio.worker import Worker

from workers.worker import together


class Busy:
    """A worker whose last activity ends only when every other worker has been told to stop as well."""

    def __init__(self, told: asyncio.Barrier) -> None:
        self._told = told
        self._stopped: asyncio.Task[object] | None = None

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()

    async def shutdown(self) -> None:
        """Wait for the others, once: Temporal's own may be told again and again, too."""
        self._stopped = self._stopped or asyncio.create_task(self._told.wait())
        await self._stopped


async def test_all_queues_stop_at_once() -> None:
    """One after the other they would need a grace each, more than a pod is left before it is killed (PV-04, XC-07)."""
    told = asyncio.Barrier(2)
    async with asyncio.timeout(10), together(*(cast("Worker", Busy(told)) for _ in range(2))):
        pass
