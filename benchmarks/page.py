"""The page `docs/benchmarks.md`: the newest figures that are kept, of both runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from jinja2 import Environment, StrictUndefined

from benchmarks import report, screening_results
from benchmarks.results import Results

_FOLDER: Final = Path(__file__).parent
_TEMPLATE: Final = _FOLDER / "page.md.j2"
PAGE: Final = _FOLDER.parent / "docs" / "benchmarks.md"


def newest() -> Results:
    """The newest full run of `python -m benchmarks` that is kept."""
    return msgspec.json.decode(max((_FOLDER / "results").glob("2*.json")).read_bytes(), type=Results)


def write(results: Results | None = None) -> None:
    """Write the page, of these results or the newest."""
    PAGE.write_text(render(results or newest()))


def render(results: Results) -> str:
    """The page of these results and the newest of the screening."""
    template = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True).from_string(
        _TEMPLATE.read_text()
    )
    screening = screening_results.newest()
    lists = [screening.measured[first : first + 4] for first in range(0, len(screening.measured), 4)]
    ours, *scans = lists[-1]
    nearest, fastest = max(scans, key=lambda scan: scan.recall["all"]), max(scans, key=lambda scan: scan.per_second)
    return template.render(
        results=results,
        tables=[_markdown(*rows) for rows in report.tables(results)],
        widths=_widths(results),
        screening=screening,
        screenings=["\n".join(screening_results.tables(measured)) for measured in lists],
        nearest=(nearest.recall["all"], ours.per_second / nearest.per_second),
        fastest=ours.per_second / fastest.per_second,
    )


def _widths(results: Results) -> str:
    """What each contestant was tried at, in words."""
    return "; ".join(
        f"{name}: " + ", ".join(f"{width} ({rate:,.0f} a second)" for width, rate in widths.items())
        for name, widths in results.tried.items()
    )


def _markdown(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)
