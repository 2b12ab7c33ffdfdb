"""Who manages whom, and what that does to the mark of a partner's own organisation (DM-01, DM-02)."""

import pytest

from tenure.contracts.organisation import Manage, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tests.integration.deletion.town import SERVICE, Town
from tests.integration.facts.desk import Desk


async def test_gaining_a_customer_unmarks_the_partner(town: Town) -> None:
    """A partner's own organisation without licences is unmarked by the first customer, and marked when the last one goes (DM-02)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    first, second = await town.organisation(), await town.organisation()
    await town.mark(own)
    for customer in (first, second):
        await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
        assert await town.state(own) is OrganisationState.LIVE
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=first))
    assert await town.state(own) is OrganisationState.LIVE
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=second))
    assert await town.state(own) is OrganisationState.MARKED
    assert await town.audit(own) == ["marked", "unmarked", "marked"]
    assert await town.audit(first) == ["managed", "unmanaged"]


async def test_pending_consent_is_no_customer(town: Town) -> None:
    """A trial request that waits for consent makes nobody a managed customer (DM-02)."""
    own = await town.organisation()
    partner_id, customer = await town.partner(own), await town.organisation()
    await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
    await town.execute(
        "insert into trial_requests (trial_request_id, organisation_id, partner_id, requested_at, deadline_at)"
        " values ('req_a', $1, $2, business_now(), business_now() + interval '10 days')",
        await town.organisation(),
        partner_id,
    )
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
    assert await town.state(own) is OrganisationState.MARKED


async def test_own_organisation_among_the_customers(town: Town) -> None:
    """A partner that manages its own organisation has no customer by that (DM-01)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=own))
    await town.mark(own)
    assert await town.state(own) is OrganisationState.MARKED


async def test_management_said_again(town: Town, desk: Desk) -> None:
    """What is managed already, or not managed, stays so without a trace; unknown and gone parties are refused (XC-05)."""
    partner_id = await town.partner(await town.organisation())
    command = Manage(partner_id=partner_id, organisation_id=await town.organisation())
    await town.organisations.unmanage(SERVICE, command)
    await town.organisations.manage(SERVICE, command)
    gone = await town.organisation()
    await town.execute("update organisations set state = 'erasing' where organisation_id = $1", gone)
    before = await desk.everything()
    await town.organisations.manage(SERVICE, command)
    for update, code in (
        ({"organisation_id": gone}, RefusalCode.ORG_DELETED),
        ({"organisation_id": OrganisationId("org_unknown")}, RefusalCode.ORGANISATION_NOT_FOUND),
        ({"partner_id": PartnerId("ptr_unknown")}, RefusalCode.PARTNER_NOT_FOUND),
    ):
        for carry_out in (town.organisations.manage, town.organisations.unmanage):
            with pytest.raises(Refusal) as refused:
                await carry_out(SERVICE, command.model_copy(update=update))
            assert refused.value.code is code
    assert await desk.everything() == before
