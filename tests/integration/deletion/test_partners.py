"""Partners around the fence: what an abort gives back to them, and what they see no more (SF-11, P14)."""

import pytest

from tenure.contracts.erasure import AbortErasures
from tenure.contracts.organisation import Manage, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller
from tests.integration.deletion.town import OPERATOR, SERVICE, Town


async def abort(town: Town, *organisation_ids: OrganisationId) -> None:
    """Abort these erasures, each of which can be."""
    command = AbortErasures(organisations=organisation_ids, reason="imported by mistake")
    assert set((await town.erasures.abort(OPERATOR, command)).aborted) == set(organisation_ids)


async def test_abort_marks_one_that_manages_itself(town: Town) -> None:
    """A partner's organisation that manages only itself is marked by the abort of its erasure, not exempted (SF-11, DM-01)."""
    own = await town.organisation()
    await town.organisations.manage(SERVICE, Manage(partner_id=await town.partner(own), organisation_id=own))
    await town.fenced(own)
    await abort(town, own)
    assert await town.state(own) is OrganisationState.MARKED
    assert (await town.audit(own))[-1] == "erasure_aborted"
    await town.advance(town.rules.silence)
    assert (await town.warn(own)).state is OrganisationState.WARNED


async def test_abort_gives_customers_back(town: Town) -> None:
    """With the customer its partner's own organisation is live again; the customer itself is marked (DM-02, SF-11)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    customer = await town.organisation(managed_by=partner_id)
    await town.fenced(customer)
    assert await town.state(own) is OrganisationState.MARKED
    await abort(town, customer)
    assert [await town.state(own), await town.state(customer)] == [OrganisationState.LIVE, OrganisationState.MARKED]


async def test_fenced_customer_is_gone_for_its_partner(town: Town) -> None:
    """From the fence on a partner reads no notices of a customer; the vendor does, until the receipt (P14, SF-11)."""
    partner_id = await town.partner()
    customer = await town.organisation(managed_by=partner_id)
    partner = Caller(actor=f"partner:{partner_id}", partner_id=partner_id)
    await town.ripe(customer)
    assert len(await town.notices.of(partner, customer)) == 1
    await town.fence(customer)
    with pytest.raises(Refusal) as refused:
        await town.notices.of(partner, customer)
    assert refused.value.code is RefusalCode.ORG_DELETED
    assert len(await town.notices.of(OPERATOR, customer)) == 1


async def test_origins_are_found_by_index(town: Town) -> None:
    """Forgetting where moved people came from reads an index, not every person of the installation (Q-30, SF-07)."""
    async with town.erasure.write() as connection:
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(
            "explain update people set origin_organisation_id = null where origin_organisation_id = 'org_a'"
        )
    assert "people_origin" in "\n".join(row[0] for row in plan)
