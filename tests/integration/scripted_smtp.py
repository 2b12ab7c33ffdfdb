"""A mail server that says what a test tells it to: refusals, nonsense, silence, a closed connection."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Final

GREETING: Final = "greeting"
MESSAGE: Final = "message"


class Act(Enum):
    """What a server can do instead of answering."""

    HANG = "hang"
    DROP = "drop"


type Answer = bytes | Act

_GOOD: Mapping[str, Answer] = {
    GREETING: b"220 scripted.example ESMTP",
    "EHLO": b"250-scripted.example\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES",
    "HELO": b"250 scripted.example",
    "MAIL": b"250 2.1.0 OK",
    "RCPT": b"250 2.1.5 OK",
    "DATA": b"354 Go on",
    MESSAGE: b"250 2.0.0 Queued",
    "QUIT": b"221 2.0.0 Bye",
}


class ScriptedServer:
    """Each command has one answer; what came is kept."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = {**_GOOD, **answers}
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.left = asyncio.Event()
        """Set when a conversation is over."""
        self.silent = asyncio.Event()
        """Set when the server has begun to say nothing."""
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedServer"]:
        """Listen on a free port until the end of the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.left.set()
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._answer(GREETING, reader, writer):
            return
        while line := await reader.readline():
            self.commands.append(line.decode().rstrip("\r\n"))
            verb = line[:4].decode().upper()
            if not await self._answer(verb, reader, writer):
                return
            if verb == "DATA" and self._answers["DATA"] == _GOOD["DATA"]:
                self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                if not await self._answer(MESSAGE, reader, writer):
                    return

    async def _answer(self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Say what the script says; whether the conversation goes on."""
        answer = self._answers.get(verb, b"502 5.5.1 Not implemented")
        if answer is Act.HANG:
            self.silent.set()
            await reader.read()
        if isinstance(answer, Act):
            return False
        writer.write(answer + b"\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def scripted(answers: Mapping[str, Answer] | None = None) -> AsyncIterator[ScriptedServer]:
    """A server that differs from a well-behaved one in these answers."""
    async with ScriptedServer(answers or {}).running() as server:
        yield server
