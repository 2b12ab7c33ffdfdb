"""The examples run as they stand."""

import asyncio
import os
import sys
from pathlib import Path

from tenure.contracts.credential import CredentialRole
from tenure.contracts.licence import LicenceState
from tests.web.site import WEBHOOK_SECRET, Site

EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_a_service_reports_its_facts(site: Site) -> None:
    """The example of a service grants, reports activity, expires, and prints what happens next (WH-01)."""
    organisation_id = await site.town.organisation()
    environment = os.environ | {
        "TENURE_URL": site.url,
        "TENURE_TOKEN": await site.token(CredentialRole.SERVICE),
        "TENURE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }

    async def run(*arguments: str) -> tuple[int | None, str, str]:
        program = EXAMPLES / "report_facts.py"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            program,
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    code, printed, err = await run(organisation_id)
    assert code == 0, err
    assert "1 event counts" in printed
    states = await site.town.fetch("select state from licence_sets where organisation_id = $1", organisation_id)
    assert [row["state"] for row in states] == [LicenceState.SUSPENDED]
    code, _, err = await run("org_none")
    assert (code, err) == (1, "There is no such organisation. (organisation_not_found)\n")
