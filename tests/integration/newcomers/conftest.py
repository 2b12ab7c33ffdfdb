"""A checkpoint for each test, in a database of its own whose clock the test moves."""

from collections.abc import AsyncIterator

import pytest

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.integration.newcomers.checkpoint import Checkpoint


@pytest.fixture
async def checkpoint(fresh_database: FreshDatabase) -> AsyncIterator[Checkpoint]:
    """Two partners whose new customers are screened, under the rules as they come."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT, max_size=24) as town:
        yield await Checkpoint.open(town)
