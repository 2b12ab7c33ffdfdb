"""Default call-in numbers: the two rules, and the countries of the five locations."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.contracts.call_in import CallIn, CallInNumber, CallInRule, Location, Telephony, TelephonyDomain
from tenure.errors import Misconfigured
from tenure.policy import call_in
from tenure.policy.telephony import shipped
from tenure.settings import ServerSettings
from workers.application import load_telephony

COUNTRY, DEFAULT = CallInRule.COUNTRY, CallInRule.LOCATION_DEFAULT
_NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
"""What CLDR has codes for beside the countries of ISO 3166-1, and Kosovo."""
_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
_COUNTRIES = ("DE", "GB", "FR", "AU", "NZ", "SG", "BR", "US", "IE", "CH", "SE")


def chosen(domain: str, country: str) -> CallIn | None:
    """What is chosen in a domain that is shipped."""
    telephony = shipped()
    known = telephony.domain(domain)
    assert known is not None
    return call_in.choose(telephony, known, country)


@pytest.mark.parametrize(
    ("country", "prefix", "rule"),
    [
        ("DE", "+49", COUNTRY),
        ("GB", "+44", COUNTRY),
        ("FR", "+33", COUNTRY),
        ("AU", "+61", COUNTRY),
        ("NZ", "+61", DEFAULT),
        ("SG", "+65", COUNTRY),
        ("JP", "+65", DEFAULT),
        ("BR", "+1", DEFAULT),
        ("US", "+1", COUNTRY),
        ("IE", "+353", COUNTRY),
        ("CH", "+49", DEFAULT),
        ("ZA", "+44", DEFAULT),
        ("SE", "+49", DEFAULT),
    ],
)
def test_a_domain_without_a_location(country: str, prefix: str, rule: CallInRule) -> None:
    """The country's own number where it has one that is available, else the default of the country's location (CIN-01, CIN-03, CIN-04, CIN-06, CIN-08, Q-07)."""
    found = chosen("global", country)
    assert found is not None
    assert (found.prefix, found.rule) == (prefix, rule)


@pytest.mark.parametrize(
    ("domain", "country", "expected"),
    [
        ("emea", "DE", ("+49", COUNTRY)),
        ("emea", "FR", ("+44", DEFAULT)),
        ("emea", "US", ("+44", DEFAULT)),
        ("americas", "DE", ("+1", DEFAULT)),
        ("asia-pacific", "AU", ("+61", COUNTRY)),
        ("asia-pacific", "SG", None),
        ("asia-pacific", "NZ", None),
        ("asia-pacific", "FR", None),
    ],
)
def test_the_location_of_the_domain_counts(domain: str, country: str, expected: tuple[str, CallInRule] | None) -> None:
    """A domain that names a location falls back on its default, wherever the country is; missing, there is no number (CIN-07, CIN-08)."""
    found = chosen(domain, country)
    assert (None if found is None else (found.prefix, found.rule)) == expected


def test_the_order_of_the_domain_decides() -> None:
    """The first available number of the country, and the default only as the default (CIN-03, CIN-05)."""
    assert chosen("global", "FR") == CallIn(phone_number="+33261910100", prefix="+33", rule=COUNTRY)
    assert chosen("americas", "US") == CallIn(phone_number="+12125550120", prefix="+1", rule=COUNTRY)
    assert chosen("americas", "BR") == CallIn(phone_number="+14155550121", prefix="+1", rule=DEFAULT)


def test_every_country_has_a_location() -> None:
    """All of ISO 3166-1 is named, each by the decision (CIN-08, Q-07)."""
    named = shipped().countries
    codes = [str(code) for code in Locale("en").territories]
    assert set(named) == {code for code in codes if len(code) == 2 and code.isalpha()} - _NO_COUNTRIES
    euro = {code for code, location in named.items() if location is Location.EURO}
    assert euro == set(_EU.split()) - {"IE"} | {"IS", "LI", "NO", "CH", "AX"}
    assert {code for code, location in named.items() if location is Location.ANZ} == {"AU", "NZ"}
    assert {named[code] for code in ("GB", "IE", "AE", "IL", "TR", "EG", "NG", "ZA", "UA")} == {Location.EMEA}
    assert {named[code] for code in ("JP", "IN", "PK", "KZ", "FJ", "NC")} == {Location.APAC}
    assert {named[code] for code in ("CA", "MX", "BR", "GL", "GP", "FK")} == {Location.AMER}


def test_the_five_locations() -> None:
    """Prefix and place of each default are those of the table (CIN-05)."""
    told = {location: (place.prefix, place.country, place.region) for location, place in shipped().locations.items()}
    assert told == {
        Location.AMER: ("+1", "US", "California"),
        Location.APAC: ("+65", "SG", None),
        Location.ANZ: ("+61", "AU", None),
        Location.EMEA: ("+44", "GB", None),
        Location.EURO: ("+49", "DE", None),
    }


@st.composite
def domains(draw: st.DrawFn) -> TelephonyDomain:
    """Numbers of some countries in any order, some disabled; any of the five may be a default, and is where it belongs."""
    telephony = shipped()
    numbers: list[CallInNumber] = []
    for place, number in enumerate(draw(st.lists(st.sampled_from([*Location, *_COUNTRIES]), max_size=8, unique=True))):
        default = number if isinstance(number, Location) else None
        where = telephony.locations[default] if default is not None else None
        numbers.append(
            CallInNumber(
                phone_number=f"{where.prefix if where else '+999'}555{place:05d}",
                country=where.country if where else number,
                region=where.region if where else None,
                available=draw(st.booleans()),
                location_default=default,
            )
        )
    return TelephonyDomain(
        key="drawn", location=draw(st.none() | st.sampled_from(list(Location))), numbers=tuple(numbers)
    )


def indices(domain: TelephonyDomain, found: CallIn | None) -> Sequence[CallInNumber]:
    """The number that was chosen, as the domain has it."""
    return [number for number in domain.numbers if found is not None and number.phone_number == found.phone_number]


@given(domain=domains(), country=st.sampled_from(_COUNTRIES))
def test_never_a_disabled_number_and_never_another_regions(domain: TelephonyDomain, country: str) -> None:
    """Whatever is chosen is available, and of the country or of the location's own default; none only where there is none (CIN-03, CIN-04, CIN-06, CIN-07)."""
    telephony = shipped()
    found = call_in.choose(telephony, domain, country)
    own = [number for number in domain.numbers if number.country == country and number.available]
    location = domain.location or telephony.countries[country]
    defaults = [number for number in domain.numbers if number.location_default is location and number.available]
    assert indices(domain, found) == (own or defaults)[:1]
    if found is not None:
        assert found.rule is (COUNTRY if own else DEFAULT)


@pytest.mark.parametrize(
    ("number", "prefix"),
    [("+12125550100", "+1"), ("+74955550100", "+7"), ("+442079460100", "+44"), ("+353209100100", "+353")],
)
def test_the_prefix_is_the_country_code(number: str, prefix: str) -> None:
    """One, two or three digits, as E.164 has them (CIN-09)."""
    assert call_in.prefix(number) == prefix


def test_numbers_are_data() -> None:
    """A default that lies elsewhere than its location says, or a second one, is refused when the file is read (CIN-05, CIN-10)."""
    good = shipped().model_dump(mode="json")
    for change in (
        {"country": "GB", "phone_number": "+442079460111", "region": None},
        {"phone_number": "+442079460111"},
        {"region": "New York"},
    ):
        bad = good["domains"][0]["numbers"][0] | change
        document = good | {"domains": [good["domains"][0] | {"numbers": [bad]}]}
        with pytest.raises(ValidationError, match="is not where the default of AMER is"):
            Telephony.model_validate(document)
    twice = [good["domains"][0]["numbers"][0], good["domains"][0]["numbers"][0] | {"phone_number": "+14155550122"}]
    with pytest.raises(ValidationError, match="two defaults of one location"):
        Telephony.model_validate(good | {"domains": [good["domains"][0] | {"numbers": twice}]})
    with pytest.raises(ValidationError, match="one key"):
        Telephony.model_validate(good | {"domains": [good["domains"][0]] * 2})


def test_an_installation_brings_its_own(tmp_path: Path) -> None:
    """`TENURE_TELEPHONY_FILE` names its domains; unset, the shipped ones hold, and a broken one is named (CIN-10, P4)."""
    assert load_telephony(ServerSettings()) is shipped()
    own = shipped().model_copy(update={"domains": shipped().domains[1:2]})
    file = tmp_path / "telephony.json"
    file.write_text(own.model_dump_json())
    settings = ServerSettings(telephony_file=file)
    assert load_telephony(settings) == own
    file.write_text("{}")
    with pytest.raises(Misconfigured, match="TENURE_TELEPHONY_FILE"):
        load_telephony(settings)
