"""What the web stands on: ports, made real by the composition root."""

from dataclasses import dataclass

from adapters.links import Links
from tenure.contracts.catalogue import Catalogue
from tenure.policy.rules import Rules
from tenure.ports import (
    Activity,
    AuditTrail,
    Bounces,
    Breakers,
    Consents,
    Customers,
    Devices,
    Erasures,
    Feeds,
    Forecast,
    Imports,
    Installation,
    Licences,
    Notices,
    Organisations,
    ReportReader,
    Reviews,
    Screener,
    ScreeningLists,
    Tokens,
    Trials,
    Users,
    Wizards,
    Writer,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """One adapter for each port that outsiders reach over HTTP."""

    installation: Installation
    tokens: Tokens
    organisations: Organisations
    licences: Licences
    trials: Trials
    consents: Consents
    devices: Devices
    links: Links
    catalogue: Catalogue
    rules: Rules
    erasures: Erasures
    breakers: Breakers
    activity: Activity
    feeds: Feeds
    notices: Notices
    bounces: Bounces
    report_reader: ReportReader
    writer: Writer
    forecast: Forecast
    imports: Imports
    screening_lists: ScreeningLists
    screener: Screener
    customers: Customers
    users: Users
    reviews: Reviews
    wizards: Wizards
    audit: AuditTrail
