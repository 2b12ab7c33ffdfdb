"""Partners that manage their own organisation: they are no customers of themselves (DM-01, DM-02)."""

from tenure.contracts.organisation import Manage, OrganisationState
from tests.integration.deletion.town import SERVICE, Town


async def test_end_of_self_management_marks_nothing(town: Town) -> None:
    """A partner that never had licences or customers loses none by no longer managing itself (DM-01, DM-02)."""
    own = await town.organisation()
    command = Manage(partner_id=await town.partner(own), organisation_id=own)
    await town.organisations.manage(SERVICE, command)
    await town.organisations.unmanage(SERVICE, command)
    assert await town.state(own) is OrganisationState.LIVE
    assert await town.audit(own) == ["managed", "unmanaged"]


async def test_last_customer_of_one_that_manages_itself(town: Town) -> None:
    """The last other customer's loss marks, though the partner still manages itself (DM-02)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    customer = Manage(partner_id=partner_id, organisation_id=await town.organisation())
    for command in (customer, Manage(partner_id=partner_id, organisation_id=own)):
        await town.organisations.manage(SERVICE, command)
    await town.organisations.unmanage(SERVICE, customer)
    assert await town.state(own) is OrganisationState.MARKED
