"""Where the programs of a Temporal server come from."""

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from temporalio.testing import WorkflowEnvironment

from workers.stack.builds import go_install
from workers.stack.errors import StackError
from workers.stack.server import Report

SERVER_VERSION: Final = (1, 32, 0)
"""The first server that skips time per execution."""
UI_VERSION: Final = "2.54.1"
COMMAND_LINE_VERSION: Final = "1.9.1"
"""The release of the `temporal` command line that embeds that server."""

_DOWNLOAD_SECONDS: Final = 60.0
_WAYS_OUT: Final = (
    "set TEMPORAL_ADDRESS to a server 1.32 or later, install the `temporal` command line 1.9 or later, "
    "or install Go 1.26 or later and start again, which builds the server once."
)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The `temporal` command line, whose development server brings its own web interface."""

    temporal: Path


@dataclass(frozen=True, slots=True)
class Official:
    """The official server and web interface, as two programs."""

    server: Path
    ui: Path


def cache_folder() -> Path:
    """Return where built and downloaded programs are kept, for all data folders of this user."""
    if own := os.environ.get("TENURE_CACHE"):
        return Path(own) / "tenure"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenure"


async def find_programs(report: Report, *, server_wide: bool) -> CommandLine | Official:
    """Find a Temporal server to run, or get one.

    In this order: a `temporal` command line on PATH that is recent enough; what an earlier start downloaded or built;
    a download by the SDK; a build with Go, which takes some minutes once.

    Args:
        report: Told what happens.
        server_wide: Whether one setting of time skipping serves all namespaces. The command line's development server
            has no setting per namespace, so where they differ only the official server will do.

    Raises:
        StackError: None of these is to be had.
    """
    cache = cache_folder()
    server_version = ".".join(map(str, SERVER_VERSION))
    server = cache / f"temporal-server-{server_version}" / "bin" / "server"
    ui = cache / f"temporal-ui-{UI_VERSION}" / "bin" / "server"
    download = cache / f"temporal-cli-{COMMAND_LINE_VERSION}"

    if server_wide:
        if program := await _recent_command_line():
            return CommandLine(program)
        if program := _downloaded(download):
            return CommandLine(program)
    if server.exists() and ui.exists():
        return Official(server, ui)
    if server_wide:
        report("Downloading the Temporal command line.")
        if program := await _download(download):
            return CommandLine(program)
        report("The download of the Temporal command line is out of reach.")
    go = shutil.which("go")
    if go is None:
        raise StackError(f"There is no Temporal server to run and no way to get one: {_WAYS_OUT}")
    for program, module in (
        (server, f"go.temporal.io/server/cmd/server@v{server_version}"),
        (ui, f"github.com/temporalio/ui-server/v2/cmd/server@v{UI_VERSION}"),
    ):
        await go_install(go, module, program, report, _WAYS_OUT)
    return Official(server, ui)


async def _recent_command_line() -> Path | None:
    program = shutil.which("temporal")
    if program is None:
        return None
    process = await asyncio.create_subprocess_exec(
        program, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    version = re.search(rb"Server (\d+)\.(\d+)\.(\d+)", output)
    recent = version is not None and tuple(map(int, version.groups())) >= SERVER_VERSION
    return Path(program) if recent else None


def _downloaded(folder: Path) -> Path | None:
    folder.mkdir(parents=True, exist_ok=True)
    programs = (file for file in folder.iterdir() if file.suffix != ".downloading" and os.access(file, os.X_OK))
    return next(programs, None)


async def _download(folder: Path) -> Path | None:
    """Let the SDK fetch the command line; it starts it, too, which proves that it runs on this machine."""
    try:
        async with asyncio.timeout(_DOWNLOAD_SECONDS):
            environment = await WorkflowEnvironment.start_local(
                download_dest_dir=str(folder),
                dev_server_download_version=f"v{COMMAND_LINE_VERSION}",
                dev_server_log_level="never",
            )
            await environment.shutdown()
    except (RuntimeError, TimeoutError):
        return None
    return _downloaded(folder)
