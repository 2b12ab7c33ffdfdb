"""Organisations, the people in them, and who manages whom."""

from enum import StrEnum

from pydantic import Field

from tenure.contracts.base import Command, Contract, EmailAddress, Instant, Text
from tenure.contracts.licence import LicenceSet
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId


class OrganisationState(StrEnum):
    """Where an organisation stands on the way to its deletion (A section 18.4)."""

    LIVE = "live"
    MARKED = "marked"
    WARNED = "warned"
    ERASING = "erasing"
    DELETED = "deleted"


COUNTING = frozenset({OrganisationState.MARKED, OrganisationState.WARNED})
"""The states that carry the label "To be deleted"."""

GONE = frozenset({OrganisationState.ERASING, OrganisationState.DELETED})
"""The states that outsiders see as deleted (SF-11)."""


class Role(StrEnum):
    """What a person may do in their organisation."""

    CUSTOMER_FULL_ADMIN = "customer_full_admin"
    CUSTOMER_ADMIN = "customer_admin"
    CONTACT_OF_RECORD = "contact_of_record"
    """A full admin when the last trial's grace ended: without the role, but still asked, warned and heard (Q-01)."""
    USER = "user"
    PARTNER_FULL_ADMIN = "partner_full_admin"
    PARTNER_SALES_ADMIN = "partner_sales_admin"
    PARTNER_ADMIN = "partner_admin"


FULL_ADMINS = frozenset({Role.CUSTOMER_FULL_ADMIN, Role.CONTACT_OF_RECORD})
"""Who may decide for the customer: consent, delete, and be warned of a deletion."""

CONSUMER = OrganisationId("org_consumer")
"""Where users go when the last trial's grace ends: they keep the free services, and belong to no customer (GR-06)."""


class Access(StrEnum):
    """What a managing partner may do in the customer's organisation (RO-03)."""

    NONE = "none"
    """The last trial's grace is over: the customer stays in the partner's list, and nothing else does (Q-01)."""
    PROVISIONING = "provisioning"
    FULL = "full"


class OrganisationSummary(Contract):
    """One row of the customer list (PS-01, PS-07)."""

    organisation_id: OrganisationId
    name: str
    state: OrganisationState
    to_be_deleted: bool
    """The label by the name."""
    partners: tuple[PartnerId, ...] = ()
    is_own_org: bool = False
    """A partner's own organisation that is in its customer list: it manages itself, or its wholesale subscription lives
    (PO-08, PO-09)."""
    next_due_at: Instant | None = None
    next_kind: str | None = None
    deletion_at: Instant | None = None
    """The earliest instant of deletion that the customer was told, once warned."""
    alert: str | None = None
    """What an operator or partner should know, such as `nobody_reachable` or `warning_bounced`."""


class Person(Contract):
    """A person of an organisation."""

    person_id: PersonId
    name: Text
    email: EmailAddress
    roles: tuple[Role, ...]
    language: str | None = None
    time_zone: str | None = None
    licence_sets: tuple[LicenceSetId, ...] = ()
    """Whose licences the person holds."""


class Remedy(StrEnum):
    """What prevents or postpones the deletion of a marked organisation (CS-05)."""

    NEW_TRIAL = "new_trial"
    """In this very organisation (DP-01)."""
    BUY_SUBSCRIPTION = "buy_subscription"
    """In this very organisation (DP-02)."""
    SIGN_IN = "sign_in"
    """To this console, which has counted already by being done (DP-03, CS-06)."""


class Banner(Contract):
    """What the customer's admin console shows while the organisation is marked (DM-04, CS-05)."""

    organisation_id: OrganisationId
    deletion_at: Instant
    """The promise once warned; before, the earliest instant that the rules allow."""
    remedies: tuple[Remedy, ...] = tuple(Remedy)


class OrganisationView(OrganisationSummary):
    """One organisation with all that its operators and partners may see."""

    country: str
    industry: str | None = None
    region: str | None = None
    """Where its data live (TR-05)."""
    language: str
    time_zone: str
    generation: int
    marked_at: Instant | None = None
    last_activity_at: Instant | None = None
    meetings_site_suspended: bool = False
    licence_sets: tuple[LicenceSet, ...] = ()
    people: tuple[Person, ...] = ()
    managed_customers: int = 0
    banner: Banner | None = None


class OrganisationPage(Contract):
    """A page of the customer list, in order of id."""

    organisations: tuple[OrganisationSummary, ...]
    next_after: OrganisationId | None = None
    """Pass it as `after` for the next page; None on the last."""


class GrantFullAccess(Command):
    """A full admin of the customer lets a managing partner administer everything (RO-02)."""

    organisation_id: OrganisationId
    partner_id: PartnerId
    person_id: PersonId
    """Who grants it: a full admin of this organisation."""


class DeleteNow(Command):
    """A customer's own request to delete its organisation at once (DM-11, DM-12)."""

    organisation_id: OrganisationId
    person_id: PersonId
    """Who asks: a full admin of this organisation."""
    confirmation: str = Field(max_length=200)
    """The organisation's name, typed."""


class Manage(Command):
    """A partner begins to manage, or stops managing, a customer."""

    partner_id: PartnerId
    organisation_id: OrganisationId
    access: Access = Access.PROVISIONING
