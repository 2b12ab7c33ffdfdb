"""The countdown's rule, instant by instant: what leads to which verdict, and what never leads to an act."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.activity import Feed
from tenure.contracts.deletion import HOLDS, Assessment, Evidence, PendingRequest, Promise, Reason, Verdict
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId, TrialRequestId
from tenure.policy.deletion import QUEUE_LASTS, TURN_LASTS, assess, base_at, needs_turn, warning_due_at
from tenure.policy.rules import DEFAULT, Rules

MARKED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = 30 * DAY
INSTANT = timedelta(microseconds=1)
WARN_AT = MARKED_AT + MONTH
GATE = datetime(2026, 5, 1, tzinfo=UTC)
"""30 days after the warning, rounded up to the next full day in UTC."""
REQUEST = TrialRequestId("req_one")
OTHER_REQUEST = TrialRequestId("req_two")


def feed(until: datetime, *, heard_at: datetime | None = None, source: str = "identity", **fields: Any) -> Feed:
    rhythm = fields.pop("rhythm", timedelta(minutes=15))
    return Feed(source=source, rhythm=rhythm, watermark=until, heard_at=heard_at or until, **fields)


def marked(as_of: datetime = WARN_AT, **fields: Any) -> Evidence:
    """An organisation that has been marked and silent, with everything in order at that instant."""
    known: dict[str, Any] = {
        "organisation_id": OrganisationId("org_one"),
        "state": OrganisationState.MARKED,
        "generation": 1,
        "counting_from": MARKED_AT,
        "feeds": (feed(as_of),),
        "rules_version": DEFAULT.version,
    }
    return Evidence(**known | fields)


def warned(as_of: datetime = GATE, **fields: Any) -> Evidence:
    """One that was warned in time, too, and whose warning was accepted at once."""
    promise = Promise(
        cycle=1,
        base_at=MARKED_AT,
        not_before=GATE,
        first_attempt_at=WARN_AT,
        first_accepted_at=WARN_AT,
        settled=True,
    )
    return marked(as_of, **{"state": OrganisationState.WARNED, "cycle": 1, "promise": promise} | fields)


def told(evidence: Evidence, **fields: Any) -> Evidence:
    """The same with other facts about the promise."""
    assert evidence.promise is not None
    return evidence.model_copy(update={"promise": evidence.promise.model_copy(update=fields)})


def verdict(evidence: Evidence, as_of: datetime, rules: Rules = DEFAULT) -> tuple[Verdict, Reason]:
    found = assess(evidence, as_of, rules)
    return found.verdict, found.reason


# The ladder.


def test_warning_after_thirty_silent_days() -> None:
    """At the mark + 30 d, not an instant earlier, the warning is due (DM-05, XC-03)."""
    early = assess(marked(), WARN_AT - INSTANT, DEFAULT)
    assert (early.verdict, early.reason, early.due_at) == (Verdict.WAIT, Reason.SILENCE, WARN_AT)
    assert assess(marked(), WARN_AT, DEFAULT).verdict is Verdict.WARN


def test_fence_at_the_gate() -> None:
    """At the promise, 30 days after the accepted warning, not an instant earlier, the fence is due (DM-06, DM-08)."""
    early = assess(warned(), GATE - INSTANT, DEFAULT)
    assert (early.verdict, early.reason, early.due_at) == (Verdict.WAIT, Reason.NOTICE_PERIOD, GATE)
    assert assess(warned(), GATE, DEFAULT).verdict is Verdict.FENCE


def test_deletion_is_sixty_days_after_marking_at_the_earliest() -> None:
    """Activity before the mark shortens nothing: the countdown begins with the mark (DM-15)."""
    idle = marked(last_activity_at=MARKED_AT - 300 * DAY)
    assert base_at(idle) == MARKED_AT
    assert warning_due_at(idle, DEFAULT) == WARN_AT
    assert assess(idle, WARN_AT - INSTANT, DEFAULT).verdict is Verdict.WAIT


@pytest.mark.parametrize("state", [OrganisationState.LIVE, OrganisationState.ERASING, OrganisationState.DELETED])
def test_who_is_not_counting_is_left_alone(state: OrganisationState) -> None:
    """A countdown of an organisation that is live, fenced or deleted is over (DM-08, DM-09)."""
    assert verdict(warned(state=state), GATE + 300 * DAY) == (Verdict.END, Reason.NOT_COUNTING)


def test_an_overdue_organisation_is_warned_and_never_fenced_at_once() -> None:
    """However late the look, a marked organisation is warned first, and its notice period begins then (P8, XC-01)."""
    late = WARN_AT + 500 * DAY
    assert verdict(marked(late), late)[0] is Verdict.WARN
    just_warned = told(warned(late), not_before=late + MONTH, first_attempt_at=late, first_accepted_at=late)
    assert verdict(just_warned, late)[0] is Verdict.WAIT


# Activity.


def test_activity_after_the_mark_counts_thirty_days_from_itself() -> None:
    """One event by anyone moves the warning to 30 d after it; label and state stay (AC-02, AC-05, AC-06)."""
    used = marked(last_activity_at=MARKED_AT + 20 * DAY)
    assert assess(used, WARN_AT, DEFAULT).due_at == MARKED_AT + 50 * DAY
    assert verdict(used, WARN_AT) == (Verdict.WAIT, Reason.SILENCE)


def test_activity_after_the_warning_resets_it() -> None:
    """Back to the start, up to the last instant before the fence (AC-02, AC-03, DM-16)."""
    used = warned(last_activity_at=GATE - INSTANT)
    assert verdict(used, GATE) == (Verdict.RESET, Reason.ACTIVITY)
    # Then a fresh 30 days, and a further mail.
    reset = used.model_copy(update={"state": OrganisationState.MARKED, "promise": None})
    assert assess(reset, GATE, DEFAULT).due_at == GATE - INSTANT + MONTH


def test_a_sign_in_delays_the_deletion_by_thirty_and_thirty_days() -> None:
    """Counted from the sign-in, not added to the old date (AC-04)."""
    signed_in = WARN_AT + 10 * DAY
    reset = marked(signed_in + MONTH, last_activity_at=signed_in)
    assert assess(reset, signed_in + MONTH, DEFAULT).verdict is Verdict.WARN


def test_old_events_change_nothing() -> None:
    """An event that is no newer than the base of the warning does not reset it (AC-10)."""
    assert verdict(warned(last_activity_at=MARKED_AT), GATE)[0] is Verdict.FENCE
    assert verdict(warned(last_activity_at=MARKED_AT + INSTANT), GATE)[0] is Verdict.RESET


def test_a_lost_span_counts_as_activity() -> None:
    """A span that a feed declares lost resets whoever was warned before its end, and no one else (SF-03)."""
    assert verdict(warned(lost_until=MARKED_AT + DAY), GATE)[0] is Verdict.RESET
    assert verdict(warned(lost_until=MARKED_AT - DAY), GATE)[0] is Verdict.FENCE
    assert assess(marked(lost_until=MARKED_AT + DAY), WARN_AT, DEFAULT).due_at == WARN_AT + DAY


# What is held.


@pytest.mark.parametrize("evidence", [marked(), warned()], ids=["marked", "warned"])
def test_what_came_back_unmarks(evidence: Evidence) -> None:
    """A licence, active or suspended, or a managed customer ends the countdown at any point of it (DM-02, DM-13, DP-04)."""
    held = evidence.model_copy(update={"licence_sets_held": 1})
    managing = evidence.model_copy(update={"customers_managed": 1})
    assert verdict(held, GATE) == (Verdict.UNMARK, Reason.LICENCES_HELD)
    assert verdict(managing, GATE) == (Verdict.UNMARK, Reason.CUSTOMERS_MANAGED)


def pending(request_id: TrialRequestId, deadline_at: datetime) -> PendingRequest:
    return PendingRequest(trial_request_id=request_id, deadline_at=deadline_at)


def test_a_pending_request_defers_the_deletion_to_its_deadline() -> None:
    """Neither unmarked nor reset: held until the request lapses, and not an instant longer (DP-05)."""
    asked = warned(pending_requests=(pending(REQUEST, GATE + 5 * DAY),))
    found = assess(asked, GATE, DEFAULT)
    assert (found.verdict, found.reason, found.due_at) == (Verdict.HOLD, Reason.REQUEST_PENDING, GATE + 5 * DAY)
    assert found.held_by == REQUEST
    lapsed = asked.model_copy(update={"held_by": REQUEST, "feeds": (feed(GATE + 5 * DAY),)})
    assert verdict(lapsed, GATE + 5 * DAY)[0] is Verdict.FENCE


def test_one_request_defers_one_deletion() -> None:
    """The next request of the same cycle does not defer it again: there is no hidden exemption (DP-05, DM-10)."""
    requests = (pending(REQUEST, GATE + DAY), pending(OTHER_REQUEST, GATE + 9 * DAY))
    first = assess(warned(pending_requests=requests), GATE, DEFAULT)
    assert first.held_by == REQUEST
    second = warned(held_by=REQUEST, pending_requests=requests[1:])
    assert verdict(second, GATE)[0] is Verdict.FENCE


def test_a_request_does_not_defer_the_warning() -> None:
    """Only the deletion step is deferred (DP-05)."""
    assert verdict(marked(pending_requests=(pending(REQUEST, GATE),)), WARN_AT)[0] is Verdict.WARN


# The warning.


def test_an_unaccepted_warning_means_no_deletion() -> None:
    """Attempted, and for ever: while a recipient is being tried, nobody was told (DM-07, SF-02, P1)."""
    trying = told(warned(GATE + 900 * DAY), first_accepted_at=None, settled=False)
    assert verdict(trying, GATE + 900 * DAY) == (Verdict.HOLD, Reason.WARNING_NOT_ACCEPTED)


def test_where_nobody_can_be_reached_the_attempt_counts() -> None:
    """No full admin, or every address refused: 30 days from the recorded attempt, unless the setting is hold (DM-17)."""
    unreachable = told(warned(), first_accepted_at=None)
    assert verdict(unreachable, GATE)[0] is Verdict.FENCE
    held = verdict(unreachable, GATE, Rules(when_nobody_reachable="hold"))
    assert held == (Verdict.HOLD, Reason.NOBODY_REACHABLE)


def test_a_later_acceptance_is_waited_for() -> None:
    """30 days from the acceptance, where that lies beyond the promise (DM-06, SF-02)."""
    late = told(warned(), first_accepted_at=WARN_AT + 7 * DAY)
    assert assess(late, GATE, DEFAULT).due_at == WARN_AT + 37 * DAY


# Feeds.


@pytest.mark.parametrize(
    ("feeds", "reason"),
    [
        ((), Reason.FEED_UNKNOWN),
        ((Feed(source="identity", rhythm=DAY),), Reason.FEED_UNKNOWN),
        ((Feed(source="identity", rhythm=DAY, watermark=GATE),), Reason.FEED_UNKNOWN),
        ((feed(GATE - INSTANT, heard_at=GATE),), Reason.FEED_BEHIND),
        ((feed(GATE, heard_at=GATE - timedelta(minutes=15) - INSTANT),), Reason.FEED_SILENT),
        ((feed(GATE), feed(GATE - DAY, source="messages", heard_at=GATE)), Reason.FEED_BEHIND),
    ],
    ids=["none", "never heard", "never heard of", "behind", "silent", "one of two behind"],
)
def test_a_fence_waits_for_every_feed(feeds: tuple[Feed, ...], reason: Reason) -> None:
    """A feed that is unknown, silent or behind is not silence of the organisation (SF-03, P3)."""
    assert verdict(warned(feeds=feeds), GATE) == (Verdict.HOLD, reason)


def test_a_warning_waits_for_the_feeds_up_to_its_own_deadline() -> None:
    """What is needed is everything up to the end of the silence; a deadline long past needs no more (SF-03)."""
    behind = marked(feeds=(feed(WARN_AT - INSTANT, heard_at=WARN_AT),))
    assert verdict(behind, WARN_AT) == (Verdict.HOLD, Reason.FEED_BEHIND)
    later = WARN_AT + 3 * DAY
    lagging = marked(feeds=(feed(WARN_AT, heard_at=later),))
    assert verdict(lagging, later)[0] is Verdict.WARN


def test_feeds_are_named_and_looked_at_again() -> None:
    """A hold says which feeds, and comes back soon; later and later in a long outage, at last once an hour (SF-03)."""
    short = assess(warned(feeds=(feed(GATE - timedelta(minutes=20)),)), GATE, DEFAULT)
    assert (short.detail, short.due_at) == ("identity", GATE + timedelta(minutes=7, seconds=30))
    long = assess(warned(feeds=(feed(GATE - DAY), feed(GATE - DAY, source="messages"))), GATE, DEFAULT)
    assert (long.detail, long.due_at) == ("identity, messages", GATE + DEFAULT.look_again)


# What stops the fleet, and the queue.


def test_an_open_breaker_holds_fences_and_no_warnings() -> None:
    """No fence until an operator releases (SF-05, P5)."""
    assert verdict(warned(breaker_open=True), GATE) == (Verdict.HOLD, Reason.BREAKER_OPEN)
    assert verdict(marked(breaker_open=True), WARN_AT)[0] is Verdict.WARN


def test_a_rehearsal_goes_up_to_the_fence() -> None:
    """Everything but the fence (WH-06)."""
    rehearsal = Rules(dry_run=True)
    assert verdict(warned(), GATE, rehearsal) == (Verdict.HOLD, Reason.DRY_RUN)
    assert verdict(marked(), WARN_AT, rehearsal)[0] is Verdict.WARN


def test_a_fence_under_other_rules_looks_again_first() -> None:
    """The rule version is compared like the rest of the evidence, and the mismatch is named (SF-04)."""
    found = assess(warned(rules_version="2025-01"), GATE, DEFAULT)
    assert (found.verdict, found.reason, found.detail) == (Verdict.HOLD, Reason.RULES_CHANGED, "2025-01")
    assert verdict(warned(rules_version=None), GATE) == (Verdict.HOLD, Reason.RULES_CHANGED)


@pytest.mark.parametrize(("evidence", "due_at"), [(marked(), WARN_AT), (warned(), GATE)], ids=["warning", "fence"])
def test_turns(evidence: Evidence, due_at: datetime) -> None:
    """An act that is due takes a place in the queue and waits for it; an old place is no place (SF-05, SF-06)."""
    assert needs_turn(assess(evidence, due_at, DEFAULT), evidence, due_at)
    turn_at = due_at + timedelta(seconds=9)
    queued = evidence.model_copy(update={"turn_at": turn_at})
    waiting = assess(queued, turn_at - INSTANT, DEFAULT)
    assert (waiting.verdict, waiting.reason, waiting.due_at) == (Verdict.WAIT, Reason.RATE, turn_at)
    assert not needs_turn(waiting, queued, turn_at - INSTANT)
    acting = assess(queued, turn_at, DEFAULT)
    assert acting.verdict in {Verdict.WARN, Verdict.FENCE}
    assert not needs_turn(acting, queued, turn_at + TURN_LASTS)
    assert needs_turn(acting, queued, turn_at + TURN_LASTS + INSTANT)


@pytest.mark.parametrize(("evidence", "due_at"), [(marked(), WARN_AT), (warned(), GATE)], ids=["warning", "fence"])
def test_a_place_that_a_late_clock_took_waits_for_it(evidence: Evidence, due_at: datetime) -> None:
    """Who is behind comes late by that, and not more (SF-06, SF-10)."""
    late = timedelta(seconds=45)
    queued = evidence.model_copy(update={"turn_at": due_at, "turn_lag": late})
    acting = assess(queued, due_at, DEFAULT)
    assert not needs_turn(acting, queued, due_at + late + TURN_LASTS)
    assert needs_turn(acting, queued, due_at + late + TURN_LASTS + INSTANT)


@pytest.mark.parametrize(("evidence", "due_at"), [(marked(), WARN_AT), (warned(), GATE)], ids=["warning", "fence"])
def test_a_place_that_only_a_wrong_clock_can_have_given(evidence: Evidence, due_at: datetime) -> None:
    """It is looked at again in time, and replaced once it is seen for what it is (SF-05, SF-10)."""
    queued = evidence.model_copy(update={"turn_at": due_at + QUEUE_LASTS})
    assert not needs_turn(assess(queued, due_at, DEFAULT), queued, due_at)
    poisoned = evidence.model_copy(update={"turn_at": due_at + 1000 * QUEUE_LASTS})
    waiting = assess(poisoned, due_at, DEFAULT)
    assert (waiting.verdict, waiting.due_at) == (Verdict.WAIT, due_at + QUEUE_LASTS)
    assert needs_turn(waiting, poisoned, due_at)


# Whatever the evidence says.

around = st.timedeltas(-MONTH, 4 * MONTH).map(MARKED_AT.__add__)
promises = st.builds(
    Promise,
    cycle=st.integers(0, 3),
    base_at=around,
    not_before=around,
    first_attempt_at=st.none() | around,
    first_accepted_at=st.none() | around,
    settled=st.booleans(),
)
feeds = st.builds(
    Feed,
    source=st.sampled_from(["identity", "messages"]),
    rhythm=st.timedeltas(timedelta(seconds=1), timedelta(days=7)),
    watermark=st.none() | around,
    heard_at=st.none() | around,
)
evidences = st.builds(
    Evidence,
    organisation_id=st.just(OrganisationId("org_one")),
    state=st.sampled_from(OrganisationState),
    generation=st.integers(-1, 2),
    cycle=st.integers(-1, 2),
    counting_from=st.none() | around,
    last_activity_at=st.none() | around,
    lost_until=st.none() | around,
    licence_sets_held=st.integers(-1, 1),
    customers_managed=st.integers(-1, 1),
    pending_requests=st.lists(
        st.builds(PendingRequest, trial_request_id=st.sampled_from([REQUEST, OTHER_REQUEST]), deadline_at=around),
        max_size=2,
    ).map(tuple),
    held_by=st.sampled_from([None, REQUEST, OTHER_REQUEST]),
    promise=st.none() | promises,
    feeds=st.lists(feeds, max_size=2).map(tuple),
    breaker_open=st.booleans(),
    turn_at=st.none() | around,
    rules_version=st.sampled_from([None, "", DEFAULT.version, "other"]),
)


def may_act(evidence: Evidence, as_of: datetime) -> bool:
    """What has to hold for either act, said once more in other words."""
    if evidence.counting_from is None or evidence.generation < 1:
        return False
    nothing_held = evidence.licence_sets_held == 0 and evidence.customers_managed == 0
    in_turn = evidence.turn_at is None or evidence.turn_at <= as_of
    heard = bool(evidence.feeds) and all(
        feed.watermark and feed.heard_at and as_of <= feed.heard_at + max(feed.rhythm, timedelta(minutes=2))
        for feed in evidence.feeds
    )
    return nothing_held and in_turn and heard


def complete_until(evidence: Evidence) -> datetime:
    return min(feed.watermark for feed in evidence.feeds if feed.watermark)


def newest(evidence: Evidence) -> datetime:
    known = [evidence.counting_from, evidence.last_activity_at, evidence.lost_until]
    return max(instant for instant in known if instant)


@given(evidences, around)
def test_no_evidence_leads_to_a_warning_but_silence(evidence: Evidence, as_of: datetime) -> None:
    """Missing, negative and contradictory evidence included: only 30 proven silent days warn (P4, DM-05, SF-03)."""
    if assess(evidence, as_of, DEFAULT).verdict is Verdict.WARN:
        assert may_act(evidence, as_of)
        assert evidence.state is OrganisationState.MARKED
        assert newest(evidence) + MONTH <= min(as_of, complete_until(evidence))


def fence_conditions(evidence: Evidence, as_of: datetime) -> bool:
    promise = evidence.promise
    if not may_act(evidence, as_of) or promise is None or evidence.state is not OrganisationState.WARNED:
        return False
    told_at = promise.first_accepted_at or (promise.first_attempt_at if promise.settled else None)
    if told_at is None:
        return False
    deadline = max(told_at + MONTH, promise.not_before)
    deferring = [
        request
        for request in evidence.pending_requests
        if request.deadline_at > as_of and evidence.held_by in {None, request.trial_request_id}
    ]
    return (
        promise.cycle == evidence.cycle >= 1
        and newest(evidence) <= promise.base_at
        and deadline <= min(as_of, complete_until(evidence))
        and not deferring
        and not evidence.breaker_open
        and evidence.rules_version == DEFAULT.version
    )


@given(evidences, around)
def test_no_evidence_leads_to_a_fence_but_a_warned_silence(evidence: Evidence, as_of: datetime) -> None:
    """A fence needs every one of its conditions (P1, P3, P4, DM-13, SF-01, SF-02, SF-04)."""
    if assess(evidence, as_of, DEFAULT).verdict is Verdict.FENCE:
        assert fence_conditions(evidence, as_of)


ripe = st.builds(
    lambda evidence, as_of, blemish: (evidence.model_copy(update=blemish), as_of),
    st.just(warned(GATE + DAY)),
    st.timedeltas(timedelta(0), DAY).map(GATE.__add__),
    st.dictionaries(st.sampled_from(sorted(Evidence.model_fields)), st.just(None)).flatmap(
        lambda names: evidences.map(lambda other: {name: getattr(other, name) for name in names})
    ),
)


@given(ripe)
def test_a_fence_follows_from_its_conditions_alone(case: tuple[Evidence, datetime]) -> None:
    """And where all of them hold, it is fenced: whoever nobody uses is not exempted (DM-08, DM-10)."""
    evidence, as_of = case
    assert (assess(evidence, as_of, DEFAULT).verdict is Verdict.FENCE) == fence_conditions(evidence, as_of)


@given(evidences, around)
def test_every_look_that_waits_says_until_when(evidence: Evidence, as_of: datetime) -> None:
    """A wait or hold ends in the future, with its reason and rule, and whatever holds has a figure of its own; an act or an end needs no date (P15, WH-01)."""
    found: Assessment = assess(evidence, as_of, DEFAULT)
    assert found.rule
    assert (found.verdict is Verdict.HOLD) == (found.reason in HOLDS)
    if found.verdict in {Verdict.WAIT, Verdict.HOLD}:
        assert found.due_at is not None
        assert found.due_at > as_of
    else:
        assert found.due_at is None
