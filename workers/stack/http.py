"""Web applications inside the stack's own process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from workers.stack.ports import LOOPBACK


@asynccontextmanager
async def serve_application(application: ASGIApp, port: int) -> AsyncIterator[None]:
    """Serve `application` on the loopback interface while the context is open."""
    config = uvicorn.Config(application, host=LOOPBACK, port=port, log_level="warning", timeout_graceful_shutdown=3)
    server = _EmbeddedServer(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                await serving
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving


class _EmbeddedServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program."""
        yield
