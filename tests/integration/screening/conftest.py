"""Lists on a real Postgres whose clock moves."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure.policy.rules import DEFAULT
from tenure.policy.screening import ScreeningRules
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town

RULES = ScreeningRules()


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A database of its own."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT) as town:
        yield town


@pytest.fixture
def lists(town: Town) -> PostgresScreeningLists:
    """The lists there, of which none is loaded yet."""
    return PostgresScreeningLists(town.database, RULES)
