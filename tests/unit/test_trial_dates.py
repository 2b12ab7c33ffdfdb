"""The dates of a trial and what may be done when, by properties (TC, NO-09, GR-01, NR, DV-02, XC-03)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.contracts.trial import ConsentState, TrialState
from tenure.errors import RefusalCode
from tenure.policy import trial
from tenure.policy.rules import DEFAULT, Rules
from tenure.policy.trial import Action

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.timedeltas(timedelta(0), 400 * DAY)


@given(INSTANTS, st.integers(-100, 100))
def test_an_extension_counts_from_now(now: datetime, days: int) -> None:
    """The old end is no part of the new one: 65 days left, 30 chosen, is 30 (TC-01, XC-03)."""
    assert trial.extended(now, days) - now == days * timedelta(hours=24)


@given(st.integers(-1000, 1000))
def test_lengths_of_an_extension(days: int) -> None:
    """1 to 30 days, whole; the cap is the rules' (TC-02, Q-15)."""
    expected = RefusalCode.EXTENSION_TOO_SHORT if days < 1 else RefusalCode.EXTENSION_TOO_LONG if days > 30 else None
    assert trial.refuse_extension(days, DEFAULT) is expected
    assert trial.refuse_extension(5, Rules(longest_extension_days=4)) is RefusalCode.EXTENSION_TOO_LONG


@given(INSTANTS, st.timedeltas(timedelta(0), 100 * DAY))
def test_the_reminder(armed_at: datetime, left: timedelta) -> None:
    """7 days before the end where 7 days or more are left when it is set, else never (NO-01, NO-09, Q-12)."""
    end = armed_at + left
    assert trial.reminder_at(armed_at, end, DEFAULT) == (end - 7 * DAY if left >= 7 * DAY else None)


@pytest.mark.parametrize(("left", "told"), [(7 * DAY - TICK, False), (7 * DAY, True), (7 * DAY + TICK, True)])
def test_the_reminder_at_its_edge(left: timedelta, told: bool) -> None:
    """Exactly 7 days: send; a microsecond less: skip (NO-09, XC-03)."""
    now = datetime(2026, 11, 2, tzinfo=UTC)
    assert (trial.reminder_at(now, now + left, DEFAULT) is not None) is told


@given(INSTANTS, SPANS)
def test_the_grace(end: datetime, late: timedelta) -> None:
    """30 days from the end, and all of them from when the end was carried out, where that was late (GR-01, SF-06)."""
    expired_at = end + late
    over = trial.grace_ends_at(end, expired_at, DEFAULT)
    assert over == (end if late <= timedelta(hours=1) else expired_at) + 30 * DAY
    assert over >= end + 30 * DAY
    assert over > expired_at + 29 * DAY


@given(INSTANTS)
def test_the_ladder_of_days(end: datetime) -> None:
    """Day 30 the grace is over, day 45 the numbers go; devices have 14 days of their own (NR-01, NR-02, DV-02)."""
    over = trial.grace_ends_at(end, end, DEFAULT)
    assert (over - end, trial.numbers_held_until(over, over, DEFAULT) - end) == (30 * DAY, 45 * DAY)
    assert trial.devices_due_at(end, DEFAULT) - end == 14 * DAY
    assert trial.ends_at(end, 90) - end == 90 * DAY


@pytest.mark.parametrize(
    ("action", "over"),
    [
        (Action.EXTEND, RefusalCode.GRACE_OVER),
        (Action.CONVERT, RefusalCode.GRACE_OVER),
        (Action.CANCEL, RefusalCode.WRONG_STATE),
    ],
)
def test_in_grace_to_the_last_microsecond(action: Action, over: RefusalCode) -> None:
    """Allowed strictly before the end of grace; at its end it is over, whatever state is stored (TC-05, TC-06, TC-14, XC-03)."""
    end = datetime(2026, 11, 2, tzinfo=UTC)
    answers = [trial.refuse(action, TrialState.GRACE, end, end + after) for after in (-TICK, timedelta(0), TICK)]
    assert answers == [None, over, over]


@given(st.sampled_from(Action), st.sampled_from(TrialState), INSTANTS, INSTANTS)
def test_time_alone_opens_nothing(action: Action, state: TrialState, end: datetime, now: datetime) -> None:
    """What is refused now is refused later too, in the same state (GR-08, XC-05)."""
    if trial.refuse(action, state, end, now) is not None:
        assert trial.refuse(action, state, end, now + DAY) is not None


@pytest.mark.parametrize("state", [TrialState.CONVERTED, TrialState.CANCELLED])
def test_what_is_over(state: TrialState) -> None:
    """A trial that was converted or cancelled takes nothing more (table 18.1)."""
    now = datetime(2026, 11, 2, tzinfo=UTC)
    for action in set(Action) - {Action.RESEND}:
        assert trial.refuse(action, state, None, now) is RefusalCode.WRONG_STATE
    assert trial.refuse(Action.RESEND, state, None, now) is RefusalCode.NOT_PENDING


@given(INSTANTS)
def test_ten_days_to_consent(requested_at: datetime) -> None:
    """240 hours, half-open: at the deadline it is over, with or without its timer (CO-06, CO-19)."""
    deadline = trial.consent_deadline(requested_at, DEFAULT)
    assert deadline - requested_at == timedelta(hours=240)
    answers = [
        trial.refuse_consent(ConsentState.PENDING, deadline, deadline + after) for after in (-TICK, timedelta(0), TICK)
    ]
    assert answers == [None, RefusalCode.CONSENT_EXPIRED, RefusalCode.CONSENT_EXPIRED]


@pytest.mark.parametrize(
    "blank",
    [
        {"trial_grace": timedelta(0)},
        {"trial_reminder": timedelta(0)},
        {"number_hold": timedelta(days=-1)},
        {"device_return": timedelta(0)},
        {"longest_extension_days": 0},
        {"trial_lengths_days": ()},
        {"trial_lengths_days": (0,)},
    ],
)
def test_no_rule_is_blank(blank: dict[str, object]) -> None:
    """A length that is none is refused when the rules are loaded (P4, WH-05)."""
    with pytest.raises(ValidationError):
        Rules.model_validate(blank)
