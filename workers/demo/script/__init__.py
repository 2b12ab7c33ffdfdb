"""What the outside world does, day by day.

The paths of organisations that nobody touches need no line here: time alone takes them to their end.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from workers.demo.script import consents, deletion, onboarding, trials, wholesale
from workers.demo.script.event import END, START, Event

__all__ = ["END", "PATHS", "SCRIPT", "START", "Event"]

_PARTS: Final = (deletion, consents, trials, onboarding, wholesale)

SCRIPT: Final[Sequence[Event]] = sorted((event for part in _PARTS for event in part.EVENTS), key=lambda event: event.at)
"""Everything that happens outside, in order."""

PATHS: Final[Mapping[str, str]] = {subject: path for part in _PARTS for subject, path in part.PATHS.items()}
"""What each organisation is an example of."""
