"""A town for each test of trials, in a database of its own whose clock the test moves."""

from collections.abc import AsyncIterator

import pytest

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.market import Market


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the rules as they come."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT, max_size=24) as town:
        yield town


@pytest.fixture
async def ground(town: Town) -> Fairground:
    """A fairground with one partner in it."""
    return await Fairground.open(town)


@pytest.fixture
async def market(town: Town) -> Market:
    """Two partners on the town's fairground."""
    return await Market.open(town)


@pytest.fixture
async def customer(ground: Fairground) -> Customer:
    """A customer on trial, whose welcome has been sent."""
    return await Customer.open(ground, "messaging", "calling")
