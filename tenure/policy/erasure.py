"""Erasure: when the purge may begin (SF-11)."""

from collections.abc import Sequence

from tenure.contracts.activity import Feed
from tenure.contracts.base import Contract, Instant
from tenure.contracts.erasure import Clearance, Erasure, ErasureCause, ErasureState, PurgeHold
from tenure.policy.rules import Rules


class PurgeEvidence(Contract):
    """What decides about the purge, read under lock."""

    erasure: Erasure
    feeds: Sequence[Feed]
    """The feeds that are needed."""
    late_activity: bool
    """An event dated before the fence, newer than what was known, has arrived after it, or a gap was declared."""
    breaker_open: bool
    customers_managed: int = 0
    """Of a partner's own organisation: an aborted erasure can bring a customer back to it."""


def clear(evidence: PurgeEvidence, as_of: Instant, rules: Rules) -> Clearance:
    """Say whether the purge may begin; the customer's own request has no quarantine and waits for nothing.

    A purge that has begun is no longer asked: half an organisation helps nobody, it only goes forward (XC-07).
    """
    erasure = evidence.erasure
    if erasure.state is ErasureState.ABORTED:
        return Clearance(cleared=False, aborted=True)
    if erasure.state in {ErasureState.PURGING, ErasureState.ERASED}:
        return Clearance(cleared=True)
    if erasure.cause is ErasureCause.OWN_REQUEST:
        return Clearance(cleared=True)
    if as_of < erasure.quarantine_until:
        return Clearance(cleared=False, held_because="quarantine", due_at=erasure.quarantine_until)
    held_because = _fault(evidence, rules)
    if held_because is None:
        return Clearance(cleared=True)
    return Clearance(cleared=False, held_because=held_because, due_at=as_of + rules.look_again)


def _fault(evidence: PurgeEvidence, rules: Rules) -> PurgeHold | None:
    """What speaks against a purge whose quarantine is over."""
    if evidence.late_activity:
        return PurgeHold.LATE_ACTIVITY
    if evidence.customers_managed > 0:
        return PurgeHold.CUSTOMERS_MANAGED
    if rules.dry_run:
        return PurgeHold.DRY_RUN
    if evidence.breaker_open:
        return PurgeHold.BREAKER_OPEN
    fenced_at = evidence.erasure.fenced_at
    if not evidence.feeds or any(feed.watermark is None or feed.watermark < fenced_at for feed in evidence.feeds):
        return PurgeHold.FEED_BEHIND
    return None
