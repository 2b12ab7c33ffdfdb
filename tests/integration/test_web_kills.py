"""`kill -9` of the web application around the commit of a request: who asked sends it again, and it is one trial (TR-23, P10)."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.postgres.tokens import PostgresTokens
from tenure import Tenure
from tenure.contracts.credential import Credential, CredentialRole
from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import LINK_SECRET, OPERATOR, Town
from tests.integration.trials.market import Market, address
from workers.stack.ports import free_port

PROGRAM = Path(__file__).with_name("mortal_web.py")


@asynccontextmanager
async def mortal_web(url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program, on this database; all of it ends with the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "TEMPORAL_"))},
            "PYTHONPATH": str(PROGRAM.parents[2]),
            "TENURE_DATABASE_URL": url,
            "TENURE_INSTALLATION": InstallationKind.SIMULATION,
            "TENURE_PORT": str(port),
            "TENURE_LINK_SECRET": LINK_SECRET,
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def test_a_request_outlives_the_web_application(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the commit, and after it: one call of a client is one trial, one organisation or one mail, and one answer."""
    monkeypatch.setattr("tenure.client.connection._LONGEST_WAIT", timedelta(milliseconds=100))
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT) as town:
        market = await Market.open(town)
        acme = await market.customer()
        new = market.request("messaging")
        known = market.request("messaging", organisation_id=acme, admin_email=address(acme))
        portal = Credential(name="portal", role=CredentialRole.SERVICE)
        token, port = await PostgresTokens(town.database).create(OPERATOR, portal), free_port()
        url, patience = (
            f"http://127.0.0.1:{port}",
            timedelta(minutes=4),
        )  # three starts of a web application, however busy the machine is
        async with (
            asyncio.timeout(patience.total_seconds()),
            Tenure(url, token, retry_for=patience) as client,
            mortal_web(town.url, port) as web,
        ):
            assert web.stdin is not None
            assert web.stdout is not None
            answers = asyncio.gather(client.trials.request(new), client.trials.request(known))
            for stored in ({0}, {1, 2}):
                web.stdin.write(b"\n")
                assert int(await web.stdout.readline()) == -signal.SIGKILL
                assert await town.value(int, "select count(*)::int from trials") in stored
            web.stdin.write(b"\n")
            of_new, of_known = await answers
            assert await client.trials.request(new) == of_new
            assert await client.trials.request(known) == of_known
        assert await town.value(int, "select count(*)::int from trials") == 2
        assert await town.audit(of_new.organisation_id) == ["created", "managed", "trial_requested", "screening_began"]
        assert await town.audit(acme) == ["trial_requested"]
        assert len(await market.queued(acme)) == 1
        processes = await town.fetch("select workflow_id from processes order by 1")
        assert (
            len(processes) == len({row["workflow_id"] for row in processes}) == 3
        )  # with the screening of the new one
