"""The console's words: enumerations as people say them, and instants as people read them."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tenure.contracts.base import Instant

_WORDS: Final = {
    "live": "Live",
    "marked": "Marked",
    "warned": "Warned",
    "erasing": "Being erased",
    "deleted": "Deleted",
    "licence_expiry": "Licences expire",
    "licence_removal": "Licences are removed",
    "deletion_warning": "Deletion warning",
    "deletion": "Deletion",
    "purge": "Purge",
    "own_request": "The customer's own request",
    "unused": "Unused",
    "nobody_reachable": "No address of a full admin takes mail",
    "warning_not_accepted": "The warning has not been accepted by a mail server yet",
    "breaker_open": "The breaker is open",
    "feed_behind": "An activity feed is behind",
    "feed_unknown": "An activity feed has never reported",
    "late_activity": "Activity from before the fence has arrived",
}


def words(value: str) -> str:
    """A code as people say it; one that is new here as its own words."""
    return _WORDS.get(value, value.replace("_", " ").capitalize())


def instant(value: Instant, zone: str = "UTC") -> str:
    """Such as `12 Mar 2027, 00:00 CET`: to the minute, in that zone."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def day(value: datetime) -> str:
    """Such as `Friday, 12 March 2027`."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


def relative(value: Instant, now: Instant) -> str:
    """Such as `in 12 days` or `3 hours ago`, rounded down to one unit."""
    distance = abs(value - now)
    if distance < timedelta(minutes=1):
        return "now"
    text = span(distance)
    return f"in {text}" if value > now else f"{text} ago"


def due(value: Instant, now: Instant) -> str:
    """Such as `in 12 days`; a date that has passed and still stands is due, not done."""
    return f"due {relative(value, now)}" if value <= now else relative(value, now)


def span(value: timedelta) -> str:
    """A duration in its largest unit, rounded down: `30 days`, `1 hour`."""
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = value // length
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{value.total_seconds():g} seconds"


FILTERS: Final = {"words": words, "instant": instant, "day": day, "relative": relative, "due": due, "span": span}
