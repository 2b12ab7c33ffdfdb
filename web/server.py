"""Serving: one uvicorn server inside the program's own event loop."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from tenure.errors import Misconfigured

GRACE_SECONDS = 10
"""How long requests under way may take to end once the server is to stop."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the program it is a part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until cancelled; then take no more connections, finish the requests under way, and end.

    Raises:
        Misconfigured: the address cannot be listened on.
    """
    async with serving(app, host, port):
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the context is open; yields the port, which the system chooses where `port` is 0.

    Raises:
        Misconfigured: the address cannot be listened on.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    logging.getLogger("uvicorn.access").disabled = True  # whoever adds a handler: paths may hold what a link is worth
    server = _Server(config)
    # Not in a task group: that would cancel the server where it shall end by itself.
    task = asyncio.create_task(server.serve(sockets=[listener]), name=f"web on port {port}")
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    listener = None
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise Misconfigured(
            f"The web server cannot listen on {host}, port {port} ({error.strerror})."
            " Stop what uses it, or set TENURE_HOST and TENURE_PORT to another address."
        ) from error
    listener.setblocking(False)
    return listener
