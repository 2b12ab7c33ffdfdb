"""The rows of an import: an existing base, brought in as a whole (WH-07).

CSV and JSON Lines carry the same records; `record` says which kind a row is. A CSV has one header with the fields of
all kinds, and leaves empty what a kind has not.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from tenure.contracts.base import Contract, EmailAddress, Hash, Instant, Text
from tenure.contracts.licence import LicenceKind, LicenceState
from tenure.contracts.organisation import Access, Role
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId

MAX_IMPORT_BYTES = 128 * 1024 * 1024
"""Size of one import file in bytes: some 300,000 organisations with their people and licences."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
TimeZone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+_/-]{0,63}$")]
"""A name of the IANA time zone database; that it exists is checked when it is stored."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class PartnerRecord(Contract):
    """A partner."""

    record: Literal["partner"] = "partner"
    partner_id: PartnerId
    name: Text
    organisation_id: OrganisationId | None = None
    """The partner's own organisation, whose record may come later in the file."""


class OrganisationRecord(Contract):
    """An organisation; `partner_id` also records that this partner manages it."""

    record: Literal["organisation"] = "organisation"
    organisation_id: OrganisationId
    name: Text
    country: Country
    language: Language = "en"
    time_zone: TimeZone = "UTC"
    partner_id: PartnerId | None = None
    last_activity_at: Instant | None = None


class PersonRecord(Contract):
    """A person in an organisation; language and time zone default to the organisation's."""

    record: Literal["person"] = "person"
    person_id: PersonId
    organisation_id: OrganisationId
    name: Text
    email: EmailAddress
    role: Role = Role.USER
    language: Language | None = None
    time_zone: TimeZone | None = None


class ManagementRecord(Contract):
    """A further partner that manages an organisation."""

    record: Literal["management"] = "management"
    partner_id: PartnerId
    organisation_id: OrganisationId
    access: Access = Access.PROVISIONING


class LicenceSetRecord(Contract):
    """A licence set as it stands: suspended and removed ones say when they expired."""

    record: Literal["licence_set"] = "licence_set"
    licence_set_id: LicenceSetId
    organisation_id: OrganisationId
    kind: LicenceKind
    state: LicenceState = LicenceState.ACTIVE
    meetings: bool = False
    expires_at: Instant | None = None


PortfolioRecord = Annotated[
    PartnerRecord | OrganisationRecord | PersonRecord | ManagementRecord | LicenceSetRecord,
    Field(discriminator="record"),
]
RECORD: TypeAdapter[PortfolioRecord] = TypeAdapter(PortfolioRecord)


class RowError(Contract):
    """A row that cannot be stored."""

    line: int
    """The line of the file, counted from 1, header included."""
    code: str
    reason: str


class ImportReport(Contract):
    """What an import did. With errors, nothing was stored."""

    import_id: Hash
    """SHA-256 of the file: the same file again does nothing."""
    rows: int
    created: dict[str, int] = {}
    """New rows by kind of record."""
    updated: dict[str, int] = {}
    unchanged: int = 0
    errors: tuple[RowError, ...] = ()
    repeated: bool = False
    """This very file had been imported before."""
    processes: int = 0
    """Processes that the new facts need."""
    processes_started: int = 0
