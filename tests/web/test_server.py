"""Serving: a port that is taken, and an end that waits for requests under way."""

import asyncio
from socket import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tenure.errors import Misconfigured
from web.server import serve, serving
from workers.stack.ports import free_port


async def test_a_port_that_is_taken_is_told() -> None:
    """A second server on a port says what to do, and the first goes on."""

    async def first(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("first")

    app = Starlette(routes=[Route("/", first)])
    async with serving(app, "127.0.0.1", 0) as port:
        with pytest.raises(Misconfigured, match="TENURE_PORT"):
            await serve(app, "127.0.0.1", port)
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "first"


async def test_a_host_that_is_none_is_told() -> None:
    """A name that is no address of this machine says what to do."""
    with pytest.raises(Misconfigured, match="TENURE_HOST"):
        await serve(Starlette(), "203.0.113.1", free_port())


async def test_the_end_waits_for_what_is_under_way() -> None:
    """A cancelled server takes no more connections, and answers the requests that it has."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> PlainTextResponse:
        begun.set()
        await may_end.wait()
        return PlainTextResponse("done")

    port = free_port()
    server = asyncio.create_task(serve(Starlette(routes=[Route("/", slow)]), "127.0.0.1", port))
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as http:
        answer = asyncio.create_task(http.get(f"http://127.0.0.1:{port}/"))
        await begun.wait()
        server.cancel()
        await refused(port)
        may_end.set()
        assert (await answer).text == "done"
    with pytest.raises(asyncio.CancelledError):
        await server


async def refused(port: int) -> None:
    """Wait until nothing listens any more."""
    loop = asyncio.get_running_loop()
    while True:
        with socket() as probe:
            probe.setblocking(False)
            try:
                await loop.sock_connect(probe, ("127.0.0.1", port))
            except ConnectionRefusedError:
                return
            except ConnectionResetError:  # it stopped listening in this very moment
                continue
