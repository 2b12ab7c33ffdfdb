"""Wrong clocks and long absences never lead to an early or a hurried deletion."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from temporalio.testing import TimeSkipper

from tenure import names
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Misconfigured
from tenure.settings import InstallationKind, ServerSettings
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import LINK_SECRET
from tests.workflows.installation import Installation
from workers.application import open_application
from workers.connection import connect, require_clock
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

DAY = timedelta(days=1)


async def refused(world: Installation, workflow_id: str, activity: str) -> bool:
    """Whether an activity of an execution is being refused because of its clock, at this moment."""
    raw = (await world.client.get_workflow_handle(workflow_id).describe()).raw_description
    return any(
        pending.activity_type.name == activity
        and pending.attempt > 1
        and pending.last_failure.application_failure_info.type == "clock_ahead"
        for pending in raw.pending_activities
    )


async def run_ahead(world: Installation, workflow_id: str, by: timedelta, activity: str) -> None:
    """Let the clock of one execution run ahead of the installation's, until its next act is refused."""
    skipper = TimeSkipper(world.client)
    ahead = asyncio.create_task(skipper.fast_forward(world.client.get_workflow_handle(workflow_id), by))
    async with asyncio.timeout(30):
        while not await refused(world, workflow_id, activity):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.05)
    ahead.cancel()
    await asyncio.gather(ahead, return_exceptions=True)


@pytest.mark.parametrize(
    ("days", "state", "activity"), [(0, OrganisationState.MARKED, "warn"), (40, OrganisationState.WARNED, "fence")]
)
async def test_a_clock_that_runs_ahead_acts_on_nothing(
    world: Installation, days: int, state: OrganisationState, activity: str
) -> None:
    """A workflow clock weeks ahead is refused by every act, and opens the fleet's breaker (SF-10, P13)."""
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(days * DAY)
    mails = len(world.mails())
    await run_ahead(world, names.deletion_id(organisation_id, 1), 40 * DAY, activity)
    assert (await world.show(organisation_id)).state is state
    assert len(world.mails()) == mails
    (fleet,) = [breaker for breaker in await world.services.breakers.all() if breaker.partner_id is None]
    assert fleet.open_since is not None
    assert "ahead" in str(fleet.reason)


async def test_an_absence_of_half_a_year_skips_no_step(world: Installation) -> None:
    """After the longest outage the warning comes first, and the notice period runs in full from it (XC-01, SF-06, P8)."""
    organisation_ids = [await world.organisation(name) for name in ("one", "two", "three")]
    await world.settle()
    await world.advance(DAY)
    await world.simulation.set(await world.simulation.now() + 200 * DAY)
    now = await world.simulation.now()
    await world.settle()
    await world.advance(timedelta(minutes=5))  # the rate gives each a place of its own
    for organisation_id in organisation_ids:
        view = await world.show(organisation_id)
        assert view.state is OrganisationState.WARNED
        assert view.deletion_at is not None
        assert view.deletion_at >= now + 30 * DAY
    assert len(world.mails()) == len(organisation_ids)


async def test_production_refuses_a_namespace_that_skips_time(temporal: Temporal) -> None:
    """At start-up production must find time skipping off, and a simulation on (SF-10)."""
    production = await connect(ServerSettings(), address=temporal.address)
    simulation = await connect(ServerSettings(installation=InstallationKind.SIMULATION), address=temporal.address)
    assert (production.namespace, simulation.namespace) == (names.NAMESPACE, names.SIMULATION_NAMESPACE)
    await require_clock(production, InstallationKind.PRODUCTION)
    await require_clock(simulation, InstallationKind.SIMULATION)
    with pytest.raises(Misconfigured, match="skip time"):
        await require_clock(simulation, InstallationKind.PRODUCTION)
    with pytest.raises(Misconfigured, match="skip time"):
        await require_clock(production, InstallationKind.SIMULATION)


async def test_a_database_is_opened_as_what_it_was_created(fresh_database: FreshDatabase, mail_sink: MailSink) -> None:
    """A simulation's database is no production's, whatever the setting says (SF-10)."""
    url = SecretStr(await fresh_database(InstallationKind.SIMULATION))
    settings = ServerSettings(
        database_url=url,
        smtp_url=SecretStr(mail_sink.url),
        link_secret=SecretStr(LINK_SECRET),
    )
    with pytest.raises(Misconfigured, match="simulation"):
        async with open_application(settings):
            pass
