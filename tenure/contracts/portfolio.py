"""The rows of an import: an existing base, brought in as a whole (WH-07).

CSV and JSON Lines carry the same records; `record` says which kind a row is. A CSV has one header with the fields of
all kinds, and leaves empty what a kind has not.
"""

from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tenure.contracts.base import Contract, EmailAddress, Hash, Instant, Text, told
from tenure.contracts.licence import LicenceKind, LicenceState, ServiceKey
from tenure.contracts.organisation import Access, Role
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId

MAX_IMPORT_BYTES = 128 * 1024 * 1024
"""Size of one import file in bytes: some 300,000 organisations with their people and licences."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]
"""A BCP 47 tag such as `pl`, `fr-CA` or `sr-Latn`."""

Country = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}$"), told("this is no code of two capital letters such as FR")
]


class RowCode(StrEnum):
    """Why a row cannot be stored."""

    INVALID_ROW = "invalid_row"
    """It has not the form of its kind of record."""
    UNREADABLE = "unreadable"
    """Neither this line nor what follows it can be read."""
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    EXPIRY_MISSING = "expiry_missing"
    DUPLICATE_ROW = "duplicate_row"
    """An earlier row says something else about the same thing."""
    CONTRADICTION = "contradiction"
    """What is stored says something else, and an import does not change that."""
    LICENCE_SET_EXISTS = "licence_set_exists"
    """The same of a licence set: its state is changed by reporting grants, expiries and restorations."""
    PARTNER_NOT_FOUND = "partner_not_found"
    ORGANISATION_NOT_FOUND = "organisation_not_found"
    ORG_DELETED = "org_deleted"
    FUTURE_EVENT = "future_event"


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime"})  # a link that means something else on each machine


def _known(name: str) -> str:
    if name not in _time_zones():
        raise PydanticCustomError(RowCode.UNKNOWN_TIME_ZONE, "the IANA database has no such time zone")
    return name


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known)]
"""A name of the IANA time zone database."""

IndustryKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$"), told("this is no name of an industry such as retail")
]
"""An industry of the pick list."""


def _listed(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and info.mode not in {"json", "python"}:  # a cell of a CSV
        return tuple(value.split())
    return tuple(value) if isinstance(value, list) else value


ServiceList = Annotated[tuple[ServiceKey, ...], Field(max_length=64), BeforeValidator(_listed)]
"""Services by their keys; in a CSV one cell, with spaces in between."""


class Record(Contract):
    """A row. A field that its kind has not is an error: it could be a misspelt one whose value would be missed."""

    model_config = ConfigDict(extra="forbid")


class PartnerRecord(Record):
    """A partner."""

    record: Literal["partner"] = "partner"
    partner_id: PartnerId
    name: Text
    organisation_id: OrganisationId | None = None
    """The partner's own organisation, whose record may come later in the file."""
    certified: bool = True
    """Only a certified partner deals with trials (TR-01)."""
    tier: Annotated[int, Field(ge=1, le=2)] = 1
    """A partner of tier 2 converts trials through its distributor (TC-13)."""
    distributor_id: PartnerId | None = None
    """Another partner, whose record may come later in the file."""

    @model_validator(mode="after")
    def _is_not_its_own_distributor(self) -> Self:
        if self.distributor_id == self.partner_id:
            raise ValueError("a distributor is another partner")
        return self


class OrganisationRecord(Record):
    """An organisation; `partner_id` also records that this partner manages it."""

    record: Literal["organisation"] = "organisation"
    organisation_id: OrganisationId
    name: Text
    country: Country
    language: Language = "en"
    time_zone: TimeZone = "UTC"
    partner_id: PartnerId | None = None
    industry: IndustryKey | None = None
    region: Text | None = None
    """Where its data live: what is known of it is never changed (TR-06)."""
    last_activity_at: Instant | None = None


class PersonRecord(Record):
    """A person in an organisation; language and time zone default to the organisation's."""

    record: Literal["person"] = "person"
    person_id: PersonId
    organisation_id: OrganisationId
    name: Text
    email: EmailAddress
    role: Role = Role.USER
    language: Language | None = None
    time_zone: TimeZone | None = None


class ManagementRecord(Record):
    """A further partner that manages an organisation."""

    record: Literal["management"] = "management"
    partner_id: PartnerId
    organisation_id: OrganisationId
    access: Access = Access.PROVISIONING


class LicenceSetRecord(Record):
    """A licence set as it stands."""

    record: Literal["licence_set"] = "licence_set"
    licence_set_id: LicenceSetId
    organisation_id: OrganisationId
    kind: LicenceKind
    state: LicenceState = LicenceState.ACTIVE
    meetings: bool = False
    services: ServiceList = ()
    """What it licenses; empty where that is not known."""
    expires_at: Instant | None = None

    @model_validator(mode="after")
    def _says_when_it_expired(self) -> Self:
        if self.state is not LicenceState.ACTIVE and self.expires_at is None:
            raise PydanticCustomError(RowCode.EXPIRY_MISSING, "a set that is not active says when it expired")
        return self


PortfolioRecord = Annotated[
    PartnerRecord | OrganisationRecord | PersonRecord | ManagementRecord | LicenceSetRecord,
    Field(discriminator="record"),
]
RECORD: TypeAdapter[PortfolioRecord] = TypeAdapter(PortfolioRecord)


class RowError(Contract):
    """A row that cannot be stored."""

    line: int
    """The line of the file, counted from 1, header included."""
    code: RowCode
    reason: str


MAX_ROW_ERRORS = 10_000
"""Errors listed in one report."""


class ImportReport(Contract):
    """What an import did. With errors, nothing was stored."""

    import_id: Hash
    """SHA-256 of the file: the same file again does nothing."""
    rows: int
    created: dict[str, int] = {}
    """New things by kind of record; an organisation's `partner_id` counts as a management."""
    updated: dict[str, int] = {}
    """Things that were known, and are changed."""
    unchanged: int = 0
    """Things that were known already, and equal."""
    errors: tuple[RowError, ...] = ()
    """By line; the first 10,000."""
    invalid_rows: int = 0
    """All errors, also those beyond the list."""
    repeated: bool = False
    """This very file had been imported before."""
    processes: int = 0
    """Processes that the new facts need."""
    processes_started: int = 0
