"""What happened, as one list, and how it differs from what was expected."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Final

from tenure.contracts.base import Contract, Instant

TOLERANCE: Final = timedelta(minutes=5)
"""The clock stops a minute after each date, and the work that is due takes its time."""


class Entry(Contract):
    """Something that happened to somebody."""

    at: Instant
    subject: str
    """An organisation's id, or what else the audit has subjects of, such as `breaker:fleet`."""
    what: str
    why: str = ""


class Deviation(StrEnum):
    """How what happened differs from what was expected."""

    MISSING = "missing"
    UNEXPECTED = "unexpected"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One deviation."""

    deviation: Deviation
    expected: Entry | None
    happened: Entry | None


def read(path: Path) -> list[Entry]:
    """The entries of a JSON Lines file."""
    return [Entry.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Write entries as JSON Lines in the order of their time, to the minute, and of their subjects."""
    rounded = [
        entry.model_copy(update={"at": entry.at.astimezone(UTC).replace(second=0, microsecond=0)}) for entry in entries
    ]
    rounded.sort(key=lambda entry: (entry.at, entry.subject))  # what one subject did in a minute stays in its order
    path.write_text("".join(f"{entry.model_dump_json()}\n" for entry in rounded), encoding="utf-8")


def compare(expected: Sequence[Entry], happened: Sequence[Entry]) -> list[Difference]:
    """Match entries of the same subject, event and reason in the order of their time, and say what does not fit."""
    differences: list[Difference] = []
    wanted, found = _grouped(expected), _grouped(happened)
    for key in wanted.keys() | found.keys():
        for one, other in zip_longest(wanted[key], found[key]):
            if one is None or other is None:
                deviation = Deviation.UNEXPECTED if one is None else Deviation.MISSING
                differences.append(Difference(deviation, one, other))
            elif abs(one.at - other.at) > TOLERANCE:
                differences.append(Difference(Deviation.MOVED, one, other))
    return sorted(differences, key=_order)


def _grouped(entries: Iterable[Entry]) -> defaultdict[tuple[str, str, str], list[Entry]]:
    groups = defaultdict[tuple[str, str, str], list[Entry]](list)
    for entry in sorted(entries, key=lambda entry: entry.at):
        groups[entry.subject, entry.what, entry.why].append(entry)
    return groups


def _order(difference: Difference) -> tuple[str, Instant, str]:
    entry = difference.expected or difference.happened
    assert entry is not None
    return entry.subject, entry.at, entry.what
