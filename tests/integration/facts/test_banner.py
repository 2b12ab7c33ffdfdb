"""The banner of a marked organisation's own console, and what reading it does (CS-02, CS-05, CS-06)."""

from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.contracts.organisation import OrganisationState
from tests.integration.deletion.town import DAY, OPERATOR, Town


async def test_reading_the_banner_is_a_sign_in(town: Town) -> None:
    """Whoever opens the console to read it has signed in: the banner stays, with a later date, and the warning is void (CS-05, CS-06, AC-05)."""
    organisation_id = await town.warned()
    before = (await town.organisations.show(OPERATOR, organisation_id)).banner
    await town.advance(20 * DAY)
    sign_in = ActivityEvent(
        organisation_id=organisation_id,
        kind=ActivityKind.ADMIN_CONSOLE_SIGN_IN,
        at=await town.now(),
        source="identity",
    )
    await town.activity.record([sign_in])
    assert (await town.assess(organisation_id)).state is OrganisationState.MARKED
    after = (await town.organisations.show(OPERATOR, organisation_id)).banner
    assert before is not None
    assert after is not None
    assert after.deletion_at >= sign_in.at + 60 * DAY > before.deletion_at
