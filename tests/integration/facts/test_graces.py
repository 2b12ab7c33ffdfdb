"""The steps of a grace: each guarded, each safe to repeat, in one order (RP, GR-11)."""

from datetime import timedelta

import asyncpg
import pytest

from adapters.postgres import audit
from tenure import names
from tenure.contracts.erasure import ErasureCause
from tenure.contracts.licence import GraceOutcome, LicenceKind, LicenceState, RenewalGraceResult
from tenure.contracts.organisation import DeleteNow, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.facts.desk import Desk, end, grace

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("kind", list(LicenceKind))
async def test_whole_grace(town: Town, desk: Desk, kind: LicenceKind) -> None:
    """At the end licences go, then recordings, then the organisation is marked and the process closes (RP-05, GR-10, GR-11, DM-01).

    What is not meeting data stays, as do the people, and every step is on record (XC-04, RP-08).
    """
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "first", "second")
    await town.execute(
        "insert into content (organisation_id, store, item_id) values ($1, 'messages', 'hello')", organisation_id
    )
    licences = await desk.suspended(organisation_id, kind, meetings=True)
    await town.advance_to(end(licences))
    check = await desk.check(licences)
    assert (check.outcome, check.purge_meeting_data) == (GraceOutcome.REMOVED, True)
    assert (await desk.stored(licences)).state is LicenceState.REMOVED
    assert await town.state(organisation_id) is OrganisationState.LIVE
    assert await desk.purge(licences) == 2
    assert await desk.content(organisation_id) == ["hello"]
    assert await desk.conclude(licences) == RenewalGraceResult(outcome=GraceOutcome.REMOVED, marked=True)
    view = await town.organisations.show(SERVICE, organisation_id)
    assert (view.state, len(view.people)) == (OrganisationState.MARKED, 1)
    assert await town.audit(organisation_id) == [
        "licences_active",
        "licences_suspended",
        "licences_removed",
        "recordings_purged",
        "marked",
    ]
    async with town.database.read() as connection:
        assert await audit.verify(connection, organisation_id)
    assert await town.processes(organisation_id) == {
        names.renewal_grace_id(licences.licence_set_id, 1): "closed",
        names.deletion_id(organisation_id, 1): "pending",
    }


async def test_every_step_may_be_repeated(town: Town, desk: Desk) -> None:
    """A process killed after any commit takes the step again: it answers the same and changes nothing (XC-01, P10)."""
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "board-meeting")
    licences = await desk.suspended(organisation_id, meetings=True)
    await town.advance_to(end(licences))
    first = await desk.check(licences)
    removed = await desk.everything()
    assert await desk.check(licences) == first
    assert await desk.everything() == removed
    assert [await desk.purge(licences), await desk.purge(licences)] == [1, 0]
    assert await desk.check(licences) == first
    concluded = await desk.conclude(licences)
    marked = await desk.everything()
    assert await desk.conclude(licences) == concluded
    assert await desk.purge(licences) == 0
    assert await desk.everything() == marked


async def test_nothing_before_the_end(town: Town, desk: Desk) -> None:
    """Until its very end a grace is pending, whatever the process's clock says; a wrong clock stops the fleet (RP-01, XC-03, SF-10, P13)."""
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id)
    await town.advance_to(end(licences) - MINUTE)
    before = await desk.everything()
    check = await desk.check(licences)
    assert (check.outcome, check.removal_due_at) == (None, end(licences))
    for step in (town.licences.check_grace, town.licences.conclude_grace):
        with pytest.raises(Refusal) as refused:
            await step(grace(licences), end(licences))
        assert refused.value.code is RefusalCode.CLOCK_AHEAD
    with pytest.raises(Refusal) as refused:
        await desk.conclude(licences)
    assert refused.value.code is RefusalCode.WRONG_STATE
    assert await desk.purge(licences) == 0
    after = await desk.everything()
    assert {table: rows for table, rows in after.items() if table != "audit"} == {
        table: rows for table, rows in before.items() if table != "audit"
    }
    assert await town.audit(organisation_id) == ["licences_active", "licences_suspended"]
    assert await town.fetch("select from breakers where scope = 'fleet' and open_since is not null")


async def test_late_look_that_is_dated_early(town: Town, desk: Desk) -> None:
    """A look as of an instant before the end removes nothing, however late it comes (XC-01)."""
    licences = await desk.suspended(await town.organisation())
    await town.advance_to(end(licences) + DAY)
    assert (await desk.check(licences, early=2 * DAY)).outcome is None
    assert (await desk.stored(licences)).state is LicenceState.SUSPENDED


@pytest.mark.parametrize("other", ["active", "suspended", "granted after the removal"])
async def test_other_meetings_licences_keep_the_recordings(town: Town, desk: Desk, other: str) -> None:
    """Recordings stay while another meetings licence is there, active or resting, also one that came at the last moment (RP-06)."""
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "board-meeting")
    licences = await desk.suspended(organisation_id, meetings=True)
    await town.advance_to(end(licences) - DAY)
    if other == "active":
        await desk.grant(organisation_id, meetings=True)
    elif other == "suspended":
        await desk.suspended(organisation_id, meetings=True)
    await town.advance_to(end(licences))
    assert (await desk.check(licences)).purge_meeting_data is (other == "granted after the removal")
    if other == "granted after the removal":
        await desk.grant(organisation_id, meetings=True)
    assert await desk.purge(licences) == 0
    assert await desk.content(organisation_id) == ["board-meeting"]
    assert await desk.conclude(licences) == RenewalGraceResult(outcome=GraceOutcome.REMOVED, marked=False)


async def test_licences_without_meetings_take_no_recordings(town: Town, desk: Desk) -> None:
    """The end of licences that held no meetings purges no meeting data (RP-06)."""
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "free-meeting")
    licences = await desk.suspended(organisation_id)
    await town.advance_to(end(licences))
    assert not (await desk.check(licences)).purge_meeting_data
    assert await desk.purge(licences) == 0
    assert await desk.content(organisation_id) == ["free-meeting"]


async def test_only_the_erasure_role_purges(town: Town, desk: Desk) -> None:
    """Content is deleted with the role of destruction alone, and with it only where the rule allows (SF-12, RP-06)."""
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "board-meeting")
    await desk.grant(organisation_id, meetings=True)
    await desk.suspended(organisation_id, meetings=True)
    with pytest.raises(asyncpg.RaiseError, match="not being purged"):
        async with town.erasure.write() as connection:
            await connection.execute("delete from content where organisation_id = $1", organisation_id)
    other = await desk.suspended(await town.organisation(), meetings=True)
    await desk.record(other.organisation_id, "standup")
    await town.advance_to(end(other))
    assert (await desk.check(other)).purge_meeting_data
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await town.licences.purge_meeting_data(grace(other), await town.now())
    assert await desk.content(other.organisation_id) == ["standup"]
    assert await desk.purge(other) == 1


async def test_suspended_licences_keep_from_marking(town: Town, desk: Desk) -> None:
    """The organisation is marked when the last licence set is removed, not while another one rests; each has its own end (RP-06, RP-07, DM-01, GR-12)."""
    organisation_id = await town.organisation()
    trial = await desk.suspended(organisation_id, LicenceKind.TRIAL)
    subscription = await desk.suspended(organisation_id)
    assert await desk.end(trial) == RenewalGraceResult(outcome=GraceOutcome.REMOVED, marked=False)
    assert await town.state(organisation_id) is OrganisationState.LIVE
    assert end(subscription) - end(trial) >= 30 * DAY
    assert (await desk.end(subscription)).marked


async def test_restored_grace_ends_without_a_trace(town: Town, desk: Desk) -> None:
    """The process of a grace that was restored ends; the next expiry has a grace and a process of its own (RP-03, P11)."""
    organisation_id = await town.organisation()
    first = await desk.suspended(organisation_id)
    await desk.restore(first)
    assert (await desk.check(first)).outcome is GraceOutcome.RESTORED
    await town.advance(DAY)
    second = await desk.expire(first)
    await town.advance_to(end(second))
    assert (await desk.check(first)).outcome is GraceOutcome.RESTORED
    assert await desk.conclude(first) == RenewalGraceResult(outcome=GraceOutcome.RESTORED, marked=False)
    assert await town.processes(organisation_id) == {
        names.renewal_grace_id(first.licence_set_id, 1): "closed",
        names.renewal_grace_id(first.licence_set_id, 2): "pending",
    }
    assert await desk.end(second) == RenewalGraceResult(outcome=GraceOutcome.REMOVED, marked=True)


async def test_grace_of_a_gone_organisation(town: Town, desk: Desk) -> None:
    """The graces of an organisation that deleted itself end, and mark nothing (DM-12)."""
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id, meetings=True)
    view = await town.organisations.show(SERVICE, organisation_id)
    erasure = await town.organisations.delete_now(
        SERVICE, DeleteNow(organisation_id=organisation_id, person_id=admin(organisation_id), confirmation=view.name)
    )
    assert erasure.cause is ErasureCause.OWN_REQUEST
    await town.advance_to(end(licences))
    assert (await desk.check(licences)).outcome is GraceOutcome.ORGANISATION_GONE
    assert await desk.purge(licences) == 0
    assert await desk.conclude(licences) == RenewalGraceResult(outcome=GraceOutcome.ORGANISATION_GONE, marked=False)
    assert await town.state(organisation_id) is OrganisationState.ERASING


async def test_purchase_after_the_grace(town: Town, desk: Desk) -> None:
    """A purchase after the grace gives new licences and takes the mark away; what was removed stays removed (GR-08, GR-09, DP-02)."""
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "board-meeting")
    removed = await desk.suspended(organisation_id, meetings=True)
    assert (await desk.end(removed)).marked
    bought = await desk.grant(organisation_id, meetings=True)
    view = await town.organisations.show(SERVICE, organisation_id)
    assert view.state is OrganisationState.LIVE
    assert {each.licence_set_id: each.state for each in view.licence_sets} == {
        removed.licence_set_id: LicenceState.REMOVED,
        bought.licence_set_id: LicenceState.ACTIVE,
    }
    assert await desk.content(organisation_id) == []


async def test_marking_removes_nothing(town: Town, desk: Desk) -> None:
    """A marked organisation keeps its people, roles, content and activity: it goes on on the free tier (DM-14)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(admins=2, managed_by=partner_id)
    await desk.record(organisation_id, "free-meeting")
    before = await town.organisations.show(SERVICE, organisation_id)
    await town.mark(organisation_id)
    marked = await town.organisations.show(SERVICE, organisation_id)
    assert (marked.people, marked.partners) == (before.people, before.partners)
    assert await desk.content(organisation_id) == ["free-meeting"]
    assert (await town.sign_in(organisation_id)).accepted == 1


async def test_partner_organisation_with_customers_is_not_marked(town: Town, desk: Desk) -> None:
    """A partner's organisation that lost its licences is not marked while it manages a customer (DM-01, DM-02)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    await town.organisation(managed_by=partner_id)
    assert await desk.end(await desk.suspended(own)) == RenewalGraceResult(outcome=GraceOutcome.REMOVED, marked=False)
    assert await town.state(own) is OrganisationState.LIVE
