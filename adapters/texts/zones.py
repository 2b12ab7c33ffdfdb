"""What a time zone is called, in the words of a language."""

import re
from datetime import datetime
from typing import Final

from babel import Locale
from babel.dates import get_timezone_gmt, get_timezone_name

_COMMON_WORD: Final = {"it": re.compile(r"(?:Ora|Tempo)\b"), "sr": re.compile(r"[\w-]+(?:ско|чко|sko|čko)\b")}
"""First words that the data write as if they began a sentence; a place, as in "Москва, стандардно време", keeps its capital."""


def zone_name(at: datetime, locale: Locale) -> str:
    """The name of an instant's zone within a sentence, with its offset then: in autumn one name stands for two hours."""
    offset = get_timezone_gmt(at, "long", locale=locale)
    name = get_timezone_name(at, "long", locale=locale)
    if name == offset:
        return name
    if (common := _COMMON_WORD.get(locale.language)) and common.match(name):
        name = name[0].lower() + name[1:]
    if name.endswith(")"):
        return f"{name[:-1]}, {offset})"
    return f"{name}({offset})" if locale.language == "ko" else f"{name} ({offset})"
