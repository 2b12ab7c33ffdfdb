"""`tenure activity`: activity from a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn

from tenure.cli import output, session
from tenure.cli.parameters import Json
from tenure.client import Tenure
from tenure.contracts.activity import IntakeResult

app = typer.Typer(help="Activity that a feed could not deliver itself.", no_args_is_help=True)


@app.command("import")
def import_activity(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="JSON Lines, an event a line.")
    ],
    *,
    json: Json = False,
) -> None:
    """Report the events of a file, signed with TENURE_WEBHOOK_SECRET; to repeat it does no harm.

    A line that is no event is rejected with its number and reason, and the rest is taken.
    """

    async def work(tenure: Tenure) -> IntakeResult:
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn()
        with output.progress(*columns) as progress:
            task = progress.add_task("Reporting activity", total=file.stat().st_size)

            def lines() -> Iterator[bytes]:
                with file.open("rb") as content:
                    for line in content:
                        yield line.rstrip(b"\r\n")
                        progress.advance(task, len(line))

            return await tenure.record_lines(lines())

    result = session.run(work)
    if json:
        output.print_json(result)
    else:
        output.print_fields(
            [
                ("Accepted", str(result.accepted)),
                ("Older than known", str(result.older)),
                ("Unknown organisations", str(result.unknown)),
                ("Deleted organisations", str(result.deleted)),
                ("Rejected lines", str(len(result.rejected))),
            ]
        )
        if result.rejected:
            output.heading("Rejected")
            rows = [(str(one.line), one.code, one.reason) for one in result.rejected]
            output.print_table(("Line", "Code", "Reason"), rows, "")
    if result.rejected:
        session.fail("Some lines were rejected; the others count.", session.ExitCode.INVALID)
