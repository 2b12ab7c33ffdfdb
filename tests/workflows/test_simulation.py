"""Whole lives on the real servers: over restarts of the worker, after a long outage, and with the mail server away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.postgres.simulation import Change
from tenure.contracts.licence import ExpireLicences
from tenure.contracts.organisation import OrganisationState
from tenure.ids import LicenceSetId, OrganisationId
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.installation import OPERATOR, Installation, installation
from workers.stack.mail import MailSink, mail_sink
from workers.stack.ports import free_port
from workers.stack.temporal import Temporal
from workers.worker import polling

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=3)
"""The clock stops some seconds after each date, and what is due takes its time."""


@pytest.fixture
async def idle(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> AsyncIterator[Installation]:
    """An installation whose worker is not there: tests start and stop it."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False) as opened:
        yield opened


@asynccontextmanager
async def worker(world: Installation) -> AsyncIterator[None]:
    """A worker process's lifetime, as Temporal and the database see it."""
    async with polling(world.application, world.client):
        yield


async def history(world: Installation, organisation_id: OrganisationId) -> list[Change]:
    """What the audit says of an organisation."""
    return [change for change in await world.simulation.history() if change.subject == organisation_id]


async def test_a_life_over_restarts_of_the_worker(idle: Installation) -> None:
    """Every step comes once, in order, on its date, though the worker is a new one in each phase (XC-01, P6).

    60 days of grace, 30 of silence, 30 from the mail to a full day, 24 hours of quarantine (RP-01, RP-05, DM-01, DM-05,
    DM-06, DM-08).
    """
    organisation_id = await idle.organisation(licences={"kind": "subscription", "state": "active"})
    start = await idle.simulation.now()
    expiry = ExpireLicences(licence_set_id=LicenceSetId(f"lic_acme-{idle.suffix}"), expired_at=start)
    await idle.services.licences.expire(OPERATOR, expiry)
    for days in (30, 40, 30, 25):  # in grace; marked; warned; warned; to the end
        async with worker(idle):
            await idle.advance(days * DAY)

    changes = await history(idle, organisation_id)
    at = {change.action: change.at for change in changes}
    assert [change.action for change in changes if change.action != "imported"] == [
        "licences_suspended",
        "licences_removed",
        "marked",
        "warned",
        "fenced",
        "purge_begun",
        "erased",
    ]
    (mail,) = idle.mails()
    promised = datetime.fromisoformat(str(mail.message["Tenure-Not-Before"]))
    assert (promised.hour, promised.minute) == (0, 0)
    due = {
        "licences_removed": start + 60 * DAY,
        "marked": start + 60 * DAY,
        "warned": start + 90 * DAY,
        "fenced": promised.astimezone(UTC),
        "purge_begun": promised.astimezone(UTC) + DAY,
        "erased": promised.astimezone(UTC) + DAY,
    }
    for action, instant in due.items():
        assert timedelta(0) <= at[action] - instant < MOMENT, action
    assert at["warned"] + 30 * DAY <= at["fenced"] < at["warned"] + 31 * DAY + MOMENT


async def test_a_worker_that_was_away_for_100_days(idle: Installation) -> None:
    """Never warned and erased in one catch-up: the warning comes first, and the full notice from then on (P8, XC-01).

    What falls due together after the outage is spaced by the rate (SF-06, DM-07).
    """
    organisation_ids = [await idle.organisation(name) for name in ("one", "two", "three")]
    async with worker(idle):
        await idle.settle()
    await idle.simulation.set(await idle.simulation.now() + 100 * DAY)
    back = await idle.simulation.now()
    async with worker(idle):
        await idle.settle()
        await idle.advance(29 * DAY)
        warned = sorted([change.at for change in await idle.simulation.history() if change.action == "warned"])
        assert len(warned) == len(idle.mails()) == 3
        assert warned[-1] - warned[0] > timedelta(seconds=1)  # two places of a second each, give or take a moment
        for organisation_id in organisation_ids:
            view = await idle.show(organisation_id)
            assert view.state is OrganisationState.WARNED
            assert view.deletion_at is not None
            assert view.deletion_at >= back + 30 * DAY
        await idle.advance(4 * DAY)
    fenced = [change.at for change in await idle.simulation.history() if change.action == "fenced"]
    assert len(fenced) == 3
    assert min(fenced) >= back + 30 * DAY


async def test_a_mail_server_that_is_away_moves_the_deletion(
    temporal: Temporal, fresh_database: FreshDatabase, stack_data: Path, tmp_path: Path
) -> None:
    """The warning is tried until the mail server is back; the notice period runs from its acceptance (DM-06, DM-07).

    The promise only moves later, and what the mail prints is what holds (SF-01, SF-02, P6).
    """
    port = free_port()
    folder = stack_data / "away"
    sink = MailSink(f"smtp://127.0.0.1:{port}", "", folder / "mail")
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, sink, tmp_path) as world:
        organisation_id = await world.organisation()
        await world.settle()
        await world.advance(30 * DAY + MOMENT)
        held = await world.show(organisation_id)
        assert held.state is OrganisationState.WARNED
        promised_at_first = held.deletion_at
        await world.advance(DAY)
        async with mail_sink(folder, print, smtp_port=port, web_port=0):
            back = await world.simulation.now()
            await world.advance(2 * timedelta(hours=1))
            (mail,) = world.mails()
            promised = datetime.fromisoformat(str(mail.message["Tenure-Not-Before"]))
            assert promised_at_first is not None
            assert promised > promised_at_first
            assert promised >= back + 30 * DAY
            await world.clock.advance(promised - MOMENT, world.hear)
            assert (await world.show(organisation_id)).state is OrganisationState.WARNED
            await world.advance(2 * MOMENT)
        assert (await world.show(organisation_id)).state is OrganisationState.ERASING
