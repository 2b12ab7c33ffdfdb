"""The breaker's rule: whether one more fence would be one too many (SF-05)."""

from tenure.contracts.base import Instant
from tenure.contracts.breaker import Breaker


def trips(breaker: Breaker) -> str | None:
    """Why one more fence must open a breaker that is closed, or None where it may go ahead."""
    return _exceeds(breaker.fenced_last_hour + 1, breaker.fenced_last_day + 1, breaker)


def blocks(breaker: Breaker) -> bool:
    """Whether an open breaker lets nothing through: no fence and no purge, until an operator releases a number."""
    return breaker.open_since is not None and breaker.released <= 0


def needs_release(breaker: Breaker, fenced_at: Instant) -> bool:
    """Whether a purge takes one of the released.

    What was fenced since the breaker opened was released then, and is not released twice.
    """
    return breaker.open_since is not None and fenced_at <= breaker.open_since


def blocks_purge(breaker: Breaker, fenced_at: Instant) -> bool:
    """Whether the purge of what was fenced then waits until an operator releases a number (P5)."""
    return needs_release(breaker, fenced_at) and blocks(breaker)


def alerts(breaker: Breaker) -> bool:
    """Whether somebody should look: it is open, or own requests and fences together exceed what fences may."""
    hour = breaker.fenced_last_hour + breaker.own_last_hour
    day = breaker.fenced_last_day + breaker.own_last_day
    return breaker.open_since is not None or _exceeds(hour, day, breaker) is not None


def _exceeds(hour: int, day: int, breaker: Breaker) -> str | None:
    if hour > breaker.limit_hour:
        return f"{hour} in an hour, {breaker.limit_hour} allowed"
    if day > breaker.limit_day:
        return f"{day} in a day, {breaker.limit_day} allowed"
    return None
