"""Restricted-party screening: the published lists, and what a subject has in common with their entries (RPL)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from tenure.contracts.base import Contract, Hash, Instant, Line
from tenure.contracts.portfolio import Country

MAX_LIST_BYTES = 256 * 1024 * 1024
"""Size of all files of one update, in bytes: the largest list that is published has a tenth of it."""
MAX_LIST_FILES = 8

Birth = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
"""A date of birth as far as it is known: `1971`, `1971-05` or `1971-05-02`."""
Name = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""A name as somebody has written it, in any script."""
Address = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
"""An address on one line."""


def says_something(name: str) -> bool:
    """Whether a name has a letter or a digit: without one there is nothing to compare."""
    return any(character.isalnum() for character in name)


class ListId(StrEnum):
    """The lists that can be read in their published formats."""

    US_DPL = "us-dpl"
    """US Commerce, BIS: Denied Persons List."""
    US_SDN = "us-sdn"
    """US Treasury, OFAC: Specially Designated Nationals and Blocked Persons."""
    US_CSL = "us-csl"
    """US Trade: Consolidated Screening List."""
    UN = "un"
    """UN Security Council: Consolidated List."""
    EU = "eu"
    """European Union: Consolidated Financial Sanctions List."""


class EntryKind(StrEnum):
    """What an entry speaks of."""

    PERSON = "person"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNKNOWN = "unknown"
    """The list does not say."""


class NameQuality(StrEnum):
    """How good the list says that a name is."""

    PRIMARY = "primary"
    STRONG = "strong"
    """An alias."""
    WEAK = "weak"
    """An alias that alone identifies nobody."""


class ListedName(Contract):
    """A name of an entry."""

    name: Name
    quality: NameQuality = NameQuality.PRIMARY


class ListEntry(Contract):
    """One party on a list, whatever the format of the list."""

    list_id: ListId
    entry_id: Annotated[Line, Field(min_length=1, max_length=80)]
    """Unique on its list, and the same from version to version."""
    kind: EntryKind
    names: Annotated[tuple[ListedName, ...], Field(min_length=1)]
    addresses: tuple[Address, ...] = ()
    countries: tuple[Country, ...] = ()
    """Of its addresses, nationality and registration, where the list says them."""
    births: tuple[Birth, ...] = ()
    programmes: tuple[str, ...] = ()
    """Why it is listed, in the list's own words."""
    remarks: str = ""


class ScreeningList(Contract):
    """A list in use."""

    list_id: ListId
    version: int
    sha256: Hash
    """Of its files, in the order of their names."""
    published_at: Instant | None = None
    """When its publisher made it, where the file says so."""
    loaded_at: Instant
    confirmed_at: Instant
    """When this very version was last presented: its age counts from here."""
    loaded_by: str
    entries: int
    names: int
    previous_version: int | None = None
    stale: bool = False
    """Older than the rules allow: nothing is screened against it (RPL-16)."""


class ListUpdate(Contract):
    """What an update of a list did."""

    screening_list: ScreeningList
    added: int = 0
    changed: int = 0
    removed: int = 0
    repeated: bool = False
    """These very files are in use already: only the list's age began anew."""


class ListFault(Contract):
    """Why a list was refused as a whole; the one before it stays in use."""

    file: str
    line: int
    """Counted from 1; 0 where it is the file as a whole."""
    reason: str


class Subject(Contract):
    """Who is screened."""

    names: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    kind: EntryKind = EntryKind.UNKNOWN
    country: Country | None = None
    address: Address | None = None
    births: Annotated[tuple[Birth, ...], Field(max_length=5)] = ()


class PreviewScreening(Subject):
    """Try a name, and keep nothing."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _says_a_name(self) -> Self:
        if not any(says_something(name) for name in self.names):
            raise ValueError("a name has a letter or a digit")
        return self


class Agreement(StrEnum):
    """Whether what is known of the subject agrees with the entry."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """One of the two does not say."""


class Hit(Contract):
    """An entry that the subject may be, and why."""

    list_id: ListId | str
    """A list of ours, or the data set of the provider that was asked."""
    entry_id: str
    entry_hash: Hash
    """Of all that the list says of the entry: another one, and the entry has changed."""
    kind: EntryKind
    score: Annotated[float, Field(ge=0, le=1)]
    """How alike the best pair of names is; country, address and dates are told beside it and take nothing away."""
    name: str
    """The subject's name that was met."""
    listed_name: str
    quality: NameQuality
    primary_name: str
    """How the list calls the entry."""
    country: Agreement = Agreement.UNKNOWN
    countries: tuple[str, ...] = ()
    """Of the entry."""
    address: Annotated[float, Field(ge=0, le=1)] | None = None
    """How alike the nearest address is; 0.3 is probably the same place. None where one of the two has none."""
    listed_address: str | None = None
    birth: Agreement = Agreement.UNKNOWN
    births: tuple[str, ...] = ()
    """Of the entry."""
    programmes: tuple[str, ...] = ()


class ListVersion(Contract):
    """Which list was looked at."""

    list_id: ListId | str
    version: int | str
    sha256: Hash | None = None


class Screening(Contract):
    """The answer: every entry that the subject may be, best first, and against what it was held."""

    hits: tuple[Hit, ...] = ()
    omitted: int = 0
    """How many more there are than one answer lists."""
    lists: tuple[ListVersion, ...]
