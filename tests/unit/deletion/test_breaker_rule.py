"""The breaker's rule: when one more is one too many, what an open one lets through, and what is worth an alert."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.contracts.activity import FeedGap, Heartbeat
from tenure.contracts.base import Command
from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.contracts.erasure import AbortErasures
from tenure.contracts.licence import ExpireLicences, GrantLicences
from tenure.contracts.organisation import DeleteNow, Manage
from tenure.policy.breaker import alerts, blocks, blocks_purge, trips
from tenure.policy.rules import BreakerLimit, Rules

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def breaker(**fields: Any) -> Breaker:
    return Breaker(**{"limit_hour": 5, "limit_day": 20} | fields)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_it_trips_at_exactly_one_too_many(hour: int, day: int, limit_hour: int, limit_day: int) -> None:
    """One more than allowed in the rolling hour or day, never one less and never one more (SF-05)."""
    found = trips(breaker(fenced_last_hour=hour, fenced_last_day=day, limit_hour=limit_hour, limit_day=limit_day))
    assert (found is not None) == (hour + 1 > limit_hour or day + 1 > limit_day)


@pytest.mark.parametrize(
    ("organisations", "allowed"), [(0, 20), (100, 20), (400, 20), (401, 20), (420, 21), (100_000, 5000)]
)
def test_a_limit_is_the_larger_of_a_number_and_a_share(organisations: int, allowed: int) -> None:
    """max(absolute, share x organisations), whole fences only (SF-05)."""
    assert BreakerLimit(absolute=20, share=0.05).allowed(organisations) == allowed


def test_a_limit_of_nothing_allows_nothing() -> None:
    """A zero does not mean without limit (P4)."""
    assert BreakerLimit(absolute=0, share=0).allowed(10_000) == 0
    assert trips(breaker(limit_hour=0)) is not None


def test_an_open_breaker_blocks_until_something_is_released() -> None:
    """Nothing goes through an open one but what an operator has released (SF-05, P5)."""
    assert not blocks(breaker())
    assert blocks(breaker(open_since=NOW))
    assert not blocks(breaker(open_since=NOW, released=1))


def test_own_requests_count_for_the_alert_and_trip_nothing() -> None:
    """A wave of own requests is worth a look, and is not held (SF-05, DM-11)."""
    wave = breaker(own_last_hour=4, own_last_day=4, fenced_last_hour=2, fenced_last_day=2)
    assert alerts(wave)
    assert trips(wave) is None
    assert not alerts(breaker(own_last_hour=3, fenced_last_hour=2))
    assert alerts(breaker(open_since=NOW, released=3))


@pytest.mark.parametrize("count", [0, -1, None, "", "all", 100_001])
def test_a_release_states_a_number(count: object) -> None:
    """Nothing blank, zero, negative or boundless releases anything (P4, SF-08)."""
    with pytest.raises(ValidationError):
        ReleaseBreaker.model_validate({"scope": "fleet", "count": count, "reason": "checked"})


@pytest.mark.parametrize("reason", ["", "   ", None])
def test_a_release_says_why(reason: object) -> None:
    """Who and why is part of a release (SF-05)."""
    with pytest.raises(ValidationError):
        ReleaseBreaker.model_validate({"scope": "fleet", "count": 1, "reason": reason})


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"partner": "ptr_a"},
        {"scope": ""},
        {"scope": None},
        {"scope": "org_a"},
        {"scope": "fleet", "partner": "ptr_a"},
    ],
)
def test_a_release_names_its_scope(scope: dict[str, Any]) -> None:
    """A missing or misspelt scope, and one of another kind, never widens a release to the fleet (SF-08, P4)."""
    with pytest.raises(ValidationError):
        ReleaseBreaker.model_validate({"count": 1, "reason": "checked"} | scope)


@pytest.mark.parametrize(
    "command", [AbortErasures, DeleteNow, ExpireLicences, FeedGap, GrantLicences, Heartbeat, Manage]
)
def test_a_command_refuses_what_it_does_not_know(command: type[Command]) -> None:
    """A misspelt field is no field left out (SF-08, P4)."""
    with pytest.raises(ValidationError) as refused:
        command.model_validate({"nonsense": 1})
    assert ("nonsense",) in [error["loc"] for error in refused.value.errors() if error["type"] == "extra_forbidden"]


def test_what_was_fenced_since_it_opened_was_released_then() -> None:
    """Only what was fenced before takes a release for its purge, that very instant included (SF-05, P5)."""
    open_one = breaker(open_since=NOW)
    assert blocks_purge(open_one, NOW)
    assert not blocks_purge(open_one, NOW + timedelta(microseconds=1))
    assert not blocks_purge(breaker(open_since=NOW, released=1), NOW)
    assert not blocks_purge(breaker(), NOW)


DURATIONS = ("trial_grace", "subscription_grace", "silence", "notice_period")


@pytest.mark.parametrize("name", [*DURATIONS, "quarantine", "look_again", "backups_kept"])
@pytest.mark.parametrize("value", [None, "", "-P1D", -1, "soon", "P", [], {}])
def test_no_duration_is_blank_negative_or_nonsense(name: str, value: object) -> None:
    """Such rules are refused on load: nobody starts to delete by them (P4)."""
    with pytest.raises(ValidationError):
        Rules.model_validate({name: value})


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("value", [0, "0", "PT0S", 30, "PT23H59M", "P4000D"])
def test_no_period_of_grace_is_shorter_than_a_day(name: str, value: object) -> None:
    """A zero, seconds meant as days, and the absurd are refused on load (P4)."""
    with pytest.raises(ValidationError):
        Rules.model_validate({name: value})


@pytest.mark.parametrize(
    "rules",
    [
        {"per_second": 0},
        {"per_second": -1},
        {"per_second": "NaN"},
        {"per_second": 1e9},
        {"when_nobody_reachable": ""},
        {"when_nobody_reachable": "delete"},
        {"version": " "},
        {"version": None},
        {"fleet_hour": {"absolute": -1, "share": 0}},
        {"fleet_hour": {"absolute": 1, "share": 1.5}},
        {"fleet_hour": {"absolute": 1, "share": "nan"}},
        {"fleet_hour": {"absolute": 300, "share": 0}},
        {"partner_day": {"absolute": 1, "share": 0}},
        {"dry_run": ""},
        {"dryrun": True},
        {"fleet_hour": {"absolute": 1, "share": 0, "per_day": 1}},
    ],
)
def test_no_cap_or_switch_is_nonsense(rules: dict[str, Any]) -> None:
    """Rates, limits and settings are refused on load too, a daily limit below the hourly one included (P4)."""
    with pytest.raises(ValidationError):
        Rules.model_validate(rules)
