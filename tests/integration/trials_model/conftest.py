"""One town for all lives, whose clock stands still unless it is moved: so a command can come at the very instant of an end."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town

_STOPPED = """
create or replace function business_now() returns timestamptz language sql volatile parallel safe as
$$ select timestamptz '2027-01-01 00:00:00+00' + clock_offset from installation $$
"""


@pytest.fixture(scope="module")
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town under the rules as they come."""
    url = await fresh_database(InstallationKind.SIMULATION)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_STOPPED)
    finally:
        await connection.close()
    async with Town.open(url, DEFAULT) as town:
        yield town
