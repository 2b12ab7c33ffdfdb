"""What a time zone is called, in the words of a language."""

from datetime import datetime

from babel import Locale
from babel.dates import get_timezone_gmt, get_timezone_name


def zone_name(at: datetime, locale: Locale) -> str:
    """The name of an instant's zone with its offset at that instant: in autumn one name stands for two hours."""
    offset = get_timezone_gmt(at, "long", locale=locale)
    name = get_timezone_name(at, "long", locale=locale)
    return name if name == offset else f"{name} ({offset})"
