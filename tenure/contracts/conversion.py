"""Conversion: a paid order takes services out of their trial (TC-12 to TC-20)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tenure.contracts.base import Command, Contract, EmailAddress, Instant
from tenure.contracts.licence import ServiceKey
from tenure.contracts.trial import Services
from tenure.ids import LicenceSetId, OrderId, OrganisationId, PartnerId, PersonId, TrialId


class ConvertTrial(Command):
    """An order was paid: the services in it are the customer's from now on, with all that was done on trial (TC-12)."""

    trial_id: TrialId
    order_id: OrderId
    licence_set_id: LicenceSetId
    """Of the new subscription."""
    services: Annotated[Services, Field(min_length=1)]
    expires_at: Instant | None = None
    """Of the new subscription."""
    ordered_by: PartnerId | None = None
    """The partner that placed the order (TC-13); None: the customer bought it itself."""
    contact: PersonId | None = None
    """Who gets the mail with the link that sets the services up (TC-15); None: who ordered."""
    confirmed: bool = False
    """Needed where services of the trial are missing from the order (TC-19)."""


class Conversion(Contract):
    """What an order does to a trial."""

    trial_id: TrialId
    order_id: OrderId
    converted: tuple[ServiceKey, ...]
    remaining: tuple[ServiceKey, ...] = ()
    """Not ordered: they stay on the trial's own clock (TC-19)."""
    contact: PersonId | None = None


class ClaimNumbers(Command):
    """The phone numbers of a trial go to calling that its organisation has bought (NR-03).

    A subscription that says it is of calling gets them by itself; this is for one that does not say so.
    """

    trial_id: TrialId
    licence_set_id: LicenceSetId
    """An active subscription of the same organisation."""


class ActingAs(StrEnum):
    """As whom the contact sets the services up (TC-16)."""

    PARTNER = "partner"
    CUSTOMER_ADMIN = "customer_admin"


class OrderSetUp(Contract):
    """What the set-up page shows (TC-16, TC-17)."""

    order_id: OrderId
    trial_id: TrialId
    organisation_id: OrganisationId
    partner_name: str
    services: tuple[ServiceKey, ...]
    acting_as: ActingAs | None = None
    tied_at: Instant | None = None
    """When the order was tied to the organisation; None while that is to be done."""
    organisation_name: str | None = None
    """Shown once the address of one of its admins was given: the customer data to check."""
    language: str = "en"
    """The contact's, where that is known; else the organisation's."""


class TieOrder(Command):
    """Say as whom one acts, and which organisation the order is for, by the address of an admin of the trial (TC-17)."""

    order_id: OrderId
    acting_as: ActingAs
    admin_email: EmailAddress
