"""Dates as a language writes them, where its locale data say less than its grammar does.

In the other languages of the texts the data are right as they are: Polish months, for one, come inflected.
"""

import re
from datetime import datetime
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date

_FIRST: Final = {"fr": "d'er'", "it": "d'º'"}
"""How the first day of a month is written: "1er novembre", "1º novembre"."""


def date(at: datetime, locale: Locale) -> str:
    """The date within a sentence, such as "4 December 2026"; in Serbian in the genitive, which says when by itself."""
    pattern = _pattern(at, "long", locale)
    if locale.language == "sr":
        month = _in_genitive(locale.months["format"]["wide"][at.month])
        pattern = pattern.replace("MMMM", f"'{month}'")
    return format_date(at, pattern, locale)


def day(at: datetime, locale: Locale) -> str:
    """The date with its weekday, where it stands alone."""
    return format_date(at, _pattern(at, "full", locale), locale)


def unbroken(text: str) -> str:
    """The same for a page: no line ends between a number and the word that belongs to it, as in "4. decembra" or "9 dni"."""
    return re.sub(r"(?<=\d)(\.|er|º)? (?=[^\W\d_])", "\\1\N{NO-BREAK SPACE}", text)


def _pattern(at: datetime, width: Literal["long", "full"], locale: Locale) -> str:
    pattern = str(locale.date_formats[width].pattern)
    if at.day == 1 and locale.language in _FIRST:
        return re.sub(r"\bd\b", _FIRST[locale.language], pattern)
    return pattern


def _in_genitive(month: str) -> str:
    """A Serbian month in either script: "oktobar" becomes "oktobra", "mart" becomes "marta"."""
    if month.isascii():
        return re.sub("bar$", "br", month) + "a"
    return re.sub("бар$", "бр", month) + "а"  # noqa: RUF001 - Cyrillic, as the month is
