"""The calendar of the script.

It is fixed, so that every date, midnight and change of clocks is the same at each run.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tenure.contracts.base import Instant
from workers.demo.acts import Act

START: Final = datetime(2035, 1, 8, 8, 0, tzinfo=UTC)
"""Day 0, a Monday: the portfolio is imported."""
END: Final = START + timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens outside Tenure."""

    at: Instant
    told: str
    acts: tuple[Act, ...]
    """One after the other, all at that instant."""


def on(day: int, time: str, told: str, *acts: Act) -> Event:
    """An event on a day counted from START, at a time in UTC."""
    hours, minutes = time.split(":")
    at = START.replace(hour=0) + timedelta(days=day, hours=int(hours), minutes=int(minutes))
    return Event(at, told, acts)
