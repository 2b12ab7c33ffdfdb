"""The Consolidated Financial Sanctions List of the European Union, in XML (schema 1.1 of the FSD export)."""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from adapters.screening.formats import damage, documents
from adapters.screening.formats.damage import DamagedList, Read
from tenure.contracts.screening import EntryKind, ListId, NameQuality
from tenure.ports import ListFile

_NAMESPACE: Final = "{http://eu.europa.ec/fpi/fsd/export}"
ROOT: Final = f"{_NAMESPACE}export"
PUBLISHED: Final = "generationDate"
_KINDS: Final = {"person": EntryKind.PERSON, "enterprise": EntryKind.ORGANISATION}


def read(file: ListFile) -> Iterator[Read]:
    """The entries.

    Raises:
        DamagedList: the file is damaged.
    """
    for line, element in documents.elements(file, f"{_NAMESPACE}sanctionEntity"):
        subject = element.find(f"{_NAMESPACE}subjectType")
        if subject is None or subject.get("code") not in _KINDS:
            raise DamagedList(file.name, line, "the entity has no type that is known")
        addresses = _all(element, "address")
        aliases = [
            (each.get("wholeName", ""), NameQuality.STRONG if each.get("strong") == "true" else NameQuality.WEAK)
            for each in _all(element, "nameAlias")
        ]
        aliases.sort(key=lambda alias: alias[1] is NameQuality.WEAK)  # a strong one leads, where there is any
        yield damage.entry(
            file.name,
            line,
            ListId.EU,
            element.get("euReferenceNumber", "") or element.get("logicalId", ""),
            _KINDS[subject.attrib["code"]],
            names=damage.names(file.name, line, aliases[0][0] if aliases else "", aliases[1:]),
            addresses=damage.lines(
                *(
                    [each.get(part) for part in ("street", "poBox", "city", "zipCode", "region", "countryDescription")]
                    for each in addresses
                )
            ),
            countries=damage.countries(
                *(each.get("countryIso2Code") for each in (*addresses, *_all(element, "citizenship")))
            ),
            births=tuple(dict.fromkeys(filter(None, map(_birth, _all(element, "birthdate"))))),
            programmes=tuple(
                dict.fromkeys(filter(None, (each.get("programme") for each in _all(element, "regulation"))))
            ),
            remarks=damage.squeeze(" ".join(each.text or "" for each in _all(element, "remark"))),
        )


def _all(element: Element, name: str) -> list[Element]:
    return element.findall(f"{_NAMESPACE}{name}")


def _birth(element: Element) -> str | None:
    """A date where it is whole, else the year."""
    year = element.get("year", "")
    return element.get("birthdate") or (year if len(year) == 4 else None)
