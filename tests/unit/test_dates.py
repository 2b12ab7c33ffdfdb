"""Dates as each language writes them."""

from datetime import datetime

import pytest

from adapters.texts.dates import date, day, unbroken
from adapters.texts.languages import language

FIRST = datetime(2026, 11, 1)  # noqa: DTZ001 - in whatever zone it is read


@pytest.mark.parametrize(
    ("tag", "in_a_sentence", "alone"),
    [
        ("en", "1 November 2026", "Sunday, 1 November 2026"),
        ("en-GB", "1 November 2026", "Sunday, 1 November 2026"),
        ("pl", "1 listopada 2026", "niedziela, 1 listopada 2026"),
        ("ko", "2026년 11월 1일", "2026년 11월 1일 일요일"),
        ("fr", "1er novembre 2026", "dimanche 1er novembre 2026"),
        ("fr-CH", "1er novembre 2026", "dimanche, 1er novembre 2026"),
        ("it", "1º novembre 2026", "domenica 1º novembre 2026"),
        ("sr", "1. новембра 2026.", "недеља, 1. новембар 2026."),
        ("sr-Latn", "1. novembra 2026.", "nedelja, 1. novembar 2026."),
    ],
)
def test_the_first_of_a_month(tag: str, in_a_sentence: str, alone: str) -> None:
    """As the grammar of the language has it, within a sentence and alone (TL-02)."""
    locale = language(tag).locale
    assert (date(FIRST, locale), day(FIRST, locale)) == (in_a_sentence, alone)


@pytest.mark.parametrize("tag", ["fr", "it"])
def test_only_the_first_is_an_ordinal(tag: str) -> None:
    """Neither the 11th nor the 21st is written like the 1st (TL-02)."""
    assert [date(FIRST.replace(day=number), language(tag).locale).split()[0] for number in (2, 11, 21)] == [
        "2",
        "11",
        "21",
    ]


@pytest.mark.parametrize(
    ("tag", "months"),
    [
        ("sr-Latn", "januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra"),
        ("sr", "јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра"),
        (
            "pl",
            "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        ),
    ],
)
def test_months_are_inflected(tag: str, months: str) -> None:
    """In Serbian and Polish a date within a sentence stands in the genitive (TL-02)."""
    written = [date(FIRST.replace(month=month), language(tag).locale).split()[1] for month in range(1, 13)]
    assert written == months.split()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Friday, 4 December 2026", ["Friday,", "4_December", "2026"]),
        ("petak, 4. decembar 2026. 10:30", ["petak,", "4._decembar", "2026.", "10:30"]),
        ("1er novembre 2026", ["1er_novembre", "2026"]),
        ("1º novembre 2026", ["1º_novembre", "2026"]),
        ("2026년 12월 4일 금요일", ["2026년", "12월", "4일", "금요일"]),
        ("9 dni", ["9_dni"]),
    ],
)
def test_no_line_ends_between_a_number_and_its_word(text: str, lines: list[str]) -> None:
    """A Serbian "4." at the end of a line would end the sentence, and a day without its month says little (TL-02)."""
    assert unbroken(text).replace("\N{NO-BREAK SPACE}", "_").split(" ") == lines
