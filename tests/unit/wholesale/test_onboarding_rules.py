"""The rules of onboarding: countries, requests that are the same, the deadline of a review, and the memory of decisions."""

from datetime import UTC, datetime, timedelta

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.address import BillingAddress
from tenure.contracts.base import request_hash
from tenure.contracts.customer import CreateCustomer, OnboardingReason, OnboardingState
from tenure.contracts.review import ScreeningTrigger
from tenure.contracts.screening import EntryKind, Hit, ListVersion, NameQuality, Screening
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId
from tenure.policy import onboarding as rule
from tenure.policy.catalogue import shipped
from tenure.policy.countries import ISO_3166, is_country
from tenure.policy.package import Packages
from tenure.policy.rules import DEFAULT, Rules
from tenure.policy.telephony import shipped as telephony

PACKAGES, TELEPHONY = Packages(shipped(), DEFAULT), telephony()
BERLIN = BillingAddress(lines=("Hauptstr. 1",), city="Berlin", postal_code="10115", country="DE")
NOT_OF_THE_STANDARD = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
"""What Unicode names beside the countries of ISO 3166-1: parts, groups, pseudo-locales, and codes of its own."""
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MOMENT = timedelta(microseconds=1)
COMMAND = CreateCustomer(
    partner_id=PartnerId("ptr_north"),
    external_id="CRM-1",
    name="Works",
    billing_address=BERLIN,
    package="suite",
    packages={"suite": 1},
    admin_email="eve@works.example",
)


def hit(number: int, version: int = 1) -> Hit:
    """An entry of a list, as it is in a version."""
    return Hit(
        list_id="sanctions",
        entry_id=f"SDN-{number}",
        entry_hash=f"{version:064x}",
        kind=EntryKind.ORGANISATION,
        score=0.9,
        name="Works",
        listed_name="Works",
        quality=NameQuality.PRIMARY,
        primary_name="Works",
    )


HITS = st.lists(st.builds(hit, st.integers(1, 4), st.integers(1, 2)), max_size=5, unique_by=rule.key).map(tuple)
CLEARED = st.sets(st.builds(hit, st.integers(1, 4), st.integers(1, 2)).map(rule.key))


def test_every_country_has_its_code() -> None:
    """The codes are those that Unicode knows of ISO 3166-1, and Kosovo's, which the catalogue offers (ONB-04)."""
    names = {str(code) for code in Locale("en").territories}
    territories = {code for code in names if len(code) == 2 and code.isalpha()}
    assert territories - ISO_3166 == NOT_OF_THE_STANDARD
    assert ISO_3166 - territories == set()
    assert len(ISO_3166) == 249
    assert all(is_country(code, shipped()) for code in (*ISO_3166, "XK"))
    assert not any(is_country(code, shipped()) for code in NOT_OF_THE_STANDARD - {"XK"})


@given(country=st.text(max_size=60) | st.sampled_from([*ISO_3166, " DE ", "de", "XK"]))
def test_what_is_no_country_is_refused(country: str) -> None:
    """Whatever stands there: a country, none at all, or one of the two refusals (ONB-04)."""
    address, code = BillingAddress(country=country), country.strip()
    if is_country(code, shipped()):
        assert rule.billing_country(address, shipped()) == code
        return
    with pytest.raises(Refusal) as refusal:
        rule.billing_country(address, shipped())
    assert refusal.value.code is (RefusalCode.INVALID_COUNTRY if code else RefusalCode.BILLING_COUNTRY_REQUIRED)


@given(quantities=st.dictionaries(st.sampled_from(["suite", "calling", "meetings"]), st.integers(0, 9), min_size=1))
def test_the_order_of_quantities_does_not_matter(quantities: dict[str, int]) -> None:
    """Two requests that say the same are the same, and any other is not (ONB-07)."""
    command = COMMAND.model_copy(update={"packages": quantities})
    turned = COMMAND.model_copy(update={"packages": dict(reversed(quantities.items()))})
    assert request_hash(command) == request_hash(turned)
    more = command.model_copy(update={"packages": {**quantities, "suite": quantities.get("suite", -1) + 1}})
    assert request_hash(command) != request_hash(more)


def test_which_onboardings_are_over() -> None:
    """Cancelled, or in error by what was found: what the platform refused may be tried again (RPL-12, Q-29)."""
    for state in OnboardingState:
        if state is not OnboardingState.ERROR:
            assert rule.is_over(state, None) is (state is OnboardingState.CANCELLED)
    for reason in rule.REASONS.values():
        assert rule.is_over(OnboardingState.ERROR, reason)
    assert not rule.is_over(OnboardingState.ERROR, OnboardingReason.PROVISIONING_FAILED)


@given(opened_at=INSTANTS, period=st.timedeltas(timedelta(hours=1), timedelta(days=30)))
def test_the_last_instant_counts(opened_at: datetime, period: timedelta) -> None:
    """Strictly later than the deadline is late, and only where something waits (RPL-08, Q-32)."""
    deadline = rule.deadline(opened_at, Rules(review_period=period))
    assert deadline == opened_at + period
    for trigger in (ScreeningTrigger.CREATE, ScreeningTrigger.ADDRESS_UPDATE):
        assert not rule.is_late(trigger, deadline, deadline)
        assert rule.is_late(trigger, deadline, deadline + MOMENT)
    assert not rule.is_late(ScreeningTrigger.LIST_UPDATE, deadline, deadline + 1000 * period)
    assert DEFAULT.review_period == timedelta(hours=72)


@given(hits=HITS, cleared=CLEARED, omitted=st.sampled_from([0, 0, 3]))
def test_what_is_left_of_a_screening(hits: tuple[Hit, ...], cleared: set[rule.EntryKey], omitted: int) -> None:
    """Nothing is lost, only what was cleared as it is needs nobody, and a part of an answer is never clear (Q-32, RPL-16)."""
    screening = Screening(hits=hits, omitted=omitted, lists=(ListVersion(list_id="sanctions", version="1"),))
    found = rule.finding(screening, cleared)
    assert sorted((*found.hits, *found.known), key=rule.key) == sorted(hits, key=rule.key)
    assert all(rule.key(each) in cleared for each in found.known)
    if omitted:
        assert (found.hits, found.is_clear) == (hits, False)
    else:
        assert not any(rule.key(each) in cleared for each in found.hits)
        assert found.is_clear is (not found.hits)


@pytest.mark.parametrize("name", ["Caf\u0085 Works", "Works\u2028GmbH", "Works \u0090 x"])
def test_a_name_with_controls_can_be_screened(name: str) -> None:
    """What a request may name, a screening takes: nobody is stuck by a character (RPL-01)."""
    command = CreateCustomer.model_validate(COMMAND.model_dump() | {"name": name})
    assert rule.subject([command.name], command.billing_address).names[0].isprintable()


@given(name=st.text(min_size=1, max_size=200))
def test_every_name_that_is_taken_can_be_screened(name: str) -> None:
    """Whatever passes the contract and the rules is a subject with a letter or a digit (RPL-01, RPL-03)."""
    try:
        command = CreateCustomer.model_validate(COMMAND.model_dump() | {"name": name})
        rule.require_creation(command, PACKAGES, TELEPHONY)
    except (Refusal, ValueError):
        return
    subject = rule.subject([command.name], command.billing_address)
    assert any(character.isalnum() for character in subject.names[0])


def test_an_address_without_a_line_is_none() -> None:
    """Only the country is known then (RPL-19)."""
    assert rule.subject(["Works"], BillingAddress(country="DE")).address is None
    assert rule.subject(["Works"], BERLIN).address == "Hauptstr. 1, Berlin, 10115"
