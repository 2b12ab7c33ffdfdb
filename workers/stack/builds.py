"""Programs built from source with Go, once, into a cache."""

import asyncio
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from workers.stack.errors import StackError
from workers.stack.server import Report

_REPORT_SECONDS: Final = 15.0


async def go_install(go: str, module: str, program: Path, report: Report, ways_out: str) -> None:
    """Build `program` from the Go module unless it is there.

    Go writes into a folder of its own, which is renamed when the build is complete: a build that was cut off is never
    taken for a good one. Two stacks that start at once build it once.

    Args:
        go: The `go` command.
        module: Package and version, as `go install` takes them.
        program: The executable to be, `.../bin/name`.
        report: Told what happens, where there is no terminal to show it on.
        ways_out: What to say to somebody for whom the build failed.

    Raises:
        StackError: The build failed.
    """
    folder = program.parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    async with _lock(folder.parent / "build.lock", f"Waiting for another build of {module}.", report):
        if os.access(program, os.X_OK):
            return
        draft = tempfile.mkdtemp(prefix="bin.", dir=folder.parent)
        try:
            code, last = await _run([go, "install", "-v", module], {"GOBIN": draft}, f"Building {module}", report)
            if code:
                raise StackError(f"`go install {module}` failed ({last}): {ways_out}")
            _move(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _move(draft: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    Path(draft).rename(folder)


@asynccontextmanager
async def _lock(file: Path, waiting: str, report: Report) -> AsyncIterator[None]:
    with file.open("w") as handle:
        told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    report(waiting)
                    told = True
                await asyncio.sleep(0.5)
        yield


async def _run(command: list[str], environment: dict[str, str], title: str, report: Report) -> tuple[int, str]:
    """Run `command`, showing the time and its last line of output; return its exit code and that line."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    last = "starting"
    begin = told = time.monotonic()
    console = Console(stderr=True)
    report(f"{title}: some minutes, once.")
    try:
        with console.status(title) as status:
            lines = aiter(process.stdout)
            upcoming = asyncio.ensure_future(anext(lines, None))
            while True:
                done, _ = await asyncio.wait([upcoming], timeout=1)
                if done:
                    line = upcoming.result()
                    if line is None:
                        break
                    last = line.decode(errors="replace").strip()
                    upcoming = asyncio.ensure_future(anext(lines, None))
                now = time.monotonic()
                elapsed = f"{title}: {now - begin:.0f} s, {last}"
                status.update(elapsed)
                if not console.is_terminal and now - told >= _REPORT_SECONDS:
                    report(elapsed)
                    told = now
        return await process.wait(), last
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
