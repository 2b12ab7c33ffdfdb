"""Activity: the newest event of each organisation is all that counts, in whatever order events arrive (AC-10, P7)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tenure.contracts.activity import Event


def order(event: Event) -> tuple[datetime, str, str]:
    """Decides which of two events is kept: the later, and at one instant the greater kind and source.

    The tie is broken so that a row says the same whatever came first.
    """
    return event.at, event.kind, event.source


def fold[E: Event](events: Iterable[E]) -> dict[str, list[E]]:
    """The events of each organisation."""
    folded: dict[str, list[E]] = {}
    for event in events:
        # Twice as fast as setdefault, which makes a list for every event.
        known = folded.get(event.organisation_id)
        if known is None:
            folded[event.organisation_id] = [event]
        else:
            known.append(event)
    return folded


def newest[E: Event](events: Sequence[E]) -> E:
    """The one of an organisation's events that is kept."""
    return events[0] if len(events) == 1 else max(events, key=order)


def newer(events: Iterable[Event], known: datetime | None) -> int:
    """How many events are later than what was known."""
    return sum(known is None or event.at > known for event in events)


def late(events: Iterable[Event], known: datetime | None, fenced_at: datetime | None) -> datetime | None:
    """The latest instant that a fence should have known of: before it, and newer than what it knew (SF-11)."""
    if fenced_at is None:
        return None
    missed = (event.at for event in events if event.at < fenced_at and (known is None or event.at > known))
    return max(missed, default=None)
