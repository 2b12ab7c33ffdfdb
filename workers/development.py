"""The development stack: everything that production has, brought up by one command on one machine."""

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.client import Client

from adapters.postgres.migrate import migrate
from adapters.postgres.tokens import PostgresTokens
from tenure import names, search
from tenure.contracts.credential import Credential, CredentialRole
from tenure.ports import Caller
from tenure.settings import InstallationKind, ServerSettings
from web.app import create_app
from web.server import serving
from workers import worker
from workers.application import Application, open_application, require
from workers.connection import connect, require_clock
from workers.metrics import runtime
from workers.stack.lists import load_examples
from workers.stack.mail import MailSink, mail_sink
from workers.stack.postgres import embedded_postgres, require_database
from workers.stack.server import Report
from workers.stack.temporal import Temporal, temporal
from workers.warming import warming

_NAMESPACE = {
    InstallationKind.PRODUCTION: {names.NAMESPACE: False},
    InstallationKind.SIMULATION: {names.SIMULATION_NAMESPACE: True},
}
"""The namespace of each kind, and whether its executions may skip time."""
_OPERATOR = Credential(name="development", role=CredentialRole.OPERATOR)


class StackSettings(BaseSettings):
    """Where the stack keeps its data and listens; port 0 is any free one."""

    model_config = SettingsConfigDict(env_prefix="TENURE_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    data: Path | None = None
    """Data folder; unset: `/var/lib/tenure` for root, else `tenure` below XDG_DATA_HOME."""
    postgres_port: int = Field(default=0, ge=0, le=65535)
    temporal_port: int = Field(default=7233, ge=0, le=65535)
    temporal_ui_port: int = Field(default=8233, ge=0, le=65535)
    mail_port: int = Field(default=1025, ge=0, le=65535)
    mail_web_port: int = Field(default=8025, ge=0, le=65535)
    temporal_address: str = Field(default="", validation_alias=AliasChoices("temporal_address", "TEMPORAL_ADDRESS"))
    """`host:port` of a server that runs already; empty: one is started."""

    def folder(self, kind: InstallationKind) -> Path:
        """The data folder of one kind of installation: neither ever becomes the other."""
        if self.data is not None:
            return self.data / kind
        if os.geteuid() == 0:
            return Path("/var/lib/tenure") / kind  # Postgres runs as another account and has to get there
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tenure" / kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Development:
    """The stack, running."""

    application: Application
    client: Client
    temporal: Temporal
    mail: MailSink | None
    """None where TENURE_SMTP_URL names another mail server."""
    url: str
    """Of the web application."""
    token: str
    """An operator's."""


@asynccontextmanager
async def development(
    report: Report, settings: ServerSettings, stack_settings: StackSettings, *, relaying: bool = True
) -> AsyncIterator[Development]:
    """Run Postgres, Temporal, the mail sink, relay, worker and web while the context is open; data is found again.

    What the settings name already (TENURE_DATABASE_URL, TEMPORAL_ADDRESS, TENURE_SMTP_URL) is used.

    Args:
        report: Told what happens and what listens where.
        settings: Of the application; what is missing is filled in.
        stack_settings: Data folder and ports.
        relaying: Whether the relay runs; where it does not, a simulation clock decides when processes start.

    Raises:
        StackError: a piece of it cannot start.
        Misconfigured: a setting is wrong.
    """
    kind = settings.installation
    data = stack_settings.folder(kind)
    data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        if settings.database_url is None:
            url = await stack.enter_async_context(embedded_postgres(data, report, port=stack_settings.postgres_port))
        else:
            url = settings.database_url.get_secret_value()
            await require_database(url)
        await asyncio.to_thread(migrate, url, kind)
        server = await stack.enter_async_context(
            temporal(
                data,
                report,
                namespaces=_NAMESPACE[kind],
                search_attributes=search.REGISTRY,
                address=stack_settings.temporal_address,
                port=stack_settings.temporal_port,
                ui_port=stack_settings.temporal_ui_port,
            )
        )
        mail = None
        if settings.smtp_url is None:
            ports = {"smtp_port": stack_settings.mail_port, "web_port": stack_settings.mail_web_port}
            mail = await stack.enter_async_context(mail_sink(data, report, **ports))
        settings = at_its_port(settings).model_copy(
            update={
                "database_url": SecretStr(url),
                "smtp_url": SecretStr(mail.url) if mail else settings.smtp_url,
                "link_secret": settings.link_secret or await asyncio.to_thread(_link_secret, data),
                "webhook_secret": settings.webhook_secret or await asyncio.to_thread(_webhook_secret, data),
            }
        )
        telemetry = runtime(settings)
        client = await connect(settings, address=server.address, runtime=telemetry)
        await require_clock(client, kind)
        application = await stack.enter_async_context(open_application(settings))
        token = await _token(application, data / "token")
        port = await stack.enter_async_context(
            serving(create_app(application.services, settings), settings.host, settings.port)
        )
        report(f"The web application is http://{settings.host}:{port}.")
        if relaying:
            await load_examples(application.services.screening_lists, Caller(actor="development"), report)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            working = group.create_task(worker.serve(application, client, telemetry.metric_meter), name="worker")
            stack.callback(working.cancel)
        else:
            await stack.enter_async_context(worker.polling(application, client))
        report("The worker polls; the relay listens." if relaying else "The worker polls.")
        yield Development(
            application=application,
            client=client,
            temporal=server,
            mail=mail,
            url=f"http://{settings.host}:{port}",
            token=token,
        )


def at_its_port(settings: ServerSettings) -> ServerSettings:
    """Settings whose links in mails lead to the port that the web listens on, where nobody says otherwise."""
    if "public_url" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"public_url": f"http://{settings.host}:{settings.port}"})


async def _token(application: Application, file: Path) -> str:
    """An operator's token for this folder: the one that is kept there, as long as the database knows it."""
    tokens = PostgresTokens(application.database)
    kept = await asyncio.to_thread(lambda: file.read_text() if file.exists() else "")
    if await tokens.credential(kept) is not None:
        return kept
    caller = Caller(actor="development")
    await tokens.revoke(caller, _OPERATOR.name)
    token = await tokens.create(caller, _OPERATOR)
    await asyncio.to_thread(_keep, file, token)
    return token


def _link_secret(data: Path) -> SecretStr:
    """What signs the links of this folder's mails: made once, and kept there, so that old mails still lead somewhere."""
    file = data / "link-secret"
    if not file.exists():
        _keep(file, secrets.token_urlsafe(48))
    return SecretStr(file.read_text())


def _webhook_secret(data: Path) -> SecretStr:
    """What signs activity batches in this folder's installation: made once, and kept there."""
    file = data / "webhook-secret"
    if not file.exists():
        _keep(file, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    return SecretStr(file.read_text())


def _keep(file: Path, secret: str) -> None:
    file.touch(mode=0o600)
    file.write_text(secret)


async def run_development(kind: InstallationKind, report: Report) -> None:
    """Run the stack until cancelled, and say how to use it."""
    async with (
        development(report, ServerSettings(installation=kind), StackSettings()) as running,
        warming(running.application),
    ):
        secret = require(running.application.settings.webhook_secret, "TENURE_WEBHOOK_SECRET")
        database = require(running.application.settings.database_url, "TENURE_DATABASE_URL")
        for line in (
            f"Temporal's web interface: {running.temporal.ui_url or running.temporal.address}",
            *([f"Mails: {running.mail.web_url}"] if running.mail else []),
            f"Console and API: {running.url}",
            f"For the command line: export TENURE_URL={running.url} TENURE_TOKEN={running.token}",
            f"For activity: export TENURE_WEBHOOK_SECRET={secret}",
            f"For `python -m workers token create`: export TENURE_DATABASE_URL={database}",
            "Ctrl-C stops all of it; the data stays.",
        ):
            report(line)
        await asyncio.Event().wait()
