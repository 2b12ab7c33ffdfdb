"""What the console's forms about trials mean: nothing is asked for that was not meant."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.datastructures import FormData, UploadFile

from tenure.policy.catalogue import shipped
from web.console import choices, trial_forms

SUMMER = datetime(2027, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("service", "url", "expected"),
    [
        ("meetings-enterprise", " acme.meet.example ", {"url": "acme.meet.example", "time_zone": "UTC"}),
        ("meetings-enterprise", "", None),
        ("calling", "acme.meet.example", None),
        ("unknown", "acme.meet.example", None),
    ],
)
def test_a_site_is_of_a_service_that_has_one(service: str, url: str, expected: dict[str, Any] | None) -> None:
    """What was typed before the edition was unticked is not asked for (TR-09)."""
    form = FormData([("service", service), ("site_url", url), ("site_time_zone", "UTC")])
    assert trial_forms.site(form, shipped()) == expected


def test_devices_are_lines_that_are_filled_in() -> None:
    """A model alone is one of it, a blank line none, and a step that is skipped leaves out all (TR-11)."""
    lines: list[tuple[str, str | UploadFile]] = [
        ("device_model", "Desk Pro"),
        ("device_quantity", ""),
        ("device_model", " "),
        ("device_quantity", " "),
    ]
    assert trial_forms.devices(FormData([("ship", "true"), *lines])) == ({"model": "Desk Pro", "quantity": "1"},)
    assert trial_forms.devices(FormData([("ship", "false"), *lines])) == ()
    assert trial_forms.devices(FormData(lines)) == ()


def test_all_four_details_are_needed() -> None:
    """Each one that is missing or wrong is named, and none besides (TR-04)."""
    whole = {"company_name": "Acme", "admin_email": "eve@acme.example", "industry": "retail", "country": "DE"}
    assert trial_forms.faults_of_details(FormData(whole)) == {}
    for name in whole:
        assert list(trial_forms.faults_of_details(FormData(whole | {name: " "}))) == [name]
    assert list(trial_forms.faults_of_details(FormData(whole | {"admin_email": "eve@"}))) == ["admin_email"]


def test_every_country_of_the_catalogue_has_a_name_and_zones() -> None:
    """The pick lists name each country, in alphabetical order, with a time zone to pick for its site (TR-04, TR-09)."""
    names = choices.countries(frozenset(shipped().countries))
    assert not [code for code, name in names.items() if code == name]
    assert list(names.values()) == sorted(names.values())
    assert [code for code in names if not choices.zones(code, SUMMER).here] == ["XK"]  # its clocks are Belgrade's


@pytest.mark.parametrize(("country", "zone", "language"), [("DE", "Europe/Berlin", "en"), ("FR", "Europe/Paris", "fr")])
def test_a_country_suggests_its_zone_and_language(country: str, zone: str, language: str) -> None:
    """Where clocks are the same in all of a country its zone is picked already, and mails speak its language where they can."""
    assert choices.zones(country, SUMMER).usual == zone
    assert choices.language_of(country) == language


def test_a_country_of_several_zones_suggests_none() -> None:
    """Where clocks differ somebody has to pick, from west to east."""
    zones = choices.zones("US", SUMMER)
    assert zones.usual is None
    assert zones.here[0].title.endswith("(-10:00)")
    assert {zone.name for zone in zones.here}.isdisjoint(zone.name for zone in zones.elsewhere)
