"""What runs in a process of its own: the indexes, and the comparing.

Reading its dictionaries, which takes rigour some seconds, and building an index keep the interpreter to themselves: in the
process that serves requests everybody would wait.
"""

import os
import signal
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final, override

from adapters.screening import reasons
from adapters.screening.comparison import compare
from adapters.screening.index import NameIndex
from adapters.screening.spelling import spellings
from tenure.contracts.screening import EntryKind, Hit, ListEntry, Subject

_indexes: Final[dict[str, NameIndex]] = {}
"""By the hash of the list."""


class Room(ProcessPoolExecutor):
    """A process that starts with its first task, and ends with this one however that ends: at once, whatever it does."""

    def __init__(self) -> None:
        super().__init__(1, get_context("spawn"), initializer=_begin)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the process; what it reads or compares is of use to nobody any more."""
        # As `kill_workers` of Python 3.14 does. While rigour reads, the process would hear of nothing less.
        for process in list((self._processes or {}).values()):
            process.kill()
        super().shutdown(wait, cancel_futures=cancel_futures)


def prepare() -> None:
    """Read the dictionaries of names and of addresses."""
    subject = Subject(names=("Nowhere Ltd",), address="1 Nowhere Street")
    for kind in EntryKind:
        spellings(subject.names[0], kind)
    reasons.address(subject, ["2 Nowhere Street"])


def missing(list_hashes: Sequence[str]) -> list[str]:
    """The lists that are missing here; others than these are forgotten."""
    for gone in _indexes.keys() - set(list_hashes):
        del _indexes[gone]
    return [list_hash for list_hash in list_hashes if list_hash not in _indexes]


def take(list_hash: str, entries: Sequence[ListEntry]) -> None:
    """Build the index of a list."""
    _indexes[list_hash] = NameIndex(entries)


def ask(subject: Subject, list_hashes: Sequence[str], threshold: float) -> tuple[list[str], list[Hit]]:
    """The lists that are missing here, or else the hits on all of them; other lists are forgotten."""
    if wanted := missing(list_hashes):
        return wanted, []
    return [], [hit for list_hash in list_hashes for hit in compare(subject, _indexes[list_hash], threshold)]


def ask_among(
    subjects: Sequence[Subject], list_hash: str, entry_ids: Collection[str], threshold: float
) -> list[list[Hit]] | None:
    """The hits of each subject on some entries of a list; None where the list is missing here."""
    index = _indexes.get(list_hash)
    if index is None:
        return None
    among = index.among(entry_ids)
    return [compare(subject, index, threshold, among) for subject in subjects]


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which ends this process itself
    Thread(target=_end_with_the_program, daemon=True).start()


def _end_with_the_program() -> None:
    program = parent_process()
    if program is not None:
        wait([program.sentinel])
        os._exit(1)
