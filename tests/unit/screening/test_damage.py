"""Damaged files: cut off, garbled, in another encoding, or hostile, they are refused as a whole with line and reason."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.screening.formats.damage import DamagedList
from adapters.screening.reading import publication
from tenure.contracts.screening import ListEntry
from tests.unit.screening.published import DPL, EU, NEWER, OLDER, SDN, UN, content, entries, file, files

SINGLE = (*DPL, *OLDER, *NEWER, *UN, EU.name)
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE bomb [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<CONSOLIDATED_LIST dateGenerated="2026-01-01T00:00:00Z"><INDIVIDUALS><INDIVIDUAL>
<REFERENCE_NUMBER>&d;</REFERENCE_NUMBER></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"""
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE export [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-01-01T00:00:00Z">&x;</export>"""


def load(name: str, changed: bytes) -> list[ListEntry]:
    """Read a list with one of its files changed, to its end."""
    others = files(other for other in SDN if other != name) if name in SDN else []
    return list(publication([file(name, changed), *others]).entries)


def refused(name: str, changed: bytes) -> DamagedList:
    """Why it is refused."""
    with pytest.raises(DamagedList) as refusal:
        load(name, changed)
    assert refusal.value.fault.reason
    return refusal.value


@pytest.mark.parametrize("bomb", [BOMB, OUTSIDE])
def test_entities_are_refused_unread(bomb: bytes) -> None:
    """Neither a bomb of entities nor one that would read a file of ours gets as far as being expanded (RPL-16)."""
    fault = refused(UN[0], bomb).fault
    assert "passwd" not in fault.reason


def test_a_document_type_after_a_known_beginning() -> None:
    """A list is refused for its document type alone, with the line (RPL-16)."""
    head, _, tail = content(EU.name).partition(b"<export")
    harmless = head + b"<!DOCTYPE export [<!ELEMENT export ANY>]>\n<export" + tail
    assert refused(EU.name, harmless).fault.line >= 1


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding(name: str, encoding: str) -> None:
    """A file that is no UTF-8 is refused, unless XML says so and it can be read all the same (RPL-16)."""
    changed = content(name).decode().encode(encoding)
    if name.endswith(".xml"):
        changed = changed.replace("UTF-8".encode(encoding)[-10:], b"")
    assert refused(name, changed).fault.file == name


def test_a_byte_of_another_encoding_is_told_with_its_line() -> None:
    """Latin-1 in the middle of a file: the line is named (RPL-16)."""
    rows = content("sdn.csv").split(b"\n")
    rows[99] = rows[99].replace(b"A", b"\xc1", 1)
    fault = refused("sdn.csv", b"\n".join(rows)).fault
    assert (fault.file, fault.line) == ("sdn.csv", 100)
    assert "UTF-8" in fault.reason


@pytest.mark.parametrize(
    ("name", "line"), [("dpl.txt", 50), ("sdn.csv", 50), ("alt.csv", 50), ("csl.csv", 50), ("csl_consolidated.csv", 5)]
)
def test_a_row_with_too_few_cells(name: str, line: int) -> None:
    """A cell that is missing is told with its line (RPL-16)."""
    rows = content(name).split(b"\n")
    rows[line - 1] = re.split(rb"[\t,](?=[^\t,]*$)", rows[line - 1])[0]
    fault = refused(name, b"\n".join(rows)).fault
    assert (fault.file, fault.line) == (name, line)


def test_an_id_that_comes_twice() -> None:
    """The second one is told with its line, and with that of the first (RPL-16)."""
    rows = content("sdn.csv").split(b"\n")
    fault = refused("sdn.csv", b"\n".join([*rows[:200], rows[99], *rows[200:]])).fault
    assert fault.line == 201
    assert "line 100" in fault.reason
    individual = re.search(rb"<INDIVIDUAL>.*?</INDIVIDUAL>", content(UN[0]), re.DOTALL)
    assert individual is not None
    doubled = content(UN[0]).replace(b"</INDIVIDUALS>", individual[0] + b"</INDIVIDUALS>")
    assert "CDi.001" in refused(UN[0], doubled).fault.reason


def test_aliases_of_nobody() -> None:
    """OFAC's main file, cut off between two rows, looks whole; its aliases and addresses give it away (RPL-16)."""
    rows = content("sdn.csv").split(b"\n")
    fault = refused("sdn.csv", b"\n".join(rows[:4000])).fault
    assert (fault.file, "has no entry" in fault.reason) == ("alt.csv", True)


def test_an_entry_without_a_name() -> None:
    """Nobody can be screened against it, so that the file is damaged (RPL-16)."""
    changed = content(UN[0]).replace(b"<FIRST_NAME>ERIC</FIRST_NAME>", b"").replace(b"BADEGE", b"")
    assert refused(UN[0], changed).fault.line == 4


@given(name=st.sampled_from(SINGLE), share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60, deadline=None)
def test_a_file_that_is_cut_off_never_loads_in_part(name: str, share: float) -> None:
    """Wherever it ends early, it is refused, or ends after the last name of a row: then no entry is half (RPL-16).

    That case shows only against the list in use, and there too many lost entries are refused.
    """
    whole = content(name).rstrip()
    cut = whole[: int(len(whole) * share)]
    try:
        found = load(name, cut)
    except DamagedList:
        return
    assert not name.endswith(".xml")
    known = entries(name)
    for entry in found:
        assert set(entry.names) <= set(known[entry.entry_id].names)
        assert set(entry.addresses) <= set(known[entry.entry_id].addresses)


@given(name=st.sampled_from([*SINGLE, *SDN]), position=st.floats(0, 1, exclude_max=True), noise=st.binary(min_size=1))
@settings(max_examples=60, deadline=None)
def test_garbled_bytes_are_refused_or_harmless(name: str, position: float, noise: bytes) -> None:
    """Whatever is written into a file, it is refused or read; nothing else happens (RPL-16)."""
    whole = content(name)
    at = int(len(whole) * position)
    with suppress(DamagedList):
        load(name, whole[:at] + noise + whole[at + len(noise) :])
