"""One town for all lives, whose clock stands still unless it is moved: so a command can come at the very instant of an end."""

from collections.abc import AsyncIterator

import pytest

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.clock import STOPPED, set_clock
from tests.integration.deletion.town import Town


@pytest.fixture(scope="module")
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the rules as they come."""
    url = await fresh_database(InstallationKind.SIMULATION)
    await set_clock(url, STOPPED)
    async with Town.open(url, DEFAULT) as town:
        yield town
