"""The list of refusals is the list of what can be refused: nothing in it is dead, and each code has its text in one place (XC-05)."""

import re

from tenure.errors import RefusalCode
from tests.architecture.test_rooms import REPOSITORY, SOURCES

LISTS = {"tenure/errors.py", "tenure/cli/session.py", "web/problems.py"}
"""Files that say something about codes, and refuse nothing."""


def test_every_code_is_a_refusal_of_something() -> None:
    """A code that nothing refuses with is not in the list; what documents codes does not count."""
    sources = [file for file in SOURCES if str(file.relative_to(REPOSITORY)) not in LISTS]
    code = "\n".join(
        file.read_text() for file in sources if file.parts[-2] != "api" or "raise Refusal" in file.read_text()
    )
    used = set(re.findall(r"RefusalCode\.([A-Z0-9_]+)", code))
    assert {refusal.name for refusal in RefusalCode} - used == set()


def test_every_text_is_a_sentence() -> None:
    """It says to a person what is wrong, and no two codes say the same."""
    texts = [refusal.text for refusal in RefusalCode]
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert re.fullmatch(r"[A-Z].*[a-z)]\.", text), text
