"""What happens next, in words: dates in the organisation's zone, the rule behind each, and what would stop it (WH-01)."""

from datetime import UTC, datetime, timedelta

import pytest

from tenure.contracts.activity import Feed
from tenure.contracts.deletion import Evidence, PendingRequest, Promise, Reason
from tenure.contracts.erasure import ErasureCause
from tenure.contracts.forecast import OF_A_TRIAL, SCREENING_UNAVAILABLE, TRIAL_CANCELLED, NextDate, NextKind
from tenure.contracts.licence import LicenceKind
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.review import ScreeningTrigger
from tenure.ids import OrganisationId, TrialRequestId
from tenure.policy import explanation
from tenure.policy.explanation import Explainer
from tenure.policy.rules import DEFAULT

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ORGANISATION = OrganisationId("org_a")


def evidence(state: OrganisationState = OrganisationState.MARKED, **known: object) -> Evidence:
    """What is known of an organisation that was marked ten days ago."""
    feed = Feed(source="identity", rhythm=timedelta(hours=1), watermark=NOW, heard_at=NOW)
    facts: dict[str, object] = {
        "organisation_id": ORGANISATION,
        "state": state,
        "generation": 1,
        "counting_from": NOW - 10 * DAY,
        "feeds": (feed,),
        "rules_version": DEFAULT.version,
    }
    return Evidence.model_validate(facts | known)


def warned(**known: object) -> Evidence:
    """What is known of an organisation that was warned, and could be deleted now."""
    promise = {
        "cycle": 1,
        "base_at": NOW - 90 * DAY,
        "not_before": NOW,
        "first_attempt_at": NOW - 31 * DAY,
        "first_accepted_at": NOW - 30 * DAY,
        "settled": True,
    }
    promise |= {name: known.pop(name) for name in list(known) if name in promise}
    return evidence(
        OrganisationState.WARNED,
        cycle=1,
        counting_from=NOW - 90 * DAY,
        promise=Promise.model_validate(promise),
        **known,
    )


def date(kind: NextKind, in_days: float, reason: str = "silence", rule: str = "X-00") -> NextDate:
    """A next date."""
    return NextDate(
        organisation_id=ORGANISATION,
        kind=kind,
        subject="lic_a" if kind in {NextKind.LICENCE_EXPIRY, NextKind.LICENCE_REMOVAL} else ORGANISATION,
        due_at=NOW + in_days * DAY,
        rule=rule,
        reason=reason,
    )


def explainer(known: Evidence, *dates: NextDate, zone: str = "UTC", as_of: datetime = NOW) -> Explainer:
    """What puts this into words."""
    return Explainer(known, dates, zone, as_of, DEFAULT)


@pytest.mark.parametrize(
    ("dated", "sentence"),
    [
        (
            date(NextKind.LICENCE_EXPIRY, 40, LicenceKind.TRIAL),
            "Licence set lic_a expires on 10 April 2027, 12:00 UTC (in 40 days); then it rests for 30 days (X-00).",
        ),
        (
            date(NextKind.LICENCE_EXPIRY, -2, LicenceKind.SUBSCRIPTION),
            "Licence set lic_a expires on 27 February 2027, 12:00 UTC (2 days ago); then it rests for 60 days (X-00).",
        ),
        (
            date(NextKind.LICENCE_REMOVAL, 1, LicenceKind.TRIAL),
            "Licence set lic_a has expired, and is removed for good on 2 March 2027, 12:00 UTC (in 1 day) (X-00).",
        ),
        (
            date(NextKind.DELETION_WARNING, 20),
            (
                "Its full admins are warned of the deletion on 21 March 2027, 12:00 UTC (in 20 days),"
                " after 30 days without activity since 19 February 2027, 12:00 UTC (X-00)."
            ),
        ),
        (
            date(NextKind.DELETION, 0.1),
            (
                "It is deleted for good, with all content, on 1 March 2027, 14:24 UTC (in 2 hours),"
                " unless it comes back to life (X-00)."
            ),
        ),
        (date(NextKind.PURGE, 0), "Its content is purged on 1 March 2027, 12:00 UTC (now) (X-00)."),
        (
            date(NextKind.SCREENING, 0, "screening", "RPL-01"),
            "It is screened against the restricted-party lists on 1 March 2027, 12:00 UTC (now) (RPL-01).",
        ),
        (
            date(NextKind.SCREENING, 0.01, SCREENING_UNAVAILABLE, "RPL-02"),
            (
                "Its new billing address cannot be screened against the restricted-party lists: that is tried again"
                " on 1 March 2027, 12:14:24 UTC (in 14 minutes), and nothing goes on until then (RPL-02, RPL-16)."
            ),
        ),
        (
            date(NextKind.RPL_REVIEW, 3, ScreeningTrigger.CREATE, "RPL-07"),
            (
                "A reviewer looks at what its screening has found; undecided, its onboarding fails"
                " on 4 March 2027, 12:00 UTC (in 3 days) (RPL-07)."
            ),
        ),
        (
            date(NextKind.RPL_REVIEW, 3, OF_A_TRIAL, "RPL-07"),
            (
                "A reviewer looks at what its screening has found; undecided, its trial is given up"
                " on 4 March 2027, 12:00 UTC (in 3 days) (RPL-07)."
            ),
        ),
        (
            date(NextKind.RPL_REVIEW, 1, ScreeningTrigger.ADDRESS_UPDATE, "RPL-07"),
            (
                "A reviewer looks at what the screening of its new billing address has found; undecided, the change is"
                " given up on 2 March 2027, 12:00 UTC (in 1 day) (RPL-07)."
            ),
        ),
    ],
)
def test_every_date_is_told(dated: NextDate, sentence: str) -> None:
    """Each kind of date says what happens, when, how far that is, and by which rule (WH-01)."""
    assert explainer(evidence(), dated).sentences()[-1] == sentence


def test_dates_are_in_the_zone_of_the_organisation() -> None:
    """A date is told as its people read it, over a change of clocks too, with seconds where there are any (WH-01)."""
    summer = date(NextKind.PURGE, 30)
    assert (
        "on 31 March 2027, 14:00 CEST (in 30 days)"
        in explainer(evidence(), summer, zone="Europe/Warsaw").sentences()[-1]
    )
    odd = summer.model_copy(update={"due_at": NOW + timedelta(seconds=30)})
    assert "21:00:30 KST (now)" in explainer(evidence(), odd, zone="Asia/Seoul").sentences()[-1]


@pytest.mark.parametrize(
    ("known", "reason", "words"),
    [
        (evidence(counting_from=NOW - 31 * DAY, feeds=()), Reason.FEED_UNKNOWN, "no activity feed is registered"),
        (warned(first_accepted_at=None, settled=False), Reason.WARNING_NOT_ACCEPTED, "no mail server"),
        (warned(breaker_open=True), Reason.BREAKER_OPEN, "until an operator releases it"),
        (warned(turn_at=NOW + DAY), Reason.RATE, "its turn has not come"),
        (
            warned(pending_requests=(PendingRequest(trial_request_id=TrialRequestId("req_a"), deadline_at=NOW + DAY),)),
            Reason.REQUEST_PENDING,
            "req_a",
        ),
        (evidence(OrganisationState.WARNED, cycle=1), Reason.INCOMPLETE, "lacks a date"),
    ],
)
def test_holds_are_told(known: Evidence, reason: Reason, words: str) -> None:
    """What is due and held says by what, by which rule, and when it is looked at again (WH-01, SF-03, SF-05)."""
    last = explainer(known).sentences()[-1]
    assert last.startswith("It is held, since ")
    assert words in last, reason
    assert "the next look is on " in last


def test_nothing_held() -> None:
    """What waits for its date only is not called held (WH-01)."""
    assert not [each for each in explainer(evidence()).sentences() if "held" in each]


def test_activity_and_warning_are_told() -> None:
    """The evidence is part of the answer: last activity, lost spans, and whether the warning arrived (WH-01, SF-02, SF-03)."""
    active = evidence(last_activity_at=NOW - 3 * DAY).model_copy(update={"lost_until": NOW - 5 * DAY})
    assert explainer(active).sentences()[1] == "Its last activity was on 26 February 2027, 12:00 UTC (3 days ago)."
    lost = explainer(active.model_copy(update={"lost_until": NOW - 2 * DAY})).sentences()[1]
    assert "a feed has lost what happened until 27 February 2027" in lost
    assert explainer(warned()).sentences()[2].startswith("A mail server accepted its warning on 30 January 2027")
    unreached = explainer(warned(first_accepted_at=None)).sentences()[2]
    assert "no mail server has accepted it (SF-02)" in unreached


def test_remedies() -> None:
    """What would stop it is told while it can be stopped, and no longer (WH-01, CS-05, DM-09, Q-32)."""
    assert len(explainer(evidence()).would_stop_it()) == 4
    live = evidence(OrganisationState.LIVE, counting_from=None, licence_sets_held=1)
    assert explainer(live).would_stop_it() == ()
    trial = date(NextKind.LICENCE_REMOVAL, 1, LicenceKind.TRIAL)
    [extension] = explainer(live, trial).would_stop_it()
    assert extension.startswith("A paid subscription or an extension before 2 March 2027, 12:00 UTC")
    [payment] = explainer(live, trial.model_copy(update={"reason": LicenceKind.SUBSCRIPTION})).would_stop_it()
    assert payment.startswith("A paid subscription before ")
    [meetings] = explainer(live, trial.model_copy(update={"reason": TRIAL_CANCELLED})).would_stop_it()
    assert meetings.startswith("A meetings licence that is there before 2 March 2027, 12:00 UTC keeps the meeting data")
    assert explainer(live, date(NextKind.LICENCE_REMOVAL, 0, LicenceKind.TRIAL)).would_stop_it() == ()
    gone = evidence(OrganisationState.ERASING, counting_from=None)
    [abort] = explainer(gone, date(NextKind.PURGE, 1, "quarantine")).would_stop_it()
    assert "abort before 2 March 2027" in abort
    assert explainer(gone, date(NextKind.PURGE, 1, ErasureCause.OWN_REQUEST)).would_stop_it() == ()
    assert explainer(gone, date(NextKind.PURGE, 0, "quarantine")).would_stop_it() == ()


def test_every_reason_has_words() -> None:
    """Whatever the countdown's rule holds for can be told (WH-01)."""
    holds = set(Reason) - {
        Reason.SILENCE,
        Reason.NOTICE_PERIOD,
        Reason.ACTIVITY,
        Reason.LICENCES_HELD,
        Reason.CUSTOMERS_MANAGED,
        Reason.NOT_COUNTING,
        Reason.OTHER_GENERATION,
        Reason.CLOCK_AHEAD,
    }
    assert set(explanation._BECAUSE) == holds


def test_what_would_stop_a_screening_or_a_review() -> None:
    """A list that comes, and a reviewer until the very deadline: each is told where it helps, and nowhere else (WH-01, RPL-08, RPL-16)."""
    live = evidence(OrganisationState.LIVE, counting_from=None)
    assert explainer(live, date(NextKind.SCREENING, 0, "screening", "RPL-01")).would_stop_it() == ()
    [helps] = explainer(live, date(NextKind.SCREENING, 1, SCREENING_UNAVAILABLE, "RPL-01")).would_stop_it()
    assert "at once" in helps
    review = date(NextKind.RPL_REVIEW, 3, ScreeningTrigger.CREATE, "RPL-07")
    [decides] = explainer(live, review, as_of=review.due_at).would_stop_it()
    assert (
        decides == f"A reviewer can decide about case {review.subject} until 4 March 2027, 12:00 UTC (RPL-08, RPL-14)."
    )
    assert explainer(live, review, as_of=review.due_at + timedelta(microseconds=1)).would_stop_it() == ()
