"""A command's conversation with Tenure, and how its failures end the program."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

import typer
from pydantic import ValidationError

from tenure.cli import output
from tenure.client import Tenure
from tenure.errors import Misconfigured, Refusal, RefusalCode, TenureError

_RETRY_FOR = timedelta(seconds=3)
"""A person waits for the answer."""

_INVALID = frozenset({RefusalCode.INVALID_INPUT, RefusalCode.IMPORT_INVALID, RefusalCode.TOO_LARGE})

_WAYS_OUT = {
    RefusalCode.UNAUTHENTICATED: "Set TENURE_TOKEN to a valid token.",
    RefusalCode.NOT_PERMITTED: "Set TENURE_TOKEN to the token of an operator.",
    RefusalCode.ORGANISATION_NOT_FOUND: "See `tenure organisations list`.",
    RefusalCode.CONFIRMATION_REQUIRED: "Pass it with --confirm.",
    RefusalCode.FEED_NOT_FOUND: "Register it with `tenure feeds register`.",
    RefusalCode.ERASURE_NOT_FOUND: "See `tenure erasures list`.",
}


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    REFUSED = 1
    INVALID = 2
    UNAVAILABLE = 3


def run[Result](work: Callable[[Tenure], Awaitable[Result]]) -> Result:
    """Do a command's work with a client made from the environment; a failure becomes one sentence and an exit code."""

    async def conversation() -> Result:
        async with Tenure.from_environment(retry_for=_RETRY_FOR) as tenure:
            return await work(tenure)

    try:
        with checking():
            return asyncio.run(conversation())
    except Refusal as error:
        way_out = _WAYS_OUT.get(error.code)
        fail(
            f"{error} {way_out}" if way_out else str(error),
            ExitCode.INVALID if error.code in _INVALID else ExitCode.REFUSED,
        )
    except Misconfigured as error:
        fail(str(error), ExitCode.INVALID)
    except TenureError as error:
        fail(str(error), ExitCode.UNAVAILABLE)


@contextmanager
def checking() -> Iterator[None]:
    """Make a command of arguments; what does not have its form ends the program."""
    try:
        yield
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        fail(f"The input does not have the expected form. {wrong}.", ExitCode.INVALID)


def read(file: Path) -> str:
    """The text of a file; one that cannot be read ends the command."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read ({error}).", ExitCode.INVALID)


def write(file: Path, content: str) -> None:
    """Write a file; one that cannot be written ends the command."""
    try:
        file.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        fail(f"{file} cannot be written ({error}).", ExitCode.INVALID)


def fail(message: str, code: ExitCode) -> NoReturn:
    """Say what is wrong, and end."""
    output.complain(message)
    raise typer.Exit(code)
