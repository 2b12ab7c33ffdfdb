"""The examples run as they stand."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tenure import Tenure
from tenure.contracts.credential import CredentialRole
from tenure.contracts.licence import LicenceState
from tests.web.site import WEBHOOK_SECRET, Site

EXAMPLES = Path(__file__).parents[2] / "examples"


async def run(program: str, environment: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    """Run an example to its end: its code, its output, and its errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / program,
        *arguments,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_portal_asks_for_a_trial(site: Site, operator: Tenure) -> None:
    """The example shows what is on offer and asks, as often as it is run; what is refused is said with its code (TR-20, TR-23)."""
    await operator.imports.run(EXAMPLES / "first-steps.csv", wait=False)
    environment = {"TENURE_URL": site.url, "TENURE_TOKEN": await site.token(CredentialRole.SERVICE)}
    ask = ("request_trial.py", environment, "camille@lumiere.example")
    code, printed, err = await run(*ask, "calling")
    assert code == 0, err
    assert "It belongs to Atelier Lumière (org_lumiere)." in printed
    assert printed.endswith("trl_portal-4711-calling of Atelier Lumière: pending consent.\n")
    code, again, _ = await run(*ask, "calling")
    assert (code, again.splitlines()[-1]) == (0, printed.splitlines()[-1])
    code, _, err = await run(*ask, "telepathy")
    assert (code, err) == (1, "There is no such service: the catalogue names those there are. (service_unknown)\n")
    code, printed, err = await run("request_trial.py", environment, "eve@fresh.example", "calling", "4712")
    assert (code, printed.splitlines()[-1]) == (0, "trl_portal-4712-calling of Atelier Lumière: provisioning."), err


@pytest.mark.parametrize(
    ("program", "arguments"),
    [("request_trial.py", ("eve@fresh.example", "calling")), ("report_facts.py", ("org_alder",))],
)
async def test_whoever_runs_an_example_wrong_is_told_how(program: str, arguments: tuple[str, ...]) -> None:
    """Without arguments it says how it is run, and with a wrong setting what to set: never a traceback."""
    code, _, err = await run(program, {})
    assert code == 1
    assert f"python examples/{program}" in err
    code, _, err = await run(program, {"TENURE_TOKEN": ""}, *arguments)
    assert (code, "set TENURE_TOKEN" in err, "Traceback" in err) == (1, True, False)


async def test_a_service_reports_its_facts(site: Site) -> None:
    """The example of a service grants, reports activity, expires, and prints what happens next (WH-01)."""
    organisation_id = await site.town.organisation()
    environment = {
        "TENURE_URL": site.url,
        "TENURE_TOKEN": await site.token(CredentialRole.SERVICE),
        "TENURE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    code, printed, err = await run("report_facts.py", environment, organisation_id)
    assert code == 0, err
    assert "1 event counts" in printed
    states = await site.town.fetch("select state from licence_sets where organisation_id = $1", organisation_id)
    assert [row["state"] for row in states] == [LicenceState.SUSPENDED]
    code, _, err = await run("report_facts.py", environment, "org_none")
    assert (code, err) == (1, "There is no such organisation. (organisation_not_found)\n")
