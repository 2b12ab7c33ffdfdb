"""A partner that is its own wholesale customer: its row in the customer list comes and goes by itself."""

import pytest

from tenure.contracts.customer import CustomerStatus
from tenure.contracts.deletion import Reason
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY
from tests.integration.wholesale.hall import OPERATOR, Hall, provider
from tests.integration.wholesale.leaving import cancel, end_grace
from tests.integration.wholesale.newcomer import licences_of, newcomer


async def listed(hall: Hall, caller: Caller) -> dict[OrganisationId, bool]:
    """The customer list: which organisations are in it, and whether each is marked as the own one."""
    page = await hall.town.organisations.page(caller, to_be_deleted=None, after=None, limit=100)
    return {row.organisation_id: row.is_own_org for row in page.organisations}


async def own_customer(hall: Hall) -> OrganisationId:
    """The north's own organisation, with a wholesale subscription."""
    own = await newcomer(hall, "active", own=True)
    await hall.town.execute(
        "insert into licence_sets (licence_set_id, organisation_id, kind, state, services, active_since, created_at,"
        " wholesale) values ($1, $2, 'subscription', 'active', '{meetings}', business_now(), business_now(), true)",
        licences_of(own),
        own,
    )
    return own


async def test_its_row_comes_and_goes(hall: Hall) -> None:
    """In the list while the subscription lives, marked as the own organisation, and gone with its cancellation at once (PO-07, PO-08, PO-09)."""
    north, south = provider(hall.north), provider(hall.south)
    customer = await hall.customer()
    assert await listed(hall, north) == {customer: False}
    own = await own_customer(hall)
    assert await listed(hall, north) == {customer: False, own: True}
    assert await listed(hall, south) == {}
    assert await listed(hall, OPERATOR) == {customer: False, own: True, hall.south.organisation_id: False}
    assert (await hall.town.organisations.show(north, own)).is_own_org
    told = await cancel(hall, licences_of(own), north)
    assert told.statuses == (CustomerStatus.EXPIRED,)
    assert await listed(hall, north) == {customer: False}
    with pytest.raises(Refusal) as refused:
        await hall.town.organisations.show(north, own)
    assert refused.value.code is RefusalCode.ORGANISATION_NOT_FOUND


@pytest.mark.parametrize("state", ["screening", "pending_rpl_review", "provisioning", "error"])
async def test_it_is_no_row_before_the_subscription_lives(hall: Hall, state: str) -> None:
    """Who is screened like everybody else has no subscription yet (PO-08, RPL-03)."""
    await newcomer(hall, state, own=True)
    assert await listed(hall, provider(hall.north)) == {}


async def test_who_manages_itself_stays(hall: Hall) -> None:
    """An own organisation that is managed is a row for that reason, marked as well; another's is not its own (PO-09)."""
    own = await own_customer(hall)
    await hall.manage(hall.north, own)
    await hall.manage(hall.north, hall.south.organisation_id)
    assert await listed(hall, provider(hall.north)) == {own: True, hall.south.organisation_id: False}
    await cancel(hall, licences_of(own))
    assert (await listed(hall, provider(hall.north)))[own]


async def test_its_licences_end_like_all(hall: Hall) -> None:
    """With the end of the grace it has nothing left, unless the partner manages somebody (DM-01, DM-02)."""
    own = await own_customer(hall)
    await cancel(hall, licences_of(own))
    await end_grace(hall, own)
    assert await hall.town.state(own) is OrganisationState.MARKED


async def test_a_partner_with_customers_is_not_marked_with_its_licences(hall: Hall) -> None:
    """Customers that it manages keep it, whatever becomes of its own subscription (DM-02)."""
    own = await own_customer(hall)
    await hall.customer()
    await cancel(hall, licences_of(own))
    await end_grace(hall, own)
    assert await hall.town.state(own) is OrganisationState.LIVE


@pytest.mark.parametrize("state", ["screening", "pending_rpl_review", "provisioning"])
async def test_an_onboarding_under_way_holds_the_fence(hall: Hall, state: str) -> None:
    """However long it takes: a partner that has nothing left and is being brought in is not erased under its feet (DP-02, RPL-03)."""
    own = await hall.town.ripe(hall.north.organisation_id)
    await newcomer(hall, state, own=True)
    for _ in range(3):
        held = await hall.town.fence(own)
        assert (held.state, held.assessment.reason) == (OrganisationState.WARNED, Reason.ONBOARDING_UNDER_WAY)
        await hall.town.advance(10 * DAY)
    await hall.town.execute("update onboardings set state = 'error', reason = 'rpl_rejected'")
    assert (await hall.town.fence(own)).state is OrganisationState.ERASING
