"""Time zones as each language writes them within a sentence."""

# ruff: noqa: RUF001 - names in the scripts of their languages

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from adapters.texts.languages import available, language
from adapters.texts.zones import zone_name


@pytest.mark.parametrize(
    ("tag", "zone", "name"),
    [
        ("en", "Europe/Warsaw", "Central European Standard Time (GMT+01:00)"),
        ("pl", "Europe/Warsaw", "czas środkowoeuropejski standardowy (GMT+01:00)"),
        ("pl", "Asia/Seoul", "Korea (czas standardowy, GMT+09:00)"),
        ("ko", "Asia/Seoul", "대한민국 표준시(GMT+09:00)"),
        ("it", "Europe/Rome", "ora standard dell’Europa centrale (GMT+01:00)"),
        ("sr", "Europe/Belgrade", "средњеевропско стандардно време (GMT+01:00)"),
        ("sr-Latn", "Africa/Lagos", "zapadno-afričko standardno vreme (GMT+01:00)"),
        ("sr", "Europe/Moscow", "Москва, стандардно време (GMT+03:00)"),
        ("sr-Latn", "Indian/Christmas", "Božićno ostrvo vreme (GMT+07:00)"),
        ("ko", "Etc/GMT+1", "GMT-01:00"),
    ],
)
def test_a_zone_is_named_as_a_sentence_has_it(tag: str, zone: str, name: str) -> None:
    """With its offset, in small letters where it is no name of a place, and in one pair of brackets (TL-02)."""
    assert zone_name(datetime(2026, 12, 4, tzinfo=ZoneInfo(zone)), language(tag).locale) == name


@pytest.mark.parametrize("tag", available())
def test_no_zone_has_brackets_after_brackets(tag: str) -> None:
    """Whatever zone an organisation is in, the offset closes its name (TL-02)."""
    for zone in available_timezones():
        name = zone_name(datetime(2026, 12, 4, tzinfo=ZoneInfo(zone)), language(tag).locale)
        assert ") (" not in name
        assert name.endswith(")") or name.startswith(("GMT", "UTC")), name
