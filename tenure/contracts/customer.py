"""Wholesale customers: how one is created, and where its onboarding stands (ONB, B annex 1)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Command, Contract, EmailAddress, Instant, Line, SiteUrl, Text
from tenure.contracts.call_in import CallIn, TelephonyDomainKey
from tenure.contracts.licence import LicenceState
from tenure.contracts.package import AddOnQuantities, PackageCode, PackageQuantities, Quantity
from tenure.contracts.portfolio import Country, Language, TimeZone
from tenure.contracts.review import CaseState
from tenure.contracts.user import NumberItem, UserItem
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, RplCaseId

ExternalId = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
"""The service provider's own reference for a customer, unique at each partner (PO-06)."""

MAX_ITEMS = 1000
"""Users, and numbers, in one request."""


class OnboardingState(StrEnum):
    """Where the onboarding of a wholesale customer stands (B annex 1)."""

    RECEIVED = "received"
    SCREENING = "screening"
    PENDING_RPL_REVIEW = "pending_rpl_review"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    ERROR = "error"
    CANCELLED = "cancelled"


class OnboardingReason(StrEnum):
    """Why an onboarding is in error, or the change of an address."""

    RPL_REVIEW_TIMEOUT = "rpl_review_timeout"
    RPL_UNRESOLVED = "rpl_unresolved"
    RPL_REJECTED = "rpl_rejected"
    PROVISIONING_FAILED = "provisioning_failed"
    """The platform refuses; running provisioning again tries it again."""
    SUBSCRIPTION_CANCELLED = "subscription_cancelled"
    """Of a change of address alone: the customer has left before it was applied."""


RPL_REASONS = frozenset(
    {OnboardingReason.RPL_REVIEW_TIMEOUT, OnboardingReason.RPL_UNRESOLVED, OnboardingReason.RPL_REJECTED}
)
"""With one of these an onboarding is over: who tries again creates the customer anew (RPL-12)."""


class Pstn(StrEnum):
    """Who brings phone calls to the meetings of a site."""

    CISCO = "cisco"
    """Cisco-enabled: the site gets a default call-in number (CIN-02)."""
    OTHER = "other"


class NewSite(Contract):
    """A Meetings site that is created with the account."""

    url: SiteUrl
    time_zone: TimeZone = "UTC"
    pstn: Pstn = Pstn.OTHER
    telephony_domain: TelephonyDomainKey | None = None
    """Where its call-in numbers are; needed where `pstn` is `cisco`."""


class CreateCustomer(Command):
    """A service provider brings in a customer (ONB-03).

    The same body again for the same partner and `external_id` answers the same customer (ONB-07). Users and numbers that
    are given here are provisioned once the account is ready, unless the screening has hit: then only with
    `provision_after_review` (PRV-06, Q-05).
    """

    partner_id: PartnerId
    external_id: ExternalId | None = None
    """Required; refused by a code of its own where it is missing (PO-06)."""
    name: Text
    billing_address: BillingAddress = BillingAddress()
    org_country: Annotated[str, Field(max_length=60)] | None = None
    """Follows from the billing address, and is never anything else (ONB-06)."""
    package: PackageCode
    """The creation package level: every administrator holds it (ADM-01)."""
    packages: PackageQuantities
    add_ons: AddOnQuantities = {}
    admin_email: EmailAddress
    """Of the first full admin."""
    admin_name: Text | None = None
    language: Language = "en"
    time_zone: TimeZone = "UTC"
    own_organisation: bool = False
    """The partner provisions for its own organisation, which exists already (PO-07)."""
    sites: Annotated[tuple[NewSite, ...], Field(max_length=20)] = ()
    users: Annotated[tuple[UserItem, ...], Field(max_length=MAX_ITEMS)] = ()
    numbers: Annotated[tuple[NumberItem, ...], Field(max_length=MAX_ITEMS)] = ()
    provision_after_review: bool = False
    invoice_reference: Text | None = None
    """The service provider's own, shown with the subscription (BIL-02)."""


class UpdateBillingAddress(Command):
    """A customer moves: the new address is screened, and the old one stays in force meanwhile (RPL-02, RPL-17)."""

    organisation_id: OrganisationId
    billing_address: BillingAddress
    resync: bool = False
    """Let the organisation's country and its sites' call-in numbers follow the approved address, once (Q-08, Q-35)."""


class AddressState(StrEnum):
    """Where the change of a billing address stands."""

    SCREENING = "address_screening"
    PENDING_RPL_REVIEW = "address_pending_rpl_review"
    APPLIED = "applied"
    ERROR = "error"
    """Not applied; the old address stays in force."""


class AddressChange(Contract):
    """The newest change of a customer's billing address."""

    generation: int
    state: AddressState
    reason: OnboardingReason | None = None
    billing_address: BillingAddress
    resync: bool = False
    requested_at: Instant
    problem: str | None = None
    """Why it is still being screened, for an operator (RPL-16)."""


class Review(Contract):
    """The manual review of a customer, as its partner sees it (RPL-05, RPL-13)."""

    case_id: RplCaseId
    state: CaseState
    opened_at: Instant
    deadline_at: Instant


class SiteView(Contract):
    """A Meetings site with its call-in number (CIN-09)."""

    url: SiteUrl
    pstn: Pstn
    telephony_domain: TelephonyDomainKey | None = None
    call_in: CallIn | None = None


class ProvisioningWarning(StrEnum):
    """What a provisioned customer lacks."""

    NO_DEFAULT_CALL_IN = "no_default_call_in"
    """A site has no default call-in number: neither its country nor its location has one in its domain (CIN-07)."""


class PaymentState(StrEnum):
    """Whether a subscription is paid; the vendor's billing says so (BIL-03)."""

    PAID = "paid"
    UNPAID = "unpaid"


class CustomerStatus(StrEnum):
    """What the customer list says of a customer, in order of precedence (B annex 3)."""

    TO_BE_DELETED = "to_be_deleted"
    RPL_REVIEW_PENDING = "rpl_review_pending"
    ONBOARDING_ERROR = "onboarding_error"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    READY_FOR_ORDER_SETUP = "ready_for_order_setup"
    SUBSCRIPTION = "subscription"


class Subscription(Contract):
    """A wholesale subscription: its licences, and what the service provider says of its bill."""

    licence_set_id: LicenceSetId
    organisation_id: OrganisationId
    state: LicenceState
    payment_state: PaymentState = PaymentState.PAID
    invoice_reference: str | None = None
    """Empty where the service provider gives none (BIL-02)."""
    statuses: tuple[CustomerStatus, ...] = ()
    """Of the customer, most urgent first."""


class CustomerSummary(Contract):
    """A wholesale customer in a list."""

    organisation_id: OrganisationId
    partner_id: PartnerId
    external_id: ExternalId
    name: str
    state: OnboardingState
    reason: OnboardingReason | None = None
    is_own_org: bool = False
    """The partner's own organisation (PO-08, PO-09)."""
    statuses: tuple[CustomerStatus, ...] = ()
    primary_status: CustomerStatus | None = None
    requested_at: Instant
    review: Review | None = None
    """The newest of its onboarding."""


class CustomerView(CustomerSummary):
    """A wholesale customer with everything about its onboarding (`get_onboarding`)."""

    billing_address: BillingAddress
    """The one in force."""
    org_country: Country
    package: PackageCode
    """The creation package level."""
    quantities: tuple[Quantity, ...] = ()
    address_change: AddressChange | None = None
    problem: str | None = None
    """Why it is still being screened, or the platform's own code for its refusal."""
    warnings: tuple[ProvisioningWarning, ...] = ()
    sites: tuple[SiteView, ...] = ()
    subscription: Subscription | None = None
    state_since: Instant
    activated_at: Instant | None = None
    set_up_complete: bool = False
    """The first-launch wizard is done (WIZ-05)."""
    to_provision: int = 0
    """Users and numbers of its creation that wait for provisioning to be run (PRV-06)."""


class CustomerPage(Contract):
    """A page of customers, in order of id."""

    customers: tuple[CustomerSummary, ...]
    next_after: OrganisationId | None = None
    """Pass it as `after` for the next page; None on the last."""


class CancelSubscription(Command):
    """The end of a wholesale subscription; cancelled already, nothing happens (B annex 4)."""

    licence_set_id: LicenceSetId


class SetPaymentState(Command):
    """Billing says whether a subscription is paid (BIL-03)."""

    licence_set_id: LicenceSetId
    payment_state: PaymentState
