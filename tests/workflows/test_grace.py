"""The grace of suspended licences on the real servers."""

from datetime import timedelta

import pytest

from tenure import names, search
from tenure.contracts.licence import (
    ExpireLicences,
    GraceOutcome,
    LicenceKind,
    RenewalGraceResult,
    RestoredBy,
    RestoreLicences,
)
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId
from tests.workflows.installation import OPERATOR, Installation

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=3)
DAYS = {LicenceKind.TRIAL: 30, LicenceKind.SUBSCRIPTION: 60}


async def expired(
    world: Installation, kind: LicenceKind, *, meetings: bool = False
) -> tuple[OrganisationId, LicenceSetId]:
    """An organisation whose only licences expire now."""
    organisation_id = await world.organisation(licences={"kind": kind, "state": "active", "meetings": meetings})
    licence_set_id = LicenceSetId(f"lic_acme-{world.suffix}")
    command = ExpireLicences(licence_set_id=licence_set_id, expired_at=await world.simulation.now())
    await world.services.licences.expire(OPERATOR, command)
    await world.settle()
    return organisation_id, licence_set_id


async def result(world: Installation, licence_set_id: LicenceSetId, generation: int = 1) -> RenewalGraceResult:
    """How a grace ended."""
    workflow_id = names.renewal_grace_id(licence_set_id, generation)
    handle = world.client.get_workflow_handle(workflow_id, result_type=RenewalGraceResult)
    ended: RenewalGraceResult = await handle.result()
    return ended


@pytest.mark.parametrize("kind", LicenceKind)
async def test_nobody_pays(world: Installation, kind: LicenceKind) -> None:
    """Removed 30 days after a trial, 60 after a subscription, not a moment earlier; then marked (RP-01, RP-05, RP-07, DM-01).

    A trial's users are moved out, a subscription's stay (GR-06, RP-08).
    """
    organisation_id, licence_set_id = await expired(world, kind)
    una = {
        "record": "person",
        "person_id": f"per_una-{world.suffix}",
        "organisation_id": organisation_id,
        "name": "una",
        "email": world.address("una"),
    }
    await world.store(una)
    description = await world.client.get_workflow_handle(names.renewal_grace_id(licence_set_id, 1)).describe()
    assert description.typed_search_attributes[search.PHASE] == "grace"
    await world.advance(DAYS[kind] * DAY - MOMENT)
    assert (await world.show(organisation_id)).state is OrganisationState.LIVE
    await world.advance(2 * MOMENT)
    view = await world.show(organisation_id)
    assert view.state is OrganisationState.MARKED
    assert [licences.state for licences in view.licence_sets] == ["removed"]
    stays = kind is LicenceKind.SUBSCRIPTION
    assert (una["person_id"] in {person.person_id for person in view.people}) is stays
    assert await result(world, licence_set_id) == RenewalGraceResult(outcome=GraceOutcome.REMOVED, marked=True)
    restore = RestoreLicences(licence_set_id=licence_set_id, by=RestoredBy.PAID_SUBSCRIPTION)
    with pytest.raises(Refusal) as refusal:
        await world.services.licences.restore(OPERATOR, restore)
    assert refusal.value.code is RefusalCode.IRREVERSIBLE


async def test_paid_on_the_last_day(world: Installation) -> None:
    """Restored before the end, the grace ends by itself; a second expiry begins the next generation (RP-03, P11)."""
    organisation_id, licence_set_id = await expired(world, LicenceKind.SUBSCRIPTION)
    await world.advance(59 * DAY)
    restore = RestoreLicences(licence_set_id=licence_set_id, by=RestoredBy.PAID_SUBSCRIPTION)
    await world.services.licences.restore(OPERATOR, restore)
    await world.settle()
    assert (await result(world, licence_set_id)).outcome is GraceOutcome.RESTORED
    await world.advance(5 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.LIVE

    again = ExpireLicences(licence_set_id=licence_set_id, expired_at=await world.simulation.now())
    await world.services.licences.expire(OPERATOR, again)
    await world.settle()
    await world.advance(60 * DAY + MOMENT)
    assert (await result(world, licence_set_id, 2)).outcome is GraceOutcome.REMOVED
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED


async def test_recordings_go_with_the_last_meetings_licence(world: Installation) -> None:
    """Meeting data rest through the grace and are purged at its end, by the erasure queue (RP-05, RP-06, SF-12)."""
    organisation_id, _ = await expired(world, LicenceKind.TRIAL, meetings=True)
    await world.as_owner(
        "insert into content (organisation_id, store, item_id) values ($1, 'recordings', 'a'), ($1, 'files', 'b')",
        organisation_id,
    )
    await world.advance(29 * DAY)
    count = "select count(*) filter (where store = 'recordings') as recordings, count(*) as all from content"
    assert tuple(await world.row(count)) == (1, 2)
    await world.advance(1 * DAY + MOMENT)
    assert tuple(await world.row(count)) == (0, 1)
