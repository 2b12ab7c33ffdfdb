"""Servers of the stack as child processes: started with a log file, watched, and stopped in order."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from workers.stack import guard
from workers.stack.errors import StackError

type Report = Callable[[str], None]
"""Where the stack says, line by line, what it does."""

GRACE_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
_LINE: Final = 400
"""Characters of a log's line that are shown: a stack trace may follow in it."""


class Server:
    """A running child process."""

    def __init__(self, name: str, log: Path, log_begin: int, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.log = log
        self._log_begin = log_begin
        self._process = process
        self._ready = False

    @property
    def ended(self) -> bool:
        """Whether the server has ended."""
        return self._process.returncode is not None

    def log_tail(self) -> str:
        """Return what the server wrote since this start, at most the last 64 KiB."""
        with self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_begin, end - 65_536))
            return file.read().decode(errors="replace")

    async def ready(self, probe: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait until `probe` answers True.

        Args:
            probe: Asks the server; False while it is not ready yet.
            seconds: How long the server may take.

        Raises:
            StackError: The server ended, or is not ready in time.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not await probe():
            if self.ended:
                lines = self.log_tail().strip().splitlines() or ["it wrote nothing"]
                raise StackError(
                    f"{self.name} ended while it started (exit code {self._process.returncode}): {lines[-1][:_LINE]}; its log is {self.log}."
                )
            if asyncio.get_running_loop().time() > deadline:
                raise StackError(f"{self.name} was not ready within {seconds:.0f} seconds; its log is {self.log}.")
            await asyncio.sleep(_POLL_SECONDS)
        self._ready = True

    async def stop(self) -> None:
        """Ask the server to end and wait for it; the guard kills it after `GRACE_SECONDS`."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def watch(self, report: Report) -> None:
        """Report when the server ends; what goes wrong before it is ready, `ready` raises."""
        code = await self._process.wait()
        if self._ready:
            report(f"{self.name} ended unexpectedly (exit code {code}); its log is {self.log}.")


@asynccontextmanager
async def serve(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    report: Report,
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    user: str = "",
) -> AsyncIterator[Server]:
    """Run `command` under a guard of its own while the context is open.

    The guard leads a session of its own: Ctrl-C at the terminal reaches the stack alone, which then stops its servers
    in the reverse order of their start.

    Args:
        name: The server's name in messages.
        command: Program and arguments.
        log: The file that receives the server's output, appended.
        report: Told when the server ends although nobody stopped it.
        stop_signal: The signal that asks the server to end.
        user: The account to run it as; empty for ours.
    """
    with log.open("ab") as output:
        log_begin = output.tell()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            guard.__file__,
            str(stop_signal.value),
            str(GRACE_SECONDS),
            user,
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(name, log, log_begin, process)
    watcher = asyncio.create_task(server.watch(report))
    try:
        yield server
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await server.stop()
