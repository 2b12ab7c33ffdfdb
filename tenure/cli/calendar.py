"""`tenure calendar`: the next dates of many organisations."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Partner
from tenure.client import Tenure
from tenure.contracts.forecast import CALENDAR_DAYS, MAX_CALENDAR_DAYS, CalendarEntry


def calendar(
    *,
    partner: Partner = None,
    within: Annotated[
        int | None,
        typer.Option("--within", min=0, max=MAX_CALENDAR_DAYS, metavar="DAYS", help="Only what falls due so soon."),
    ] = None,
    ics: Annotated[
        Path | None,
        typer.Option(
            "--ics", dir_okay=False, help=f"Write an iCalendar file instead, of {CALENDAR_DAYS} days if not given."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List expiry, warning and deletion dates, earliest first."""
    if ics is not None:
        content = session.run(lambda tenure: tenure.calendar.icalendar(partner, within_days=within))
        session.write(ics, content)
        return

    async def work(tenure: Tenure) -> list[CalendarEntry]:
        return [entry async for entry in tenure.calendar.list(partner, within_days=within)]

    entries = session.run(work)
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
