"""The breaker's rule: whether one more fence would be one too many (SF-05)."""

from tenure.contracts.base import Contract
from tenure.contracts.breaker import Breaker
from tenure.policy.rules import BreakerLimit


class FenceCount(Contract):
    """What a scope (the fleet, or one partner) has seen: fences of unused organisations in the rolling windows."""

    organisations: int
    last_hour: int
    last_day: int


def trips(count: FenceCount, hour: BreakerLimit, day: BreakerLimit) -> str | None:
    """Why one more fence must open the breaker, or None where it may go ahead.

    The windows are half-open; the limits are the larger of an absolute number and a share of the scope's organisations.
    """
    if count.last_hour + 1 > hour.allowed(count.organisations):
        return f"{count.last_hour} in the last hour, {hour.allowed(count.organisations)} allowed"
    if count.last_day + 1 > day.allowed(count.organisations):
        return f"{count.last_day} in the last day, {day.allowed(count.organisations)} allowed"
    return None


def blocks(breaker: Breaker) -> bool:
    """Whether an open breaker lets nothing more through: all that an operator released has been used."""
    return breaker.open_since is not None and breaker.released <= 0
