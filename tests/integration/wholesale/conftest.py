"""A hall for each test of wholesale, in a database of its own whose clock the test moves."""

from collections.abc import AsyncIterator

import pytest

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.integration.wholesale.gate import Gate
from tests.integration.wholesale.hall import Hall
from tests.integration.wholesale.office import Office


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the rules as they come."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT, max_size=24) as town:
        yield town


@pytest.fixture
async def hall(town: Town) -> Hall:
    """A hall with two service providers in it."""
    return await Hall.open(town)


@pytest.fixture
async def office(hall: Hall) -> Office:
    """The office of the service provider `north`, where one add-on is available."""
    return Office(hall)


@pytest.fixture
async def gate(town: Town) -> Gate:
    """The gate of such a hall, through which customers come in."""
    return await Gate.open(town)
