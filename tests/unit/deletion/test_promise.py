"""The promise: rounded in every zone, only ever later, and what counts as having told somebody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.deletion import Promise
from tenure.policy import promise as promises
from tenure.policy.rules import DEFAULT, Rules

HOUR = timedelta(hours=1)
MONTH = timedelta(days=30)
INSTANT = timedelta(microseconds=1)

zones = st.sampled_from(sorted(available_timezones()))
instants = st.timedeltas(timedelta(0), timedelta(days=34 * 365)).map(datetime(2026, 1, 1, tzinfo=UTC).__add__)
moments = st.lists(instants, min_size=1, max_size=8)


@given(instants, zones)
def test_promise_is_the_first_full_day_after_the_notice_period(attempt: datetime, zone: str) -> None:
    """The date printed begins a local day, is never before attempt + 30 d, and no earlier day would do (SF-01, DM-06)."""
    due = attempt + MONTH
    promised = promises.promised(attempt, zone, DEFAULT)
    local = promised.astimezone(ZoneInfo(zone)).date()
    day_before = (promised - INSTANT).astimezone(ZoneInfo(zone)).date()
    assert promised >= due
    assert day_before < local
    assert promised == due or day_before == due.astimezone(ZoneInfo(zone)).date()


@given(instants, zones)
def test_promise_is_less_than_a_day_late(attempt: datetime, zone: str) -> None:
    """Rounding costs less than the longest day: 25 hours where clocks go back by one, 26 at Troll station (SF-01)."""
    late = promises.promised(attempt, zone, DEFAULT) - (attempt + MONTH)
    assert late < (26 if zone == "Antarctica/Troll" else 25) * HOUR


@pytest.mark.parametrize(
    ("zone", "attempt", "promised"),
    [
        ("UTC", "2026-03-01T00:00:00+00:00", "2026-03-31T00:00:00+00:00"),
        ("UTC", "2026-03-01T00:00:00.000001+00:00", "2026-04-01T00:00:00+00:00"),
        # Summer time begins on 29 March: the day has 23 hours, and the month of notice still has 30 times 24.
        ("Europe/Warsaw", "2026-02-27T12:00:00+00:00", "2026-03-29T22:00:00+00:00"),
        # Clocks in Beirut skip the midnight of 28 March 2027: that day begins at one o'clock.
        ("Asia/Beirut", "2027-02-25T12:00:00+00:00", "2027-03-27T22:00:00+00:00"),
        # In Havana the midnight of 1 November 2026 comes twice: the day begins with the first.
        ("America/Havana", "2026-10-01T12:00:00+00:00", "2026-11-01T04:00:00+00:00"),
        ("America/Havana", "2026-10-02T04:30:00+00:00", "2026-11-02T05:00:00+00:00"),
        # In Nuuk clocks go back at midnight, so that the last hour of the day before comes twice.
        ("America/Nuuk", "2026-09-25T00:30:00+00:00", "2026-10-25T02:00:00+00:00"),
    ],
)
def test_promise_at_changes_of_clocks(zone: str, attempt: str, promised: str) -> None:
    """Skipped and doubled midnights, and an instant that is a midnight already (SF-01)."""
    assert promises.promised(datetime.fromisoformat(attempt), zone, DEFAULT) == datetime.fromisoformat(promised)


def begun(attempt: datetime, zone: str) -> Promise:
    return Promise(cycle=1, base_at=attempt - MONTH, not_before=promises.promised(attempt, zone, DEFAULT))


@given(instants, zones, moments)
def test_promise_only_moves_later(start: datetime, zone: str, attempts: list[datetime]) -> None:
    """Whatever is attempted or accepted, and by whatever clock, the date never moves earlier (SF-01)."""
    promise = begun(start, zone)
    for number, instant in enumerate(attempts):
        step = promises.attempted if number % 2 else promises.accepted
        moved = step(promise, instant, zone, DEFAULT)
        assert moved.not_before >= promise.not_before
        promise = moved


@given(instants, zones, st.lists(st.timedeltas(timedelta(0), timedelta(days=40)), min_size=1, max_size=6))
def test_every_attempt_before_an_acceptance_leaves_the_full_notice(
    start: datetime, zone: str, delays: list[timedelta]
) -> None:
    """A mail delayed by an outage shifts the deletion: whatever is printed lies 30 days ahead (DM-06, DM-07, SF-02)."""
    promise = begun(start, zone)
    for delay in sorted(delays):
        promise = promises.attempted(promise, start + delay, zone, DEFAULT)
        assert promise.not_before >= start + delay + MONTH
        assert promise.first_attempt_at == start + min(delays)


@given(instants, zones, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_mailbox_that_puts_off_its_mail_does_not_put_off_the_deletion(
    start: datetime, zone: str, delay: timedelta
) -> None:
    """Once one full admin's server has accepted, attempts for others print the same date (SF-02, DM-10)."""
    told = promises.accepted(promises.attempted(begun(start, zone), start, zone, DEFAULT), start, zone, DEFAULT)
    assert promises.attempted(told, start + delay, zone, DEFAULT) == told
    assert promises.accepted(told, start + delay, zone, DEFAULT) == told


@given(instants, zones, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_acceptance_leaves_the_full_notice(start: datetime, zone: str, delay: timedelta) -> None:
    """A server that takes long to accept moves the date too, and the gate is never before acceptance + 30 d (SF-02)."""
    promise = promises.accepted(begun(start, zone), start + delay, zone, DEFAULT)
    gate = promises.deletion_at(promise, DEFAULT)
    assert gate == promise.not_before
    assert gate >= start + delay + MONTH


def test_the_gate_waits_for_acceptance_even_where_the_promise_does_not() -> None:
    """The fence waits for the promise and for 30 days after the acceptance, whichever is later (SF-02)."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    promise = begun(start, "UTC").model_copy(update={"first_accepted_at": start + timedelta(days=3)})
    assert promises.deletion_at(promise, DEFAULT) == start + timedelta(days=33)


def test_nobody_was_told_while_somebody_is_tried() -> None:
    """Attempts alone tell nobody while a recipient is still being tried (SF-02, DM-07)."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    tried = promises.attempted(begun(start, "UTC"), start, "UTC", DEFAULT)
    assert promises.told_at(tried, DEFAULT) is None
    assert promises.deletion_at(tried, DEFAULT) is None


@pytest.mark.parametrize("setting", ["proceed", "hold"])
def test_where_nobody_can_be_reached_a_setting_decides(setting: str) -> None:
    """The first recorded attempt stands for the acceptance, or nothing does (DM-17, SF-02)."""
    rules = Rules.model_validate({"when_nobody_reachable": setting})
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for tried in (begun(start, "UTC"), promises.attempted(begun(start, "UTC"), start, "UTC", rules)):
        promise = promises.settled(tried, start)
        assert promise.first_attempt_at == start
        assert promises.told_at(promise, rules) == (start if setting == "proceed" else None)


@given(instants, zones, st.timedeltas(timedelta(days=1), timedelta(days=60)))
def test_no_change_of_rules_brings_a_promise_forward(start: datetime, zone: str, notice: timedelta) -> None:
    """A shorter notice period in later rules leaves the stored date where it is (SF-01)."""
    promise = promises.accepted(promises.attempted(begun(start, zone), start, zone, DEFAULT), start, zone, DEFAULT)
    changed = promises.deletion_at(promise, Rules(notice_period=notice))
    assert changed is not None
    assert changed >= promise.not_before


def test_refusals_count_a_day_apart() -> None:
    """What is said again within 23 hours is the same refusal; after the interval it is another (SF-02)."""
    first = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert promises.refusal_counts(None, first, DEFAULT)
    assert not promises.refusal_counts(first, first, DEFAULT)
    assert not promises.refusal_counts(first, first + 23 * HOUR - INSTANT, DEFAULT)
    assert promises.refusal_counts(first, first + 23 * HOUR, DEFAULT)
    assert DEFAULT.refusals == 3


@given(instants, zones, st.timedeltas(timedelta(0), 2 * MONTH))
def test_a_promise_that_is_resumed_waits_for_an_answer(start: datetime, zone: str, later: timedelta) -> None:
    """Somebody to be tried is found: nobody counts as told until the next answer, and the date only grows (SF-02, P1)."""
    promise = Promise(cycle=1, base_at=start, not_before=promises.promised(start, zone, DEFAULT))
    settled = promises.settled(promise, start)
    resumed = promises.resumed(settled)
    assert promises.told_at(settled, DEFAULT) == start
    assert promises.deletion_at(resumed, DEFAULT) is None
    again = promises.settled(promises.attempted(resumed, start + later, zone, DEFAULT), start + later)
    assert again.first_attempt_at == start
    assert again.not_before >= max(settled.not_before, start + later + MONTH)


@given(instants, zones, st.timedeltas(timedelta(0), timedelta(days=400)), st.booleans(), st.integers(1, 90))
def test_a_bounce_brings_nothing_forward(
    start: datetime, zone: str, delay: timedelta, settled: bool, notice: int
) -> None:
    """Once all that was accepted has come back, the gate is where it was or nowhere, whatever the rules are by then (SF-01, TL-04)."""
    told = promises.accepted(promises.attempted(begun(start, zone), start, zone, DEFAULT), start + delay, zone, DEFAULT)
    told = told.model_copy(update={"settled": settled})
    returned = promises.bounced(told, start + delay)
    assert returned.not_before == told.not_before
    for setting in ("proceed", "hold"):
        rules = Rules.model_validate({"when_nobody_reachable": setting, "notice_period": timedelta(days=notice)})
        stays = setting == "proceed" and settled
        assert promises.deletion_at(returned, rules) == (promises.deletion_at(told, rules) if stays else None)


@given(instants, zones, st.timedeltas(timedelta(0), 2 * MONTH), st.timedeltas(timedelta(0), 2 * MONTH))
def test_who_is_tried_after_a_bounce_gets_the_full_notice(
    start: datetime, zone: str, until_bounce: timedelta, until_answer: timedelta
) -> None:
    """A corrected address, or another full admin, is told of 30 days from then on, and the first acceptance counts anew (SF-02, TL-04)."""
    told = promises.accepted(promises.attempted(begun(start, zone), start, zone, DEFAULT), start, zone, DEFAULT)
    returned = promises.bounced(promises.settled(told, start), start + until_bounce)
    again = start + until_bounce + until_answer
    tried = promises.attempted(promises.resumed(returned), again, zone, DEFAULT)
    assert tried.not_before >= max(told.not_before, again + MONTH)
    reached = promises.accepted(tried, again, zone, DEFAULT)
    assert promises.is_told(reached)
    assert reached.first_accepted_at == again
    assert promises.deletion_at(reached, DEFAULT) == reached.not_before


def test_a_bounce_of_what_nobody_has_accepted_says_nothing() -> None:
    """A promise that stands on an attempt stays as it is, and a second bounce changes nothing (TL-04)."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    tried = promises.attempted(begun(start, "UTC"), start, "UTC", DEFAULT)
    assert promises.bounced(tried, start) == tried
    returned = promises.bounced(promises.accepted(tried, start, "UTC", DEFAULT), start)
    assert promises.bounced(returned, start + MONTH) == returned
