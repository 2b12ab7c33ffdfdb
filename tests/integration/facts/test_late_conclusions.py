"""Graces that are concluded long after their end (SF-06)."""

from datetime import timedelta

from tenure.contracts.organisation import OrganisationState
from tests.integration.deletion.town import DAY, Town
from tests.integration.facts.desk import Desk, end, grace


async def test_mark_is_never_backdated(town: Town, desk: Desk) -> None:
    """A step that waited 100 days for a worker marks now, and the whole silence follows (DM-05, DM-15, SF-06)."""
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id)
    await town.advance_to(end(licences))
    await desk.check(licences)
    queued_at = await town.now()
    woken_at = await town.advance(100 * DAY)
    assert (await town.licences.conclude_grace(grace(licences), queued_at)).marked
    [countdown] = await town.fetch("select * from countdowns where organisation_id = $1", organisation_id)
    assert timedelta(0) <= countdown["counting_from"] - woken_at < timedelta(minutes=1)
    assert (await town.assess(organisation_id)).assessment.verdict == "wait"
    await town.advance(town.rules.silence - DAY)
    assert (await town.assess(organisation_id)).assessment.verdict == "wait"
    await town.advance(DAY)
    assert (await town.warn(organisation_id)).state is OrganisationState.WARNED
