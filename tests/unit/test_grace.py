"""The rules of grace and of marking, by properties (RP, DM-01, DM-02)."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tenure.contracts.licence import LicenceKind, LicenceSet, LicenceState, RestoredBy
from tenure.contracts.organisation import OrganisationState
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy import grace, marking
from tenure.policy.rules import DEFAULT, Rules

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
KINDS = st.sampled_from(LicenceKind)
SPANS = st.timedeltas(timedelta(microseconds=-1), 200 * DAY) | st.timedeltas(-200 * DAY, timedelta(0))


@st.composite
def sets(draw: st.DrawFn, *, state: st.SearchStrategy[LicenceState] | None = None) -> LicenceSet:
    """A licence set as the database lets it be."""
    found = draw(state if state is not None else st.sampled_from(LicenceState))
    return LicenceSet(
        licence_set_id=LicenceSetId("lic_a"),
        organisation_id=OrganisationId("org_a"),
        kind=draw(KINDS),
        state=found,
        meetings=draw(st.booleans()),
        removal_due_at=draw(INSTANTS) if found is LicenceState.SUSPENDED else None,
    )


SUSPENDED = sets(state=st.just(LicenceState.SUSPENDED))


@given(KINDS, INSTANTS)
def test_length_of_grace(kind: LicenceKind, expired_at: datetime) -> None:
    """30 days of 24 hours after a trial, 60 after a subscription, to the microsecond (RP-01, GR-01, XC-03)."""
    days = {LicenceKind.TRIAL: 30, LicenceKind.SUBSCRIPTION: 60}[kind]
    assert grace.removal_due_at(kind, expired_at, DEFAULT) - expired_at == timedelta(hours=24 * days)


@given(KINDS, INSTANTS, st.integers(1, 3650), st.integers(1, 3650))
def test_grace_is_what_the_rules_say(kind: LicenceKind, expired_at: datetime, trial: int, subscription: int) -> None:
    """Both lengths are data, and neither touches the other (RP-01)."""
    rules = Rules(trial_grace=trial * DAY, subscription_grace=subscription * DAY)
    days = trial if kind is LicenceKind.TRIAL else subscription
    assert grace.removal_due_at(kind, expired_at, rules) == expired_at + days * DAY


@given(KINDS, INSTANTS, st.timedeltas(timedelta(0), DAY) | st.timedeltas(timedelta(0), 400 * DAY))
@example(LicenceKind.TRIAL, datetime(2028, 2, 29, tzinfo=UTC), DAY)
@example(LicenceKind.TRIAL, datetime(2028, 2, 29, tzinfo=UTC), DAY + TICK)
def test_reported_late(kind: LicenceKind, expired_at: datetime, late: timedelta) -> None:
    """Within a day the grace runs from the expiry, later from the report: what is left is never less than the whole but a day (RP-01, SF-06)."""
    reported_at = expired_at + late
    due_at = grace.reported_removal_due_at(kind, expired_at, reported_at, DEFAULT)
    counted_from = expired_at if late <= DAY else reported_at
    assert due_at == grace.removal_due_at(kind, counted_from, DEFAULT)
    assert due_at - reported_at >= grace.removal_due_at(kind, expired_at, DEFAULT) - expired_at - DAY


@given(INSTANTS, st.timedeltas(timedelta(0), 400 * DAY), st.timedeltas(timedelta(0), 9 * DAY))
def test_counted_from(due_at: datetime, late: timedelta, punctual: timedelta) -> None:
    """What is carried out in time counts from when it was due, what is late from when it was, and nothing from before or after that (SF-06)."""
    found = grace.counted_from(due_at, due_at + late, punctual)
    assert found == due_at + (late if late > punctual else timedelta(0))


@given(SUSPENDED, SPANS, st.sampled_from(RestoredBy))
def test_restored_strictly_before_the_end(licences: LicenceSet, after: timedelta, by: RestoredBy) -> None:
    """What is not over can be restored, what is over is removed: at every instant exactly one of the two (RP-03, RP-05, XC-03)."""
    assert licences.removal_due_at is not None
    as_of = licences.removal_due_at + after
    refusal = grace.refuse_restore(licences, RestoredBy.PAID_SUBSCRIPTION, as_of)
    assert (refusal is None) is (after < timedelta(0)) is not grace.is_over(licences, as_of)
    assert refusal in {None, RefusalCode.GRACE_OVER}
    assert grace.refuse_restore(licences, by, licences.removal_due_at) is RefusalCode.GRACE_OVER


@given(SUSPENDED, st.timedeltas(timedelta(microseconds=1), 60 * DAY))
def test_extension_restores_trials_alone(licences: LicenceSet, before: timedelta) -> None:
    """An extension brings a trial's licences back and never those of a subscription (RP-04, GR-05)."""
    assert licences.removal_due_at is not None
    refusal = grace.refuse_restore(licences, RestoredBy.TRIAL_EXTENSION, licences.removal_due_at - before)
    expected = None if licences.kind is LicenceKind.TRIAL else RefusalCode.PAID_SUBSCRIPTION_REQUIRED
    assert refusal is expected


@given(sets(state=st.sampled_from([LicenceState.ACTIVE, LicenceState.REMOVED])), INSTANTS, st.sampled_from(RestoredBy))
def test_only_suspended_sets_are_restored(licences: LicenceSet, as_of: datetime, by: RestoredBy) -> None:
    """Removed licences never come back, and active ones are where they belong (GR-08, XC-05)."""
    removed = licences.state is LicenceState.REMOVED
    assert grace.refuse_restore(licences, by, as_of) is (
        RefusalCode.IRREVERSIBLE if removed else RefusalCode.WRONG_STATE
    )
    assert not grace.is_over(licences, as_of)


@given(st.sampled_from(RestoredBy), INSTANTS)
def test_suspended_set_without_an_end(by: RestoredBy, as_of: datetime) -> None:
    """A set whose end is not known is neither restored nor removed (P4)."""
    licences = LicenceSet(
        licence_set_id=LicenceSetId("lic_a"),
        organisation_id=OrganisationId("org_a"),
        kind=LicenceKind.TRIAL,
        state=LicenceState.SUSPENDED,
    )
    assert not grace.is_over(licences, as_of)
    assert grace.refuse_restore(licences, by, as_of) is RefusalCode.GRACE_OVER


@given(st.lists(sets(), max_size=6))
def test_meeting_data(licence_sets: list[LicenceSet]) -> None:
    """Recordings stay as long as any meetings licence is held; the site rests only where meetings licences rest and none is active (RP-06)."""
    held = [each for each in licence_sets if each.meetings and each.state is not LicenceState.REMOVED]
    assert grace.may_purge_meeting_data(licence_sets) is (not held)
    active = [each for each in held if each.state is LicenceState.ACTIVE]
    assert grace.meetings_site_suspended(licence_sets) is (bool(held) and not active)
    assert not (grace.may_purge_meeting_data(licence_sets) and grace.meetings_site_suspended(licence_sets))


@given(st.lists(sets(), max_size=6), sets())
def test_one_more_set_never_frees_the_recordings(licence_sets: list[LicenceSet], other: LicenceSet) -> None:
    """Adding a licence set keeps what was kept (RP-06)."""
    assume(not grace.may_purge_meeting_data(licence_sets))
    assert not grace.may_purge_meeting_data([*licence_sets, other])


@given(st.integers(0, 5), st.integers(0, 5))
def test_marked_with_nothing_left(held: int, managed: int) -> None:
    """Only no licence set and no customer together are nothing left (DM-01, DM-02, RP-07)."""
    nothing = marking.has_nothing_left(licence_sets_held=held, customers_managed=managed)
    assert nothing is (held + managed == 0)


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_counts_that_cannot_be_mark_nothing(held: int, managed: int) -> None:
    """A count below zero is no zero (P4)."""
    assume(min(held, managed) < 0)
    assert not marking.has_nothing_left(licence_sets_held=held, customers_managed=managed)


def test_label() -> None:
    """The label stands by marked and warned organisations, whatever their activity, and by no others (DM-03, AC-05)."""
    labelled = {state for state in OrganisationState if marking.to_be_deleted(state)}
    assert labelled == {OrganisationState.MARKED, OrganisationState.WARNED}
