"""A checkpoint for each test, in a database of its own whose clock the test moves."""

import pytest

from tests.integration.deletion.town import Town
from tests.integration.newcomers.checkpoint import Checkpoint


@pytest.fixture
async def checkpoint(town: Town) -> Checkpoint:
    """Two partners whose new customers are screened, under the rules as they come."""
    return await Checkpoint.open(town)
