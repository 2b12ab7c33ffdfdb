"""Deliveries beside the countdown: a mail server that is away delays nothing, and what is void is never sent."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from tenure import names, search
from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.contracts.deletion import Reason
from tenure.contracts.notice import NoticeState
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import TrialState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.fair import MOMENT, Fair
from tests.workflows.installation import FEED, OPERATOR, Installation, installation
from tests.workflows.proxy import Proxy
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

DAY = timedelta(days=1)


@pytest.fixture
async def road(mail_sink: MailSink) -> AsyncIterator[Proxy]:
    """The way to the mail server, closed."""
    proxy = Proxy(mail_sink.url.removeprefix("smtp://"))
    async with proxy.serve():
        proxy.close_road()
        yield proxy


@pytest.fixture
async def unreached(
    road: Proxy, temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> AsyncIterator[Installation]:
    """An installation whose mail server is out of reach until the road is opened."""
    url = await fresh_database(InstallationKind.SIMULATION)
    smtp_url = f"smtp://{road.address}"
    async with installation(temporal, url, mail_sink, tmp_path, smtp_url=smtp_url) as world:
        yield world


async def test_a_warning_that_was_never_sent_deletes_nobody(unreached: Installation, road: Proxy) -> None:
    """For a day no mail gets out: nothing is deleted; when one does, the 30 days run from it (DM-06, DM-07, P1)."""
    organisation_id = await unreached.organisation()
    await unreached.settle()
    await unreached.advance(31 * DAY)
    assert (await unreached.show(organisation_id)).state is OrganisationState.WARNED
    description = await unreached.countdown(organisation_id).describe()
    assert description.typed_search_attributes[search.PHASE] == Reason.WARNING_NOT_ACCEPTED
    (notice,) = await unreached.services.notices.of(OPERATOR, organisation_id)
    assert notice.state is NoticeState.QUEUED
    assert notice.attempts > 10

    road.open_road()
    await unreached.advance(timedelta(hours=2))
    assert len(unreached.mails()) == 1
    (notice,) = await unreached.services.notices.of(OPERATOR, organisation_id)
    assert notice.accepted_at is not None
    promised = (await unreached.show(organisation_id)).deletion_at
    assert promised is not None
    assert promised >= notice.accepted_at + 30 * DAY


async def test_a_warning_that_is_void_is_withdrawn(
    unreached: Installation, road: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """Activity comes while the mail server is away: the delivery is cancelled, no failure, and the mail never goes out (TL-01)."""
    organisation_id = await unreached.organisation()
    await unreached.settle()
    await unreached.advance(30.1 * DAY)
    event = ActivityEvent(
        organisation_id=organisation_id,
        kind=ActivityKind.TOKEN_REFRESH,
        at=await unreached.simulation.now(),
        source=FEED,
    )
    await unreached.services.activity.record([event])
    await unreached.settle()
    assert (await unreached.show(organisation_id)).state is OrganisationState.MARKED
    (notice,) = await unreached.services.notices.of(OPERATOR, organisation_id)
    assert notice.state is NoticeState.DROPPED
    events = await unreached.events(names.deletion_id(organisation_id, 1))
    assert events.count("activity_task_canceled") == 1
    assert "cannot be delivered" not in caplog.text
    road.open_road()
    await unreached.advance(2 * DAY)
    assert unreached.mails() == []


async def test_who_becomes_an_admin_while_no_mail_gets_out(unreached: Installation, road: Proxy) -> None:
    """A reminder waits for the mail server: the partner's new admin gets it, too, each one copy; a refused address stops nobody (NO-04, NO-08, SF-02)."""
    world, fair = unreached, await Fair.open(unreached)
    road.open_road()
    trial = await fair.new_customer()
    await world.advance(23 * DAY - MOMENT)
    road.close_road()
    await world.advance(2 * MOMENT)
    for name in ("new", "bounce-bo"):
        await world.store(
            {
                "record": "person",
                "person_id": fair.person(name),
                "organisation_id": world.organisation_id("north"),
                "name": name,
                "email": world.address(name),
                "role": "partner_admin",
            }
        )
    await world.advance(timedelta(hours=2))
    assert (len(world.mails("eve")), len(world.mails("pat"))) == (1, 0)
    road.open_road()
    await world.advance(3 * DAY)
    assert {name: len(world.mails(name)) for name in ("eve", "sal", "pat", "new")} == {
        "eve": 2,
        "sal": 1,
        "pat": 1,
        "new": 1,
    }
    notices = await world.services.notices.of(OPERATOR, trial.organisation_id)
    states = {notice.recipient: notice.state for notice in notices}
    assert states.pop(fair.person("bounce-bo")) is NoticeState.REFUSED
    assert set(states.values()) == {NoticeState.ACCEPTED}


async def test_users_are_told_of_the_end_when_the_mail_server_is_back(unreached: Installation, road: Proxy) -> None:
    """A trial ends while no mail gets out: its process waits until who held a licence, moved out by then, is told (NO-06, GR-11)."""
    world, fair = unreached, await Fair.open(unreached)
    road.open_road()
    trial = await fair.new_customer()
    await fair.user(trial, "una")
    await world.advance(60 * DAY - MOMENT)
    road.close_road()
    await world.advance(timedelta(hours=3))
    assert (await fair.show()).state is TrialState.ENDED
    assert world.mails("una") == []
    assert trial.licence_set_id is not None
    grace = world.client.get_workflow_handle(names.renewal_grace_id(trial.licence_set_id, 1))
    attributes = (await grace.describe()).typed_search_attributes
    assert (attributes.get(search.PHASE), attributes.get(search.DUE_AT)) == ("grace_removed", None)
    metadata: WorkflowMetadata = await grace.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert metadata.current_details.startswith("**GR-11, the grace is over: removed**\n")
    assert "Mails under way: 1" in metadata.current_details
    road.open_road()
    await world.advance(timedelta(hours=2))
    assert len(world.mails("una")) == 1
    assert (await fair.grace(trial)).notices == ()


async def test_an_address_that_does_not_exist_is_tried_for_days_and_then_corrected(world: Installation) -> None:
    """Refused three times, a day apart; the corrected address is tried at once, and its 30 days are full (SF-02, P1)."""
    organisation_id = await world.organisation(admins=("bounce-eve",))
    await world.settle()
    await world.advance(31 * DAY)
    (notice,) = await world.services.notices.of(OPERATOR, organisation_id)
    assert notice.state is NoticeState.QUEUED
    await world.advance(2 * DAY)
    (notice,) = await world.services.notices.of(OPERATOR, organisation_id)
    assert notice.state is NoticeState.REFUSED
    await world.advance(20 * DAY)
    await world.store(
        {
            "record": "person",
            "person_id": notice.recipient,
            "organisation_id": organisation_id,
            "name": "eve",
            "email": world.address("eve"),
            "role": "customer_full_admin",
        }
    )
    await world.settle()
    assert len(world.mails("eve")) == 1
    (notice,) = await world.services.notices.of(OPERATOR, organisation_id)
    assert notice.accepted_at is not None
    promised = (await world.show(organisation_id)).deletion_at
    assert promised is not None
    assert promised >= notice.accepted_at + 30 * DAY
