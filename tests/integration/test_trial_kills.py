"""`kill -9` of the worker in the middle of provisioning, cancelling and the end of grace: the outcome is the undisturbed one."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tenure.contracts.trial import CancelTrial, TrialState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.killing import PATIENCE, killable, outcome, through
from tests.workflows.fair import DAY, Fair
from tests.workflows.installation import OPERATOR, Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

PROVISION = (
    "trial_steps.check_trial:before:1",
    "trial_steps.check_trial:after:1",
    "platform.build:before:1",
    "platform.build:after:1",  # built, and nobody has written that down
    "trial_steps.record_platform:before:1",
    "trial_steps.record_platform:after:1",
    "trial_steps.check_trial:after:1",
    "notices.next_attempt:after:1",
    "mailer.send:after:1",  # the one crash that may send a second copy (XC-02)
    "notices.accepted:after:1",
)
CANCEL = (
    "platform.tear_down:before:1",
    "platform.tear_down:after:1",
    "trial_steps.record_platform:before:1",
    "trial_steps.record_platform:after:1",
    "trial_steps.conclude:after:1",
)
GRACE_END = (
    "licences.check_grace:before:1",
    "licences.check_grace:after:1",
    "destruction.purge_meeting_data:before:1",
    "destruction.purge_meeting_data:after:1",
    "licences.end_trial:before:1",
    "licences.end_trial:after:1",
    "licences.hold_numbers:before:1",
    "licences.hold_numbers:after:1",
    "licences.conclude_grace:before:1",
    "licences.conclude_grace:after:1",
)
SERVICES = ("meetings", "calling")

_FACTS = {
    "organisations": "select state, generation from organisations where organisation_id ~ '^org_first' order by 1",
    "trials": "select state, generation, cycle, services, number_holds, ends_at is null as endless from trials",
    "services": "select service, state, turn from trial_services order by service",
    "platform": "select order_key, torn_down_at is null as stands from platform_resources order by order_key",
    "licences": "select kind, state, meetings, services, generation from licence_sets order by licence_set_id",
    "people": "select person_id, organisation_id, origin_organisation_id from people order by person_id",
    "roles": "select person_id, role from person_roles order by 1, 2",
    "numbers": "select state, hold from phone_numbers",
    "recordings": "select store, item_id from content order by 1, 2",
    "grants": "select access from managements",
    "notices": "select kind, cycle, recipient, state from notices order by kind, recipient",
    "processes": "select workflow_id, type, state from processes order by workflow_id",
    # What the platform has done is written down in the order in which it was done.
    "audit": "select actor, action, from_state, to_state, reason, count(*) from audit where subject ~ '^org_first'"
    " group by 1, 2, 3, 4, 5 order by 2, 4, 5",
}


async def requested(world: Installation) -> None:
    """A request for a new customer, with nobody at work yet."""
    fair = await Fair.open(world)
    await world.services.trials.request(OPERATOR, fair.request(services=SERVICES))


async def until_active(world: Installation) -> None:
    await world.settle()
    assert (await Fair(world).show()).state is TrialState.ACTIVE


async def used(world: Installation) -> None:
    """A user who holds a licence, and a recording."""
    fair = Fair(world)
    trial = await fair.show()
    await fair.user(trial, "uma")
    await world.as_owner(
        "insert into content (organisation_id, store, item_id) values ($1, 'recordings', 'a')", trial.organisation_id
    )


async def cancelled(world: Installation) -> None:
    """The partner cancels the active trial."""
    fair = Fair(world)
    await world.services.trials.cancel(OPERATOR, CancelTrial(trial_id=fair.trial(), by=fair.seller, confirmed=True))


async def in_grace(world: Installation) -> None:
    """The trial was used, and its grace is about to end."""
    await used(world)
    await world.advance(59 * DAY)
    assert (await Fair(world).show()).state is TrialState.GRACE


async def until_over(world: Installation) -> None:
    await world.advance(1 * DAY + timedelta(minutes=3))
    assert (await Fair(world).show()).state is TrialState.ENDED


async def until_settled(world: Installation) -> None:
    await world.settle()


type Act = Callable[[Installation], Awaitable[None]]
STAGES: dict[str, tuple[tuple[Act, ...], tuple[Act, ...], Act, tuple[str, ...]]] = {
    "provision": ((), (requested,), until_active, PROVISION),
    "cancel": ((requested, until_active), (cancelled,), until_settled, CANCEL),
    "grace end": ((requested, until_active, in_grace), (), until_over, GRACE_END),
}
"""What is done with a worker, what then without one, and what goes on while workers are killed at which faults."""


@pytest.mark.parametrize("stage", STAGES)
async def test_killed_in_the_middle(
    stage: str, temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """Killed before and after each step, nothing is built, told, moved or held twice, and nothing is left out.

    (PV-04, GR-11, P10, XC-01, XC-02)
    """
    attended, unattended, act, faults = STAGES[stage]
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path) as world:
        for step in (*attended, *unattended, act):
            await step(world)
        undisturbed = await outcome(world, _FACTS)

    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False, patience=PATIENCE) as world:
        async with killable(world, ""):
            for step in attended:
                await step(world)
        for step in unattended:
            await step(world)
        await through(world, faults, lambda: act(world))
        assert await outcome(world, _FACTS) == undisturbed
        for person in ("eve", "uma", "sal", "pat"):
            ids = [mail.message["Message-ID"] for mail in world.mails(person)]
            assert len(ids) <= len(set(ids)) + len(faults)  # each crash may send one copy more, as the same message
