"""The lists of F11: the real files, and 100,000 entries made of their words, written and read in OFAC's format."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Final

from adapters.screening.reading import publication
from benchmarks.screening_labels import Label, spoken, strangers
from tenure.contracts.screening import EntryKind, ListEntry
from tenure.ports import ListFile

_FOLDER: Final = Path(__file__).parents[1] / "examples" / "lists"
_SDN: Final = ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
_REAL: Final = (_SDN, ("UN_consolidated.xml",), ("csl.csv",))
_ORDINARY: Final = ("dpl.txt",)
_COMMON: Final = 60
"""A word of more entries tells nobody apart."""
_NOTHING: Final = "-0- "
_RARE: Final = 3
"""A word of companies that so few have is a name; one of more is a word of the trade."""


def read(*names: str) -> list[ListEntry]:
    """The entries of published files."""
    return list(publication([ListFile(name, BytesIO((_FOLDER / name).read_bytes())) for name in names]).entries)


def real() -> list[ListEntry]:
    """OFAC's and the UN's lists with an extract of the consolidated one: some 8,500 entries."""
    return [entry for names in _REAL for entry in read(*names)]


def ordinary(entries: Sequence[ListEntry]) -> list[Label]:
    """Real names that are not on these lists: of the Denied Persons List, without those that share a telling word."""
    listed = sorted(
        {word.strip(",.").lower() for entry in entries for name in entry.names for word in name.name.split()}
    )
    counts = Counter(
        word for entry in entries for word in {w.strip(",.").lower() for n in entry.names for w in n.name.split()}
    )
    rare = [word for word in listed if counts[word] <= _COMMON and len(word) > 3]
    common = {word for word in listed if counts[word] > _COMMON}
    labels = []
    for entry in read(*_ORDINARY):
        words = [word.strip(",.()").lower() for word in entry.names[0].name.split()]
        telling = [word for word in words if len(word) > 3 and word not in common]
        if telling and len(strangers(telling, rare, below=85)) == len(telling):
            labels.append(Label("none: denied persons", entry.names[0].name, None))
    return labels


class Invented:
    """Names made of the words of the real lists; half of the family and company names are kept back for strangers."""

    def __init__(self, entries: Iterable[ListEntry], random: Random) -> None:
        self._random = random
        persons = [entry.names[0].name for entry in entries if entry.kind is EntryKind.PERSON]
        people = [name.split(",") for name in persons if name.isascii() and name.count(",") == 1]
        self.given = sorted({word for _, given in people for word in given.split() if len(word) > 2})
        families = sorted({family.strip() for family, _ in people if len(family) > 3})
        companies = [
            [word.strip(",.()'\"") for word in entry.names[0].name.split()]
            for entry in entries
            if entry.kind is EntryKind.ORGANISATION and entry.names[0].name.isascii()
        ]
        counts = Counter(word for words in companies for word in words if len(word) > 3)
        self.trades = sorted(word for word, count in counts.items() if count > _RARE)
        brands = sorted(word for word, count in counts.items() if count <= _RARE and len(word) > 4)
        self.families, self.other_families = self._halves(families)
        self.brands, self.other_brands = self._halves(brands)

    def _halves(self, words: list[str]) -> tuple[list[str], list[str]]:
        self._random.shuffle(words)
        half = len(words) // 2
        return words[:half], strangers(words[half:], words[:half])

    def person(self, families: Sequence[str]) -> tuple[str, str]:
        """A family name and given names."""
        return self._random.choice(families), " ".join(
            self._random.sample(self.given, self._random.choice((1, 2, 2, 3)))
        )

    def company(self, brands: Sequence[str]) -> str:
        """A brand, what it trades in, and a legal form."""
        first = self._random.sample(brands, self._random.choice((1, 1, 2)))
        trade = self._random.sample(self.trades, self._random.choice((1, 2)))
        return " ".join((*first, *trade, self._random.choice(("LTD", "LLC", "S.A.", "GMBH", "CO., LTD.", "INC.", ""))))

    def entries(self, count: int) -> list[ListEntry]:
        """So many entries, six of ten of them persons, each with an alias now and then: written, then read by our reader."""
        main, aliases = StringIO(), StringIO()
        rows, more = csv.writer(main, lineterminator="\n"), csv.writer(aliases, lineterminator="\n")
        for number in range(1, count + 1):
            person = self._random.random() < 0.6
            name = ", ".join(self.person(self.families)) if person else self.company(self.brands).strip()
            rows.writerow([number, name, "individual" if person else _NOTHING, "TEST", *[_NOTHING] * 8])
            if self._random.random() < 0.3:
                other = ", ".join(self.person(self.families)) if person else self.company(self.brands).strip()
                more.writerow([number, number, "aka", other, _NOTHING])
        files = {"sdn.csv": main.getvalue(), "alt.csv": aliases.getvalue(), "add.csv": ""}
        return list(publication([ListFile(name, BytesIO(text.encode())) for name, text in files.items()]).entries)

    def strangers(self, count: int) -> list[Label]:
        """Persons and companies that are on no list, for all that their given names and trades are."""
        labels = []
        for _ in range(count):
            family, given = self.person(self.other_families)
            labels.append(Label("none: another family", f"{given} {family}", None))
            labels.append(Label("none: another company", self.company(self.other_brands).strip(), None))
        return labels


__all__ = ["Invented", "ordinary", "read", "real", "spoken"]
