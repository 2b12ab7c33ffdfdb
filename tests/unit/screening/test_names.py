"""Names are found however they are written: by hand, order, script, legal form or mistake; strangers are not."""

from collections.abc import Iterator
from functools import cache

import pytest

from adapters.screening.comparison import compare
from adapters.screening.index import PROPOSED, READ, NameIndex
from adapters.screening.likeness import likeness
from adapters.screening.spelling import features, spellings
from tenure.contracts.screening import Agreement, EntryKind, Hit, ListedName, ListEntry, ListId, NameQuality, Subject
from tenure.policy.screening import DEFAULT
from tests.unit.screening.published import DPL, SDN, UN, entries

EVERYBODY = "Trading"


@cache
def index() -> NameIndex:
    """All that is published together."""
    return NameIndex([*entries(*SDN).values(), *entries(*UN).values(), *entries(*DPL).values()])


def screen(name: str, **known: object) -> list[Hit]:
    """Best first."""
    subject = Subject.model_validate({"names": [name], **known})
    return sorted(compare(subject, index(), DEFAULT.threshold), key=lambda hit: -hit.score)


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("AL-ZAWAHIRI, Ayman", "2676"),
        ("Ayman al-Zawahiri", "2676"),
        ("al Zawahiri Ayman", "2676"),
        ("Aiman az Zawahiri", "2676"),
        ("Aymen El Zaouahiri", "2676"),
        ("A. al-Zawahiri", "2676"),
        ("Dr. Ayman al-Zawahiri", "2676"),
        ("Aymán al-Zawahírí", "2676"),
        ("Ayman al-Zawahri", "2676"),
        ("Ayman alZawahiri", "2676"),
        ("أيمن الظواهري", "2676"),
        ("Айман аль-Завахири", "2676"),
        ("Alexander Malkevich", "26235"),
        ("Alexander A. Malkevich", "26235"),
        ("Malkevich Alexander Alexandrovich", "26235"),
        ("Александр Александрович Малькевич", "26235"),
        ("Aleksander Malkievich", "26235"),
        ("BANCO NACIONAL DE CUBA", "306"),
        ("Nacional Banco de Cuba", "306"),
        ("Banco Nacionál de Cuba S.A.", "306"),
        ("National Bank of Cuba Ltd.", "306"),
        ("Banco Nacoinal de Cuba", "306"),
        ("Aerocaribbean Airlines", "36"),
        ("Aero Caribbean", "36"),
        ("AEROCARIBBEANAIRLINES", "36"),
        ("Aerocaribbean Airlines GmbH", "36"),
        ("ФЕДЕРАЛЬНОЕ АГЕНТСТВО НОВОСТЕЙ", "26232"),
        ("Federalnoe Agentstvo Novostei Limited Liability Company", "26232"),
    ],
)
def test_the_party_is_found(written: str, listed: str) -> None:
    """Any order, initials, patronymics, scripts, accents, typos, legal forms, words split and joined (RPL-05)."""
    assert listed in {hit.entry_id for hit in screen(written)}


@pytest.mark.parametrize(
    "name",
    [
        "Brouwer & Zonen BV",
        "Atelier Lumière SARL",
        "Dunavska knjižara d.o.o.",
        "Clearwater Dental Group",
        "Kowalski i Synowie Sp. z o.o.",
        "Stadtwerke Oberhausen GmbH",
        "Fjordkraft Rørlegger AS",
        "Yamamoto Bento Kabushiki Kaisha",
        "Margarethe Oberhuber",
        "Seán Ó Ceallacháin",
        "Пекарня Ромашка",
        "3M",
    ],
)
def test_strangers_are_not_met(name: str) -> None:
    """Ordinary customers go on without anybody's help (RPL-04)."""
    assert screen(name) == []


def test_every_listed_name_finds_its_entry() -> None:
    """Of the names as they are listed, none is missed (RPL-05)."""
    strong = [
        (entry, name.name)
        for entry in [*entries(*UN).values(), *list(entries(*SDN).values())[::20], *entries(*DPL).values()]
        for name in entry.names
        if name.quality is not NameQuality.WEAK
    ][::7]
    missed = [name for entry, name in strong if entry.entry_id not in {hit.entry_id for hit in screen(name)}]
    # Where a name is that of many entries, the index proposes some of them; whoever has it is met all the same.
    assert [name for name in missed if not any(hit.score > 0.99 for hit in screen(name))] == []
    assert len(missed) < len(strong) / 200


def test_a_question_looks_at_few_names() -> None:
    """However large the list and common the words, so many places are read and so many names compared: no scan (F11)."""
    crowd = NameIndex(_crowd(40_000))
    assert len(crowd) == 40_000
    assert len(crowd) > READ
    for name in ("Trading", "Trading 77", "Trading Company 39999", "Nobody's"):
        assert len(crowd.propose(spellings(name, EntryKind.ORGANISATION))) <= 2 * PROPOSED
    assert "Trading Company 39999" in {
        place.name.name for place in crowd.propose(spellings("Trading Company 39999", EntryKind.ORGANISATION))
    }


def test_a_question_leaves_nothing_behind() -> None:
    """The same question has the same answer, whatever was asked in between (RPL-19)."""
    first = screen("Banco Nacional de Cuba")
    for name in ("Aerocaribbean", "Ayman", "Trading", "Кредит"):
        screen(name)
    assert screen("Banco Nacional de Cuba") == first


def test_why_is_told() -> None:
    """The name that was met, the nearest address, the country and the date, each beside the score (RPL-05)."""
    (hit, *_) = screen("Banco Nacional de Cuba", country="CH", address="Zweierstr. 35, 8022 Zurich")
    assert (hit.entry_id, hit.listed_name, hit.score) == ("306", "BANCO NACIONAL DE CUBA", 1.0)
    assert hit.country is Agreement.AGREES
    assert hit.listed_address == "Zweierstrasse 35, Zurich CH-8022, Switzerland"
    assert hit.address is not None
    assert hit.address > 0.3
    assert screen("Banco Nacional de Cuba", country="NZ")[0].country is Agreement.DIFFERS
    malkevich = {
        born: next(hit for hit in screen("Alexander Malkevich", births=[born]) if hit.entry_id == "26235").birth
        for born in ("1975", "1975-06", "1975-06-14", "1975-06-15", "1974")
    }
    assert [malkevich[born] for born in ("1975", "1975-06", "1975-06-14")] == [Agreement.AGREES] * 3
    assert [malkevich[born] for born in ("1975-06-15", "1974")] == [Agreement.DIFFERS] * 2


def test_nothing_beside_the_name_takes_a_hit_away() -> None:
    """Another country, address and date lower no score: whether they matter is for a person to judge (RPL-05)."""
    plain = screen("Banco Nacional de Cuba")[0].score
    other = screen("Banco Nacional de Cuba", country="NZ", address="1 Queen Street, Auckland", births=["2001"])[0].score
    assert other == plain


def test_each_name_of_a_subject_counts() -> None:
    """A subject with a second name is found by that (RPL-05)."""
    hits = compare(Subject(names=("Brouwer & Zonen BV", "Aerocaribbean")), index(), DEFAULT.threshold)
    assert {hit.name for hit in hits if hit.entry_id == "36"} == {"Aerocaribbean"}


def test_likeness_is_the_same_from_strangers_to_twins() -> None:
    """From 0 to 1, 1 for the same, whichever words tell more (RPL-05)."""
    for name in ("Ayman al-Zawahiri", "Aerocaribbean Airlines GmbH", "中国银行", "3M", "X"):
        for one in spellings(name, EntryKind.UNKNOWN):
            assert features([one])
            assert likeness(one, one, {}) == pytest.approx(1.0)
    (ours,), (theirs,) = (spellings(name, EntryKind.ORGANISATION) for name in ("Brouwer & Zonen", "Aerocaribbean"))
    assert 0 <= likeness(ours, theirs, {}) < 0.4


def test_a_list_of_nobody() -> None:
    """An index without a name answers that it knows nobody."""
    empty = NameIndex([])
    assert compare(Subject(names=("Ayman al-Zawahiri",)), empty, 0.1) == []


def _crowd(count: int) -> Iterator[ListEntry]:
    for number in range(count):
        yield ListEntry(
            list_id=ListId.US_SDN,
            entry_id=str(number),
            kind=EntryKind.ORGANISATION,
            names=(ListedName(name=f"{EVERYBODY} Company {number}"),),
        )
