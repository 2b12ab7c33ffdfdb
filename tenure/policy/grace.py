"""Grace: how long suspended licences rest, and when meeting data may go (RP, GR)."""

from collections.abc import Iterable
from datetime import timedelta

from tenure.contracts.base import Instant
from tenure.contracts.licence import LicenceKind, LicenceSet, LicenceState, RestoredBy
from tenure.errors import RefusalCode
from tenure.policy.rules import Rules

HELD = frozenset({LicenceState.ACTIVE, LicenceState.SUSPENDED})
"""Suspended is not removed: such licences keep an organisation from being marked (RP-07)."""

_REPORTED_IN_TIME = timedelta(days=1)
"""What others report within it was reported in time: their jobs run by night."""


def counted_from(due_at: Instant, carried_out_at: Instant, punctual: timedelta) -> Instant:
    """From when a period runs that begins with something which was due, and was carried out then or later.

    What was carried out late counts from when it was: nobody loses for good what nobody could rescue (SF-06).
    """
    return carried_out_at if carried_out_at - due_at > punctual else due_at


def removal_due_at(kind: LicenceKind, expired_at: Instant, rules: Rules) -> Instant:
    """The end of grace: 30 days after a trial's expiry, 60 after a subscription's (RP-01)."""
    return expired_at + (rules.trial_grace if kind is LicenceKind.TRIAL else rules.subscription_grace)


def reported_removal_due_at(kind: LicenceKind, expired_at: Instant, reported_at: Instant, rules: Rules) -> Instant:
    """The end of the grace of an expiry that was reported: nobody knew of it before (RP-01, SF-06).

    Reported more than a day late, its grace counts from the report: suspended until then were no licences.
    """
    return removal_due_at(kind, counted_from(expired_at, reported_at, _REPORTED_IN_TIME), rules)


def is_over(licences: LicenceSet, as_of: Instant) -> bool:
    """Whether the grace of a suspended set has ended; at its very end it has (XC-03)."""
    return licences.removal_due_at is not None and as_of >= licences.removal_due_at


def refuse_restore(licences: LicenceSet, by: RestoredBy, as_of: Instant) -> RefusalCode | None:
    """Why suspended licences cannot be restored now, or None where they can (RP-03, RP-04, GR-05, XC-03)."""
    if licences.state is LicenceState.REMOVED:
        return RefusalCode.IRREVERSIBLE
    if licences.state is LicenceState.ACTIVE:
        return RefusalCode.WRONG_STATE
    if licences.removal_due_at is None or is_over(licences, as_of):
        return RefusalCode.GRACE_OVER
    if licences.kind is LicenceKind.SUBSCRIPTION and by is not RestoredBy.PAID_SUBSCRIPTION:
        return RefusalCode.PAID_SUBSCRIPTION_REQUIRED
    return None


def meetings_site_suspended(licence_sets: Iterable[LicenceSet]) -> bool:
    """Suspended only while the organisation has meetings licences and none of them is active (RP-06)."""
    states = {licences.state for licences in licence_sets if licences.meetings}
    return LicenceState.SUSPENDED in states and LicenceState.ACTIVE not in states


def may_purge_meeting_data(licence_sets: Iterable[LicenceSet]) -> bool:
    """Whether no meetings licence, active or suspended, is left to keep recordings and site (RP-06)."""
    return not any(licences.meetings and licences.state in HELD for licences in licence_sets)


def moves_users(licence_sets: Iterable[LicenceSet], *, being_built: bool = False) -> bool:
    """Whether the end of a trial's grace moves the users out: only where no licence at all is left (GR-07, Q-21).

    Nor where the next trial of the organisation is being built: its users are about to need it.
    """
    return not being_built and not any(licences.state in HELD for licences in licence_sets)
