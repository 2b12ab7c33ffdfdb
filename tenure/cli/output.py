"""What commands print: tables and sentences for people, JSON for machines, and complaints on standard error."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, Final, override

from pydantic import BaseModel
from rich.console import Console
from rich.measure import Measurement
from rich.progress import Progress, ProgressColumn
from rich.table import Table
from rich.text import Text

from tenure.contracts.base import Instant
from tenure.wording import relative

_WIDE = 200
"""Columns where no terminal says how many there are."""
_UNLIMITED = 10_000
"""Columns in which every table has room."""

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
    """A table, or the sentence that stands for an empty one; where it has no room, each row as a block.

    Nothing is cut: an id that is shown in part is of no use to anybody.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    kept = list(rows)
    for number, column in enumerate(columns):
        one_word = not any(" " in str(row[number]) for row in kept)
        table.add_column(column, no_wrap=one_word, overflow="fold")
    for row in kept:
        table.add_row(*(cell or "-" for cell in row))
    target = console()
    if not kept:
        target.print(empty)
    elif Measurement.get(target, target.options.update(width=_UNLIMITED), table).minimum <= target.width:
        target.print(table)
    else:
        for number, row in enumerate(kept):
            if number:
                target.print()
            print_fields(zip(columns, row, strict=True))


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


def named(name: str | None, identifier: str) -> str:
    """A name with its id; the id alone where the name is gone, as that of a deleted organisation is."""
    return f"{name} ({identifier})" if name else identifier


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
