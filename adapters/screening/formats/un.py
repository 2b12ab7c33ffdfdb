"""The Consolidated List of the UN Security Council, in XML."""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from adapters.screening.formats import damage, documents
from adapters.screening.formats.damage import Read
from adapters.screening.formats.documents import text
from tenure.contracts.screening import EntryKind, ListId, NameQuality
from tenure.ports import ListFile

ROOT: Final = "CONSOLIDATED_LIST"
PUBLISHED: Final = "dateGenerated"
_KINDS: Final = {"INDIVIDUAL": EntryKind.PERSON, "ENTITY": EntryKind.ORGANISATION}


def read(file: ListFile) -> Iterator[Read]:
    """The entries.

    Raises:
        DamagedList: the file is damaged.
    """
    for line, element in documents.elements(file, *_KINDS):
        tag = element.tag
        addresses = element.findall(f"{tag}_ADDRESS")
        yield damage.entry(
            file.name,
            line,
            ListId.UN,
            text(element, "REFERENCE_NUMBER"),
            _KINDS[tag],
            names=damage.names(
                file.name,
                line,
                " ".join(text(element, f"{number}_NAME") for number in ("FIRST", "SECOND", "THIRD", "FOURTH")),
                [(text(element, "NAME_ORIGINAL_SCRIPT"), NameQuality.STRONG), *_aliases(element)],
            ),
            addresses=damage.lines(
                *(
                    [text(each, part) for part in ("STREET", "CITY", "STATE_PROVINCE", "ZIP_CODE", "COUNTRY")]
                    for each in addresses
                )
            ),
            countries=damage.countries(
                *(value.text for value in element.iterfind("NATIONALITY/VALUE")),
                *(text(each, "COUNTRY") for each in addresses),
            ),
            births=tuple(dict.fromkeys(_births(element))),
            programmes=(text(element, "UN_LIST_TYPE"),),
            remarks=damage.squeeze(text(element, "COMMENTS1")),
        )


def _aliases(element: Element) -> Iterator[tuple[str, NameQuality]]:
    for alias in element.iterfind(f"{element.tag}_ALIAS"):
        quality = NameQuality.WEAK if text(alias, "QUALITY") == "Low" else NameQuality.STRONG
        for name in text(alias, "ALIAS_NAME").split(";"):
            yield name, quality


def _births(element: Element) -> Iterator[str]:
    for born in element.iterfind("INDIVIDUAL_DATE_OF_BIRTH"):
        yield from filter(None, (text(born, "DATE") or text(born, "YEAR"),))
        yield from damage.years(text(born, "FROM_YEAR"), text(born, "TO_YEAR"))
