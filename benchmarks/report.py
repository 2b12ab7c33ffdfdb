"""The figures of the intake and of lifecycles as tables."""

from collections.abc import Iterable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.latency import Latency
from benchmarks.results import AIMS, Results
from benchmarks.scale import Shape
from benchmarks.throughput import ROOFLINE, SIGNALS, TENURE, UPSERTS

type Rows = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A title, the headings, and the rows."""


def tables(results: Results) -> list[Rows]:
    """Every table of a run."""
    return [_throughput(results), _ratios(results), _latency(results.latency), _lifecycles(results), _replays(results)]


def show(results: Results, console: Console) -> None:
    """Print the tables."""
    for title, headings, rows in tables(results):
        table = Table(title=title, title_justify="left")
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def _throughput(results: Results) -> Rows:
    names = (SIGNALS, UPSERTS, TENURE, ROOFLINE)
    rows = [
        [shape, *(_spread(results.measured(name, shape).rates, results.measured(name, shape).void) for name in names)]
        for shape in Shape
    ]
    return "F1: durable activity events a second, median (minimum to maximum)", ("Traffic", *names), rows


def _ratios(results: Results) -> Rows:
    rows: list[Sequence[str]] = []
    for shape in Shape:
        aims = AIMS.get(shape, {})
        rows.append(
            [
                shape,
                *(
                    f"{results.ratio(name, shape):,.{digits}f}x"
                    + (f" (aim {aims[name]:,.0f}x)" if name in aims else "")
                    for name, digits in ((SIGNALS, 0), (UPSERTS, 1))
                ),
                f"{results.ratio(ROOFLINE, shape):.0%}" + (f" (aim {aims[ROOFLINE]:.0%})" if aims else ""),
            ]
        )
    return "F1: Tenure compared, at the medians", ("Traffic", f"x {SIGNALS}", f"x {UPSERTS}", "of the roofline"), rows


def _latency(latencies: Iterable[Latency]) -> Rows:
    rows = [
        [
            each.contestant,
            f"{each.events_per_second:,.0f}",
            _spread(each.p50, each.void, digits=1),
            _spread(each.p99, each.void, digits=1),
        ]
        for each in latencies
    ]
    return (
        "F2: acknowledgement of a request in milliseconds, median of the rounds (minimum to maximum)",
        ("Contestant", "Events a second", "p50", "p99"),
        rows,
    )


def _lifecycles(results: Results) -> Rows:
    rows = [
        [each.contestant, f"{events:,}", f"{actions:,}", f"{length:,}"]
        for each in results.lifecycles
        for events, actions, length in zip(each.activity_events, each.actions, each.events, strict=True)
    ]
    return (
        "F7: a whole lifecycle in Temporal",
        ("Contestant", "Activity events", "Billable actions", "History events"),
        rows,
    )


def _replays(results: Results) -> Rows:
    rows = [
        [each.contestant, f"{events:,}", _spread(rates, [], digits=2), f"{longest:,}"]
        for each in results.lifecycles
        for (events, rates), longest in zip(each.replays.items(), each.longest, strict=True)
    ]
    return (
        "F6: whole lifecycles replayed a second, median (minimum to maximum)",
        ("Contestant", "Activity events", "Replays a second", "Longest history"),
        rows,
    )


def _spread(values: Sequence[float], void: Sequence[str], *, digits: int = 0) -> str:
    text = "-"
    if values:
        text = f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"
    return text + (f", {len(void)} void" if void else "")
