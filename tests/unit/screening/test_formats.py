"""The published formats: the real files are read to their last row, and each field lands where it belongs."""

from datetime import UTC, datetime

import pytest

from adapters.screening.formats.damage import DamagedList
from adapters.screening.reading import publication
from tenure.contracts.screening import EntryKind, ListId, NameQuality
from tests.unit.screening.published import DPL, EU, NEWER, OLDER, SDN, UN, content, entries, file, files, named


@pytest.mark.parametrize(
    ("names", "list_id", "count", "name_count"),
    [
        (DPL, ListId.US_DPL, 415, 415),
        (SDN, ListId.US_SDN, 7379, 19079),
        (OLDER, ListId.US_CSL, 110, 271),
        (NEWER, ListId.US_CSL, 13, 28),
        (UN, ListId.UN, 1003, 4192),
        ((EU.name,), ListId.EU, 2, 4),
    ],
)
def test_published_files_are_read_whole(names: tuple[str, ...], list_id: ListId, count: int, name_count: int) -> None:
    """Every file is known by what is in it, and every row and name of it arrives (RPL-01)."""
    assert publication(files(names)).list_id is list_id
    found = entries(*names).values()
    assert (len(found), sum(len(entry.names) for entry in found)) == (count, name_count)
    assert {entry.list_id for entry in found} == {list_id}


def test_denied_persons() -> None:
    """The rows of one name are one entry with all its addresses (RPL-20)."""
    entry = named("PARTO ABGARDAN COOLING TOWERS CO.", *DPL)
    assert entry.kind is EntryKind.UNKNOWN
    assert len(entry.addresses) == 7
    assert set(entry.countries) == {"IR", "US"}
    assert named("I. ASH", *DPL).addresses[0].endswith("SEAGOVILLE, TX, 75159, US")


def test_specially_designated_nationals() -> None:
    """Names, aliases, weak aliases out of the remarks, addresses, dates and countries of four files meet (RPL-01)."""
    bank = entries(*SDN)["306"]
    assert bank.kind is EntryKind.ORGANISATION
    assert [(each.name, each.quality) for each in bank.names] == [
        ("BANCO NACIONAL DE CUBA", NameQuality.PRIMARY),
        ("NATIONAL BANK OF CUBA", NameQuality.STRONG),
        ("BNC", NameQuality.WEAK),
    ]
    assert "Zweierstrasse 35, Zurich CH-8022, Switzerland" in bank.addresses
    assert set(bank.countries) == {"CH", "ES", "JP", "PA"}
    person = entries(*SDN)["26235"]
    assert (person.kind, person.births, person.programmes) == (EntryKind.PERSON, ("1975-06-14",), ("CYBER2",))
    assert entries(*SDN)["4234"].kind is EntryKind.VESSEL
    assert entries(*SDN)["4234"].countries == ("CU",)
    assert entries(*SDN)["15431"].kind is EntryKind.AIRCRAFT


def test_consolidated_screening_list_in_both_layouts() -> None:
    """The older and the newer layout give the same kind of entry; successors are no alias (RPL-01)."""
    older = named("2904977 CANADA, INC.", *OLDER)
    assert [each.name for each in older.names] == ["2904977 CANADA, INC.", "CARIBE SOL", "HAVANTUR CANADA INC."]
    assert (older.kind, older.countries) == (EntryKind.ORGANISATION, ("CA",))
    newer = named("Sinobright Import and Export Company", *NEWER)
    assert len(newer.names) == 1
    assert named("Mohammed ABU JHEISHEH", *NEWER).births == ("1955",)


def test_united_nations() -> None:
    """Names in native script, the quality of aliases, dates and addresses arrive (RPL-01)."""
    entry = entries(*UN)["CDi.003"]
    assert entry.names[0].name == "GASTON IYAMUREMYE"
    assert {each.name: each.quality for each in entry.names}["Rumuli"] is NameQuality.WEAK
    assert entry.births == ("1948",)
    assert "RW" in entry.countries
    assert publication(files(UN)).published_at == datetime(2026, 2, 27, 0, 0, 9, 554000, tzinfo=UTC)
    native = [name.name for each in entries(*UN).values() for name in each.names if not name.name.isascii()]
    assert len(native) > 370


def test_european_union() -> None:
    """The Union's schema: a strong name leads, dates stay as exact as they are, and entities are told apart (RPL-01)."""
    person, company = entries(EU.name).values()
    assert [(each.name, each.quality) for each in person.names] == [
        ("Teodor Ilia Quartzov", NameQuality.PRIMARY),
        ("Теодор Илья Кварцов", NameQuality.STRONG),
        ("Abu Quartz", NameQuality.WEAK),
    ]
    assert (person.entry_id, person.kind, person.births) == ("EU.9001.1", EntryKind.PERSON, ("1951-04-28", "1953"))
    assert (person.countries, person.programmes) == (("BG",), ("IRQ",))
    assert company.kind is EntryKind.ORGANISATION
    assert company.names[0].name == 'Joint-Stock Company "Feldspar"'
    assert company.addresses == ("12 Granite Street, Minsk, 220030, BELARUS",)


def test_files_of_one_list_belong_together() -> None:
    """OFAC's list without its aliases or addresses is refused, and so are files of two lists at once (RPL-16)."""
    with pytest.raises(DamagedList, match=r"^alt.csv: the list is not complete"):
        list(publication(files(["sdn.csv", "add.csv"])).entries)
    with pytest.raises(DamagedList, match="belong together"):
        publication(files([*DPL, *UN]))
    with pytest.raises(DamagedList, match="same name"):
        publication(files([*DPL, *DPL]))
    with pytest.raises(DamagedList):
        publication([])


def test_what_is_no_list_is_refused() -> None:
    """Text, HTML and nothing at all are none of the lists (RPL-16)."""
    for wrong in (b"", b"hello", b"<html><body>503</body></html>", b"\x00" * 100, b"a,b,c\n1,2,3\n"):
        with pytest.raises(DamagedList):
            list(publication([file("dpl.txt", wrong)]).entries)


def test_the_digest_is_of_the_content() -> None:
    """The same files in another order are the same list; one byte more is another (RPL-19)."""
    digest = publication(files(SDN)).sha256
    assert publication(files(reversed(SDN))).sha256 == digest
    changed = [*files(SDN[:-1]), file(SDN[-1], content(SDN[-1]) + b"\n")]
    assert publication(changed).sha256 != digest
