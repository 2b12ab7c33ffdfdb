"""What one language's grammar and typography ask of its texts, and no test of another language would notice."""

# ruff: noqa: RUF001 - texts in the scripts of their languages

import re

import pytest

from adapters.mail.writer import TemplateWriter
from adapters.texts import translations
from tenure.contracts.notice import NoticeKind
from tenure.policy.catalogue import shipped
from tests.deliveries import Page, some_delivery

_LETTERS = ("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš")
_PAIRS = {"љ": "lj", "њ": "nj", "џ": "dž", "Љ": "Lj", "Њ": "Nj", "Џ": "Dž"}
LATIN = str.maketrans(_LETTERS[0] + _LETTERS[0].upper(), _LETTERS[1] + _LETTERS[1].upper()) | str.maketrans(_PAIRS)
"""The letters of Serbian Cyrillic in its Latin script."""


def in_latin(text: str) -> str:
    """Serbian in its other script."""
    return text.translate(LATIN)


def said(name: str) -> dict[str, tuple[str, ...]]:
    """What a catalogue has for each message, in all its plural forms."""
    messages = {str(message.id): message.string for message in translations.read(name) if message.id}
    return {key: text if isinstance(text, tuple) else (str(text),) for key, text in messages.items()}


def with_fault(name: str, fault: str) -> list[str]:
    """The texts of a catalogue in which a pattern is found."""
    return [text for forms in said(name).values() for text in forms if re.search(fault, text)]


def test_serbian_is_one_text_in_two_scripts() -> None:
    """Who reads Latin script is told what others read in Cyrillic, word for word: texts, services, dates (TL-02, Q-25)."""
    assert {key: tuple(map(in_latin, forms)) for key, forms in said("sr").items()} == said("sr_Latn")
    for service in shipped().services:
        assert in_latin(service.names["sr"]) == service.names["sr-Latn"]
    for kind in NoticeKind:
        cyrillic, latin = (TemplateWriter().write(some_delivery(kind, language=tag)) for tag in ("sr", "sr-Latn"))
        assert (in_latin(cyrillic.subject), in_latin(cyrillic.text)) == (latin.subject, latin.text)


@pytest.mark.parametrize("name", ["sr", "sr_Latn"])
def test_a_serbian_date_ends_with_its_own_full_stop(name: str) -> None:
    """No second stop, and no comma, follows that of the year (TL-02)."""
    assert with_fault(name, r"(?:date|since)\)s[.,;:)]") == []


@pytest.mark.parametrize(
    ("tag", "words"), [("sr", "4. децембра 2026."), ("pl", "4 grudnia 2026"), ("en", "4 December 2026")]
)
def test_a_page_keeps_a_day_with_its_month(tag: str, words: str) -> None:
    """Wherever a line of the page ends, it is not within "4. децембра"; text and subject keep their plain spaces (TL-02)."""
    mail = TemplateWriter().write(some_delivery(NoticeKind.DELETION_WARNING, language=tag))
    page = Page(mail.html.partition("</title>")[2]).text
    assert words in mail.text
    assert words in mail.subject
    assert words not in page
    assert words in page.replace("\N{NO-BREAK SPACE}", " ")


def test_korean_guesses_no_particle() -> None:
    """After a name, of which nobody knows how it ends, stands no particle that hangs on its ending (TL-02)."""
    names = r"%\((?:name|organisation|partner|services|carrier|email)\)s[”’]?"
    assert with_fault("ko", names + r"(?:[은는이가을를과와]|으?로)(?![가-힣])") == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ko", "(?<!안녕하)세요"),
        ("pl", r"\b[Pp]roszę\b|\bTw[óo]j|\b[Mm]ożesz\b"),
        ("sr", r"\bДозволи\b|\bможеш\b|\bтвој"),
    ],
)
def test_a_language_keeps_to_one_formal_voice(name: str, fault: str) -> None:
    """Nobody is asked formally in one sentence, and familiarly in the next (TL-02)."""
    assert with_fault(name, fault) == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [("pl", "[“\"']|,,"), ("sr", "[”\"']"), ("sr_Latn", "[”\"']"), ("ko", "[„\"']"), ("pl", " - "), ("sr", " - ")],
)
def test_quotes_and_dashes_are_those_of_the_language(name: str, fault: str) -> None:
    """„Polish”, „српски“ and “한국어”, and never the marks of a typewriter (TL-02)."""
    assert with_fault(name, fault) == []
