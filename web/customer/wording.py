"""The words of the customer's pages: languages, names of services, and instants as the reader writes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta

from adapters.texts.dates import day, unbroken
from adapters.texts.languages import Language, language
from adapters.texts.services import service_name
from adapters.texts.zones import zone_name
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.licence import ServiceKey

_UNITS: Final[tuple[tuple[Literal["day", "hour", "minute"], timedelta], ...]] = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
_NO_LARGER_UNIT: Final = 1e9
"""Ten days are ten days, and not a week."""
_PREFERENCE: Final = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{1,3})?))?\s*")
_LONGEST_HEADER: Final = 500


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in the organisation's zone, in words of a language: never in digits that could be misread."""

    iso: str
    month: str
    number: str
    """Of the day, as a calendar shows it."""
    day: str
    joint: str
    """What stands between day and time: a comma, but not in every language."""
    time: str
    zone: str
    left: str | None
    """Until then, in its largest unit, rounded; None where it has passed."""


def moment(at: Instant, zone: str, now: Instant, locale: Locale) -> Moment:
    """Put an instant into words."""
    local = at.astimezone(ZoneInfo(zone))
    return Moment(
        iso=local.isoformat(),
        month=format_date(local, "LLL", locale=locale),
        number=format_date(local, "d", locale=locale),
        day=unbroken(day(local, locale)),
        joint=str(locale.datetime_formats["medium"]).format("", ""),
        time=format_time(local, "HH:mm", tzinfo=ZoneInfo(zone), locale=locale),
        zone=zone_name(local, locale),
        left=_left(at - now, locale),
    )


def _left(span: timedelta, locale: Locale) -> str | None:
    if span <= timedelta(0):
        return None
    unit, length = next((found for found in _UNITS if span >= found[1]), _UNITS[-1])
    whole = max(round(span / length), 1) * length
    return unbroken(format_timedelta(whole, granularity=unit, threshold=_NO_LARGER_UNIT, locale=locale))


def service_names(keys: Sequence[ServiceKey], catalogue: Catalogue, spoken: Language) -> list[str]:
    """What services are called in a language; a key stands for one that the catalogue does not know any more."""
    found = ((key, catalogue.service(key)) for key in keys)
    return [key if service is None else service_name(service, spoken) for key, service in found]


def of_browser(header: str) -> Language:
    """The first language of `Accept-Language` that there is; English where there is none (RFC 9110 section 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in header[:_LONGEST_HEADER].split(","):
        found = _PREFERENCE.fullmatch(part)
        if found is not None:
            wanted.append((float(found[2] or 1), found[1]))
    for weight, tag in sorted(wanted, key=lambda one: -one[0]):
        spoken = language(tag)
        if weight and spoken.locale.language == tag.partition("-")[0].lower():
            return spoken
    return language("en")
