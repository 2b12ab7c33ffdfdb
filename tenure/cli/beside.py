"""Two texts beside each other, with what differs made visible: in colour, and in words where there is none."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from rich.text import Text

_SIMILAR = 0.6
"""From here on two words are the same one, spelt differently."""
_MARK = "bold yellow"


def marked(text: str, other: str) -> Text:
    """A text whose letters that the other has not, word by word in any order, are marked."""
    result = Text()
    for word, counterpart in _paired(text, other):
        if result:
            result.append(" ")
        if counterpart is None:
            result.append(word, _MARK)
            continue
        matcher = SequenceMatcher(None, word.casefold(), counterpart.casefold(), autojunk=False)
        for kind, begin, end, _, _ in matcher.get_opcodes():
            result.append(word[begin:end], None if kind == "equal" else _MARK)
    return result


def differences(text: str, other: str) -> str:
    """The same in words: what is spelt differently, and what only one of the two has."""
    pairs, back = list(_paired(text, other)), list(_paired(other, text))
    told = [
        f"{word} / {counterpart}"
        for word, counterpart in pairs
        if counterpart is not None and word.casefold() != counterpart.casefold()
    ]
    mine = [word for word, counterpart in pairs if counterpart is None]
    theirs = [word for word, counterpart in back if counterpart is None]
    told += [f"only the customer: {' '.join(mine)}"] if mine else []
    told += [f"only the entry: {' '.join(theirs)}"] if theirs else []
    return "; ".join(told) or "the same words"


def _paired(text: str, other: str) -> Iterator[tuple[str, str | None]]:
    candidates = other.split()
    for word in text.split():
        yield word, _closest(word, candidates)


def _closest(word: str, candidates: Sequence[str]) -> str | None:
    matcher = SequenceMatcher(None, b=word.casefold(), autojunk=False)
    best, ratio = None, _SIMILAR
    for candidate in candidates:
        matcher.set_seq1(candidate.casefold())
        if (found := matcher.ratio()) >= ratio:
            best, ratio = candidate, found
    return best
