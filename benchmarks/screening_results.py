"""F11 as it is kept: what a run of `benchmarks.screening` has measured, and its tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tenure.policy.screening import DEFAULT

_FOLDER: Final = Path(__file__).parent / "results"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One contestant on one list."""

    contestant: str
    entries: int
    names: int
    threshold: float
    """At which 1 % of the strangers are hit."""
    recall: dict[str, float]
    """By the way in which the name was changed, and of all, at that threshold."""
    false: dict[str, float]
    """Strangers that are hit, by their kind."""
    shipped_recall: float
    """Of all, at the threshold that is shipped; of Tenure alone."""
    shipped_false: float
    per_second: float
    p50: float
    p99: float
    """Milliseconds of one core's time for a screening."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """One run."""

    began_at: str
    quick: bool
    load_before: float
    labels: int
    measured: list[Measured]


def tables(measured: Sequence[Measured]) -> Iterable[str]:
    """The figures of one list as Markdown."""
    ours = measured[0]
    names = [each.contestant for each in measured]
    yield f"**{ours.entries:,} entries with {ours.names:,} names**\n"
    yield from _table(
        ("at 1 % false hits", *names),
        [
            *(
                (how, *(f"{each.recall[how]:.1%}" for each in measured))
                for how in (*(how for how in ours.recall if how != "all"), "all")
            ),
            ("threshold", *(f"{each.threshold:.3f}" for each in measured)),
            *((how, *(f"{each.false[how]:.1%} hit" for each in measured)) for how in ours.false),
            ("screenings a core-second", *(f"{each.per_second:,.0f}" for each in measured)),
            ("p50, p99 in core-ms", *(f"{each.p50:.1f}, {each.p99:.1f}" for each in measured)),
            ("Tenure's rate", "", *(f"{ours.per_second / each.per_second:.1f}x" for each in measured[1:])),
        ],
    )
    yield (
        f"At the threshold that is shipped ({DEFAULT.threshold}), Tenure's recall is {ours.shipped_recall:.1%}"
        f" at {ours.shipped_false:.1%} false hits.\n"
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    for line in (headings, ["---", *["---:"] * (len(headings) - 1)], *rows):
        yield f"| {' | '.join(line)} |"
    yield ""


def keep(results: Results) -> Path:
    """Keep the raw figures."""
    folder = _FOLDER / ("tmp" if results.quick else "")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"screening-{results.began_at[:16].replace(':', '')}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    return path


def newest() -> Results:
    """The newest full run that is kept."""
    return msgspec.json.decode(max(_FOLDER.glob("screening-*.json")).read_bytes(), type=Results)
