"""Where a page has ended in a list that goes by a date: the last one's date as it was on that page, and its id.

Whatever becomes of that one meanwhile, the next page begins where this one has ended.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from tenure.contracts.base import Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def figures(at: Instant) -> str:
    """An instant as cursors write it, to the microsecond."""
    return str((at - _EPOCH) // _MICROSECOND)


def instant(figures: str) -> Instant:
    """The instant that was written so; up to 17 figures are within the years of instants."""
    return _EPOCH + int(figures) * _MICROSECOND
