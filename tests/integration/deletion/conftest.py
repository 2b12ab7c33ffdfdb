"""A town for each test, in a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tenure.policy.rules import BreakerLimit, Rules
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town

QUICK = Rules(
    per_second=100, fleet_hour=BreakerLimit(absolute=5000, share=0), fleet_day=BreakerLimit(absolute=5000, share=0)
)
"""The ordinary rules, with a rate and a breaker that do not get in the way of a test about something else."""


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the ordinary rules."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), QUICK) as town:
        yield town
