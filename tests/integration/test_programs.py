"""The programs of `python -m workers`, each as a process of its own on real servers."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from temporalio.client import Client

from activities import counters
from adapters.postgres.migrate import migrate
from tenure import names
from tenure.errors import Misconfigured
from tenure.settings import InstallationKind, ServerSettings
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import LINK_SECRET
from workers.application import load_rules
from workers.metrics import GAUGES
from workers.programs import run_worker
from workers.stack.mail import MailSink
from workers.stack.ports import free_port
from workers.stack.temporal import Temporal

REPOSITORY = Path(__file__).parents[2]


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Begin a program with nothing of ours in its environment but this."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "TEMPORAL_"))}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers", *arguments),
        cwd=REPOSITORY,
        env=inherited | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(*arguments: str, **environment: str) -> tuple[int | None, str, str]:
    """Run a program to its end: its code, its output, and its errors."""
    process = await start(*arguments, **environment)
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


@pytest.fixture
async def environment(fresh_database: FreshDatabase, temporal: Temporal, mail_sink: MailSink) -> Mapping[str, str]:
    """Settings of a production installation on the session's servers."""
    return {
        "TENURE_DATABASE_URL": await fresh_database(),
        "TENURE_SMTP_URL": mail_sink.url,
        "TENURE_LINK_SECRET": LINK_SECRET,
        "TEMPORAL_ADDRESS": temporal.address,
        "TENURE_METRICS_PORT": str(free_port()),
        "TENURE_PORT": str(free_port()),
    }


async def answer(url: str) -> str:
    """The page at an address, once somebody listens there."""
    async with asyncio.timeout(30), httpx.AsyncClient() as http:
        while True:
            try:
                return (await http.get(url)).raise_for_status().text
            except httpx.TransportError:
                await asyncio.sleep(0.05)


LAST_READ = [*GAUGES][-2]
"""Set once all others are; but for the time of the reading, which is set as well when a worker begins."""
RARE = {"tenure_activity_errors_total", "tenure_clock_alerts_total"}
"""Whose labels nobody knows before they are counted: tests/unit/test_plugin.py and test_clock_behind.py see to them."""


OF_THE_WEB = {"tenure_intake_events_total", "tenure_web_errors_total"}


def asked_for() -> set[str]:
    """Metrics of ours that the alerts ask for."""
    rules = (REPOSITORY / "deploy" / "prometheus" / "alerts.yaml").read_text()
    return set(re.findall(r"tenure_[a-z_]+", rules))


async def test_the_worker_works_measures_and_stops(environment: Mapping[str, str], temporal: Temporal) -> None:
    """It polls both queues, has the repair scheduled, shows what alerts ask for without an id, and stops when told to."""
    process = await start("worker", **environment)
    try:
        page = f"http://127.0.0.1:{environment['TENURE_METRICS_PORT']}/metrics"
        async with asyncio.timeout(30):
            while LAST_READ not in (metrics := await answer(page)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        shown = set(re.findall(r"^(\w+)\{", metrics, re.MULTILINE))
        assert {*GAUGES, *(f"{counter.name}_total" for counter in counters.ALL), "temporal_num_pollers"} <= shown
        assert asked_for() - RARE - OF_THE_WEB <= shown
        assert "org_" not in metrics
        client = await Client.connect(temporal.address, namespace=names.NAMESPACE)
        description = await client.get_schedule_handle(names.RECONCILE_SCHEDULE).describe()
        assert description.schedule.spec.intervals[0].every == timedelta(hours=1)
    finally:
        process.terminate()
        async with asyncio.timeout(40):
            _, errors = await process.communicate()
    assert process.returncode == 128 + 15, errors
    assert "The worker polls tenure and tenure-erasure." in errors.decode()


async def test_the_web_serves_without_mail_and_temporal(environment: Mapping[str, str]) -> None:
    """The web application needs the database alone, and counts from zero (design, section 1; P15)."""
    process = await start(
        "web",
        TENURE_DATABASE_URL=environment["TENURE_DATABASE_URL"],
        TENURE_PORT=environment["TENURE_PORT"],
        TENURE_LINK_SECRET=LINK_SECRET,
    )
    try:
        assert '"installation":"production"' in await answer(f"http://127.0.0.1:{environment['TENURE_PORT']}/readyz")
        metrics = await answer(f"http://127.0.0.1:{environment['TENURE_PORT']}/metrics")
        for result in ("accepted", "older", "unknown", "deleted", "rejected"):
            assert f'tenure_intake_events_total{{result="{result}"}} 0.0' in metrics
        assert "tenure_web_errors_total 0.0" in metrics
    finally:
        process.terminate()
        await process.communicate()


async def test_a_database_is_migrated_and_tokens_are_issued(postgres_url: str) -> None:
    """A new database gets the newest schema and its kind; a token is printed once, known by its hash, and can be revoked."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("create database programs")
    await connection.close()
    url = f"{postgres_url.rpartition('/')[0]}/programs"
    settings = {"TENURE_DATABASE_URL": url, "TENURE_INSTALLATION": "simulation"}
    for _ in range(2):
        assert (await run("migrate", **settings))[:2] == (0, "The database has the newest schema.\n")
    code, output, _ = await run("token", "create", "ada", "--role", "operator", **settings)
    assert code == 0
    assert output.startswith("tnr_")
    code, output, errors = await run("token", "create", "ada", "--role", "operator", **settings)
    assert (code, output) == (1, "")
    assert "in use" in errors
    assert (await run("token", "revoke", "ada", **settings))[:2] == (0, "The token of ada is refused from now on.\n")
    code, output, errors = await run("token", "revoke", "ada", **settings)
    assert (code, output, errors) == (1, "", "No token of the name ada is in use.\n")
    code, output, _ = await run("token", "create", "ada", "--role", "service", **settings)
    assert (code, output[:4]) == (0, "tnr_")
    code, output, _ = await run("token", "create", "rev", "--role", "reviewer", **settings)
    assert (code, output[:4]) == (0, "tnr_")
    code, output, errors = await run("token", "create", "hub", "--role", "service_provider", **settings)
    assert (code, output, "names its partner" in errors) == (2, "", True)
    code, _, errors = await run("migrate", TENURE_DATABASE_URL=url)
    assert (code, "simulation" in errors) == (1, True)
    migrate(url, InstallationKind.SIMULATION)


async def test_search_attributes_are_registered(environment: Mapping[str, str]) -> None:
    """Deployment registers them in the namespace that the environment names."""
    assert await run("search-attributes", **environment) == (
        0,
        "The namespace 'tenure' has all search attributes.\n",
        "",
    )


async def test_what_a_person_can_mend_is_said_in_a_sentence(environment: Mapping[str, str]) -> None:
    """A missing setting, or a server that is away, ends the program with code 1 and a sentence, not with a traceback."""
    away = {**environment, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    taken = {"TENURE_METRICS_PORT": environment["TENURE_SMTP_URL"].rpartition(":")[2]}  # the mail server listens there
    nothing = {"TENURE_METRICS_PORT": "0"}
    for settings, sentence in (
        (nothing, "Set TENURE_DATABASE_URL"),
        (away, "set TEMPORAL_ADDRESS"),
        (taken, "set TENURE_METRICS_PORT"),
    ):
        code, _, errors = await run("worker", **settings)
        assert (code, "Traceback" in errors) == (1, False)
        assert sentence in errors


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("TENURE_DATABASE_URL", None, "Set TENURE_DATABASE_URL"),
        ("TENURE_DATABASE_URL", "postgresql://127.0.0.1:1/none", "TENURE_DATABASE_URL"),
        ("TENURE_SMTP_URL", None, "Set TENURE_SMTP_URL"),
        ("TENURE_LINK_SECRET", None, "Set TENURE_LINK_SECRET"),
        ("TENURE_LINK_SECRET", "short", "choose a longer one"),
        ("TENURE_CATALOGUE_FILE", "/nowhere.json", "TENURE_CATALOGUE_FILE"),
        ("TENURE_SMTP_URL", "mail.example", "SMTP URL"),
        ("TENURE_INSTALLATION", "simulation", "production installation"),
        ("TENURE_PAYLOAD_KEYS", "secret", "TENURE_PAYLOAD_KEYS"),
        ("TENURE_RULES_FILE", "/nowhere.json", "TENURE_RULES_FILE"),
        ("TEMPORAL_NAMESPACE", names.SIMULATION_NAMESPACE, "skip time"),
    ],
)
async def test_a_worker_with_a_wrong_setting_does_not_start(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, setting: str, value: str | None, sentence: str
) -> None:
    """Each setting that is missing or wrong is named, and nothing is polled (P4, SF-10)."""
    for name, right in environment.items():
        monkeypatch.setenv(name, right)
    if value is None:
        monkeypatch.delenv(setting)
    else:
        monkeypatch.setenv(setting, value)
    with pytest.raises(Misconfigured, match=sentence):
        await run_worker(ServerSettings(metrics_port=0))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "null",
        '{"silence": null}',
        '{"silence": ""}',
        '{"silence": "P0D"}',
        '{"notice_period": "-P30D"}',
        '{"notice_period": "soon"}',
        '{"quarantine": "-PT1S"}',
        '{"per_second": 0}',
        '{"when_nobody_reachable": "perhaps"}',
        '{"fleet_hour": {"absolute": -1, "share": 0}}',
    ],
)
def test_rules_that_make_no_sense_are_refused(tmp_path: Path, document: str) -> None:
    """A blank, null, zero, negative or unparseable rule stops the program, and never deletes anybody (P4)."""
    file = tmp_path / "rules.json"
    file.write_text(document)
    with pytest.raises(Misconfigured, match="TENURE_RULES_FILE"):
        load_rules(ServerSettings(rules_file=file))


def test_rules_are_read_from_the_file(tmp_path: Path) -> None:
    """What the document says holds, the rest is as shipped."""
    file = tmp_path / "rules.json"
    file.write_text('{"version": "ours", "quarantine": "P2D"}')
    rules = load_rules(ServerSettings(rules_file=file))
    assert (rules.version, rules.quarantine, rules.silence) == ("ours", timedelta(days=2), timedelta(days=30))
