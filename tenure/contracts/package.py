"""Packages, add-ons, and how many of each a wholesale customer may assign (PKG, ADD)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from tenure.contracts.base import Command, Contract, Instant
from tenure.ids import OrganisationId, PartnerId, PersonId

PackageCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""A package as the catalogue names it, such as `suite`."""
AddOnCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""An add-on as the catalogue names it, such as `attendant-console`."""

PackageQuantities = Annotated[dict[PackageCode, StrictInt], Field(max_length=64)]
"""How many of each package may be assigned; one that is not named, none (PKG-06)."""
AddOnQuantities = Annotated[dict[AddOnCode, StrictInt], Field(max_length=64)]

MOST_UNITS = 1_000_000
"""Of one package or add-on at one customer: more is a slip of the keyboard."""


class UnitKind(StrEnum):
    """What is counted."""

    PACKAGE = "package"
    ADD_ON = "add_on"


class Quantity(Contract):
    """How many of a package or add-on a customer may assign, and has assigned."""

    kind: UnitKind
    code: str
    limit: int
    assigned: int


class SetQuantities(Command):
    """The service provider changes what a customer may assign; codes that are not named stay as they are (PKG-11)."""

    organisation_id: OrganisationId
    packages: PackageQuantities = {}
    add_ons: AddOnQuantities = {}


class Quantities(Contract):
    """What a customer may assign, and has assigned."""

    organisation_id: OrganisationId
    quantities: tuple[Quantity, ...]


class BillableItem(Contract):
    """An add-on that somebody has or had, for the service provider's bill (ADD-05)."""

    item_id: int
    add_on: AddOnCode
    organisation_id: OrganisationId
    person_id: PersonId
    started_at: Instant
    ended_at: Instant | None = None
    """None while it is assigned."""


class BillableItems(Contract):
    """A page of billable items, in order of their ids."""

    partner_id: PartnerId
    items: tuple[BillableItem, ...]
    next_after: int | None = None
    """Pass it as `after` for the next page; None on the last."""
