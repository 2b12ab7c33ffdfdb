"""The countdown's rule: from evidence and an instant to a verdict. Every road to a deletion passes here.

The same function is asked when a timer fires, when a fact changes, and inside the fence's transaction; there is no
second implementation of it.
"""

from datetime import timedelta

from tenure.contracts.activity import Feed
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Assessment, Evidence, Promise, Reason, Verdict
from tenure.contracts.organisation import COUNTING, OrganisationState
from tenure.ids import TrialRequestId
from tenure.policy import promise as promises
from tenure.policy.rules import Rules
from tenure.policy.trial import answer_counts

TURN_LASTS = timedelta(seconds=30)
"""How long a place in the queue holds once its time has come: after an outage new ones are given, so that what had
places in it does not go all at once (SF-06)."""
VOIDS_WARNING = frozenset({Verdict.RESET, Verdict.UNMARK, Verdict.END})
"""Verdicts under which a warning must not go out any more."""
LONGEST_LAG = timedelta(hours=1)
"""How far behind a clock may be and its place still hold. More would let what an outage has delayed go all at once."""
QUEUE_LASTS = timedelta(days=2)
"""How far ahead places are given. A place beyond it was given while the database's clock was wrong, and is none."""
_SHORTEST_LOOK = timedelta(minutes=1)
_SHORTEST_RHYTHM = timedelta(minutes=2)


def base_at(evidence: Evidence) -> Instant | None:
    """The end of activity: the latest of marking (or abort), last activity, and a span a feed has lost (DM-15)."""
    if evidence.counting_from is None:
        return None
    known = (evidence.counting_from, evidence.last_activity_at, evidence.lost_until)
    return max(instant for instant in known if instant is not None)


def warning_due_at(evidence: Evidence, rules: Rules) -> Instant | None:
    """When the silence has lasted long enough for a warning (DM-05)."""
    base = base_at(evidence)
    return None if base is None else base + rules.silence


def earliest_deletion_at(evidence: Evidence, as_of: Instant, time_zone: str, rules: Rules) -> Instant | None:
    """What the customer is told (CS-05): the promise once warned; before, what a warning at its earliest would promise."""
    base = base_at(evidence)
    if base is None:
        return None
    if evidence.promise is not None and base <= evidence.promise.base_at:
        return evidence.promise.not_before
    return promises.promised(max(as_of, base + rules.silence), time_zone, rules)


def assess(evidence: Evidence, as_of: Instant, rules: Rules) -> Assessment:
    """Say what follows from the evidence at that instant.

    Whatever is missing or contradicts itself leads to a hold, never to an act (P4).
    """
    if evidence.state not in COUNTING:
        return Assessment(verdict=Verdict.END, reason=Reason.NOT_COUNTING, rule="DM-08")
    base = base_at(evidence)
    if evidence.licence_sets_held > 0:
        return Assessment(verdict=Verdict.UNMARK, reason=Reason.LICENCES_HELD, rule="DP-04", base_at=base)
    if evidence.customers_managed > 0:
        return Assessment(verdict=Verdict.UNMARK, reason=Reason.CUSTOMERS_MANAGED, rule="DM-02", base_at=base)
    if base is None or evidence.generation < 1 or min(evidence.licence_sets_held, evidence.customers_managed) < 0:
        return _hold(Reason.INCOMPLETE, "SF-04", as_of, base, rules)
    if evidence.state is OrganisationState.MARKED:
        return _marked(evidence, base, as_of, rules)
    return _warned(evidence, base, as_of, rules)


def _marked(evidence: Evidence, base: Instant, as_of: Instant, rules: Rules) -> Assessment:
    due = base + rules.silence
    if as_of < due:
        return Assessment(verdict=Verdict.WAIT, reason=Reason.SILENCE, rule="DM-05", due_at=due, base_at=base)
    return (
        _feeds(evidence, due, as_of, base, rules)
        or _turn(evidence, as_of, base)
        or Assessment(verdict=Verdict.WARN, reason=Reason.SILENCE, rule="DM-05", base_at=base)
    )


def _warned(evidence: Evidence, base: Instant, as_of: Instant, rules: Rules) -> Assessment:
    promise = evidence.promise
    if promise is None or evidence.cycle < 1 or promise.cycle != evidence.cycle:
        return _hold(Reason.INCOMPLETE, "SF-01", as_of, base, rules)
    if base > promise.base_at:
        return Assessment(verdict=Verdict.RESET, reason=Reason.ACTIVITY, rule="AC-03", base_at=base)
    gate = promises.deletion_at(promise, rules)
    if gate is None:
        return _untold(promise, as_of, base, rules)
    if as_of < gate:
        return Assessment(verdict=Verdict.WAIT, reason=Reason.NOTICE_PERIOD, rule="DM-06", due_at=gate, base_at=base)
    return (
        _provisioning(evidence, as_of, base, rules)
        or _request(evidence, as_of, base)
        or _feeds(evidence, gate, as_of, base, rules)
        or _switches(evidence, as_of, base, rules)
        or _turn(evidence, as_of, base)
        or Assessment(verdict=Verdict.FENCE, reason=Reason.SILENCE, rule="DM-08", base_at=base)
    )


def _untold(promise: Promise, as_of: Instant, base: Instant, rules: Rules) -> Assessment:
    """Nobody was told yet: while a recipient is being tried, or where nobody can be reached and the setting is hold."""
    reason = Reason.NOBODY_REACHABLE if promise.settled else Reason.WARNING_NOT_ACCEPTED
    return _hold(reason, "SF-02", as_of, base, rules)


def _provisioning(evidence: Evidence, as_of: Instant, base: Instant, rules: Rules) -> Assessment | None:
    """What is being built defers the deletion until it is there, which unmarks, or is given up (Q-08).

    That is a trial, or a wholesale subscription from its request on (DP-02).
    """
    if evidence.trials_in_provisioning > 0:
        return _hold(Reason.TRIAL_IN_PROVISIONING, "DP-01", as_of, base, rules)
    if evidence.onboarding_under_way:
        return _hold(Reason.ONBOARDING_UNDER_WAY, "DP-02", as_of, base, rules)
    return None


def _request(evidence: Evidence, as_of: Instant, base: Instant) -> Assessment | None:
    """A trial request that is pending defers the deletion, one request a cycle (DP-05, Q-08)."""
    holder = _holder(evidence, as_of)
    if holder is None:
        return None
    request_id, deadline = holder
    return Assessment(
        verdict=Verdict.HOLD,
        reason=Reason.REQUEST_PENDING,
        rule="DP-05",
        due_at=deadline,
        base_at=base,
        held_by=request_id,
        detail=str(request_id),
    )


def _holder(evidence: Evidence, as_of: Instant) -> tuple[TrialRequestId, Instant] | None:
    pending = sorted(
        (request.deadline_at, request.trial_request_id)
        for request in evidence.pending_requests
        if answer_counts(request.deadline_at, as_of) and evidence.held_by in {None, request.trial_request_id}
    )
    return (pending[0][1], pending[0][0]) if pending else None


def _feeds(evidence: Evidence, needed_until: Instant, as_of: Instant, base: Instant, rules: Rules) -> Assessment | None:
    """A feed that is silent or behind is not silence of the organisation (SF-03, P3)."""
    if not evidence.feeds:
        return _hold(Reason.FEED_UNKNOWN, "SF-03", as_of, base, rules, detail="no activity feed is registered")
    faults = {feed: fault for feed in evidence.feeds if (fault := _fault(feed, needed_until, as_of))}
    if not faults:
        return None
    return Assessment(
        verdict=Verdict.HOLD,
        reason=next(reason for reason in _FAULTS if reason in faults.values()),
        rule="SF-03",
        due_at=as_of + min(rules.look_again, max(_patience(feed, needed_until, as_of) for feed in faults)),
        base_at=base,
        detail=", ".join(sorted(feed.source for feed in faults)),
    )


_FAULTS = (Reason.FEED_UNKNOWN, Reason.FEED_SILENT, Reason.FEED_BEHIND)


def _fault(feed: Feed, needed_until: Instant, as_of: Instant) -> Reason | None:
    """What is wrong with a feed: never heard of, silent for longer than its rhythm, or behind the deadline."""
    if feed.watermark is None or feed.heard_at is None:
        return Reason.FEED_UNKNOWN
    if as_of - feed.heard_at > max(feed.rhythm, _SHORTEST_RHYTHM):
        return Reason.FEED_SILENT
    return Reason.FEED_BEHIND if feed.watermark < needed_until else None


def _patience(feed: Feed, needed_until: Instant, as_of: Instant) -> timedelta:
    """How long to leave a feed alone: the longer something has been missing the longer, so that an outage costs little.

    Never a whole rhythm because of that alone: a look that comes one rhythm after the heartbeat finds the feed silent.
    """
    if feed.watermark is None or feed.heard_at is None:
        return timedelta.max
    missing = max(as_of - feed.heard_at, needed_until - feed.watermark)
    return max(missing / 4, feed.rhythm / 2, _SHORTEST_LOOK)


def _switches(evidence: Evidence, as_of: Instant, base: Instant, rules: Rules) -> Assessment | None:
    """What stops the fleet, whatever the organisation's own evidence says."""
    if evidence.breaker_open:
        return _hold(Reason.BREAKER_OPEN, "SF-05", as_of, base, rules)
    if rules.dry_run:
        return _hold(Reason.DRY_RUN, "WH-06", as_of, base, rules)
    if evidence.rules_version != rules.version:
        return _hold(Reason.RULES_CHANGED, "SF-04", as_of, base, rules, detail=evidence.rules_version)
    return None


def needs_turn(assessment: Assessment, evidence: Evidence, now: Instant) -> bool:
    """Whether the act that is due has no place in the queue, or let it lapse (SF-05, SF-06).

    Both instants are `business_now()`'s. Who took a place by a clock that is behind comes that much later: had it let the
    place lapse by that, it would for ever.
    """
    if evidence.turn_at is not None and evidence.turn_at > now + QUEUE_LASTS:
        return assessment.reason is Reason.RATE
    if assessment.verdict not in {Verdict.WARN, Verdict.FENCE}:
        return False
    return evidence.turn_at is None or now > evidence.turn_at + evidence.turn_lag + TURN_LASTS


def _turn(evidence: Evidence, as_of: Instant, base: Instant) -> Assessment | None:
    """Warnings and fences are spaced: each has its place in the queue (SF-05)."""
    if evidence.turn_at is None or as_of >= evidence.turn_at:
        return None
    due = min(evidence.turn_at, as_of + QUEUE_LASTS)
    return Assessment(verdict=Verdict.WAIT, reason=Reason.RATE, rule="SF-05", due_at=due, base_at=base)


def _hold(
    reason: Reason, rule: str, as_of: Instant, base: Instant | None, rules: Rules, detail: str | None = None
) -> Assessment:
    due = as_of + rules.look_again
    return Assessment(verdict=Verdict.HOLD, reason=reason, rule=rule, due_at=due, base_at=base, detail=detail)
