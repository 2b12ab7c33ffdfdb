"""The API does what its description says, whatever is sent: schemathesis, against the served application on Postgres."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tenure.contracts.credential import CredentialRole
from tenure.contracts.screening import ListId, Subject
from tenure.ids import PartnerId
from tenure.policy.screening import ScreeningRules
from tests.integration.deletion.town import Town
from tests.integration.wholesale.gate import ATTENDANT, SOLD, Gate
from tests.unit.screening.published import DPL, LISTS
from tests.web.site import WEBHOOK_SECRET, Site, open_site
from tests.web.trade import Trade

ROOT: Final = Path(__file__).parents[2]
CONFIGURATION: Final = Path(__file__).with_name("schemathesis.toml")
PROGRAM: Final = "from schemathesis.cli import schemathesis; schemathesis()"
IDS: Final = {
    # Twice the wholesale customers, which most commands are to.
    "organisation_id": "select organisation_id::text from organisations"
    " union all select organisation_id::text from onboardings cross join generate_series(1, 2)",
    "person_id": "select person_id::text from people",
    "user_id": "select person_id::text from user_packages",
    "by": "select a.person_id::text from partner_admins a join trials t using (partner_id) where a.sells",
    "partner_id": "select partner_id::text from partners",
    "package": "select code from unit_quantities where kind = 'package'",
    "add_on": "select code from unit_quantities where kind = 'add_on'",
    "licence_set_id": "select licence_set_id::text from licence_sets",
    "trial_id": "select trial_id::text from trials",
    "case_id": "select case_id::text from rpl_cases",
    "source": "select source from feeds",
}
"""Where ids are found that mean something, by the name under which the API takes them."""


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A served application with something of everything in it."""
    rules = ScreeningRules(required_lists=(ListId.US_DPL,))
    async with open_site(town, tmp_path, catalogue=SOLD, screening=rules) as site:
        trade = await Trade.open(site)
        await trade.active()
        await trade.asked(await town.organisation())
        await town.warned()
        await town.erase(await town.purging())
        gate = await Gate.open(town)
        await gate.active(packages={"suite": 3, "meetings": 2}, add_ons={ATTENDANT: 2})
        await gate.held()
        await gate.create()
        async with site.client(await site.token(CredentialRole.OPERATOR, name="loader")) as client:
            await client.lists.update(LISTS / DPL[0])
        yield site


async def test_the_api_is_as_it_is_described(site: Site, tmp_path: Path) -> None:
    """No input is a fault of the server; statuses, types, bodies and headers are those described; who is nobody gets nothing (XC-05, P14).

    A reviewer, whose reviews alone are asked for (that it gets nothing else is proven in test_wholesale_roles.py), a
    provisioning system and an operator; the operator last: it leaves nothing as it was.
    """
    # The first screening reads dictionaries for some seconds, and only an operator waits for one.
    warming = asyncio.create_task(site.application.services.screener.screen(Subject(names=("Works",))))
    north = PartnerId("ptr_north")
    for role, partner_id, options in (
        (CredentialRole.REVIEWER, None, ("--max-examples", "3", "--include-tag", "reviews")),
        (CredentialRole.SERVICE_PROVIDER, north, ("--max-examples", "1")),
        (CredentialRole.OPERATOR, None, ("--max-examples", "3")),
    ):
        token = await site.token(role, partner_id, name="schema-" + role.replace("_", "-"))
        if role is CredentialRole.OPERATOR:
            await warming
        await held_against_its_description(site, token, tmp_path, "--seed", "1", *options)


async def held_against_its_description(site: Site, token: str, folder: Path, *options: str) -> None:
    """Run schemathesis against a site, with ids that are known there."""
    known = {name: [row[0] for row in await site.town.fetch(query)] for name, query in IDS.items()}
    configuration = folder / CONFIGURATION.name
    configuration.write_text(CONFIGURATION.read_text() + "".join(dictionaries(known)))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, "--config-file", str(configuration), "--no-color"),
        *("run", f"{site.url}/v1/openapi.json", "--phases", "examples,fuzzing", "--warnings", "off", *options),
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.web.signing",
            "TENURE_TOKEN": token,
            "TENURE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


def dictionaries(known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Bindings of parameters to values, half of the time: the other half is for what nobody knows."""
    return [
        f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n"
        + "".join(
            f'[parameters."{place}.{name}"]\ndictionary = "{name}"\nprobability = 0.5\n'
            for place in ("path", "query", "body")
        )
        for name, values in known.items()
    ]
