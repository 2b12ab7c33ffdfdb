"""`tenure` as somebody types it, in a thread of its own beside the server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from typer.testing import CliRunner, Result

from tenure.cli.commands import app

type Command = Callable[..., Awaitable[Result]]


def terminal(environment: dict[str, str]) -> Command:
    """Runs `tenure` with arguments in this environment, and expects its exit code."""

    async def run(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment, input=stdin)
        assert result.exit_code == code, (result.exit_code, result.output, result.exception)
        return result

    return run


async def as_json(tenure: Command, *arguments: str, code: int = 0) -> Any:
    """What a command prints for machines: one line of JSON and nothing else."""
    return json.loads((await tenure(*arguments, "--json", code=code)).stdout)
