"""The rules of a trial, by properties: eligibility, actions, consent and every date (A sections 1 to 6, 11, 18.1)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.contracts.base import request_hash
from tenure.contracts.licence import LicenceKind, LicenceSet, LicenceState
from tenure.contracts.trial import STARTED, ConsentState, RequestTrial, Site, TrialPath, TrialState
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, TrialId
from tenure.policy import trial as rule
from tenure.policy.catalogue import shipped
from tenure.policy.rules import DEFAULT, Rules
from tenure.policy.trial import Action, Holdings, OtherTrial

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
CATALOGUE = shipped()
KEYS = tuple(service.key for service in CATALOGUE.services)
MINE, OTHER = PartnerId("ptr_mine"), PartnerId("ptr_other")
SITE = Site(url="acme.meet.example", time_zone="UTC")

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SERVICES = st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True).map(tuple)
LATER = st.timedeltas(timedelta(0), 400 * DAY)


@st.composite
def sets(draw: st.DrawFn) -> LicenceSet:
    """A licence set as the database lets it be."""
    state = draw(st.sampled_from(LicenceState))
    return LicenceSet(
        licence_set_id=LicenceSetId("lic_a"),
        organisation_id=OrganisationId("org_a"),
        kind=draw(st.sampled_from(LicenceKind)),
        state=state,
        meetings=draw(st.booleans()),
        services=draw(st.just(()) | SERVICES),
        removal_due_at=draw(INSTANTS) if state is LicenceState.SUSPENDED else None,
    )


@st.composite
def others(draw: st.DrawFn) -> OtherTrial:
    """A trial of the same organisation, of this partner or another."""
    return OtherTrial(
        trial_id=TrialId("trl_a"),
        partner_id=draw(st.sampled_from((MINE, OTHER))),
        state=draw(st.sampled_from(TrialState)),
        services=draw(SERVICES),
    )


HOLDINGS = st.builds(
    Holdings, licence_sets=st.lists(sets(), max_size=4).map(tuple), trials=st.lists(others(), max_size=4).map(tuple)
)


def on_trial(held: Holdings, service: str, partner_id: PartnerId) -> bool:
    """Whether a partner has a live trial of a service there."""
    return any(
        service in trial.services and trial.partner_id == partner_id and trial.state in STARTED for trial in held.trials
    )


def reason(held: Holdings, service: str, partner_id: PartnerId = MINE) -> RefusalCode | None:
    """Why one service cannot be tried."""
    return rule.ineligible([service], partner_id, held, CATALOGUE).get(service)


@given(HOLDINGS, st.sampled_from(KEYS))
def test_reasons(held: Holdings, service: str) -> None:
    """Bought goes before on trial elsewhere, that before one's own trial; and nothing else is in the way (TR-15 to TR-19, Q-17)."""
    if service in rule.owned(held.licence_sets, CATALOGUE):
        assert reason(held, service) is RefusalCode.SERVICE_ALREADY_OWNED
    elif on_trial(held, service, OTHER):
        assert reason(held, service) is RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE
    elif on_trial(held, service, MINE):
        assert reason(held, service) is RefusalCode.ALREADY_ON_TRIAL
    else:
        assert reason(held, service) is None


@given(HOLDINGS, SERVICES)
def test_eligibility_is_of_a_service(held: Holdings, services: tuple[str, ...]) -> None:
    """Asked together, each is judged as if asked alone, and they are named in the order asked (TR-17)."""
    found = rule.ineligible(services, MINE, held, CATALOGUE)
    assert found == {service: code for service in services if (code := reason(held, service)) is not None}
    assert list(found) == [service for service in services if service in found]


@given(st.lists(sets(), max_size=4))
def test_owned(licence_sets: list[LicenceSet]) -> None:
    """What is bought and not yet removed; never what is on trial, and meetings where no more is known (TR-15, TR-18, Q-18)."""
    expected: set[str] = set()
    for licences in licence_sets:
        if licences.kind is LicenceKind.SUBSCRIPTION and licences.state is not LicenceState.REMOVED:
            expected |= set(licences.services)
            if licences.meetings and not licences.services:
                expected |= {"meetings", "meetings-enterprise"}
    assert rule.owned(licence_sets, CATALOGUE) == expected


@given(HOLDINGS, st.sampled_from(KEYS))
def test_trials_that_are_in_nobodys_way(held: Holdings, service: str) -> None:
    """Requests that wait, and trials that are over, change nothing for anybody (TR-18, CO-17)."""
    live = held.model_copy(update={"trials": tuple(trial for trial in held.trials if trial.state in STARTED)})
    for partner_id in (MINE, OTHER):
        assert reason(held, service, partner_id) == reason(live, service, partner_id)


@pytest.mark.parametrize(
    ("services", "site", "code"),
    [
        ((), None, RefusalCode.NO_SERVICE_SELECTED),
        (("telex",), None, RefusalCode.SERVICE_UNKNOWN),
        (("messaging", "telex"), SITE, RefusalCode.SERVICE_UNKNOWN),
        (("meetings-enterprise",), None, RefusalCode.SITE_DETAILS_REQUIRED),
        (("messaging", "meetings-enterprise"), None, RefusalCode.SITE_DETAILS_REQUIRED),
        (("meetings-enterprise",), SITE, None),
        (("meetings", "calling"), None, None),
        (("messaging",), SITE, None),
    ],
)
def test_selections(services: Iterable[str], site: Site | None, code: RefusalCode | None) -> None:
    """One service at least, all of the catalogue; a site is asked for with the enterprise edition alone (TR-08, TR-09, Q-25)."""
    assert rule.refuse_services(services, site, CATALOGUE) is code


def test_what_is_on_offer_is_data() -> None:
    """Another catalogue offers other services and industries, and what the shipped one has is unknown there (Q-25)."""
    entry = {"key": "fax", "name": "Fax", "site_required": True}
    other = CATALOGUE.model_validate({"services": [entry], "industries": {}, "countries": {}})
    assert rule.refuse_services(["messaging"], None, other) is RefusalCode.SERVICE_UNKNOWN
    assert rule.refuse_services(["fax"], None, other) is RefusalCode.SITE_DETAILS_REQUIRED
    assert rule.refuse_services(["fax"], SITE, other) is None


def test_paths() -> None:
    """A path is found by what there is already, and by nothing else (TR-12, TR-13)."""
    found = {
        (exists, managed): rule.path(exists=exists, managed=managed)
        for exists in (False, True)
        for managed in (False, True)
    }
    assert found[False, False] is found[False, True] is TrialPath.NEW_CUSTOMER
    assert found[True, False] is TrialPath.EXISTING_CUSTOMER
    assert found[True, True] is TrialPath.ADD_ON


@given(INSTANTS, LATER, st.integers(1, 60))
def test_ten_days_to_consent(requested_at: datetime, after: timedelta, days: int) -> None:
    """240 hours from the request, as the rules say; an answer counts strictly before the end (CO-06, XC-03, Q-14)."""
    assert rule.consent_deadline(requested_at, DEFAULT) == requested_at + timedelta(hours=240)
    deadline = rule.consent_deadline(requested_at, Rules(consent_period=days * DAY))
    code = rule.refuse_consent(ConsentState.PENDING, deadline, requested_at + after)
    assert code is (None if after < days * DAY else RefusalCode.CONSENT_EXPIRED)
    assert rule.refuse_consent(ConsentState.PENDING, deadline, deadline - MOMENT) is None
    assert rule.refuse_consent(ConsentState.PENDING, deadline, deadline) is RefusalCode.CONSENT_EXPIRED


@given(INSTANTS, st.timedeltas(-DAY, DAY), st.sampled_from(TrialState))
def test_one_request_at_a_time(deadline: datetime, after: timedelta, state: TrialState) -> None:
    """A request is in the way of its partner's next one until its deadline, and of nobody else's (TR-19, CO-15, XC-03)."""
    asked = OtherTrial(
        trial_id=TrialId("trl_a"), partner_id=MINE, state=state, services=KEYS, consent_deadline_at=deadline
    )
    held = Holdings(trials=(asked,))
    waits = state is TrialState.PENDING_CONSENT and after < timedelta(0)
    assert rule.pending(MINE, held, deadline + after) == (asked.trial_id if waits else None)
    assert rule.pending(OTHER, held, deadline + after) is None


@given(INSTANTS, st.timedeltas(-20 * DAY, 20 * DAY))
def test_what_is_decided(deadline: datetime, after: timedelta) -> None:
    """A request that has ended is answered by how it ended, at whatever time (18.2, CO-12, CO-15)."""
    codes = {
        state: rule.refuse_consent(state, deadline, deadline + after)
        for state in set(ConsentState) - {ConsentState.PENDING}
    }
    assert codes.pop(ConsentState.LAPSED) is RefusalCode.CONSENT_EXPIRED
    assert set(codes.values()) == {RefusalCode.NOT_PENDING}


@given(st.sampled_from(Action), st.sampled_from(TrialState), INSTANTS, st.timedeltas(-40 * DAY, 40 * DAY))
def test_grace_is_over_at_its_end(action: Action, state: TrialState, end: datetime, after: timedelta) -> None:
    """Before its end the state decides; from it on a trial in grace answers as one that has ended (TC-05, TC-06, TC-14, XC-03)."""
    answer = rule.refuse(action, state, end if state is TrialState.GRACE else None, end + after)
    over = state is TrialState.GRACE and after >= timedelta(0)
    settled = TrialState.ENDED if over else state
    assert answer == rule.refuse(action, settled, end if settled is TrialState.GRACE else None, end - MOMENT)


@given(st.sampled_from(Action), st.sampled_from(TrialState), INSTANTS)
def test_nothing_can_be_done_to_what_is_over(action: Action, state: TrialState, as_of: datetime) -> None:
    """Converted, cancelled and ended trials refuse every action (18.1)."""
    refused = rule.refuse(action, state, as_of + DAY if state is TrialState.GRACE else None, as_of) is not None
    assert refused or state not in {TrialState.CONVERTED, TrialState.CANCELLED, TrialState.ENDED}


@given(INSTANTS, st.sampled_from(DEFAULT.trial_lengths_days))
def test_the_end(activated_at: datetime, days: int) -> None:
    """So many times 24 hours from the activation (PV-07, Q-15, Q-27)."""
    assert rule.ends_at(activated_at, days) == activated_at + timedelta(hours=24 * days)


@given(INSTANTS, LATER)
def test_the_reminder(armed_at: datetime, left: timedelta) -> None:
    """Seven days before the end; with exactly seven left it goes at once, with less it does not go (NO-01, NO-09, Q-12)."""
    due = rule.reminder_at(armed_at, armed_at + left, DEFAULT)
    assert due == (armed_at + left - 7 * DAY if left >= 7 * DAY else None)
    assert due is None or due >= armed_at


@given(INSTANTS, st.integers(-100, 400))
def test_extensions(now: datetime, days: int) -> None:
    """One day to thirty, counted from now and not from the old end (TC-01, TC-02, Q-15)."""
    codes = {True: RefusalCode.EXTENSION_TOO_SHORT, False: RefusalCode.EXTENSION_TOO_LONG}
    assert rule.refuse_extension(days, DEFAULT) is (None if 1 <= days <= 30 else codes[days < 1])
    assert rule.extended(now, days) == now + timedelta(hours=24 * days)


@given(INSTANTS, st.timedeltas(timedelta(0), 60 * DAY))
def test_the_grace(end: datetime, late: timedelta) -> None:
    """30 days from the end, or from when it was carried out where that was over an hour late: nobody has fewer (GR-01, SF-06)."""
    grace = rule.grace_ends_at(end, end + late, DEFAULT)
    assert grace == (end if late <= timedelta(hours=1) else end + late) + 30 * DAY
    assert grace >= end + late + 30 * DAY - timedelta(hours=1)


@given(INSTANTS, st.timedeltas(timedelta(0), 60 * DAY))
def test_the_hold(ended: datetime, late: timedelta) -> None:
    """15 days from the end of calling, or from when that was carried out, over an hour late: it never begins ended (NR-01, SF-06)."""
    until = rule.numbers_held_until(ended, ended + late, DEFAULT)
    assert until == (ended if late <= timedelta(hours=1) else ended + late) + 15 * DAY


@given(INSTANTS)
def test_what_follows_the_end(at: datetime) -> None:
    """Devices are due 14 days after their own end (DV-02)."""
    assert rule.devices_due_at(at, DEFAULT) == at + 14 * DAY


@given(st.text(max_size=40))
def test_site_addresses(text: str) -> None:
    """What passes as a site is a host name in lower case with two labels at least, whatever is typed (TR-10, SF-08)."""
    try:
        url = Site(url=text, time_zone="UTC").url
    except ValidationError:
        return
    labels = url.split(".")
    assert url == url.lower()
    assert len(labels) >= 2
    assert all(label and len(label) <= 63 and label.isascii() and not label.startswith("-") for label in labels)


def test_a_request_is_known_after_an_upgrade() -> None:
    """A release that gives requests another field knows those of before as the same; what is asked otherwise is another (TR-23, P10)."""

    class Newer(RequestTrial):
        colour: str = "blue"

    Newer.__name__ = RequestTrial.__name__
    asked = {"trial_id": "trl_a", "partner_id": MINE, "requested_by": "per_a", "services": ("calling",)}
    known = request_hash(RequestTrial.model_validate(asked))
    assert request_hash(Newer.model_validate(asked)) == known
    for changes in ({"colour": "red"}, {"services": ("calling", "messaging")}, {"length_days": 60}):
        assert request_hash(Newer.model_validate(asked | changes)) != known
    assert request_hash(RequestTrial.model_validate(asked | {"length_days": 60}), but=("length_days",)) == known
