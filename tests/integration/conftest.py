"""A town for each test, in a database of its own whose clock the test moves."""

from collections.abc import AsyncIterator

import pytest

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the rules as they come."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT, max_size=24) as town:
        yield town
