"""A town for each test of the facts, in a database of its own whose clock the test moves."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.policy.catalogue import shipped
from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.integration.facts.desk import Desk


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the rules as they come."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT, max_size=24) as town:
        yield town


@pytest.fixture
def desk(town: Town) -> Desk:
    """Where the town's facts are reported."""
    return Desk(town)


@pytest.fixture
def imports(town: Town) -> PostgresImports:
    """Where the town's base comes in."""
    return PostgresImports(town.database, town.rules, shipped())
