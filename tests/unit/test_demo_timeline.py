"""How the demonstration compares what happened with what was expected."""

from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from workers.demo import report
from workers.demo.play import EXPECTED
from workers.demo.script import END, SCRIPT, START
from workers.demo.timeline import TOLERANCE, Deviation, Entry, compare, read, write

EVENTS = [
    Entry(at=START + timedelta(days=day), subject=subject, what=what)
    for day, subject, what in (
        (1, "org_a", "marked"),
        (31, "org_a", "warned"),
        (62, "org_a", "fenced"),
        (3, "org_b", "marked"),
    )
]


def test_the_same_happened() -> None:
    """Small delays are no difference, whatever the order in which entries are given, and the exit code is 0."""
    later = [event.model_copy(update={"at": event.at + TOLERANCE}) for event in reversed(EVENTS)]
    assert compare(EVENTS, later) == []
    assert report.verdict(Console(quiet=True), len(EVENTS), [], []) == 0


@pytest.mark.parametrize(
    ("deviation", "expected", "happened"),
    [
        (Deviation.MISSING, EVENTS, EVENTS[1:]),
        (Deviation.UNEXPECTED, EVENTS[1:], EVENTS),
        (Deviation.UNEXPECTED, EVENTS, [*EVENTS, EVENTS[0]]),
        (Deviation.MOVED, EVENTS, [EVENTS[0].model_copy(update={"at": START}), *EVENTS[1:]]),
    ],
    ids=["missing", "unexpected", "twice", "moved"],
)
def test_something_else_happened(deviation: Deviation, expected: list[Entry], happened: list[Entry]) -> None:
    """What is missing, was not expected, happened twice or at another time is found, and the exit code is 1."""
    found = compare(expected, happened)
    assert [difference.deviation for difference in found] == [deviation]
    assert (found[0].expected or found[0].happened) == EVENTS[0]
    assert report.verdict(Console(quiet=True), len(expected), found, []) == 1


def test_a_broken_promise_fails_the_demo() -> None:
    """Whatever the timeline says, a fault such as a fence before its promise gives 1 (P6)."""
    assert report.verdict(Console(quiet=True), len(EVENTS), [], ["org_a was fenced too early"]) == 1


def test_a_timeline_is_written_as_it_is_read(tmp_path: Path) -> None:
    """What is recorded can be the next expectation."""
    file = tmp_path / "timeline.jsonl"
    write(file, EVENTS)
    assert sorted(read(file), key=lambda event: event.at) == sorted(EVENTS, key=lambda event: event.at)


def test_every_outside_event_lies_within_the_simulation() -> None:
    """The script is in order, between its first and its last day, and the expectation covers the same days."""
    assert [event.at for event in SCRIPT] == sorted(event.at for event in SCRIPT)
    assert all(START < event.at < END for event in SCRIPT)
    assert all(START <= entry.at <= END for entry in read(EXPECTED))
