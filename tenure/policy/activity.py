"""Activity: the newest event of each organisation is all that counts, in whatever order events arrive (AC-10, P7)."""

from collections.abc import Iterable
from datetime import datetime

from tenure.contracts.activity import Event


def fold[E: Event](events: Iterable[E]) -> dict[str, E]:
    """The newest event of each organisation.

    Of two events at one instant the one with the greater kind and source is kept, so that the same is kept whatever
    came first. Folding what was folded is folding all of it.
    """
    newest: dict[str, E] = {}
    for event in events:
        known = newest.get(event.organisation_id)
        if known is None or event.at > known.at or (event.at == known.at and _label(event) > _label(known)):
            newest[event.organisation_id] = event
    return newest


def _label(event: Event) -> tuple[str, str]:
    return event.kind, event.source


def is_late(event: Event, known: datetime | None, fenced_at: datetime | None) -> bool:
    """Whether a fence should have known of the event: it is older than the fence, and newer than what it knew (SF-11)."""
    return fenced_at is not None and event.at < fenced_at and (known is None or event.at > known)
