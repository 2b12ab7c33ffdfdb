"""What commands print: tables and sentences for people, JSON for machines, and complaints on standard error."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, Final, override

from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress, ProgressColumn
from rich.table import Table
from rich.text import Text

from tenure.contracts.base import Instant
from tenure.wording import relative

_WIDE = 200
"""Columns where no terminal says how many there are."""

_COMMANDS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What terminals take for commands, or for their beginning."""


class _Terminal(Console):
    """Prints what people chose to be called, and moves no cursor, and paints nothing, because of it."""

    @override
    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(_COMMANDS.sub("?", text), **options)


def console() -> Console:
    """Standard output. Names are printed as they are: what looks like markup is none."""
    return _console(stderr=False)


def print_json(value: BaseModel | Sequence[BaseModel]) -> None:
    """A value as one line of JSON."""
    dumped = (
        value.model_dump(mode="json")
        if isinstance(value, BaseModel)
        else [one.model_dump(mode="json") for one in value]
    )
    line = json.dumps(dumped, ensure_ascii=False)
    sys.stdout.write(_COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text | None]], empty: str) -> None:
    """A table, or the sentence that stands for an empty one."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(cell or "-" for cell in row))
    console().print(table if table.row_count else empty)


def print_fields(fields: Iterable[tuple[str, str | Text | None]]) -> None:
    """Names and values below each other; what has no value is left out."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for name, value in fields:
        if value:
            grid.add_row(name, value)
    console().print(grid)


def say(sentence: str, style: str | None = None) -> None:
    """A sentence on standard output."""
    console().print(sentence, style=style)


def heading(title: str) -> None:
    """A title with a line above it free."""
    console().print(f"\n{title}", style="bold")


def complain(sentence: str) -> None:
    """A sentence on standard error, red where that is a terminal."""
    _console(stderr=True).print(sentence, style="bold red", soft_wrap=True)


def progress(*columns: ProgressColumn | str) -> Progress:
    """A progress display on standard error, for terminals alone; it leaves nothing behind."""
    target = _console(stderr=True)
    return Progress(*columns, console=target, transient=True, disable=not target.is_terminal)


def words(code: str | None) -> str | None:
    """A code as words."""
    return code.replace("_", " ") if code else None


def coloured(text: str, style: str) -> Text:
    """A cell in a colour, where the terminal has any."""
    return Text(text, style=style)


def instant(value: Instant | None) -> str | None:
    """An instant in UTC, to the minute, as ISO 8601 has it."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}" if value else None


def due(value: Instant | None, now: Instant) -> str | None:
    """An instant with the time that is left to it."""
    return f"{instant(value)}, {relative(value, now)}" if value else None


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE
    return _Terminal(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)
