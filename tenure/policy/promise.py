"""The promise: the date that a warning prints, before which nothing is deleted (SF-01, SF-02)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenure.contracts.base import Instant
from tenure.contracts.deletion import Promise
from tenure.policy.rules import Rules


def promised(attempt_at: Instant, time_zone: str, rules: Rules) -> Instant:
    """The attempt and the notice period, rounded up to the next full day in the organisation's zone.

    An instant that is a midnight there stays; a midnight that a change of clocks skips becomes the first instant of
    that day. Rounding never goes towards earlier (P1).
    """
    zone = ZoneInfo(time_zone)
    due = attempt_at + rules.notice_period
    local = due.astimezone(zone)
    day = local.date()
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    while midnight < due:
        day += timedelta(days=1)
        midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    return midnight


def moved(promise: Promise, attempt_at: Instant, time_zone: str, rules: Rules) -> Instant:
    """What the promise says once a warning was attempted or accepted at that instant: the same or later, never earlier."""
    if attempt_at + rules.notice_period <= promise.not_before:
        return promise.not_before
    return max(promise.not_before, promised(attempt_at, time_zone, rules))


def told_at(promise: Promise, rules: Rules) -> Instant | None:
    """From when the notice period runs: the first acceptance by a mail server.

    Where nobody can be reached and the setting is `proceed`, the first recorded attempt stands for it (DM-17, SF-02).
    None while nobody was told.
    """
    if promise.first_accepted_at is not None:
        return promise.first_accepted_at
    if promise.settled and rules.when_nobody_reachable == "proceed":
        return promise.first_attempt_at
    return None


def deletion_at(promise: Promise, rules: Rules) -> Instant | None:
    """The gate: at or after the promise, and the notice period after the telling. None while nobody was told."""
    told = told_at(promise, rules)
    return None if told is None else max(promise.not_before, told + rules.notice_period)
