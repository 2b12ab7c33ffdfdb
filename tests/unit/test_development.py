"""The development stack: where the links in its mails lead."""

import pytest

from tenure.settings import ServerSettings
from workers.development import at_its_port


def test_links_lead_to_the_port_that_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail of a stack on another port opens a page of that very stack (CO-01)."""
    monkeypatch.delenv("TENURE_PUBLIC_URL", raising=False)
    monkeypatch.setenv("TENURE_PORT", "18480")
    assert at_its_port(ServerSettings()).public_url == "http://127.0.0.1:18480"


def test_an_address_that_is_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy, links lead where the setting says."""
    monkeypatch.setenv("TENURE_PUBLIC_URL", "https://tenure.example")
    assert at_its_port(ServerSettings(port=18480)).public_url == "https://tenure.example"
