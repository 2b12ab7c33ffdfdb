"""A served Tenure, its clients, and a browser."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tenure import Tenure
from tenure.contracts.credential import CredentialRole
from tenure.policy.rules import BreakerLimit, Rules
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.web.browsing import browsing
from tests.web.documented import named
from tests.web.site import Site, open_site
from tests.web.trade import Trade

QUICK = Rules(
    per_second=100,
    fleet_hour=BreakerLimit(absolute=3, share=0),
    fleet_day=BreakerLimit(absolute=3, share=0),
    partner_hour=BreakerLimit(absolute=3, share=0),
    partner_day=BreakerLimit(absolute=3, share=0),
)
"""The ordinary rules, with a rate that does not get in the way, and breakers that three deletions bring to the brink."""

_CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP plain.test 127.0.0.1",
]
"""Nothing but the pages under test is fetched. `plain.test` is a site that the browser does not trust: one without TLS."""


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """The world behind the site."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), QUICK) as town:
        yield town


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A simulation, served."""
    async with open_site(town, tmp_path) as site:
        yield site


@pytest.fixture
async def trade(site: Site) -> Trade:
    """A partner that sells trials there."""
    return await Trade.open(site)


@pytest.fixture
async def operator(site: Site) -> AsyncIterator[Tenure]:
    """A client with the token of an operator, `ada`."""
    async with site.client(await site.token(CredentialRole.OPERATOR, name="ada")) as client:
        yield client


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Plain HTTP, with the token of a service; each refusal has to be one that the API's document names."""
    token = await site.token(CredentialRole.SERVICE, name="orders")
    async with httpx.AsyncClient(
        base_url=site.url, headers={"Authorization": f"Bearer {token}"}, event_hooks={"response": [named]}
    ) as http:
        yield http


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium: the one on the PATH, else the distribution's, installed as root."""
    program = shutil.which("chromium") or await asyncio.to_thread(_install_chromium)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_CHROMIUM)
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser, site: Site) -> AsyncIterator[BrowserContext]:
    """A fresh browser that complains about nothing."""
    async with browsing(browser, site) as context:
        yield context


def _install_chromium() -> str:
    """Install Chromium with apt; a machine that cannot skips the tests, unless it is the one that checks changes."""
    apt = shutil.which("apt-get")
    if apt is not None and os.geteuid() == 0:
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run([apt, *command], check=True, capture_output=True)
    program = shutil.which("chromium")
    if program is None:
        missing = "no chromium on the PATH, and no apt-get as root that could install it"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return program
