"""Trials, page by page (PS-02)."""

from typing import Annotated

from pydantic import StringConstraints

from tenure.contracts.base import Contract
from tenure.contracts.trial import TrialView

TrialCursor = Annotated[
    str,
    StringConstraints(max_length=80, pattern=r"^(?:(?:over)?[0-9]{1,17}\.)?trl_[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$"),
]
"""Where a page ended: `next_after` of the page before, for the same order.

In order of id that is the id. Where what ends first comes first, the last trial's own date stands before it, as it was on
that page, or since when it is over: whatever becomes of that trial meanwhile, the next page begins where this one has ended.
"""


class TrialPage(Contract):
    """Trials in order of id, or those first that end first."""

    trials: tuple[TrialView, ...]
    next_after: TrialCursor | None = None
    """Where the next page begins; None at the end."""
