"""What is on offer: services, industries, and the countries with their region. Configuration, not code (A:Q-25)."""

from enum import StrEnum

from pydantic import ConfigDict

from tenure.contracts.base import Contract, Text
from tenure.contracts.licence import ServiceKey
from tenure.contracts.portfolio import Country, IndustryKey, Language


class Carrier(StrEnum):
    """How trial devices come back from a country (DV-04, DV-06)."""

    UPS = "ups"
    """USA: the label lies in the box."""
    DHL = "dhl"
    """The customer books a pickup."""
    EXPEDITORS = "expeditors"
    """The same, in Australia."""
    GUIDE = "guide"
    """The return guide says who."""


class _Entry(Contract):
    model_config = ConfigDict(extra="forbid")


class Service(_Entry):
    """A service that can be tried."""

    key: ServiceKey
    name: Text
    names: dict[Language, Text] = {}
    """Its name in other languages, where it has one."""
    meetings: bool = False
    """It records meetings and has a site: its end takes both along (RP-06)."""
    site_required: bool = False
    """A site's address and a time zone are given with the request (TR-09)."""
    calling: bool = False
    """It comes with phone numbers, which are held for a while after its end (NR-01)."""


class CountryEntry(_Entry):
    """A country in which the services are offered (TR-07)."""

    region: Text
    """Where the data of its organisations live (TR-05)."""
    carrier: Carrier = Carrier.GUIDE


class Catalogue(_Entry):
    """All that is on offer. What it does not name is refused, never guessed."""

    services: tuple[Service, ...]
    industries: dict[IndustryKey, Text]
    countries: dict[Country, CountryEntry]

    def service(self, key: ServiceKey) -> Service | None:
        """A service by its key."""
        return next((service for service in self.services if service.key == key), None)

    def carrier(self, country: str | None) -> Carrier:
        """Who brings devices back from a country."""
        entry = self.countries.get(country or "")
        return Carrier.GUIDE if entry is None else entry.carrier
