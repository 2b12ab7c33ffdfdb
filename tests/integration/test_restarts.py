"""Temporal and Postgres are killed and started again: clocks survive, and nothing is lost or done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psutil

from adapters.postgres.migrate import migrate
from tenure import names, search
from tenure.contracts.organisation import OrganisationState
from tenure.settings import InstallationKind
from tests.workflows.installation import Installation, installation
from workers.stack.mail import MailSink
from workers.stack.postgres import embedded_postgres
from workers.stack.temporal import temporal

DAY = timedelta(days=1)


@asynccontextmanager
async def opened(data: Path, sink: MailSink, suffix: str | None) -> AsyncIterator[Installation]:
    """An installation on servers of its own, whose data stay in a folder."""
    async with (
        embedded_postgres(data, print) as url,
        temporal(
            data,
            print,
            namespaces={names.NAMESPACE: False, names.SIMULATION_NAMESPACE: True},
            search_attributes=search.REGISTRY,
            port=0,
            ui_port=0,
        ) as server,
    ):
        await asyncio.to_thread(migrate, url, InstallationKind.SIMULATION)
        async with installation(server, url, sink, data, tidy=False) as world:
            world.suffix = suffix or world.suffix
            yield world


def kill_servers(data: Path) -> None:
    """End both servers as a power cut would."""
    servers = [
        process
        for process in psutil.Process().children(recursive=True)
        if str(data) in " ".join(process.cmdline()) and "guard.py" not in " ".join(process.cmdline())
    ]
    assert len(servers) >= 2
    for process in servers:
        process.kill()


async def test_clocks_survive_a_power_cut(stack_data: Path, mail_sink: MailSink) -> None:
    """The countdown goes on from where it was: one warning, on the day it was due (XC-01, P10)."""
    data = stack_data / "restarts"
    data.mkdir()
    async with opened(data, mail_sink, None) as world:
        organisation_id = await world.organisation()
        await world.settle()
        await world.advance(20 * DAY)
        due_at = (await world.show(organisation_id)).next_due_at
        suffix = world.suffix
        kill_servers(data)
    async with opened(data, mail_sink, suffix) as world:
        await world.settle()
        assert (await world.show(organisation_id)).next_due_at == due_at
        assert world.mails() == []
        await world.advance(11 * DAY)
        assert (await world.show(organisation_id)).state is OrganisationState.WARNED
        assert len(world.mails()) == 1
