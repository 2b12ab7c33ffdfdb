"""Orders to the platform: build a service of a trial, tear one down (PV)."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints, field_validator

from tenure.contracts.base import Contract, Line
from tenure.contracts.licence import ServiceKey
from tenure.contracts.trial import Site
from tenure.ids import OrganisationId, TrialId

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A phone number as E.164 writes it."""

NO_ANSWER: Final = "no_answer"
"""What stands where a refusal's code would, while nobody knows whether the platform did what it was asked."""


class Deed(StrEnum):
    """What the platform is asked to do."""

    BUILD = "build"
    TEAR_DOWN = "tear_down"


class PlatformOrder(Contract):
    """One deed for one service. Its key makes the platform do it once, however often it is asked (PV-04)."""

    key: Annotated[str, Field(min_length=1, max_length=255)]
    """The idempotency key, the same for every attempt: its place, and the deed."""
    deed: Deed
    trial_id: TrialId
    organisation_id: OrganisationId
    service: ServiceKey
    region: str | None = None
    seats: int | None = None
    site: Site | None = None
    phone_numbers: int = 0
    """How many numbers the service needs."""
    resource: str | None = None
    """What is to be torn down, where the platform has named it."""

    @property
    def place(self) -> str:
        """What a build and its tear-down have in common, and nothing else has: the key without its deed."""
        return self.key.removesuffix(f"/{self.deed}")


class Built(Contract):
    """What the platform has built, or torn down."""

    resource: Annotated[Line, Field(min_length=1, max_length=255)]
    """The platform's name for it."""
    phone_numbers: tuple[PhoneNumber, ...] = ()

    @field_validator("phone_numbers")
    @classmethod
    def _distinct(cls, numbers: tuple[PhoneNumber, ...]) -> tuple[PhoneNumber, ...]:
        """A number that is given twice is one number too few."""
        if len(set(numbers)) < len(numbers):
            raise ValueError("A phone number is there twice.")
        return numbers
