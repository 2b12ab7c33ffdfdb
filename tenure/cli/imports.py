"""`tenure import`: an existing base from one file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from tenure.cli import output, session
from tenure.cli.parameters import Json
from tenure.client import ImportProgress, ImportStage, Tenure
from tenure.contracts.portfolio import ImportReport
from tenure.errors import Refusal, RefusalCode

_STAGES = {
    ImportStage.UPLOADING: "Uploading",
    ImportStage.STORING: "Validating and storing",
    ImportStage.STARTING: "Starting processes",
}


def import_portfolio(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or JSON Lines.")],
    *,
    wait: Annotated[bool, typer.Option(help="Wait until the processes run that the file makes necessary.")] = True,
    json: Json = False,
) -> None:
    """Import partners, organisations, people, managements and licences: all of the file, or nothing.

    Every row is checked first, and every bad one is reported with its line and reason. The same file again does nothing,
    so an import that broke off is simply run again.
    """

    async def work(tenure: Tenure) -> ImportReport:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with output.progress(*columns) as progress:
            try:
                return await tenure.imports.run(file, wait=wait, progress=_Display(progress))
            except Refusal as refusal:
                if refusal.code is not RefusalCode.IMPORT_INVALID:
                    raise
                return ImportReport.model_validate(refusal.details)

    report = session.run(work)
    if json:
        output.print_json(report)
    if report.errors:
        if not json:
            rows = [(str(error.line), error.code, error.reason) for error in report.errors]
            output.print_table(("Line", "Code", "Reason"), rows, "")
        session.fail(
            f"{file.name} has invalid rows: nothing was stored. Correct them and import it again.",
            session.ExitCode.INVALID,
        )
    if not json:
        _tell(report)


class _Display:
    """Shows each stage as a bar of its own."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[ImportStage, TaskID] = {}

    def __call__(self, now: ImportProgress) -> None:
        if now.stage not in self._tasks:
            for task in self._tasks.values():  # the stages before it are over
                self._progress.update(task, completed=1, total=1)
            self._tasks[now.stage] = self._progress.add_task(_STAGES[now.stage], total=None)
        self._progress.update(self._tasks[now.stage], completed=now.done, total=now.total or None)


def _tell(report: ImportReport) -> None:
    if report.repeated:
        output.say("This file had been imported before: nothing changed.")
    kinds = sorted({*report.created, *report.updated})
    rows = [(output.words(kind), str(report.created.get(kind, 0)), str(report.updated.get(kind, 0))) for kind in kinds]
    if rows:
        output.print_table(("Record", "Created", "Updated"), rows, "")
    started = f" {report.processes_started} of {report.processes} processes started." if report.processes else ""
    output.say(f"{report.rows} rows, {report.unchanged} unchanged.{started}")
