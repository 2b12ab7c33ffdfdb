"""What the reference model of trials keeps: plain records, and the durations as the requirements name them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

DAY: Final = timedelta(days=1)
CONSENT: Final = 10 * DAY  # CO-06
REMINDER: Final = 7 * DAY  # NO-01
GRACE: Final = 30 * DAY  # GR-01
RENEWAL: Final = 60 * DAY  # RP-01
HOLD: Final = 15 * DAY  # NR-01
LONGEST: Final = 30  # TC-02
MAILINGS: Final = 10  # CO-11
PUNCTUAL: Final = timedelta(hours=1)  # SF-06
REPORTED_IN_TIME: Final = DAY  # SF-06

LIVE: Final = frozenset({"awaiting_details", "provisioning", "active", "grace"})
"""On trial, against every other partner (TR-16, TR-18)."""
OVER: Final = frozenset({"converted", "cancelled", "ended"})
NUMBERED: Final = "calling"
"""The service that comes with phone numbers (NR-01)."""
RECORDED: Final = "meetings"
"""The service that leaves recordings behind (RP-06)."""
HELD: Final = frozenset({"active", "suspended"})
"""Licences that are not removed (RP-07)."""


class Note(NamedTuple):
    """A mail that was due: once for each of its keys (XC-02)."""

    kind: str
    subject: str
    """A trial, or an order."""
    number: int
    """Which end of the trial, or which mailing of the request, it speaks of."""
    recipient: str


@dataclass
class Partner:
    """A partner and its people."""

    seller: str
    admin: str
    """Of the partner, without the right to sell."""
    distributor: str | None = None
    """Of a partner of tier 2 (TC-13)."""


@dataclass
class Subscription:
    """What was bought (18.3)."""

    services: frozenset[str]
    state: str = "active"
    since: datetime | None = None
    """Since when it is active; None where that does not matter."""
    removal_at: datetime | None = None


@dataclass
class Number:
    """A phone number (18.5)."""

    trial: str | None
    """None: it belongs to a subscription."""
    state: str = "assigned"
    held_until: datetime | None = None


@dataclass
class Trial:
    """A trial (18.1), its request (18.2) and its licences (18.3)."""

    trial_id: str
    partner: str
    path: str
    services: frozenset[str]
    length: int
    typed: str
    """Whose address was typed."""
    state: str
    consent: str | None = None
    deadline: datetime | None = None
    mailings: int = 0
    built: set[str] = field(default_factory=set)
    ends: int = 0
    """How many ends it has had (TC-04)."""
    ends_at: datetime | None = None
    reminder_at: datetime | None = None
    grace_ends_at: datetime | None = None
    licences: str | None = None
    recorded: bool = False
    """Whether its licences have ever been of meetings: what was recorded goes with them, and not before."""
    recordings_until: datetime | None = None
    """How long they wait for a meetings licence after a cancellation (Q-32)."""
    holders: frozenset[str] = frozenset()

    def phase(self, now: datetime) -> str:
        """Its state at an instant, whether or not what ends it has been carried out: at an end it is over (XC-03)."""
        if self.state == "pending_consent" and self.deadline is not None and now >= self.deadline:
            return "cancelled"
        if self.state == "active" and self.ends_at is not None and now >= self.ends_at:
            return "grace"
        if self.state == "grace" and self.grace_ends_at is not None and now >= self.grace_ends_at:
            return "ended"
        return self.state
