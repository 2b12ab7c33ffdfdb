"""The honesty of F11: what is changed is still that party, what is strange is on no list, and misses are counted."""

from random import Random

import pytest

from benchmarks.screening import measure
from benchmarks.screening_labels import COMPANIES, PERSONS, Label, matches, strangers
from benchmarks.screening_lists import Invented, ordinary, real
from tenure.contracts.screening import EntryKind


@pytest.fixture(scope="module")
def invented() -> Invented:
    """Names made of the real lists' words."""
    return Invented(real(), Random(1))


def test_every_change_is_made_and_names_its_entry() -> None:
    """So many labels of each change, each of an entry that is there, and hardly one as it is listed."""
    entries = real()
    known = {entry.entry_id: {name.name for name in entry.names} for entry in entries}
    labels = matches(entries, 5, Random(1))
    assert len(labels) == 5 * (len(PERSONS) + len(COMPANIES))
    changed = [label for label in labels if not label.how.endswith("as listed")]
    # Here and there an alias is what a change makes of another name.
    assert sum(label.asked in known[str(label.entry_id)] for label in changed) < len(changed) / 20


def test_what_is_made_is_read_in_the_published_format(invented: Invented) -> None:
    """So many entries, persons and companies, by the reader of OFAC's files."""
    entries = invented.entries(500)
    assert len(entries) == 500
    assert {entry.kind for entry in entries} == {EntryKind.PERSON, EntryKind.ORGANISATION}
    assert any(len(entry.names) > 1 for entry in entries)


def test_strangers_share_no_name_with_the_lists(invented: Invented) -> None:
    """Families and brands that are kept back are like none that is listed; ordinary names are not on the lists."""
    assert not set(invented.other_families) & set(invented.families)
    assert strangers(invented.other_brands, invented.brands) == invented.other_brands
    listed = {name.name.casefold() for entry in real() for name in entry.names}
    found = ordinary(real())
    assert len(found) > 50
    assert not {label.asked.casefold() for label in found} & listed
    assert all(label.entry_id is None for label in [*found, *invented.strangers(10)])


class Deaf:
    """A contestant that hears only whole names, and takes one stranger for everybody."""

    name = "deaf"

    def ask(self, asked: str, threshold: float) -> None:
        """Do nothing."""

    def like(self, asked: str, entry_id: str | None) -> float:
        """Know one entry."""
        return 1.0 if asked == "known" else 0.9 if asked == "taken" else 0.0


def test_misses_and_false_hits_are_counted() -> None:
    """Recall is what is met above the threshold at which one of a hundred strangers is hit."""
    labels = [Label("person: as listed", "known", "1"), Label("person: one typo", "knwon", "1")]
    labels += [Label("none: another", "taken" if number == 0 else "strange", None) for number in range(100)]
    found = measure(Deaf(), real()[:1], labels, 10)
    assert found.threshold == pytest.approx(0.9)
    assert found.recall == {"person: as listed": 1.0, "person: one typo": 0.0, "all": 0.5}
    assert found.shipped_false == pytest.approx(0.01)
