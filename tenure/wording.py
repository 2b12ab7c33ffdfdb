"""Durations and distances in English words, as console and command line say them."""

from datetime import timedelta

from tenure.contracts.base import Instant

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def span(value: timedelta) -> str:
    """A duration in its largest unit, rounded down: `30 days`, `1 hour`."""
    for unit, length in _UNITS:
        count = value // length
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{value // timedelta(seconds=1)} seconds"


def relative(value: Instant, now: Instant) -> str:
    """Such as `in 12 days` or `3 hours ago`, in the largest unit, rounded: what was set to 30 days is `in 30 days` at once."""
    distance = abs(value - now)
    length = next((length for _, length in _UNITS if distance >= length), None)
    if length is None:
        return "now"
    text = span(round(distance / length) * length)
    return f"in {text}" if value > now else f"{text} ago"
