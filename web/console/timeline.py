"""An explanation as a picture: where on the way to its deletion an organisation stands.

Pure geometry. The template draws it as SVG, and the page says the same in words for those who do not see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from tenure.contracts.base import Instant
from tenure.contracts.forecast import Explanation, NextKind
from web.console.wording import words

WIDTH: Final = 960
_MARGIN: Final = 24
_LEVELS: Final = (-34, 34, -74, 74)
"""Heights of a label's first line against the line of time, nearest first: above and below it, and further out."""
_LABEL: Final = 20
"""What a label takes below its first line."""
_LETTER: Final = 7.2
"""Width of an average letter in the picture's type."""
_LOOK_BACK: Final = timedelta(days=30)
"""What lies further back than this before the marking, or before now, is only told in words."""


@dataclass(frozen=True, slots=True)
class Point:
    """An instant on the line, with where its label stands."""

    kind: str
    label: str
    at: Instant
    x: float
    label_x: float
    label_y: int | None
    """None where there is no room left for the label."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the line, and what passes in it."""

    phase: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws."""

    points: tuple[Point, ...]
    spans: tuple[Span, ...]
    now_x: float
    top: int
    height: int
    width: int = WIDTH


def picture(explanation: Explanation) -> Picture | None:
    """Lay the known instants out on a line; None where nothing is to come."""
    instants = sorted(_instants(explanation), key=lambda found: found[0])
    first, last = instants[0][0], instants[-1][0]
    if not explanation.next or first == last:
        return None

    def x(at: Instant) -> float:
        return round(_MARGIN + (WIDTH - 2 * _MARGIN) * ((at - first) / (last - first)), 1)

    points = tuple(_labelled([(at, kind, x(at)) for at, kind in instants]))
    heights = [point.label_y for point in points if point.label_y is not None]
    top, bottom = min(heights) - _LABEL, max(0, *heights) + _LABEL
    return Picture(
        points=points,
        spans=tuple(
            Span(_phase(end_kind, begin_kind), x(begin), round(x(end) - x(begin), 1))
            for (begin, begin_kind), (end, end_kind) in pairwise(
                [(at, kind) for at, kind in instants if kind not in {"now", "last_activity"}]
            )
        ),
        now_x=x(explanation.as_of),
        top=top,
        height=bottom - top,
    )


def _instants(explanation: Explanation) -> Iterator[tuple[Instant, str]]:
    evidence = explanation.evidence
    since = min(explanation.as_of, evidence.counting_from or explanation.as_of) - _LOOK_BACK
    known = {
        "marked": evidence.counting_from,
        "last_activity": evidence.last_activity_at,
        "warned": evidence.promise.first_attempt_at if evidence.promise else None,
    }
    for kind, at in known.items():
        if at is not None and at >= since:
            yield at, kind
    yield explanation.as_of, "now"
    # Of several dates of a kind the first is drawn, and all are told.
    for kind, due_at in {date.kind: date.due_at for date in reversed(explanation.next)}.items():
        if due_at >= since:
            yield due_at, kind.value


def _phase(end: str, begin: str) -> str:
    if end == NextKind.PURGE:
        return "quarantine"
    if end == NextKind.DELETION or begin == "warned":
        return "notice"
    if end in {NextKind.DELETION_WARNING, "warned"}:
        return "silence"
    return "licence"


def _labelled(points: list[tuple[Instant, str, float]]) -> Iterator[Point]:
    """Give each label the nearest height at which it does not touch the one before it."""
    taken = dict.fromkeys(_LEVELS, 0.0)
    for at, kind, x in points:
        label = "Now" if kind == "now" else words(kind)
        width = max(len(label), len("12 Mar 2027")) * _LETTER
        left = min(max(x - width / 2, 0), WIDTH - width)
        level = next((level for level in _LEVELS if taken[level] <= left), None)
        if level is not None:
            taken[level] = left + width + _LETTER
        yield Point(kind, label, at, x, round(left + width / 2, 1), level)
