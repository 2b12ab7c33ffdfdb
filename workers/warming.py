"""A program makes the screener ready while it begins to work."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.screening.embedded import EmbeddedScreener
from workers.application import Application

_logger = logging.getLogger(__name__)


@asynccontextmanager
async def warming(application: Application) -> AsyncIterator[None]:
    """Have the screener read what it needs while the program begins to work, some seconds' reading.

    Nothing waits for it but who is screened meanwhile: not the rest of the work, and not `/readyz`.
    """
    screener = application.services.screener
    if not isinstance(screener, EmbeddedScreener):
        yield
        return
    task = asyncio.create_task(_warm(screener), name="warming")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _warm(screener: EmbeddedScreener) -> None:
    try:
        await screener.warm()
    except Exception:
        _logger.warning("Nothing could be made ready for screening: the first one will take longer.", exc_info=True)
