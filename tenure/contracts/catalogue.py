"""What is on offer: services, industries, and the countries with their region. Configuration, not code (A:Q-25)."""

from enum import StrEnum

from pydantic import ConfigDict

from tenure.contracts.base import Contract, Text
from tenure.contracts.licence import ServiceKey
from tenure.contracts.package import AddOnCode, PackageCode
from tenure.contracts.portfolio import Country, IndustryKey, Language
from tenure.contracts.wizard import TermsVersion


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


class Package(_Entry):
    """What a user of a wholesale customer has exactly one of (PKG-02)."""

    code: PackageCode
    name: Text
    level: int
    """A higher one is more: to change to a lower one is a downgrade (ADM-02)."""
    services: tuple[ServiceKey, ...]
    """What it entitles to (PKG-03)."""


class AddOn(_Entry):
    """What a user may have beside a package; billed to the service provider (ADD-01)."""

    code: AddOnCode
    name: Text
    available: bool = False
    """The first release ships without any (ADD-02)."""


class PackageOffers(Contract):
    """The packages and add-ons that can be ordered (PKG-04, ADD-02)."""

    packages: tuple[Package, ...]
    add_ons: tuple[AddOn, ...]


class TriedService(Contract):
    """A service that can be tried."""

    service: ServiceKey
    name: Text
    site_required: bool
    """A site's address and a time zone are given with a request for it (TR-09)."""


class TrialCatalogue(Contract):
    """What a request for a trial is made of: everything that is picked (TR-04, TR-05, TR-08, TR-22)."""

    services: tuple[TriedService, ...]
    lengths_days: tuple[int, ...]
    """How long trials may be; the first where none is chosen."""
    industries: dict[IndustryKey, Text]
    countries: dict[Country, Text]
    """Where services are offered, each with the region in which the data of its organisations live."""


class Terms(_Entry):
    """The terms that are accepted at the first launch of an organisation (WIZ-04)."""

    version: TermsVersion
    url: Text


class Catalogue(_Entry):
    """All that is on offer. What it does not name is refused, never guessed."""

    services: tuple[Service, ...]
    packages: tuple[Package, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    terms: Terms = Terms(version="1", url="https://tenure.example/terms")
    industries: dict[IndustryKey, Text]
    countries: dict[Country, CountryEntry]

    def service(self, key: ServiceKey) -> Service | None:
        """A service by its key."""
        return next((service for service in self.services if service.key == key), None)

    def package(self, code: str) -> Package | None:
        """A package by its code."""
        return next((package for package in self.packages if package.code == code), None)

    def add_on(self, code: str) -> AddOn | None:
        """An add-on by its code."""
        return next((add_on for add_on in self.add_ons if add_on.code == code), None)

    def carrier(self, country: str | None) -> Carrier:
        """Who brings devices back from a country."""
        entry = self.countries.get(country or "")
        return Carrier.GUIDE if entry is None else entry.carrier
