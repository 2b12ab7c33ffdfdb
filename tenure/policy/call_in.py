"""Which call-in number a Meetings site gets by default (CIN)."""

from typing import Final

from tenure.contracts.call_in import CallIn, CallInNumber, CallInRule, Location, Telephony, TelephonyDomain

_OF_ONE_DIGIT: Final = frozenset({1, 7})
_OF_TWO_DIGITS: Final = frozenset(
    {20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67), 81, 82, 84, 86}
    | {*range(90, 96), 98}
)
"""Country codes of ITU-T E.164; every other one has three digits."""


def choose(telephony: Telephony, domain: TelephonyDomain, country: str) -> CallIn | None:
    """The default call-in number of a site in a telephony domain, whose organisation is in a country.

    The first available number of the country, in the domain's order (CIN-03, CIN-06); else the default number of the
    location (CIN-04). None where that is missing or disabled: never the number of another region (CIN-07).
    """
    for number in domain.numbers:
        if number.country == country and number.available:
            return _chosen(number, CallInRule.COUNTRY)
    wanted = location(telephony, domain, country)
    for number in domain.numbers:
        if number.location_default is wanted and number.available:
            return _chosen(number, CallInRule.LOCATION_DEFAULT)
    return None


def location(telephony: Telephony, domain: TelephonyDomain, country: str) -> Location:
    """The domain's location, or the country's where it names none (CIN-08)."""
    return domain.location or telephony.countries.get(country, telephony.other_countries)


def prefix(phone_number: str) -> str:
    """The country code that a number of E.164 begins with, such as `+44`."""
    digits = phone_number.removeprefix("+")
    length = 1 if int(digits[:1]) in _OF_ONE_DIGIT else 2 if int(digits[:2]) in _OF_TWO_DIGITS else 3
    return f"+{digits[:length]}"


def _chosen(number: CallInNumber, rule: CallInRule) -> CallIn:
    return CallIn(phone_number=number.phone_number, prefix=prefix(number.phone_number), rule=rule)
