"""The countdown on the real servers: what happens when, and what the operator sees of it."""

from datetime import timedelta

from tenure.contracts.organisation import OrganisationState
from tests.workflows.installation import Installation

DAY = timedelta(days=1)


async def test_nobody_comes_back(world: Installation) -> None:
    """Marked, 30 silent days, a warning, 30 days from it, the fence, the quarantine, the purge (DM-05, DM-06, DM-08)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(29 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED
    assert world.mails() == []
    await world.advance(2 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED
    assert len(world.mails()) == 1
