"""Licence sets as facts: granted, expired, restored; and what a refusal leaves untouched."""

from datetime import timedelta

import pytest

from tenure import names
from tenure.contracts.licence import ExpireLicences, GrantLicences, LicenceKind, LicenceState, RestoredBy
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, PartnerId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.facts.desk import Desk, end

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("kind", list(LicenceKind))
async def test_grant_unmarks(town: Town, desk: Desk, kind: LicenceKind) -> None:
    """A new trial or a subscription in the organisation takes label, banner, countdown and warning away (DP-01, DP-02, DP-04).

    The organisation beside it, which bought nothing, stays marked.
    """
    organisation_id, neighbour = await town.warned(), await town.organisation()
    await town.mark(neighbour)
    await desk.grant(organisation_id, kind)
    view = await town.organisations.show(SERVICE, organisation_id)
    assert (view.state, view.to_be_deleted, view.banner, view.marked_at) == (OrganisationState.LIVE, False, None, None)
    assert view.deletion_at is None
    assert await desk.next_dates(organisation_id) == {}
    [promise] = await town.fetch("select void_at from promises where organisation_id = $1", organisation_id)
    assert promise["void_at"] is not None
    [countdown] = await town.fetch("select end_reason from countdowns where organisation_id = $1", organisation_id)
    assert countdown["end_reason"] == "licences_granted"
    assert await town.wakes(organisation_id) > 0
    assert await town.audit(organisation_id) == ["marked", "warned", "licences_active", "unmarked"]
    assert await town.state(neighbour) is OrganisationState.MARKED


async def test_queued_warning_is_dropped(town: Town, desk: Desk) -> None:
    """A warning that was not sent yet is never sent once licences are back (DP-04, TL-01)."""
    organisation_id = await town.organisation(admins=2)
    await town.mark(organisation_id)
    await town.advance(town.rules.silence)
    notices = (await town.warn(organisation_id)).notices
    await desk.grant(organisation_id)
    assert [await town.notices.next_attempt(notice) for notice in notices] == [None, None]


async def test_later_loss_begins_a_full_cycle(town: Town, desk: Desk) -> None:
    """After unmarking, a later total loss marks again, with a generation and the whole silence of its own (DP-06)."""
    organisation_id = await town.warned()
    licences = await desk.suspended(organisation_id)
    assert (await desk.end(licences)).marked
    view = await town.organisations.show(SERVICE, organisation_id)
    assert (view.state, view.generation) == (OrganisationState.MARKED, 2)
    assert view.marked_at is not None
    assert view.next_due_at == view.marked_at + town.rules.silence
    assert (await town.processes(organisation_id))[names.deletion_id(organisation_id, 2)] == "pending"


async def test_same_grant_again(town: Town, desk: Desk) -> None:
    """The very same set again changes nothing; with other contents it is refused, and changes nothing either (XC-05)."""
    organisation_id = await town.organisation()
    expires_at = await town.now() + 90 * DAY
    command = GrantLicences(
        licence_set_id=LicenceSetId("lic_a"),
        organisation_id=organisation_id,
        kind=LicenceKind.TRIAL,
        expires_at=expires_at,
    )
    first = await town.licences.grant(SERVICE, command)
    assert await desk.next_dates(organisation_id) == {"licence_expiry lic_a": expires_at}
    before = await desk.everything()
    assert await town.licences.grant(SERVICE, command) == first
    for other in (
        {"meetings": True},
        {"kind": LicenceKind.SUBSCRIPTION},
        {"expires_at": expires_at + DAY},
        {"organisation_id": await town.organisation()},
    ):
        with pytest.raises(Refusal) as refused:
            await town.licences.grant(SERVICE, command.model_copy(update=other))
        assert refused.value.code is RefusalCode.LICENCE_SET_EXISTS
    after = await desk.everything()
    assert after["audit"] == before["audit"]
    assert after["licence_sets"] == before["licence_sets"]
    assert after["next_dates"] == before["next_dates"]


async def test_grant_does_not_restore(town: Town, desk: Desk) -> None:
    """A late repetition of a grant does not bring suspended or removed licences back (GR-08, RP-03)."""
    organisation_id = await town.organisation()
    licences = await desk.grant(organisation_id)
    again = GrantLicences(licence_set_id=licences.licence_set_id, organisation_id=organisation_id, kind=licences.kind)
    suspended = await desk.expire(licences)
    with pytest.raises(Refusal) as refused:
        await town.licences.grant(SERVICE, again)
    assert refused.value.code is RefusalCode.LICENCE_SET_EXISTS
    await desk.end(suspended)
    with pytest.raises(Refusal) as refused:
        await town.licences.grant(SERVICE, again)
    assert refused.value.code is RefusalCode.LICENCE_SET_EXISTS
    assert (await desk.stored(licences)).state is LicenceState.REMOVED


@pytest.mark.parametrize(("kind", "days"), [(LicenceKind.TRIAL, 30), (LicenceKind.SUBSCRIPTION, 60)])
async def test_expiry_suspends(town: Town, desk: Desk, kind: LicenceKind, days: int) -> None:
    """Licences rest for 60 days after a subscription and 30 after a trial, from the expiry itself, reported the night after (RP-01, GR-01).

    The people stay in the organisation with their roles, its content stays, and it is not marked (GR-03, GR-04, RP-02, RP-07, RP-08).
    """
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "board-meeting")
    licences = await desk.grant(organisation_id, kind, meetings=True)
    people = (await town.organisations.show(SERVICE, organisation_id)).people
    expired_at = await town.now()
    await town.advance(timedelta(hours=20))
    suspended = await desk.expire(licences, expired_at)
    due_at = expired_at + days * DAY
    assert (suspended.state, suspended.expires_at, suspended.removal_due_at) == ("suspended", expired_at, due_at)
    assert suspended == await desk.stored(licences)
    assert await desk.next_dates(organisation_id) == {f"licence_removal {licences.licence_set_id}": due_at}
    [process] = await town.fetch("select workflow_id, state, input, due_at from processes")
    assert process["workflow_id"] == names.renewal_grace_id(licences.licence_set_id, 1)
    assert (process["state"], process["due_at"]) == ("pending", due_at)
    view = await town.organisations.show(SERVICE, organisation_id)
    assert (view.state, view.to_be_deleted, view.people) == (OrganisationState.LIVE, False, people)
    assert view.meetings_site_suspended
    assert await desk.content(organisation_id) == ["board-meeting"]


async def test_site_is_suspended_only_without_an_active_set(town: Town, desk: Desk) -> None:
    """The meetings site rests only while no other meetings licence is active (RP-06)."""
    organisation_id = await town.organisation()
    lapsing, other = [await desk.grant(organisation_id, meetings=True) for _ in range(2)]
    await desk.expire(lapsing)
    assert not (await town.organisations.show(SERVICE, organisation_id)).meetings_site_suspended
    await desk.expire(other)
    assert (await town.organisations.show(SERVICE, organisation_id)).meetings_site_suspended


async def test_same_expiry_again(town: Town, desk: Desk) -> None:
    """The same expiry again changes nothing: one process, one audit row, the same end (XC-05, P11)."""
    licences = await desk.suspended(await town.organisation())
    before = await desk.everything()
    assert await desk.expire(licences, licences.expires_at) == licences
    assert await desk.everything() == before


async def test_refused_expiries(town: Town, desk: Desk) -> None:
    """An expiry that lies ahead, or of a set that is not active or unknown, is refused and leaves no trace (XC-05, P13)."""
    organisation_id = await town.organisation()
    active, suspended = await desk.grant(organisation_id), await desk.suspended(organisation_id)
    unknown = active.model_copy(update={"licence_set_id": LicenceSetId("lic_unknown")})
    before = await desk.everything()
    now = await town.now()
    for licences, expired_at, code in (
        (active, now + timedelta(minutes=6), RefusalCode.FUTURE_EVENT),
        (suspended, now, RefusalCode.WRONG_STATE),
        (unknown, now, RefusalCode.LICENCE_SET_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            await desk.expire(licences, expired_at)
        assert refused.value.code is code
    assert await desk.everything() == before


@pytest.mark.parametrize("days", [29, 59])
async def test_restoration(town: Town, desk: Desk, days: int) -> None:
    """Before the end a paid subscription restores the licences of both kinds, and an extension those of a trial (RP-03, RP-04, GR-05)."""
    kind = LicenceKind.TRIAL if days < 30 else LicenceKind.SUBSCRIPTION
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id, kind)
    await town.advance_to(end(licences) - DAY)
    restored = await desk.restore(licences)
    assert (restored.state, restored.removal_due_at, restored.generation) == (LicenceState.ACTIVE, None, 1)
    assert await desk.next_dates(organisation_id) == {}
    assert await town.wakes(organisation_id) == 1
    again = await desk.expire(restored)
    assert again.generation == 2
    if kind is LicenceKind.TRIAL:
        assert (await desk.restore(again, RestoredBy.TRIAL_EXTENSION)).state is LicenceState.ACTIVE
    else:
        with pytest.raises(Refusal) as refused:
            await desk.restore(again, RestoredBy.TRIAL_EXTENSION)
        assert refused.value.code is RefusalCode.PAID_SUBSCRIPTION_REQUIRED
        assert (await desk.stored(again)).state is LicenceState.SUSPENDED


async def test_restoration_ends_with_the_grace(town: Town, desk: Desk) -> None:
    """At its end the grace is over, even before the process has looked; once removed, nothing restores (XC-03, GR-08)."""
    licences = await desk.suspended(await town.organisation())
    await town.advance_to(end(licences))
    before = await desk.everything()
    for by in RestoredBy:
        with pytest.raises(Refusal) as refused:
            await desk.restore(licences, by)
        assert refused.value.code is RefusalCode.GRACE_OVER
    assert await desk.everything() == before
    await desk.check(licences)
    with pytest.raises(Refusal) as refused:
        await desk.restore(licences)
    assert refused.value.code is RefusalCode.IRREVERSIBLE


async def test_activity_does_not_extend_grace(town: Town, desk: Desk) -> None:
    """Only a purchase or an extension moves the end of grace; activity does not (AC-12)."""
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id)
    await town.advance(40 * DAY)
    await town.sign_in(organisation_id)
    assert (await desk.stored(licences)).removal_due_at == end(licences)
    assert (await desk.end(licences)).outcome == "removed"


async def test_gone_organisations_are_refused(town: Town, desk: Desk) -> None:
    """What is reported of an organisation that was fenced is answered `org_deleted`, of an unknown one `organisation_not_found` (AC-11, SF-11)."""
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id)
    await town.execute("update organisations set state = 'erasing' where organisation_id = $1", organisation_id)
    before = await desk.everything()
    for command in (desk.grant(organisation_id), desk.expire(licences), desk.restore(licences)):
        with pytest.raises(Refusal) as refused:
            await command
        assert refused.value.code is RefusalCode.ORG_DELETED
    with pytest.raises(Refusal) as refused:
        await desk.grant(OrganisationId("org_unknown"))
    assert refused.value.code is RefusalCode.ORGANISATION_NOT_FOUND
    assert await desk.everything() == before


async def test_partners_report_nothing(town: Town, desk: Desk) -> None:
    """A partner's credentials change no licences, not even of its own customers (P14)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(managed_by=partner_id)
    licences = await desk.grant(organisation_id)
    before = await desk.everything()
    partner = Caller(actor=f"partner:{partner_id}", partner_id=PartnerId(partner_id))
    with pytest.raises(Refusal) as refused:
        await town.licences.expire(
            partner, ExpireLicences(licence_set_id=licences.licence_set_id, expired_at=await town.now())
        )
    assert refused.value.code is RefusalCode.FORBIDDEN
    assert await desk.everything() == before
