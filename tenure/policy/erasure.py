"""Erasure: when the purge may begin (SF-11)."""

from collections.abc import Sequence

from tenure.contracts.activity import Feed
from tenure.contracts.base import Contract, Instant
from tenure.contracts.erasure import Clearance, Erasure, ErasureCause, ErasureState
from tenure.policy.rules import Rules


class PurgeEvidence(Contract):
    """What decides about the purge, read under lock."""

    erasure: Erasure
    feeds: Sequence[Feed]
    """The feeds that are needed."""
    late_activity: bool
    """An event dated before the fence, newer than what was known, has arrived after it."""
    breaker_open: bool


def clear(evidence: PurgeEvidence, as_of: Instant, rules: Rules) -> Clearance:
    """Say whether the purge may begin; the customer's own request has no quarantine and waits for nothing."""
    erasure = evidence.erasure
    if erasure.state is ErasureState.ABORTED:
        return Clearance(cleared=False, aborted=True)
    if erasure.state in {ErasureState.PURGING, ErasureState.ERASED}:
        return Clearance(cleared=True)
    if erasure.cause is ErasureCause.OWN_REQUEST:
        return Clearance(cleared=True)
    if as_of < erasure.quarantine_until:
        return Clearance(cleared=False, held_because="quarantine", due_at=erasure.quarantine_until)
    again = as_of + rules.look_again
    if evidence.late_activity:
        return Clearance(cleared=False, held_because="late_activity", due_at=again)
    if evidence.breaker_open:
        return Clearance(cleared=False, held_because="breaker_open", due_at=again)
    behind = [feed for feed in evidence.feeds if feed.watermark is None or feed.watermark < erasure.fenced_at]
    if behind or not evidence.feeds:
        return Clearance(cleared=False, held_because="feed_behind", due_at=again)
    return Clearance(cleared=True)
