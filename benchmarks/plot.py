"""The figures as one picture."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.results import Results
from benchmarks.scale import Shape
from benchmarks.throughput import ROOFLINE, SIGNALS, TENURE, UPSERTS

_COLOURS = {SIGNALS: "#b0413e", UPSERTS: "#c9a227", TENURE: "#1b6b72", ROOFLINE: "#c3c7cb"}
_WIDTH = 0.2


def draw(results: Results, path: Path) -> None:
    """Write the picture: rates on the left, history events on the right, both on logarithmic scales."""
    mpl.rcParams["svg.hashsalt"] = "tenure"  # the same figures give the same file
    figure, (rates, histories) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(3, 2))
    _rates(results, rates)
    _histories(results, histories)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _rates(results: Results, axes: Axes) -> None:
    for number, (name, colour) in enumerate(_COLOURS.items()):
        measured = [results.measured(name, shape) for shape in Shape]
        medians = [each.median for each in measured]
        below = [each.median - min(each.rates, default=0) for each in measured]
        above = [max(each.rates, default=0) - each.median for each in measured]
        places = [place + (number - 1.5) * _WIDTH for place in range(len(Shape))]
        bars = axes.bar(places, medians, _WIDTH, label=name, color=colour, yerr=[below, above], ecolor="#00000066")
        axes.bar_label(bars, [f"{value:,.0f}" for value in medians], fontsize=6.5, padding=2)
    axes.set_yscale("log")
    axes.set_xticks(range(len(Shape)), list(Shape))
    axes.set_title("Durable activity events a second", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _histories(results: Results, axes: Axes) -> None:
    for counted in results.lifecycles:
        axes.plot(
            counted.activity_events,
            counted.events,
            marker="o",
            label=counted.contestant,
            color=_COLOURS[counted.contestant],
        )
        for events, length in zip(counted.activity_events, counted.events, strict=True):
            axes.annotate(f"{length:,}", (events, length), textcoords="offset points", xytext=(0, 6), fontsize=7)
    axes.set_xscale("symlog", linthresh=10)
    axes.set_yscale("log")
    axes.set_title("History events of a lifecycle, by activity events in it", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)
