"""`tenure calendar`: the next dates of many organisations."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Partner


def calendar(
    *,
    partner: Partner = None,
    ics: Annotated[Path | None, typer.Option("--ics", dir_okay=False, help="Write an iCalendar file instead.")] = None,
    json: Json = False,
) -> None:
    """List expiry, warning and deletion dates, earliest first."""
    if ics is not None:
        content = session.run(lambda tenure: tenure.calendar.icalendar(partner))
        session.write(ics, content)
        return
    entries = session.run(lambda tenure: tenure.calendar.list(partner))
    if json:
        output.print_json(entries)
        return
    output.print_table(
        ("When", "What", "Organisation", "Name", "Rule", "Why"),
        [
            (
                output.instant(one.due_at),
                output.words(one.kind),
                one.organisation_id,
                one.organisation_name,
                one.rule,
                output.words(one.reason),
            )
            for one in entries
        ],
        "Nothing is pending.",
    )
