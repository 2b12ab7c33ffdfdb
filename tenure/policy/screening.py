"""When lists are good enough to screen with, and from which likeness on an entry is a hit."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.contracts.base import Contract, Instant
from tenure.contracts.screening import ListId, ScreeningList


class ScreeningRules(Contract):
    """What screening is made of. A misspelt rule is refused on load: it must not switch a list off (P4)."""

    model_config = ConfigDict(extra="forbid")

    customers: Literal["all", "wholesale"] = "all"
    """Who is screened: every customer that is created, those of trials included, or wholesale customers alone (RPL-03, Q-27)."""
    list_max_age: Annotated[timedelta, Field(ge=timedelta(hours=1))] = timedelta(days=7)
    """From which age on a list is stale, since it was last loaded or confirmed (RPL-16)."""
    required_lists: Annotated[tuple[ListId, ...], Field(min_length=1)] = (ListId.US_DPL, ListId.US_SDN, ListId.UN)
    """Without one of these nothing is screened (RPL-16); any other that is loaded must be fresh, too."""
    largest_loss: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The share of a list's entries that an update may take away: a file cut off between two rows looks whole."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The likeness of names from which an entry is a hit. A missed party is worse than a review."""
    first_retry: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(minutes=1)
    """After which a screening that was not possible is tried again; each time it doubles (RPL-16)."""
    longest_retry: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(minutes=15)
    """And this is where it stops to double. A list that is loaded wakes everybody who waits for one."""
    most_hits: Annotated[int, Field(ge=1, le=1000)] = 50
    """The best hits that an answer lists."""


DEFAULT = ScreeningRules()


def is_stale(confirmed_at: Instant, now: Instant, rules: ScreeningRules) -> bool:
    """Whether a list is too old to screen with."""
    return now - confirmed_at > rules.list_max_age


def unusable(lists: Sequence[ScreeningList], rules: ScreeningRules) -> str | None:
    """Why these lists cannot be screened with, naming the list; None where they can (RPL-16)."""
    known = {each.list_id: each for each in lists}
    for list_id in (*rules.required_lists, *known):
        if list_id not in known:
            return f"The list {list_id} has never been loaded."
        if known[list_id].entries == 0:
            return f"The list {list_id} is empty."
        if known[list_id].stale:
            return f"The list {list_id} is stale: it was last confirmed {known[list_id].confirmed_at:%Y-%m-%d %H:%MZ}."
    return None


def retry_after(attempts: int, rules: ScreeningRules) -> timedelta:
    """How long to rest after so many screenings in a row, one at least, that were not possible (RPL-16)."""
    doubled: timedelta = rules.first_retry * 2 ** min(attempts - 1, 20)
    return min(doubled, rules.longest_retry)


def fingerprint(contract: BaseModel) -> str:
    """The SHA-256 of an entry or a subject: another one, and it has changed (Q-32)."""
    return hashlib.sha256(contract.model_dump_json().encode()).hexdigest()
