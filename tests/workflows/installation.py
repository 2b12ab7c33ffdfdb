"""A whole installation for tests: the production workers on a real Temporal, a real Postgres and a real mail server.

Its clock is the simulation's, so that months pass in seconds.
"""

import dataclasses
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle

from adapters.postgres.simulation import PostgresSimulation
from adapters.postgres.trials.trials import PostgresTrials
from adapters.screening.embedded import EmbeddedScreener
from adapters.screening.room import prepare
from adapters.temporal import TemporalExecutions
from tenure import names
from tenure.contracts.activity import Feed, Heartbeat
from tenure.contracts.base import Instant
from tenure.contracts.deletion import DeletionCountdownContract
from tenure.contracts.organisation import OrganisationView
from tenure.contracts.portfolio import PortfolioRecord
from tenure.contracts.screening import ListId
from tenure.ids import OrganisationId
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules
from tenure.ports import Caller
from tenure.settings import InstallationKind, ServerSettings
from tests.integration.deletion.town import LINK_SECRET
from tests.workflows.plain_screener import PlainScreener
from web.services import Services
from workers.application import Application, load_screening_rules, open_application
from workers.connection import connect
from workers.relay import Relay
from workers.simulation.clock import SimulationClock
from workers.simulation.starts import simulated
from workers.stack.mail import MailSink
from workers.stack.mailbox import StoredMail
from workers.stack.temporal import Temporal
from workers.worker import polling, relay

OPERATOR = Caller(actor="operator:test")
FEED = "app"
RHYTHM = timedelta(hours=1)
SCREENING_RULES = ScreeningRules(customers="wholesale", required_lists=(ListId.US_DPL,))
"""One short list is enough; most installations have none, and customers of trials do not wait for it there (Q-27)."""
_OF_THE_CLOCK = frozenset({"workflow_execution_options_updated", "workflow_execution_time_skipping_transitioned"})


@dataclass
class Installation:
    """An installation created as a simulation, and what a test does to it."""

    application: Application
    client: Client
    relay: Relay
    clock: SimulationClock
    simulation: PostgresSimulation
    sink: MailSink
    owner_url: str
    feeds_live: bool = True
    """Whether the feed says at every stop of the clock that it is complete."""
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    """Ends every name of this installation: tests share a Temporal namespace and a mail server."""

    @property
    def starting_client(self) -> Client:
        """A client whose executions begin at the simulation's now."""
        return simulated(self.client, self.simulation)

    @property
    def services(self) -> Services:
        """The ports that outsiders reach."""
        return self.application.services

    def screen_newcomers(self) -> None:
        """From now on customers that trials create are screened."""
        application = self.application
        trials = PostgresTrials(
            application.database,
            application.rules,
            SCREENING_RULES.model_copy(update={"customers": "all"}),
            application.catalogue,
            message_domain=application.message_domain,
        )
        services = dataclasses.replace(application.services, trials=trials)
        self.application = dataclasses.replace(application, services=services)

    def organisation_id(self, name: str = "acme") -> OrganisationId:
        """The id of an organisation of this test."""
        return OrganisationId(f"org_{name}-{self.suffix}")

    def address(self, person: str = "ada") -> str:
        """The mail address of a person of this test."""
        return f"{person}@{self.suffix}.example"

    async def store(self, *records: Mapping[str, Any] | PortfolioRecord) -> None:
        """Import records, as a customer's base comes in; every one has to be right."""
        rows = [dict(each) if isinstance(each, Mapping) else each.model_dump(mode="json") for each in records]
        content = "\n".join(json.dumps(row, default=str) for row in rows).encode()
        report = await self.services.imports.store(OPERATOR, content, "application/x-ndjson")
        assert not report.errors, report.errors

    async def organisation(
        self, name: str = "acme", *, admins: Sequence[str] = ("ada",), licences: Mapping[str, Any] | None = None
    ) -> OrganisationId:
        """An organisation with full admins and one licence set: by default one that is removed, so that it is marked."""
        organisation_id = self.organisation_id(name)
        now = await self.simulation.now()
        removed = {"kind": "trial", "state": "removed", "expires_at": (now - timedelta(days=31)).isoformat()}
        await self.store(
            {
                "record": "organisation",
                "organisation_id": organisation_id,
                "name": f"{name} {self.suffix}",
                "country": "DE",
                "time_zone": "Europe/Berlin",
            },
            *(
                {
                    "record": "person",
                    "person_id": f"per_{admin}-{name}-{self.suffix}",
                    "organisation_id": organisation_id,
                    "name": admin,
                    "email": self.address(admin),
                    "role": "customer_full_admin",
                }
                for admin in admins
            ),
            {
                "record": "licence_set",
                "licence_set_id": f"lic_{name}-{self.suffix}",
                "organisation_id": organisation_id,
            }
            | dict(removed if licences is None else licences),
        )
        return organisation_id

    async def advance(self, by: timedelta) -> None:
        """Let time pass; where `feeds_live`, the feed is heard at every stop."""
        await self.clock.advance(await self.simulation.now() + by, self.hear)

    async def settle(self) -> None:
        """Let everything that is due now happen."""
        await self.hear(await self.simulation.now())
        await self.clock.settle()

    async def hear(self, instant: Instant) -> None:
        if self.feeds_live:
            await self.services.feeds.heartbeat(OPERATOR, Heartbeat(source=FEED, watermark=instant))

    async def show(self, organisation_id: OrganisationId) -> OrganisationView:
        """What the API says of an organisation."""
        return await self.services.organisations.show(OPERATOR, organisation_id)

    async def row(self, query: str, *arguments: object) -> asyncpg.Record:
        """The first row of a query."""
        async with self.application.database.read() as connection:
            found = await connection.fetchrow(query, *arguments)
        assert found is not None
        return found

    async def as_owner(self, statement: str, *arguments: object) -> None:
        """Change the database as only its owner can: what a backup, a fault or another system would do to it."""
        connection = await asyncpg.connect(self.owner_url)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    def mails(self, person: str = "ada") -> list[StoredMail]:
        """What has arrived for a person of this test."""
        return [mail for mail in self.sink.messages() if self.address(person) in mail.recipients]

    async def events(self, workflow_id: str) -> list[str]:
        """What the history of an execution holds, without what time skipping adds to it."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        kinds = [str(event.WhichOneof("attributes")).removesuffix("_event_attributes") for event in history.events]
        return [kind for kind in kinds if kind not in _OF_THE_CLOCK]

    async def written(self, workflow_id: str) -> str:
        """All that the history of an execution says, with its payloads as they can be read."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        return "\n".join(str(event) for event in history.events)

    def countdown(
        self, organisation_id: OrganisationId, generation: int = 1
    ) -> WorkflowHandle[DeletionCountdownContract, Any]:
        """The execution of a countdown."""
        return self.client.get_workflow_handle_for(
            DeletionCountdownContract.run, names.deletion_id(organisation_id, generation)
        )


@asynccontextmanager
async def installation(
    temporal: Temporal,
    url: str,
    sink: MailSink,
    folder: Path,
    *,
    rules: Rules | None = None,
    engine: bool = False,
    smtp_url: str | None = None,
    payload_keys: SecretStr | None = None,
    working: bool = True,
    tidy: bool = True,
    patience: timedelta = timedelta(seconds=60),
) -> AsyncIterator[Installation]:
    """Open an installation on a database of its own, its feed known.

    Args:
        temporal: The server.
        url: The database, as its owner.
        sink: The mail server.
        folder: Where the rules are written.
        rules: Those that are shipped, where there are no others.
        engine: Whether the real engine screens, whose dictionaries take seconds to read; else names as they are listed.
        smtp_url: Where mails go, if not straight to the sink.
        payload_keys: What encrypts payloads; None leaves them readable.
        working: Whether the workers poll here.
        tidy: Whether executions are terminated in the end, so that no other test's workers find them.
        patience: How long nothing may move.
    """
    rules_file = folder / f"rules-{uuid.uuid4()}.json"
    rules_file.write_text((rules or Rules()).model_dump_json())
    screening_rules_file = folder / f"screening-rules-{uuid.uuid4()}.json"
    screening_rules_file.write_text(SCREENING_RULES.model_dump_json())
    settings = ServerSettings(
        installation=InstallationKind.SIMULATION,
        database_url=SecretStr(url),
        smtp_url=SecretStr(smtp_url or sink.url),
        rules_file=rules_file,
        screening_rules_file=screening_rules_file,
        payload_keys=payload_keys,
        link_secret=SecretStr(LINK_SECRET),
        starts_per_second=1000,
    )
    async with open_application(settings) as complete:
        application = screened(complete, engine=engine)
        client = await connect(settings, address=temporal.address)
        simulation = PostgresSimulation(application.database)
        carrier = relay(application, client)
        async with polling(application, client) if working else nullcontext():
            opened = Installation(
                application=application,
                client=client,
                relay=carrier,
                clock=SimulationClock(simulation, client, carrier, patience=patience),
                simulation=simulation,
                sink=sink,
                owner_url=url,
            )
            await opened.services.feeds.register(OPERATOR, Feed(source=FEED, rhythm=RHYTHM))
            try:
                yield opened
            finally:
                if tidy:
                    await _terminate_open(opened)


def screened(application: Application, *, engine: bool = False) -> Application:
    """The application with a screener that needs no engine, or whose engine shares its dictionaries with other tests."""
    lists, rules = application.services.screening_lists, load_screening_rules(application.settings)
    if engine:
        prepare()  # now, when nobody waits: it keeps the interpreter to itself
    screener = EmbeddedScreener(lists, rules, partial(ThreadPoolExecutor, 1)) if engine else PlainScreener(lists, rules)
    services = dataclasses.replace(application.services, screener=screener)
    return dataclasses.replace(application, services=services, update_screener=screener)


async def _terminate_open(installation: Installation) -> None:
    for process in await installation.application.processes.open(None, 1000):
        if await TemporalExecutions(installation.client).is_open(process.workflow_id):
            await installation.client.get_workflow_handle(process.workflow_id).terminate("the test is over")
