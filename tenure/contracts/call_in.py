"""Default call-in numbers of a Meetings site (CIN)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from tenure.contracts.base import Contract, Text
from tenure.contracts.platform import PhoneNumber
from tenure.contracts.portfolio import Country

TelephonyDomainKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class Location(StrEnum):
    """A location of telephony domains; there are five (CIN-05)."""

    AMER = "AMER"
    APAC = "APAC"
    ANZ = "ANZ"
    EMEA = "EMEA"
    EURO = "EURO"


class CallInRule(StrEnum):
    """Which rule chose a call-in number (CIN-09)."""

    COUNTRY = "country"
    """The first available number of the organisation's country (CIN-03)."""
    LOCATION_DEFAULT = "location_default"
    """The default number of the location (CIN-04)."""


class _Entry(Contract):
    model_config = ConfigDict(extra="forbid")


class CallInNumber(_Entry):
    """A number of a telephony domain."""

    phone_number: PhoneNumber
    country: Country
    region: Text | None = None
    """Where in the country, such as `California`."""
    available: bool = True
    """False where it is disabled."""
    location_default: Location | None = None
    """Whose default it is (CIN-10)."""


class TelephonyDomain(_Entry):
    """The call-in numbers of some Meetings sites, in the domain's order."""

    key: TelephonyDomainKey
    location: Location | None = None
    """None: the location follows from the organisation's country (CIN-08)."""
    numbers: tuple[CallInNumber, ...]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        defaults = [number.location_default for number in self.numbers if number.location_default is not None]
        if len(set(defaults)) < len(defaults):
            raise ValueError(f"the domain {self.key} has two defaults of one location")
        if len({number.phone_number for number in self.numbers}) < len(self.numbers):
            raise ValueError(f"the domain {self.key} names a number twice")
        return self


class LocationDefault(_Entry):
    """What the default number of a location begins with, and where it is (CIN-05)."""

    prefix: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,2}$")]
    country: Country
    region: Text | None = None


class Telephony(_Entry):
    """Telephony as data: the domains, the five locations, and which country belongs to which."""

    domains: tuple[TelephonyDomain, ...]
    locations: Annotated[dict[Location, LocationDefault], Field(min_length=5)]
    countries: dict[Country, Location]
    other_countries: Location
    """Of every country that is not named."""

    @model_validator(mode="after")
    def _defaults_are_where_they_belong(self) -> Self:
        if len({domain.key for domain in self.domains}) < len(self.domains):
            raise ValueError("two telephony domains have one key")
        for number in (number for domain in self.domains for number in domain.numbers):
            if number.location_default is None:
                continue
            place = self.locations[number.location_default]
            if (number.country, number.region) != (place.country, place.region) or not number.phone_number.startswith(
                place.prefix
            ):
                raise ValueError(f"{number.phone_number} is not where the default of {number.location_default} is")
        return self

    def domain(self, key: str) -> TelephonyDomain | None:
        """A domain by its key."""
        return next((domain for domain in self.domains if domain.key == key), None)


class CallIn(Contract):
    """The number that was chosen for a site, and by which rule."""

    phone_number: PhoneNumber
    prefix: str
    """The country code it begins with, such as `+44`."""
    rule: CallInRule
