"""Addresses that are one place though they are written differently, and places that only look alike (RPL-05)."""

import pytest

from adapters.screening.places import nearest
from web.console.comparison import SAME_PLACE

ONE_PLACE = [
    ("Hauptstr. 1, Berlin, 10115", "Hauptstraße 1, 10115 Berlin"),
    ("Hauptstr. 1, Berlin, D-10115", "Hauptstrasse 1, Berlin 10115, Germany"),
    ("Zweierstr. 35, Zurich, 8022", "Zweierstrasse 35, Zurich CH-8022, Switzerland"),
    ("10 Downing Street, London, SW1A2AA", "10 Downing Street, London SW1A 2AA"),
    ("Damrak 1, Amsterdam, 1012LG", "Damrak 1, 1012 LG Amsterdam"),
    ("Vasagatan 5, Stockholm, 111 20", "Vasagatan 5, 11120 Stockholm, Sweden"),
    ("12 Granite Street, Minsk, 220 030", "12 Granite Street, Minsk, 220030, BELARUS"),
    ("1600 Pennsylvania Ave, Washington, DC, 20500-0003", "1600 Pennsylvania Avenue NW, Washington, DC 20500"),
    ("1, rue Haute, Paris, 75001", "1 rue Haute, F-75001 Paris, France"),
    ("Hauptstr. 1, Berlin, 10115", "Hauptstr. 1, Berlin, 10117"),  # a slip of the keyboard
]
OTHER_PLACES = [
    ("Hauptstr. 1, Berlin, 10115", "Hauptstr. 1, München, 80331"),
    ("Hauptstr. 1, Berlin, 10115", "Hauptstr. 12, Berlin, 10115"),
    ("12345 Main St, Austin, TX, 78701", "12399 Main St, Austin, TX 78701"),
    ("Calle 5, La Habana", "Calle 7, La Habana"),
    ("1 Queen Street, Auckland", "Zweierstrasse 35, Zurich CH-8022, Switzerland"),
]


@pytest.mark.parametrize(("ours", "listed"), ONE_PLACE)
def test_one_place_is_told_as_such(ours: str, listed: str) -> None:
    """However streets and postal codes are written, whichever of the two is the customer's (RPL-05)."""
    for one, other in ((ours, listed), (listed, ours)):
        found = nearest(one, ["5 Nowhere Road, Nowhere", other])
        assert found.address == other
        assert found.likeness is not None
        assert 0.7 <= found.likeness <= 1


@pytest.mark.parametrize(("ours", "listed"), OTHER_PLACES)
def test_other_places_are_told_as_such(ours: str, listed: str) -> None:
    """Another house, or a street of that name elsewhere, is not taken for the same place (RPL-05)."""
    found = nearest(ours, [listed])
    assert found.likeness is not None
    assert found.likeness < SAME_PLACE


def test_only_the_same_is_wholly_alike() -> None:
    """A postal code that differs is seen in the figure; where either has no address, there is none (RPL-05)."""
    assert nearest("Hauptstr. 1, Berlin, 10115", ["Hauptstr. 1, Berlin, 10115"]).likeness == 1
    assert (nearest("Hauptstr. 1, Berlin, 10115", ["Hauptstr. 1, Berlin, 10117"]).likeness or 1) < 1
    assert nearest(None, ["Berlin"]) == nearest("Berlin", []) == (None, None)
