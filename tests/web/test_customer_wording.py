"""The words of the customer's pages in every language: dates, the time that is left, services."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.texts.languages import available, language
from tenure.policy.catalogue import shipped
from web.customer.wording import moment, of_browser, service_names

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("tag", [*(name.replace("_", "-") for name in available()), "en", "fr-CA"])
@pytest.mark.parametrize(
    ("span", "number"),
    [
        (timedelta(days=10), "10"),
        (timedelta(days=9, hours=23), "10"),
        (timedelta(days=1), "1"),
        (timedelta(hours=23, minutes=59), "24"),
        (timedelta(minutes=59), "59"),
        (timedelta(seconds=5), "1"),
    ],
)
def test_the_time_left_is_a_number_and_a_word(tag: str, span: timedelta, number: str) -> None:
    """What is left is said in the largest unit, rounded, in words of the language (TL-02)."""
    shown = moment(NOW + span, "UTC", NOW, language(tag).locale)
    assert shown.left is not None
    digits = "".join(character for character in shown.left if character.isdigit())
    word = shown.left.replace(digits, "").strip()
    assert digits == number
    assert word
    assert " " not in shown.left
    assert "duration" not in word


def test_what_has_passed_has_no_time_left() -> None:
    """At the instant itself nothing is left (XC-03)."""
    assert moment(NOW, "UTC", NOW, language("en").locale).left is None


def test_an_instant_is_told_in_the_organisations_zone() -> None:
    """Day, hour and zone are the organisation's, whatever the server's (Q-27)."""
    shown = moment(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Warsaw", NOW, language("pl").locale)
    assert (shown.number, shown.time, shown.iso) == ("1", "00:30", "2027-01-01T00:30:00+01:00")
    assert shown.day == "piątek, 1\N{NO-BREAK SPACE}stycznia 2027"
    assert "GMT+01:00" in shown.zone


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("en", "Friday, 4 December 2026, 10:30"),
        ("pl", "piątek, 4 grudnia 2026, 10:30"),
        ("sr-Latn", "petak, 4. decembar 2026. 10:30"),
        ("ko", "2026년 12월 4일 금요일 10:30"),
    ],
)
def test_day_and_time_are_joined_as_the_language_does(tag: str, said: str) -> None:
    """No comma after the full stop of a Serbian year, nor in a Korean date (TL-02)."""
    shown = moment(datetime(2026, 12, 4, 10, 30, tzinfo=UTC), "UTC", NOW, language(tag).locale)
    assert (shown.day + shown.joint + shown.time).replace("\N{NO-BREAK SPACE}", " ") == said


def test_services_have_names_in_each_language() -> None:
    """A service is named in the language and script of the page; one that is gone from the catalogue by its key."""
    keys = ("calling", "withdrawn")
    for tag, name in (("sr", "Позиви"), ("sr-Latn-RS", "Pozivi"), ("fr-BE", "Téléphonie"), ("en", "Calling")):
        assert service_names(keys, shipped(), language(tag)) == [name, "withdrawn"]


@pytest.mark.parametrize("header", ["", ",", ";q=1", "pl;q=2", "en;q=0", "*", "x" * 10_000, "fr" * 300, "pl\x00"])
def test_odd_headers_end_in_english(header: str) -> None:
    """Whatever a browser sends as its languages, there is one (RFC 9110 section 12.5.4)."""
    assert of_browser(header).tag == "en"
