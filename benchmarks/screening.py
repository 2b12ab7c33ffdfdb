"""`python -m benchmarks.screening`: F11, restricted-party screening against rapidfuzz's plain scan, in one run."""

import gc
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks import page
from benchmarks.screening_labels import Label, matches
from benchmarks.screening_lists import Invented, ordinary, real
from benchmarks.screening_peers import SCORERS, Contestant, Scan, Tenure
from benchmarks.screening_results import Measured, Results, keep, tables
from tenure.contracts.screening import ListEntry
from tenure.policy.screening import DEFAULT

_ROOT: Final = Path(__file__).parents[1]
_FALSE: Final = 0.01
"""The share of strangers that may be hit: each contestant gets the threshold at which it is."""
_STRANGERS: Final = 250
"""Persons, and as many companies."""
_SEED: Final = 2026


def measure(contestant: Contestant, entries: Sequence[ListEntry], labels: Sequence[Label], timed: int) -> Measured:
    """Find the threshold, what is met and missed at it, and how long it takes."""
    scores: dict[str, list[float]] = defaultdict(list)
    for label in labels:
        scores[label.how].append(contestant.like(label.asked, label.entry_id))
    listed = {how: np.asarray(found) for how, found in scores.items() if not how.startswith("none")}
    strange = {how: np.asarray(found) for how, found in scores.items() if how.startswith("none")}
    everybody, nobody = (np.concatenate(list(each.values())) for each in (listed, strange))
    threshold = float(np.quantile(nobody, 1 - _FALSE, method="higher"))
    took = []
    for label in Random(_SEED).sample(labels, min(timed, len(labels))):
        begin = time.thread_time()  # of the processor, so that nobody pays for what else runs on it
        contestant.ask(label.asked, threshold)
        took.append(time.thread_time() - begin)
    return Measured(
        contestant=contestant.name,
        entries=len(entries),
        names=sum(len(entry.names) for entry in entries),
        threshold=threshold,
        recall={how: float((found > threshold).mean()) for how, found in listed.items()}
        | {"all": float((everybody > threshold).mean())},
        false={how: float((found > threshold).mean()) for how, found in strange.items()},
        shipped_recall=float((everybody >= DEFAULT.threshold).mean()),
        shipped_false=float((nobody >= DEFAULT.threshold).mean()),
        per_second=len(took) / sum(took),
        p50=1000 * median(took),
        p99=1000 * float(np.quantile(took, 0.99)),
    )


def main(
    *,
    quick: Annotated[bool, typer.Option(help="Some minutes: fewer labels, and 20,000 entries that are made.")] = False,
) -> None:
    """Measure F11 on the real lists and on 100,000 entries made of their words; print the tables, keep the figures."""
    began_at, load = datetime.now(UTC), os.getloadavg()[0]
    each, invented, timed = (40, 20_000, 200) if quick else (100, 100_000, 600)
    measured, count = [], 0
    published = real()
    makers = Invented(published, Random(_SEED))
    for entries in (published, makers.entries(invented)):
        contestant: Contestant
        labels = matches(entries, each, Random(_SEED)) + makers.strangers(_STRANGERS)
        labels += ordinary(entries) if entries is published else []
        count += len(labels)
        found = []
        for scorer in (None, *SCORERS):
            contestant = Tenure(entries) if scorer is None else Scan(entries, scorer)
            gc.freeze()  # the garbage collector looks at none of it again, as in a server that has started
            found.append(measure(contestant, entries, labels, timed if scorer is None else timed // 4))
        print("\n".join(tables(found)))
        measured += found
    results = Results(
        began_at=began_at.isoformat(timespec="seconds"),
        quick=quick,
        load_before=round(load, 2),
        labels=count,
        measured=measured,
    )
    print(f"Raw figures: {keep(results).relative_to(_ROOT)}")
    if not quick:
        page.write()


if __name__ == "__main__":
    typer.run(main)
