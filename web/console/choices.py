"""What forms let people pick from: countries, languages and time zones, by their English names."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global
from babel.languages import get_official_languages

from adapters.texts.languages import available
from tenure.contracts.base import Instant

_ENGLISH: Final = Locale("en")


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone with what it is ahead of UTC, such as `+01:00`."""

    name: str
    title: str


def country_name(code: str) -> str:
    """Such as `Germany`; a code that is none stands for itself."""
    return str(_ENGLISH.territories.get(code, code))


def countries(codes: frozenset[str]) -> dict[str, str]:
    """Countries by code, in the order of their names."""
    return dict(sorted(((code, country_name(code)) for code in codes), key=lambda pair: pair[1]))


@cache
def languages() -> dict[str, str]:
    """The languages that mails are written in, by tag; English first."""
    found = {name.replace("_", "-"): str(Locale.parse(name).english_name) for name in available()}
    return {"en": "English"} | dict(sorted(found.items(), key=lambda pair: pair[1]))


def language_of(country: str) -> str:
    """The first official language of a country that mails are written in, else English."""
    known = languages()
    official = (tag.replace("_", "-") for tag in get_official_languages(country, de_facto=True))
    return next((tag for tag in official if tag in known), "en")


@dataclass(frozen=True, slots=True)
class Zones:
    """Every time zone: those of one country, and the others."""

    country: str
    """Its name."""
    here: tuple[Zone, ...]
    """From west to east."""
    elsewhere: tuple[Zone, ...]
    """By name."""

    usual: str | None
    """The zone of a country in which clocks are the same everywhere: nobody has to pick it."""


def zones(country: str, at: Instant) -> Zones:
    """The time zones as somebody in a country looks for them."""
    here = sorted(name for name, territory in _territories().items() if territory == country)
    elsewhere = sorted(set(_territories()) - set(here))
    return Zones(
        country_name(country),
        tuple(_zone(name, at) for name in sorted(here, key=lambda name: (_offset(name, at), name))),
        tuple(_zone(name, at) for name in ("UTC", *elsewhere)),
        here[0] if len({_offset(name, at) for name in here}) == 1 else None,
    )


@cache
def _territories() -> dict[str, str]:
    known = available_timezones()
    return {name: territory for name, territory in get_global("zone_territories").items() if name in known}


def _zone(name: str, at: Instant) -> Zone:
    return Zone(name, f"{name.replace('_', ' ')} ({at.astimezone(ZoneInfo(name)):%:z})")


def _offset(name: str, at: Instant) -> timedelta:
    return at.astimezone(ZoneInfo(name)).utcoffset() or timedelta(0)
