"""An organisation's own request to be deleted, and that nothing else keeps or brings it back (DM-09 to DM-12)."""

import pytest

from adapters.postgres import audit
from tenure import names
from tenure.contracts.erasure import ErasureCause, ErasureState
from tenure.contracts.organisation import DeleteNow, Manage, OrganisationState, Role
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town, admin
from tests.integration.facts.desk import Desk, as_partner


async def confirmed(town: Town, organisation_id: OrganisationId, number: int = 1) -> DeleteNow:
    """The request of a full admin who has typed the name."""
    view = await town.organisations.show(OPERATOR, organisation_id)
    return DeleteNow(organisation_id=organisation_id, person_id=admin(organisation_id, number), confirmation=view.name)


@pytest.mark.parametrize("state", ["live", "marked", "warned"])
async def test_own_request(town: Town, desk: Desk, state: str) -> None:
    """A full admin deletes the organisation at once, whatever it holds: no countdown, no mail, no way back (DM-11, DM-12).

    Its other processes are woken to end, and its partner, who loses the last customer by it, is marked (DM-02).
    """
    own = await town.organisation()
    partner_id = await town.partner(own)
    organisation_id = await town.organisation(managed_by=partner_id)
    if state == "live":
        await desk.suspended(organisation_id)
    elif state == "marked":
        await town.mark(organisation_id)
    else:
        await town.warned(organisation_id)
    erasure = await town.organisations.delete_now(SERVICE, await confirmed(town, organisation_id))
    assert (erasure.cause, erasure.state) == (ErasureCause.OWN_REQUEST, ErasureState.QUARANTINE)
    assert erasure.quarantine_until == erasure.fenced_at
    assert await town.state(organisation_id) is OrganisationState.ERASING
    assert await desk.next_dates(organisation_id) == {f"purge {organisation_id}": erasure.fenced_at}
    processes = await town.processes(organisation_id)
    assert processes.pop(names.erasure_id(organisation_id, erasure.generation)) == "pending"
    assert processes
    assert await town.wakes(organisation_id) >= len(processes)
    assert (await town.sign_in(organisation_id)).deleted == 1
    assert await town.fetch("select from notices where state = 'queued'") == []
    assert (await town.audit(organisation_id))[-1] == "fenced"
    async with town.database.read() as connection:
        assert await audit.verify(connection, organisation_id)
    assert await town.state(own) is OrganisationState.MARKED
    assert (await town.clear(organisation_id)).cleared


async def test_own_request_is_refused_to_others(town: Town, desk: Desk) -> None:
    """Only a full admin of this very organisation, who types its name, deletes it; partners never do (DM-12, XC-05)."""
    partner_id = await town.partner()
    organisation_id, neighbour = await town.organisation(admins=3, managed_by=partner_id), await town.organisation()
    for number, role in ((2, Role.CUSTOMER_ADMIN), (3, Role.PARTNER_FULL_ADMIN)):
        await town.execute(
            "update person_roles set role = $2 where person_id = $1", admin(organisation_id, number), role
        )
    command = await confirmed(town, organisation_id)
    before = await desk.everything()
    for caller, update, code in (
        (SERVICE, {"person_id": admin(organisation_id, 2)}, RefusalCode.ROLE_NOT_ALLOWED),
        (SERVICE, {"person_id": admin(organisation_id, 3)}, RefusalCode.ROLE_NOT_ALLOWED),
        (SERVICE, {"person_id": admin(neighbour)}, RefusalCode.PERSON_NOT_FOUND),
        (SERVICE, {"person_id": PersonId("per_nobody")}, RefusalCode.PERSON_NOT_FOUND),
        (as_partner(partner_id), {}, RefusalCode.ROLE_NOT_ALLOWED),
        (SERVICE, {"confirmation": ""}, RefusalCode.CONFIRMATION_REQUIRED),
        (SERVICE, {"confirmation": command.confirmation.lower()}, RefusalCode.CONFIRMATION_REQUIRED),
        (SERVICE, {"organisation_id": OrganisationId("org_unknown")}, RefusalCode.ORGANISATION_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            await town.organisations.delete_now(caller, command.model_copy(update=update))
        assert refused.value.code is code, update
    assert await desk.everything() == before


async def test_nothing_comes_back(town: Town, desk: Desk) -> None:
    """After the fence every command, purchases included, is answered `org_deleted`, and changes nothing (DM-09, AC-11)."""
    organisation_id = await town.organisation()
    command = await confirmed(town, organisation_id)
    await town.organisations.delete_now(SERVICE, command)
    partner_id = await town.partner()
    before = await desk.everything()
    for attempt in (
        desk.grant(organisation_id),
        town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=organisation_id)),
        town.organisations.delete_now(SERVICE, command),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code is RefusalCode.ORG_DELETED
    assert await desk.everything() == before


async def test_the_same_request_twice(town: Town) -> None:
    """A request repeated under its key answers the same erasure; the key does not serve another command (P10)."""
    organisation_id = await town.organisation()
    keyed = SERVICE.model_copy(update={"key": "delete-1"})
    command = await confirmed(town, organisation_id)
    first = await town.organisations.delete_now(keyed, command)
    assert await town.organisations.delete_now(keyed, command) == first
    other = await confirmed(town, await town.organisation())
    with pytest.raises(Refusal) as refused:
        await town.organisations.delete_now(keyed, other)
    assert refused.value.code is RefusalCode.IDEMPOTENCY_KEY_REUSED


async def test_no_exemption(town: Town) -> None:
    """No column, state or role keeps an organisation from its countdown: full admins, partners and activity only move it (DM-10, AC-06)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(admins=5, managed_by=partner_id)
    await town.mark(organisation_id)
    for _ in range(3):
        await town.advance(town.rules.silence - DAY)
        await town.sign_in(organisation_id)
        assert (await town.assess(organisation_id)).assessment.verdict == "wait"
    await town.advance(town.rules.silence)
    assert (await town.assess(organisation_id)).assessment.verdict == "warn"
