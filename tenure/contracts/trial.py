"""Trials: what a partner asks for, what becomes of it, and what can be done to it (A sections 1 to 6 and 18.1)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from tenure.contracts.base import Command, Contract, EmailAddress, Instant, SiteUrl, Text
from tenure.contracts.customer_screening import CustomerScreeningView
from tenure.contracts.licence import ServiceKey
from tenure.contracts.organisation import Access
from tenure.contracts.portfolio import Country, IndustryKey, Language, TimeZone
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId, TrialId

Services = Annotated[tuple[ServiceKey, ...], Field(max_length=64)]
People = Annotated[tuple[PersonId, ...], Field(max_length=10_000)]


class TrialPath(StrEnum):
    """What a trial begins with; found by the product, never said by the caller (TR-12, TR-13)."""

    NEW_CUSTOMER = "new_customer"
    """The organisation is created, no consent is needed."""
    EXISTING_CUSTOMER = "existing_customer"
    """One that this partner does not manage: its consent is needed."""
    ADD_ON = "add_on"
    """One that this partner manages already."""


class TrialState(StrEnum):
    """Where a trial stands (A section 18.1)."""

    PENDING_CONSENT = "pending_consent"
    AWAITING_DETAILS = "awaiting_details"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    GRACE = "grace"
    CONVERTED = "converted"
    CANCELLED = "cancelled"
    ENDED = "ended"


STARTED = frozenset({TrialState.AWAITING_DETAILS, TrialState.PROVISIONING, TrialState.ACTIVE, TrialState.GRACE})
"""Live: its services are on trial, for this partner and against every other (TR-16, TR-18, TR-19)."""

OVER = frozenset({TrialState.CONVERTED, TrialState.CANCELLED, TrialState.ENDED})


class ConsentState(StrEnum):
    """What became of the request for consent (A section 18.2)."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


class ServiceState(StrEnum):
    """Where one service of a trial stands on the platform."""

    ORDERED = "ordered"
    """To be built."""
    BUILT = "built"
    LEAVING = "leaving"
    """Removed, cancelled or over: to be torn down."""
    GONE = "gone"
    """Torn down, or never built."""
    BOUGHT = "bought"
    """Paid for: it has left the trial, and stays built (TC-19)."""


class TrialService(Contract):
    """One service of a trial."""

    service: ServiceKey
    state: ServiceState
    problem: str | None = None
    """Why it is not done yet: the platform's own code where it refuses, `no_answer` where nobody knows."""


class Site(Contract):
    """A meetings site (TR-09)."""

    url: SiteUrl
    time_zone: TimeZone


class DeviceLine(Contract):
    """Devices to be shipped for a trial (TR-11)."""

    model: Text
    quantity: int = Field(default=1, ge=1, le=100)


class RequestTrial(Command):
    """A partner asks for a trial (TR).

    The path is found by the product: an admin's address or an organisation that is known leads to that organisation,
    and never to a second one (TR-13). For a new customer and for one that has to consent, company name, address,
    industry and country are needed (TR-04).
    """

    trial_id: TrialId
    """Made of the caller's own key: the same request again answers the same (TR-23)."""
    partner_id: PartnerId
    requested_by: PersonId
    """Of the partner's own organisation: a full admin or a sales admin (TR-02)."""
    services: Services
    length_days: int | None = None
    """None: what the rules offer first (TR-22)."""
    organisation_id: OrganisationId | None = None
    """The existing organisation, confirmed to be the right one (TR-14)."""
    company_name: Text | None = None
    admin_email: EmailAddress | None = None
    admin_name: Text | None = None
    """Of a new customer's admin; None: the address stands for it."""
    industry: IndustryKey | None = None
    country: Country | None = None
    language: Language = "en"
    """Of a new customer's mails."""
    time_zone: TimeZone = "UTC"
    """Of a new customer: for dates shown."""
    site: Site | None = None
    devices: Annotated[tuple[DeviceLine, ...], Field(max_length=50)] = ()
    """To be shipped; empty where none are, or the step was skipped (TR-11)."""


class AskOffer(Contract):
    """Which customer a trial could be for, by organisation or by an admin's address."""

    partner_id: PartnerId
    organisation_id: OrganisationId | None = None
    admin_email: EmailAddress | None = None
    country: Country | None = None
    by: PersonId | None = None
    """Who would ask: whether that person may is said beforehand, too (TR-02)."""


class Match(Contract):
    """An organisation that an admin's address belongs to."""

    organisation_id: OrganisationId
    name: str


class ServiceOffer(Contract):
    """A service, and why it cannot be tried, or None where it can."""

    service: ServiceKey
    name: Text
    refusal: RefusalCode | None = None


class TrialOffer(Contract):
    """What can be tried, and how it would begin: shown before anything is asked for (TR-05, TR-14, TR-20)."""

    path: TrialPath
    organisation_id: OrganisationId | None = None
    organisation_name: str | None = None
    region: str | None = None
    """Where the data live, or would (TR-05, TR-06)."""
    services: tuple[ServiceOffer, ...]
    bought: Services = ()
    """For a customer that the partner manages: what it owns (TR-20)."""
    partners: tuple[PartnerId, ...] = ()
    """The same: every partner that manages it."""
    matches: tuple[Match, ...] = ()
    """All organisations that the address belongs to, one of which is to be confirmed (TR-14)."""
    lengths_days: tuple[int, ...] = ()


class TrialCommand(Command):
    """Something that a partner does to its trial."""

    trial_id: TrialId
    by: PersonId
    """Of the partner's own organisation; its role decides (TC-21)."""


class ResendConsent(TrialCommand):
    """Mail the request for consent again; its deadline stays (CO-12)."""


class CancelTrial(TrialCommand):
    """End a request or a trial; before it is active, the customer leaves the partner's list with it (CO-13, TC-10)."""

    confirmed: bool = False
    """Without it nothing happens (TC-10)."""


class ProvideDetails(TrialCommand):
    """What has to be known to build the services of a consented trial; again, the same is tried at once (PV-01, PV-04)."""

    seats: int = Field(default=25, ge=1, le=100_000)
    """How many people will use it."""


class ExtendTrial(TrialCommand):
    """Replace the end: so many days from now (TC-01)."""

    days: int = Field(ge=-100_000, le=100_000)
    confirmed: bool = False
    """Needed where the new end is earlier (TC-03)."""


class EditTrial(TrialCommand):
    """Replace the services (TC-07)."""

    services: Services
    site: Site | None = None
    """Needed where a service with a site is added (TR-09)."""


class AssignLicences(TrialCommand):
    """Give licences of the trial to people of the customer, and take them from others (PV-05).

    It says what changes and leaves everybody else as they are, so that two who do so at once both have their way.
    """

    give: People = ()
    """Who holds one from now on; who does already stays."""
    take: People = ()
    """Who holds none from now on."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if set(self.give) & set(self.take):
            raise ValueError("nobody is given a licence and loses it at once")
        return self


class TrialContact(Contract):
    """Whom the partner can ask (PS-08)."""

    name: str
    email: EmailAddress


class TrialView(Contract):
    """A trial as its partner and operators see it (PS-02, PS-03, PS-04)."""

    trial_id: TrialId
    organisation_id: OrganisationId
    organisation_name: str
    partner_id: PartnerId
    path: TrialPath
    state: TrialState
    consent: ConsentState | None = None
    """None where no consent was asked for."""
    screening: CustomerScreeningView | None = None
    """Of the customer, where this trial has created it: nothing is built before it is clear (RPL-01)."""
    services: tuple[TrialService, ...] = ()
    length_days: int
    requested_at: Instant
    consent_deadline_at: Instant | None = None
    access: Access | None = None
    """What the partner may do at the customer; None before it manages it."""
    licence_set_id: LicenceSetId | None = None
    seats: int | None = None
    site: Site | None = None
    devices: tuple[DeviceLine, ...] = ()
    """Asked to be shipped (TR-11)."""
    activated_at: Instant | None = None
    ends_at: Instant | None = None
    reminder_at: Instant | None = None
    """When its end is told beforehand; None where that was done, or is not (NO-09)."""
    grace_ends_at: Instant | None = None
    numbers_held_until: Instant | None = None
    """Phone numbers that are on hold after the end of calling (NR-01)."""
    device_ends_at: Instant | None = None
    """Another date than `ends_at`: from it the devices are to be returned (DV-02, DV-03)."""
    devices_due_at: Instant | None = None
    contact: TrialContact | None = None
    """An admin of the customer, for trials that are about to end."""
    distributor_id: PartnerId | None = None
    """Whose order converts it, where its partner is of tier 2 (TC-13)."""

    @property
    def until(self) -> Instant | None:
        """What it runs to in its present state; None where that has no end."""
        return {
            TrialState.PENDING_CONSENT: self.consent_deadline_at,
            TrialState.ACTIVE: self.ends_at,
            TrialState.GRACE: self.grace_ends_at,
        }.get(self.state)
