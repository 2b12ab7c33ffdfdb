"""The countdown on the real servers: what happens when, and what the operator sees of it."""

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus

from adapters.temporal import TemporalHistories
from tenure import names, search
from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.contracts.deletion import Reason
from tenure.contracts.erasure import AbortErasures, ErasureState
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.notice import NoticeState
from tenure.contracts.organisation import DeleteNow, OrganisationState
from tenure.ids import LicenceSetId, OrganisationId, PersonId
from tests.workflows.installation import FEED, OPERATOR, Installation

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=3)


async def active(
    world: Installation, organisation_id: OrganisationId, kind: ActivityKind = ActivityKind.APP_SIGN_IN
) -> None:
    """Somebody of the organisation is active, now."""
    event = ActivityEvent(
        organisation_id=organisation_id,
        kind=kind,
        at=await world.simulation.now(),
        source=FEED,
    )
    result = await world.services.activity.record([event])
    assert result.accepted == 1


async def fenced(world: Installation, organisation_id: OrganisationId) -> None:
    """Let time pass until the organisation is in quarantine."""
    await world.settle()
    await world.advance(31 * DAY)
    promised = (await world.show(organisation_id)).deletion_at
    assert promised is not None
    await world.clock.advance(promised + MOMENT, world.hear)
    assert (await world.show(organisation_id)).state is OrganisationState.ERASING


async def test_nobody_comes_back(world: Installation) -> None:
    """Marked, 30 silent days, a warning, 30 days from it, fence, quarantine, purge (DM-05, DM-06, DM-08, SF-11, P6).

    The countdown's whole history stays below 60 events.
    """
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(29 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED
    assert world.mails() == []

    await world.advance(2 * DAY)
    warned = await world.show(organisation_id)
    assert warned.state is OrganisationState.WARNED
    assert len(world.mails()) == 1
    promised = warned.deletion_at
    assert promised is not None

    await world.clock.advance(promised - MOMENT, world.hear)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED
    await world.advance(2 * MOMENT)
    assert (await world.show(organisation_id)).state is OrganisationState.ERASING
    countdown = names.deletion_id(organisation_id, 1)
    assert len(await world.events(countdown)) < 60

    await world.advance(23 * timedelta(hours=1))
    assert (await world.show(organisation_id)).state is OrganisationState.ERASING
    await world.advance(2 * timedelta(hours=1))
    row = await world.row("select state, name from organisations where organisation_id = $1", organisation_id)
    assert (row["state"], row["name"]) == (OrganisationState.DELETED, None)
    assert (await world.services.erasures.receipt(organisation_id)).organisation_id == organisation_id
    assert await TemporalHistories(world.client).remaining([countdown]) == 0
    assert len(world.mails()) == 1


async def test_an_operator_sees_what_it_waits_for_and_until_when(world: Installation) -> None:
    """Summary, details and attributes of a sleeping execution say what it waits for and until when; no name, no address."""
    organisation_id = await world.organisation()
    await world.settle()
    handle = world.countdown(organisation_id)
    description = await handle.describe()
    attributes = description.typed_search_attributes
    due_at = (await world.show(organisation_id)).next_due_at
    assert attributes[search.ORGANISATION] == organisation_id
    assert attributes[search.PHASE] == Reason.SILENCE
    assert attributes[search.DUE_AT] == due_at
    assert await description.static_summary() == f"DeletionCountdown of {organisation_id}"
    history = await handle.fetch_history()
    (timer,) = [event for event in history.events if event.HasField("timer_started_event_attributes")]
    assert due_at is not None
    assert timer.user_metadata.summary.data.decode() == f'"DM-05: silence until {due_at:%Y-%m-%d %H:%M} UTC"'
    metadata = await handle.query("__temporal_workflow_metadata")
    assert f"silence until {due_at:%Y-%m-%d %H:%M} UTC" in str(metadata)
    assert "acme" not in str(metadata).replace(organisation_id, "")


async def test_activity_before_the_warning_costs_no_event(world: Installation) -> None:
    """However much activity there is, the sleeping execution does not wake; the warning comes 30 days after it (AC-02)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(20 * DAY)
    before = await world.events(names.deletion_id(organisation_id, 1))
    for _ in range(50):
        await active(world, organisation_id)
    await world.settle()
    assert await world.events(names.deletion_id(organisation_id, 1)) == before
    await world.advance(29 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED
    await world.advance(2 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED


async def test_activity_after_the_warning_starts_it_again_at_once(world: Installation) -> None:
    """A console sign-in only postpones: the label stays, another warning follows (AC-03, AC-04, AC-05, DM-16, DP-03)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(40 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED
    await active(world, organisation_id, ActivityKind.ADMIN_CONSOLE_SIGN_IN)
    await world.settle()
    reset = await world.show(organisation_id)
    assert reset.state is OrganisationState.MARKED
    assert reset.to_be_deleted
    await world.advance(29 * DAY)
    assert len(world.mails()) == 1
    await world.advance(2 * DAY)
    assert len(world.mails()) == 2
    await world.advance(28 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED
    first, second = world.mails()
    assert first.message["Message-ID"] != second.message["Message-ID"]


async def test_a_purchase_ends_it_and_leaves_nothing_running(world: Installation) -> None:
    """New licences unmark the organisation, and its execution ends by itself (DP-01, DP-04)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(40 * DAY)
    grant = GrantLicences(
        licence_set_id=LicenceSetId(f"lic_new-{world.suffix}"),
        organisation_id=organisation_id,
        kind=LicenceKind.SUBSCRIPTION,
    )
    await world.services.licences.grant(OPERATOR, grant)
    await world.settle()
    result = await world.countdown(organisation_id).result()
    assert (result.state, result.reason) == (OrganisationState.LIVE, Reason.NOT_COUNTING)
    await world.advance(90 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.LIVE
    assert len(world.mails()) == 1


async def test_a_mail_server_that_refuses_for_now_delays_nothing_else(world: Installation) -> None:
    """One address is greylisted, one does not exist: the first acceptance sets the date, the ledger has all (SF-02, XC-02)."""
    organisation_id = await world.organisation(admins=("ada", "greylisted-bob", "bounce-eve"))
    await world.settle()
    await world.advance(31 * DAY)
    notices = await world.services.notices.of(OPERATOR, organisation_id)
    attempts = {notice.recipient.split("-")[0]: notice.attempts for notice in notices}
    assert (attempts["per_ada"], attempts["per_greylisted"]) == (1, 2)
    assert sorted(notice.state for notice in notices) == [
        NoticeState.ACCEPTED,
        NoticeState.ACCEPTED,
        NoticeState.QUEUED,
    ]
    assert [len(world.mails(person)) for person in ("ada", "greylisted-bob", "bounce-eve")] == [1, 1, 0]
    await world.advance(32 * DAY)
    row = await world.row("select state from organisations where organisation_id = $1", organisation_id)
    assert row["state"] in {OrganisationState.ERASING, OrganisationState.DELETED}


async def test_a_feed_that_is_silent_holds_the_warning(world: Installation) -> None:
    """While a feed is behind nobody is warned, the reason is visible, and what comes late counts (SF-03, P3)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(25 * DAY)
    seen = await world.simulation.now()
    world.feeds_live = False
    await world.advance(5.5 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED
    description = await world.countdown(organisation_id).describe()
    assert description.typed_search_attributes[search.PHASE] == Reason.FEED_SILENT
    late = ActivityEvent(
        organisation_id=organisation_id, kind=ActivityKind.MESSAGE_RECEIVED, at=seen + 3 * DAY, source=FEED
    )
    await world.services.activity.record([late])
    world.feeds_live = True
    await world.clock.advance(late.at + 30 * DAY - MOMENT, world.hear)
    assert world.mails() == []
    await world.advance(2 * MOMENT)
    assert len(world.mails()) == 1


async def test_an_abort_in_quarantine_gives_everything_back(world: Installation) -> None:
    """The erasure's execution ends as aborted, and the next generation's countdown begins from the abort (SF-11, P2)."""
    organisation_id = await world.organisation()
    await fenced(world, organisation_id)
    command = AbortErasures(organisations=(organisation_id,), reason="wrong list")
    assert (await world.services.erasures.abort(OPERATOR, command)).aborted == (organisation_id,)
    await world.settle()
    erasure = world.client.get_workflow_handle(names.erasure_id(organisation_id, 1))
    assert (await erasure.result())["state"] == ErasureState.ABORTED
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED
    assert (await world.countdown(organisation_id, 2).describe()).status is WorkflowExecutionStatus.RUNNING
    await world.advance(29 * DAY)
    assert len(world.mails()) == 1
    await world.advance(2 * DAY)
    assert len(world.mails()) == 2


async def test_an_own_request_is_erased_without_quarantine(world: Installation) -> None:
    """The customer's own deletion waits for nothing, and its executions end (DM-11, DM-12)."""
    licences = {"kind": "subscription", "state": "active"}
    organisation_id = await world.organisation(licences=licences)
    await world.settle()
    command = DeleteNow(
        organisation_id=organisation_id,
        person_id=PersonId(f"per_ada-acme-{world.suffix}"),
        confirmation=f"acme {world.suffix}",
    )
    await world.services.organisations.delete_now(OPERATOR, command)
    await world.settle()
    row = await world.row("select state from organisations where organisation_id = $1", organisation_id)
    assert row["state"] == OrganisationState.DELETED
