"""The published files of the examples, and what is made of them."""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from adapters.screening.reading import publication
from tenure.contracts.screening import ListEntry
from tenure.ports import ListFile

LISTS: Final = Path(__file__).parents[3] / "examples" / "lists"
EU: Final = Path(__file__).with_name("eu.xml")
DPL: Final = ("dpl.txt",)
SDN: Final = ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
UN: Final = ("UN_consolidated.xml",)
OLDER: Final = ("csl.csv",)
NEWER: Final = ("csl_consolidated.csv",)


@cache
def content(name: str) -> bytes:
    """One file."""
    return (EU if name == EU.name else LISTS / name).read_bytes()


def file(name: str, changed: bytes | None = None) -> ListFile:
    """One file, or something else under its name."""
    return ListFile(name, BytesIO(content(name) if changed is None else changed))


def files(names: Iterable[str]) -> list[ListFile]:
    """The files of a list."""
    return [file(name) for name in names]


@cache
def entries(*names: str) -> dict[str, ListEntry]:
    """The entries of a list by id."""
    return {entry.entry_id: entry for entry in publication(files(names)).entries}


def named(name: str, *names: str) -> ListEntry:
    """The entry that has this name."""
    (found,) = [entry for entry in entries(*names).values() if name in {each.name for each in entry.names}]
    return found
