"""The breaker: it stops the fleet, or a partner's part of it, when deletions come too fast (SF-05)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from tenure.contracts.base import Command, Contract, Instant, Text
from tenure.ids import PartnerId


class BreakerScope(StrEnum):
    """Whose a breaker is."""

    FLEET = "fleet"
    PARTNER = "partner"


class Breaker(Contract):
    """One breaker: the fleet's, or a partner's."""

    partner_id: PartnerId | None = None
    """None is the fleet's."""
    open_since: Instant | None = None
    reason: str | None = None
    released: int = 0
    """Deletions that an operator has let through and that were not used yet."""
    released_by: str | None = None
    released_because: str | None = None
    released_at: Instant | None = None
    fenced_last_hour: int = 0
    """Unused organisations of this scope that were fenced in the rolling hour, aborted ones included."""
    fenced_last_day: int = 0
    own_last_hour: int = 0
    """Organisations deleted at their own request: they count for the alert, and are not held."""
    own_last_day: int = 0
    limit_hour: int
    limit_day: int
    alert: bool = False
    """It is open, or fences and own requests together exceed a limit: somebody should look."""


class ReleaseBreaker(Command):
    """An operator lets a stated number of deletions through."""

    scope: Literal["fleet"] | PartnerId
    """Whose breaker: `fleet`, or a partner's id. Nothing stands for the fleet but its name (SF-08)."""
    count: Annotated[int, Field(ge=1, le=100_000)]
    reason: Text
