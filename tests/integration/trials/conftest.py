"""What a town has for trials: a fairground, a market, a customer."""

import pytest

from tests.integration.deletion.town import Town
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.market import Market


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
