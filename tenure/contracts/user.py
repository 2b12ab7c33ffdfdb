"""Users of wholesale customers, with their packages, add-ons and numbers (USR, NUM, ADM, PRV)."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenure.contracts.base import Command, Contract, EmailAddress, Text
from tenure.contracts.organisation import Role
from tenure.contracts.package import AddOnCode, PackageCode
from tenure.contracts.platform import PhoneNumber
from tenure.ids import OrganisationId, PersonId

UserRole = Literal[Role.USER, Role.CUSTOMER_ADMIN, Role.CUSTOMER_FULL_ADMIN]
"""What a user of a customer may be."""

ADMINISTRATORS = frozenset({Role.CUSTOMER_ADMIN, Role.CUSTOMER_FULL_ADMIN})
"""Who holds the package that the organisation was created with (ADM-01)."""

AddOnCodes = Annotated[tuple[AddOnCode, ...], Field(max_length=32)]


class UserItem(Contract):
    """A user to be there; known by the address."""

    email: EmailAddress
    name: Text | None = None
    """None: the address stands for it."""
    package: PackageCode | None = None
    """Required; refused by a code of its own where it is missing (PKG-02)."""
    add_ons: AddOnCodes = ()
    role: UserRole = Role.USER


class NumberItem(Contract):
    """A number to be assigned, to a user by the address, or to a location."""

    phone_number: PhoneNumber
    email: EmailAddress | None = None
    location: Text | None = None

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.email is None) == (self.location is None):
            raise ValueError("a number goes to a user or to a location")
        return self


class User(Contract):
    """A user of a wholesale customer."""

    person_id: PersonId
    organisation_id: OrganisationId
    email: EmailAddress
    name: Text
    roles: tuple[Role, ...]
    package: PackageCode
    services: tuple[str, ...] = ()
    """What the package entitles to (PKG-03)."""
    add_ons: tuple[AddOnCode, ...] = ()
    phone_numbers: tuple[PhoneNumber, ...] = ()


class UserPage(Contract):
    """A page of users, in order of id."""

    users: tuple[User, ...]
    next_after: PersonId | None = None
    """Pass it as `after` for the next page; None on the last."""


class CreateUser(UserItem, Command):
    """Add a user with exactly one package; one that is there and identical is answered (USR-03).

    Sent by a person from the organisation's console, `person_id` says who: a full admin, whose first-launch wizard is
    done (USR-02, WIZ-05).
    """

    organisation_id: OrganisationId
    person_id: PersonId | None = None


class DeleteUser(Command):
    """Take a user out; its package, add-ons and numbers are free at once (PKG-08)."""

    organisation_id: OrganisationId
    user_id: PersonId


class ChangeUserPackage(Command):
    """Replace a user's package in one step (PKG-09)."""

    organisation_id: OrganisationId
    user_id: PersonId
    package: PackageCode


class AddOnCommand(Command):
    """Assign an add-on to a user, or remove it (ADD-03)."""

    organisation_id: OrganisationId
    user_id: PersonId
    add_on: AddOnCode


class SetUserRole(Command):
    """Make a user an administrator, or an administrator a user (ADM-03, ADM-06)."""

    organisation_id: OrganisationId
    user_id: PersonId
    role: UserRole


class AssignNumber(Command):
    """Give a number to a user or to a location (NUM-02)."""

    organisation_id: OrganisationId
    phone_number: PhoneNumber
    user_id: PersonId | None = None
    location: Text | None = None

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.user_id is None) == (self.location is None):
            raise ValueError("a number goes to a user or to a location")
        return self


class ReleaseNumber(Command):
    """Take a number back; one that is not assigned here is no error."""

    organisation_id: OrganisationId
    phone_number: PhoneNumber


class NumberAssignment(Contract):
    """A number and whose it is."""

    phone_number: PhoneNumber
    organisation_id: OrganisationId
    user_id: PersonId | None = None
    location: str | None = None
    """Neither is set once it is released."""


class RunProvisioning(Command):
    """Finish users and numbers: what is there stays, what is missing is added, what fails is told (PRV-02 to PRV-05).

    After a failure of the account itself it is the retry of that (PRV-03).
    """

    organisation_id: OrganisationId
    users: Annotated[tuple[UserItem, ...], Field(max_length=1000)] = ()
    numbers: Annotated[tuple[NumberItem, ...], Field(max_length=1000)] = ()
    with_creation: bool = False
    """Take the users and numbers of the creation along that wait for it (PRV-06)."""
    person_id: PersonId | None = None
    """The customer's full admin who runs it, where a service asks in their name (PRV-07)."""


class ItemOutcome(StrEnum):
    """What became of an item of provisioning."""

    CREATED = "created"
    PRESENT = "present"
    """It was there already, and nothing was done."""
    COMPLETED = "completed"
    """It was there, and lacked add-ons, which were added."""
    FAILED = "failed"


class ItemResult(Contract):
    """One item of a run of provisioning."""

    kind: Literal["user", "number"]
    key: str
    """The address, or the number."""
    outcome: ItemOutcome
    code: str | None = None
    """The refusal, where it failed."""
    message: str | None = None


class ProvisioningRun(Contract):
    """What a run of provisioning did, item by item, in the order in which they were given."""

    organisation_id: OrganisationId
    retried_account: bool = False
    """The account itself is being created again; run provisioning once more when it is ready."""
    results: tuple[ItemResult, ...] = ()
