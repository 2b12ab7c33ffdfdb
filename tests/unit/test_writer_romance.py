"""What a native reader of French or Italian would stumble over, whatever names, hours and days a mail has to tell."""

import re

import pytest

from adapters.mail.writer import TemplateWriter
from adapters.texts import translations
from tenure.contracts.notice import NoticeKind
from tests.deliveries import some_delivery

write = TemplateWriter().write


def said(name: str) -> list[str]:
    """Every text of a catalogue, plural forms one by one."""
    strings = [message.string for message in translations.read(name) if message.id]
    return [text for string in strings for text in ([string] if isinstance(string, str) else string or ())]


def test_french_elides_before_no_name() -> None:
    """No name of an organisation or partner follows a word that a vowel would shorten: "de Atelier", "que Orange" (TL-02)."""
    stumbling = re.compile(
        r"\b(de|que|le|la|ne|se|jusque|puisque|si)[ \u00a0][«\u00a0]*%\((partner|organisation|name)", re.IGNORECASE
    )
    assert [text for text in said("fr") if stumbling.search(text)] == []


def test_french_marks_do_not_part_from_their_words() -> None:
    """Before a double mark and inside quotes stands a no-break space, and every apostrophe is a curly one (TL-02)."""
    loose = re.compile(r"(?<![\u00a0\u202f])[:;?!»]|«(?![\u00a0\u202f])|'|\"")
    assert [text for text in said("fr") if loose.search(text)] == []


@pytest.mark.parametrize("kind", NoticeKind)
def test_italian_hours_need_no_article_of_their_own(kind: NoticeKind) -> None:
    """With "ore" and "giorno" before it, no article has to change with a number: 1:30 or 15:30, the 7th or the 8th (TL-02)."""
    mail = write(some_delivery(kind, language="it", time_zone="Atlantic/Azores"))
    assert re.findall(r"(?<!ore )\b\d\d:\d\d(?![:)])\b", re.sub(r"GMT.\d\d:\d\d|Tenure-.*", "", mail.text)) == []
    assert re.search(r"\b(il|del|al|dal|l\W|dell\W|all\W|dall\W) ?\d", mail.text) is None
