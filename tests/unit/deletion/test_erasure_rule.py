"""When a purge may begin: after the quarantine, when every feed has passed the fence and nothing speaks against it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.activity import Feed
from tenure.contracts.erasure import Erasure, ErasureCause, ErasureState
from tenure.ids import OrganisationId
from tenure.policy.erasure import PurgeEvidence, clear
from tenure.policy.rules import DEFAULT

FENCED_AT = datetime(2026, 5, 1, tzinfo=UTC)
OVER = FENCED_AT + timedelta(hours=24)
INSTANT = timedelta(microseconds=1)


def feed(watermark: datetime | None) -> Feed:
    return Feed(source="identity", rhythm=timedelta(minutes=15), watermark=watermark, heard_at=watermark)


def quarantined(state: ErasureState = ErasureState.QUARANTINE, **fields: Any) -> PurgeEvidence:
    erasure = Erasure(
        organisation_id=OrganisationId("org_one"),
        generation=1,
        cause=fields.pop("cause", ErasureCause.UNUSED),
        state=state,
        fenced_at=FENCED_AT,
        quarantine_until=OVER,
    )
    known: dict[str, Any] = {"feeds": (feed(FENCED_AT),), "late_activity": False, "breaker_open": False}
    return PurgeEvidence(erasure=erasure, **known | fields)


def test_the_quarantine_lasts_its_time() -> None:
    """24 hours, half-open: at its end the purge begins, not an instant before (SF-11, XC-03)."""
    early = clear(quarantined(), OVER - INSTANT, DEFAULT)
    assert (early.cleared, early.held_because, early.due_at) == (False, "quarantine", OVER)
    assert clear(quarantined(), OVER, DEFAULT).cleared


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"late_activity": True}, "late_activity"),
        ({"customers_managed": 1}, "customers_managed"),
        ({"breaker_open": True}, "breaker_open"),
        ({"feeds": ()}, "feed_behind"),
        ({"feeds": (feed(None),)}, "feed_behind"),
        ({"feeds": (feed(FENCED_AT), feed(FENCED_AT - INSTANT))}, "feed_behind"),
    ],
)
def test_what_holds_a_purge(fields: dict[str, Any], reason: str) -> None:
    """Late activity, a customer that is back, an open breaker, a feed that has not passed the fence (SF-11, P5)."""
    held = clear(quarantined(**fields), OVER, DEFAULT)
    assert (held.cleared, held.held_because, held.due_at) == (False, reason, OVER + DEFAULT.look_again)


def test_a_rehearsal_purges_nothing() -> None:
    """Rules that rehearse hold what was fenced before they came, and not the customer's own request (WH-06, DM-11)."""
    rehearsal = DEFAULT.model_copy(update={"dry_run": True})
    assert clear(quarantined(), OVER, rehearsal).held_because == "dry_run"
    assert clear(quarantined(cause=ErasureCause.OWN_REQUEST), OVER, rehearsal).cleared


def test_the_customers_own_request_waits_for_nothing() -> None:
    """It has no quarantine and is final, whatever feeds and breakers say (DM-11, SF-05, SF-11)."""
    own = quarantined(cause=ErasureCause.OWN_REQUEST, breaker_open=True, late_activity=True, feeds=())
    assert clear(own, FENCED_AT, DEFAULT).cleared


def test_what_was_aborted_is_never_purged() -> None:
    """The customer's own included: an abort that committed wins (P2, SF-11)."""
    for cause in ErasureCause:
        answer = clear(quarantined(ErasureState.ABORTED, cause=cause), OVER, DEFAULT)
        assert (answer.cleared, answer.aborted) == (False, True)


@given(st.booleans(), st.booleans(), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_purge_only_goes_forward(late: bool, breaker_open: bool, after: timedelta) -> None:
    """Once begun it is never held again (XC-07)."""
    begun = quarantined(ErasureState.PURGING, late_activity=late, breaker_open=breaker_open, feeds=())
    assert clear(begun, FENCED_AT + after, DEFAULT).cleared
