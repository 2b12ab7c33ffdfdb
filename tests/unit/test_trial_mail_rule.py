"""Whether a mail about a trial may go out, by properties (TL-01, NO-08, TC-04, TC-20)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.notice import NoticeKind
from tenure.contracts.trial import ConsentState, TrialState
from tenure.policy.trial_mail import OF_AN_END, MailFacts, is_true, void_in

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SPANS = st.timedeltas(timedelta(days=-60), timedelta(days=60))
KINDS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.DELETION_WARNING)
ENDING = (NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_ENDING_PARTNER)
EXPIRED = (NoticeKind.TRIAL_EXPIRED, NoticeKind.TRIAL_EXPIRED_PARTNER)
WHEN = {
    NoticeKind.CONSENT_REQUEST: {TrialState.PENDING_CONSENT},
    NoticeKind.WELCOME: {TrialState.ACTIVE, TrialState.GRACE, TrialState.CONVERTED},
    NoticeKind.TRIAL_STARTED: {TrialState.ACTIVE},
    NoticeKind.TRIAL_ENDING: {TrialState.ACTIVE},
    NoticeKind.TRIAL_ENDING_PARTNER: {TrialState.ACTIVE},
    NoticeKind.TRIAL_EXPIRED: {TrialState.GRACE},
    NoticeKind.TRIAL_EXPIRED_PARTNER: {TrialState.GRACE},
    NoticeKind.ACCESS_GONE: {TrialState.ENDED},
    NoticeKind.SET_UP_SERVICES: set(TrialState),
    NoticeKind.DEVICE_AGREEMENT: set(TrialState),
}
"""In which states of its trial a mail can be true at all (A section 18.11)."""


@st.composite
def facts(draw: st.DrawFn, *kinds: NoticeKind) -> MailFacts:
    """What a ledger and a trial can say of each other."""
    return MailFacts(
        kind=draw(st.sampled_from(kinds or KINDS)),
        cycle=draw(st.integers(1, 3)),
        state=draw(st.sampled_from(TrialState)),
        trial_cycle=draw(st.integers(1, 3)),
        ends_at=draw(st.none() | SPANS.map(NOW.__add__)),
        grace_ends_at=draw(st.none() | SPANS.map(NOW.__add__)),
        consent=draw(st.none() | st.sampled_from(ConsentState)),
        deadline_at=draw(st.none() | SPANS.map(NOW.__add__)),
        mailings=draw(st.integers(0, 3)),
        order_tied=draw(st.booleans()),
        devices_out=draw(st.integers(0, 3)),
        shipment=draw(st.integers(0, 3)),
    )


def best(kind: NoticeKind, state: TrialState) -> MailFacts:
    """Facts of which nothing but the state can speak against a mail."""
    return MailFacts(
        kind=kind,
        cycle=2,
        state=state,
        trial_cycle=2,
        ends_at=NOW + TICK,
        grace_ends_at=NOW + TICK,
        consent=ConsentState.PENDING,
        deadline_at=NOW + TICK,
        mailings=2,
        order_tied=False,
        devices_out=1,
        shipment=2,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_in_which_states(kind: NoticeKind) -> None:
    """Each kind has its states, and in no other does it go out (table 18.11, TL-01)."""
    assert {state for state in TrialState if is_true(best(kind, state), NOW)} == WHEN[kind]


@given(facts())
def test_never_outside_its_states(found: MailFacts) -> None:
    """Whatever else is so, a trial that stands elsewhere makes the mail untrue (TL-01)."""
    if found.state not in WHEN[found.kind]:
        assert not is_true(found, NOW)


@pytest.mark.parametrize("state", TrialState)
def test_what_is_void(state: TrialState) -> None:
    """What a state makes void is what could not be true in it, and nothing more: devices and orders are told of always (DV-01)."""
    assert void_in(state) == {kind for kind in KINDS if state not in WHEN[kind]}


@given(facts(*OF_AN_END))
def test_of_this_end_alone(found: MailFacts) -> None:
    """A mail of another end than the trial's present one does not go out (TC-04)."""
    if found.cycle != found.trial_cycle:
        assert not is_true(found, NOW)


@pytest.mark.parametrize("kind", [*ENDING, *EXPIRED])
def test_at_the_instant(kind: NoticeKind) -> None:
    """The end is told beforehand strictly before it, and afterwards strictly before the grace is over (SF-06, XC-03)."""
    state = TrialState.ACTIVE if kind in ENDING else TrialState.GRACE
    edge = "ends_at" if kind in ENDING else "grace_ends_at"
    told = [
        is_true(best(kind, state).model_copy(update={edge: NOW + after}), NOW) for after in (TICK, timedelta(0), -TICK)
    ]
    assert told == [True, False, False]


@given(facts(*OF_AN_END))
def test_a_date_that_is_missing(found: MailFacts) -> None:
    """What would have to be printed and is not there is no ground for a mail (P4)."""
    blank = found.model_copy(update={"ends_at": None, "grace_ends_at": None})
    assert not is_true(blank, NOW)


@given(facts(NoticeKind.CONSENT_REQUEST))
def test_a_request(found: MailFacts) -> None:
    """Only the newest mailing of a request that is open, strictly before its deadline (CO-06, CO-12, CO-15)."""
    in_time = found.deadline_at is not None and found.deadline_at > NOW
    expected = (
        found.state is TrialState.PENDING_CONSENT
        and found.consent is ConsentState.PENDING
        and found.cycle == found.mailings
        and in_time
    )
    assert is_true(found, NOW) is expected


@given(facts(NoticeKind.SET_UP_SERVICES, NoticeKind.DEVICE_AGREEMENT))
def test_orders_and_devices(found: MailFacts) -> None:
    """Told until the order is tied, and of the last shipment while a device is out, whatever became of the trial (TC-16, DV-01, TL-01)."""
    if found.kind is NoticeKind.SET_UP_SERVICES:
        assert is_true(found, NOW) is not found.order_tied
    else:
        assert is_true(found, NOW) is (found.devices_out > 0 and found.cycle == found.shipment)


@given(facts(), SPANS)
def test_once_untrue_never_true_again(found: MailFacts, later: timedelta) -> None:
    """Time alone never makes a mail true that was not (TL-01, XC-01)."""
    if not is_true(found, NOW):
        assert not is_true(found, NOW + abs(later))
