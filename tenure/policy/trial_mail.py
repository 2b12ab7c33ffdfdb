"""Whether what a mail about a trial says is still true, asked just before each attempt (TL-01)."""

from collections.abc import Mapping

from tenure.contracts.base import Contract, Instant
from tenure.contracts.notice import NoticeKind
from tenure.contracts.trial import ConsentState, TrialState
from tenure.policy.trial import answer_counts

_STATES: Mapping[NoticeKind, frozenset[TrialState]] = {
    NoticeKind.CONSENT_REQUEST: frozenset({TrialState.PENDING_CONSENT}),
    NoticeKind.WELCOME: frozenset({TrialState.ACTIVE, TrialState.GRACE, TrialState.CONVERTED}),
    NoticeKind.TRIAL_STARTED: frozenset({TrialState.ACTIVE}),
    NoticeKind.TRIAL_ENDING: frozenset({TrialState.ACTIVE}),
    NoticeKind.TRIAL_ENDING_PARTNER: frozenset({TrialState.ACTIVE}),
    NoticeKind.TRIAL_EXPIRED: frozenset({TrialState.GRACE}),
    NoticeKind.TRIAL_EXPIRED_PARTNER: frozenset({TrialState.GRACE}),
    NoticeKind.ACCESS_GONE: frozenset({TrialState.ENDED}),
}
"""In which states of the trial a kind of mail may go out; the others do not depend on it."""

OF_AN_END = frozenset(
    {
        NoticeKind.TRIAL_ENDING,
        NoticeKind.TRIAL_ENDING_PARTNER,
        NoticeKind.TRIAL_EXPIRED,
        NoticeKind.TRIAL_EXPIRED_PARTNER,
    }
)
"""Mails of one end of a trial: moving the end makes them void (TC-04)."""


def void_in(state: TrialState) -> frozenset[NoticeKind]:
    """The kinds of mail that say nothing true once a trial stands there (TC-11, TC-20)."""
    return frozenset(kind for kind, states in _STATES.items() if state not in states)


class MailFacts(Contract):
    """What decides about a mail, read under lock."""

    kind: NoticeKind
    cycle: int
    """Of the notice: which end of the trial, mailing of the request or shipment of devices it speaks of."""
    state: TrialState
    trial_cycle: int
    ends_at: Instant | None = None
    grace_ends_at: Instant | None = None
    consent: ConsentState | None = None
    deadline_at: Instant | None = None
    mailings: int = 0
    order_tied: bool = False
    devices_out: int = 0
    shipment: int = 0
    """How many there were: the last one brought the date that counts."""


def is_true(facts: MailFacts, as_of: Instant) -> bool:
    """Whether the mail may still go out.

    Nobody who has bought, extended or cancelled is mailed, nor is a date told that has passed.
    """
    states = _STATES.get(facts.kind)
    if states is not None and facts.state not in states:
        return False
    match facts.kind:
        case NoticeKind.CONSENT_REQUEST:
            open_ = facts.consent is ConsentState.PENDING and facts.cycle == facts.mailings
            return open_ and facts.deadline_at is not None and answer_counts(facts.deadline_at, as_of)
        case NoticeKind.TRIAL_ENDING | NoticeKind.TRIAL_ENDING_PARTNER:
            return facts.cycle == facts.trial_cycle and facts.ends_at is not None and as_of < facts.ends_at
        case NoticeKind.TRIAL_EXPIRED | NoticeKind.TRIAL_EXPIRED_PARTNER:
            return facts.cycle == facts.trial_cycle and facts.grace_ends_at is not None and as_of < facts.grace_ends_at
        case NoticeKind.SET_UP_SERVICES:
            return not facts.order_tied
        case NoticeKind.DEVICE_AGREEMENT:
            return facts.devices_out > 0 and facts.cycle == facts.shipment
        case _:
            return True
