"""A road to a server that can be closed: how an outage looks from a client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes connections on to `host:port`, or refuses and cuts them, or lets them fall silent."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._open = True
        self._connections: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self.address = ""

    def close_road(self) -> None:
        """From now on nobody gets through, and who is through is cut off."""
        self._open = False
        for writer in self._connections:
            writer.transport.abort()

    def open_road(self) -> None:
        """Let them through again."""
        self._open = True

    def fall_silent(self) -> None:
        """Who is through hears nothing any more and is told nothing, as when a host vanishes; new ones get through."""
        self._silent |= self._connections

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._connections |= {writer, far_writer}
        with suppress(OSError):
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        self._connections -= {writer, far_writer}

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Listen on a free port of the loopback interface."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = "{}:{}".format(*server.sockets[0].getsockname())
        try:
            yield
        finally:
            self.close_road()
            server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if writer not in self._silent:
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.transport.abort()
