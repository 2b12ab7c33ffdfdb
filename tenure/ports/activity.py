"""What keeps organisations alive."""

from collections.abc import Sequence
from typing import Protocol

from tenure.contracts.activity import Event, Feed, FeedGap, Heartbeat, IntakeResult
from tenure.ports.caller import Caller


class Activity(Protocol):
    """Intake: the newest instant of each organisation."""

    async def record(self, events: Sequence[Event]) -> IntakeResult:
        """Fold the events and commit them; answers after the commit, a rejected event by its place in the sequence.

        Raises:
            Unavailable: the database does not answer, or too many events wait for it. Sending again is right and
                harmless: what was committed is then answered as older.
        """
        ...


class Feeds(Protocol):
    """The sources of activity."""

    async def all(self) -> Sequence[Feed]:
        """Every feed by name."""
        ...

    async def register(self, caller: Caller, feed: Feed) -> Feed:
        """Add a feed, or change its rhythm and whether it is needed."""
        ...

    async def heartbeat(self, caller: Caller, heartbeat: Heartbeat) -> Feed:
        """Move a watermark; it never goes back, nor ahead of `business_now()`."""
        ...

    async def declare_gap(self, caller: Caller, gap: FeedGap) -> None:
        """Declare a span lost for good."""
        ...
