"""A customer beside an entry that it may be: each field of the two, and whether they agree.

Pure. The template draws it; every verdict is a word and a sign, so that nothing depends on colours.
"""

from dataclasses import dataclass
from typing import Final

from babel import Locale

from tenure.contracts.screening import Agreement, EntryKind, Hit, Subject
from web.console import differences
from web.console.review_wording import KINDS, QUALITIES, Publisher, list_title, publisher

SAME_PLACE: Final = 0.3
"""How alike two addresses are that are probably one place, as `Hit.address` says."""

_ENGLISH: Final = Locale("en")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is known of the customer, of the entry, or of both."""

    title: str
    customer: str | None
    listed: tuple[str, ...]
    agreement: Agreement
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A hit as a reviewer reads it."""

    hit: Hit
    list_title: str
    publisher: Publisher | None
    version: str | None
    pairs: tuple[differences.Pair, ...]
    said: str
    """The differences of the names in a sentence."""
    scripts_differ: bool
    met: str
    """Which name of the entry was met."""
    fields: tuple[Field, ...]

    @property
    def percent(self) -> int:
        """How alike the names are; only equal ones are 100 per cent so."""
        return int(self.hit.score * 100)

    @property
    def agreeing(self) -> tuple[str, ...]:
        """What agrees beside the name."""
        return tuple(field.title.lower() for field in self.fields if field.agreement is Agreement.AGREES)


def compare(subject: Subject | None, hit: Hit, versions: dict[str, str]) -> Comparison:
    """Lay a hit beside whom it was found for; `subject` is None once the organisation is erased."""
    pairs = differences.compare(hit.name, hit.listed_name)
    return Comparison(
        hit=hit,
        list_title=list_title(hit.list_id),
        publisher=publisher(hit.list_id),
        version=versions.get(hit.list_id),
        pairs=pairs,
        said=differences.in_words(pairs),
        scripts_differ=differences.scripts_differ(hit.name, hit.listed_name),
        met=QUALITIES[hit.quality],
        fields=() if subject is None else _fields(subject, hit),
    )


def country(code: str) -> str:
    """Such as `Cuba (CU)`; a code that is none stands for itself."""
    name = _ENGLISH.territories.get(code.upper())
    return f"{name} ({code.upper()})" if name else code


def _fields(subject: Subject, hit: Hit) -> tuple[Field, ...]:
    kinds = EntryKind.UNKNOWN in (subject.kind, hit.kind)
    return (
        Field(
            "Kind",
            KINDS.get(subject.kind),
            _known(KINDS.get(hit.kind)),
            Agreement.UNKNOWN if kinds else _agreement(subject.kind is hit.kind),
        ),
        Field(
            "Country",
            None if subject.country is None else country(subject.country),
            tuple(country(code) for code in hit.countries),
            hit.country,
        ),
        Field(
            "Address",
            subject.address,
            _known(hit.listed_address),
            Agreement.UNKNOWN if hit.address is None else _agreement(hit.address >= SAME_PLACE),
            None if hit.address is None else f"{int(hit.address * 100)} % alike",
        ),
        *(
            [Field("Born", ", ".join(subject.births) or None, hit.births, hit.birth)]
            if subject.births + hit.births
            else []
        ),
    )


def _agreement(agrees: bool) -> Agreement:
    return Agreement.AGREES if agrees else Agreement.DIFFERS


def _known(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
