"""The promise: the date that a warning prints, before which nothing is deleted (SF-01, SF-02)."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tenure.contracts.base import Instant
from tenure.contracts.deletion import Promise
from tenure.policy.rules import Rules

_EARLY: Final = timedelta(hours=1)
"""An attempt may come so much before the interval is over, and its refusal counts all the same."""


def promised(attempt_at: Instant, time_zone: str, rules: Rules) -> Instant:
    """The attempt and the notice period, rounded up to the next full day in the organisation's zone.

    An instant that is a midnight there stays; a midnight that a change of clocks skips becomes the first instant of
    that day. Rounding never goes towards earlier (P1).
    """
    zone = ZoneInfo(time_zone)
    due = attempt_at + rules.notice_period
    day = due.astimezone(zone).date()
    while (midnight := datetime.combine(day, time(), zone).astimezone(UTC)) < due:
        day += timedelta(days=1)
    return midnight


def attempted(promise: Promise, attempt_at: Instant, time_zone: str, rules: Rules) -> Promise:
    """What holds once a warning is tried at that instant, before it is written: the date that the mail prints.

    While nobody is known to be told, each attempt leaves the full notice period after it. Once a mail server has
    accepted the warning of one full admin, the attempts for the others print the same date (SF-02): a mailbox that puts its mail off
    for ever is no way to put the deletion off (DM-10).
    """
    not_before = promise.not_before
    if not is_told(promise):
        not_before = _moved(promise, attempt_at, time_zone, rules)
    first = promise.first_attempt_at or attempt_at
    return promise.model_copy(update={"first_attempt_at": first, "not_before": not_before})


def accepted(promise: Promise, accepted_at: Instant, time_zone: str, rules: Rules) -> Promise:
    """What holds once a mail server has accepted a warning: the first acceptance leaves the full notice period too.

    So does the first after all before it have come back (TL-04).
    """
    if is_told(promise):
        return promise
    not_before = _moved(promise, accepted_at, time_zone, rules)
    first = max(accepted_at, promise.first_accepted_at or accepted_at)
    return promise.model_copy(update={"first_accepted_at": first, "bounced_at": None, "not_before": not_before})


def bounced(promise: Promise, bounced_at: Instant) -> Promise:
    """What holds once every warning that was accepted has come back: nobody is known to be told (TL-04).

    Nothing is due any earlier by that.
    """
    return promise.model_copy(update={"bounced_at": bounced_at}) if is_told(promise) else promise


def is_told(promise: Promise) -> bool:
    """Whether a mail server has accepted a warning that has not come back."""
    return promise.first_accepted_at is not None and promise.bounced_at is None


def settled(promise: Promise, settled_at: Instant) -> Promise:
    """What holds once no recipient is being tried any more.

    Where there was none to try, this is the attempt that goes on record (DM-17).
    """
    return promise.model_copy(update={"settled": True, "first_attempt_at": promise.first_attempt_at or settled_at})


def resumed(promise: Promise) -> Promise:
    """What holds once somebody is tried again: a full admin who is new, or whose address was corrected (SF-02).

    While that goes on nobody counts as unreachable, and each attempt moves the date like any other.
    """
    return promise.model_copy(update={"settled": False})


def refusal_counts(last_counted_at: Instant | None, refused_at: Instant, rules: Rules) -> bool:
    """Whether a refusal is one more, and not the one before said again: attempts may come close together (SF-02)."""
    return last_counted_at is None or refused_at - last_counted_at >= rules.refusal_interval - _EARLY


def told_at(promise: Promise, rules: Rules) -> Instant | None:
    """From when the notice period runs: the first acceptance by a mail server.

    Where nobody can be reached and the setting is `proceed`, the first recorded attempt stands for it, and an acceptance
    whose warning came back for itself (DM-17, SF-02, TL-04). None while nobody was told.
    """
    if is_told(promise):
        return promise.first_accepted_at
    if promise.settled and rules.when_nobody_reachable == "proceed":
        return promise.first_accepted_at or promise.first_attempt_at
    return None


def deletion_at(promise: Promise, rules: Rules) -> Instant | None:
    """The gate: at or after the promise, and the notice period after the telling. None while nobody was told."""
    told = told_at(promise, rules)
    return None if told is None else max(promise.not_before, told + rules.notice_period)


def _moved(promise: Promise, instant: Instant, time_zone: str, rules: Rules) -> Instant:
    """The promise, or a later one where it would leave less than the notice period; never an earlier one."""
    if instant + rules.notice_period <= promise.not_before:
        return promise.not_before
    return promised(instant, time_zone, rules)
