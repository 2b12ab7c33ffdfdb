"""What commands print, on terminals of any width."""

import pytest

from tenure.cli import output

ROWS = [
    ("org_0446099158b74038b7c9288dd546d02e", "Sennerei Walchsee eGen", None),
    ("org_alder", "Alder & Sons Ltd", "live"),
]


def printed(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A table of two organisations."""
    monkeypatch.setattr(output, "_WIDE", width)
    output.print_table(("Organisation", "Name", "State"), ROWS, "None.")
    return "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())


def test_a_table_stands_where_it_has_room(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A row is a line, names are wrapped between words, and no id is cut."""
    assert printed(80, monkeypatch, capsys).splitlines()[1:] == [
        "org_0446099158b74038b7c9288dd546d02e  Sennerei Walchsee eGen  -",
        "org_alder                             Alder & Sons Ltd        live",
    ]
    assert ROWS[0][0] in printed(60, monkeypatch, capsys)


def test_rows_are_blocks_where_it_has_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where an id would have to be cut each row is a block of its own, without what has no value."""
    assert printed(50, monkeypatch, capsys).splitlines() == [
        "Organisation  org_0446099158b74038b7c9288dd546d02e",
        "Name          Sennerei Walchsee eGen",
        "",
        "Organisation  org_alder",
        "Name          Alder & Sons Ltd",
        "State         live",
    ]


def test_a_name_that_is_gone_is_none() -> None:
    """Of a deleted organisation the id is left, and nothing that looks like a name."""
    assert output.named("Alder", "org_alder") == "Alder (org_alder)"
    assert output.named(None, "org_alder") == "org_alder"
