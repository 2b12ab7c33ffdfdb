"""A server that keeps local time: every date is what it would be on one that does not."""

from datetime import UTC, datetime

import asyncpg

from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import SERVICE, Town


async def test_a_day_has_24_hours_on_any_server(fresh_database: FreshDatabase) -> None:
    """What is shown of a warning is the instant at which it is due, though clocks change there meanwhile (XC-03, PS-07, WH-01)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"alter database {url.rpartition('/')[2]} set timezone to 'Europe/Warsaw'")
    finally:
        await connection.close()
    async with Town.open(url, DEFAULT) as town:
        organisation_id = await town.organisation()
        await town.mark(organisation_id)
        signed_in_at = await town.advance_to(datetime(2035, 3, 10, 12, tzinfo=UTC))
        await town.sign_in(organisation_id, signed_in_at)
        shown = await town.organisations.show(SERVICE, organisation_id)
        step = await town.assess(organisation_id)
        assert shown.next_due_at == signed_in_at + DEFAULT.silence == step.assessment.due_at
