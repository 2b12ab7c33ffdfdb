"""What the outside world does, day by day.

The paths of organisations that nobody touches need no line here: time alone takes them to their end.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from workers.demo.script import consents, deletion, trials
from workers.demo.script.event import END, START, Event

__all__ = ["END", "PATHS", "SCRIPT", "START", "Event"]

SCRIPT: Final[Sequence[Event]] = sorted(
    (*deletion.EVENTS, *consents.EVENTS, *trials.EVENTS), key=lambda event: event.at
)
"""Everything that happens outside, in order."""

PATHS: Final[Mapping[str, str]] = {**deletion.PATHS, **consents.PATHS, **trials.PATHS}
"""What each organisation is an example of."""
