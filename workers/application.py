"""The composition root: settings become pools, pools become adapters, adapters stand behind every port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import parseaddr

from pydantic import SecretStr, ValidationError

from adapters.mail.mailer import MailServer, SmtpMailer
from adapters.mail.message import address
from adapters.mail.writer import TemplateWriter
from adapters.postgres.activity import PostgresActivity
from adapters.postgres.audit_trail import PostgresAuditTrail
from adapters.postgres.breakers import PostgresBreakers
from adapters.postgres.countdowns import PostgresCountdowns
from adapters.postgres.database import Database, Patience
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.feeds import PostgresFeeds
from adapters.postgres.forecast import PostgresForecast
from adapters.postgres.imports import PostgresImports
from adapters.postgres.installation import PostgresInstallation
from adapters.postgres.licences import PostgresLicences
from adapters.postgres.notices import PostgresNotices
from adapters.postgres.organisations import PostgresOrganisations
from adapters.postgres.processes import PostgresProcesses
from adapters.postgres.tokens import PostgresTokens
from tenure.errors import Misconfigured
from tenure.policy.rules import Rules
from tenure.ports import Countdowns, Mailer, Processes
from tenure.settings import ServerSettings
from web.services import Services

_CONNECTIONS = 20
_IMPORTS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What worker and web stand on. None of it may delete (SF-12)."""

    settings: ServerSettings
    rules: Rules
    database: Database
    services: Services
    """What the web stands on; workers use some of it."""
    countdowns: Countdowns
    processes: Processes


@asynccontextmanager
async def open_application(settings: ServerSettings) -> AsyncIterator[Application]:
    """Open everything that a worker and the web need, as the role `tenure_app`.

    Raises:
        Misconfigured: a setting is missing or wrong, or the database is not there, or not what the settings say.
    """
    rules = load_rules(settings)
    url = require(settings.database_url, "TENURE_DATABASE_URL")
    patience = Patience(statement=settings.database_statement_seconds)
    # An import stores a whole base in a few statements, and makes nobody else wait for a connection meanwhile.
    patient = replace(patience, statement=10 * patience.statement)
    async with (
        Database.open(url, max_size=_CONNECTIONS, patience=patience) as database,
        Database.open(url, max_size=_IMPORTS, patience=patient) as imports,
    ):
        if database.kind is not settings.installation:
            raise Misconfigured(
                f"The database was created as a {database.kind} installation, and TENURE_INSTALLATION says "
                f"{settings.installation}: neither ever becomes the other (SF-10)."
            )
        message_domain = address(parseaddr(settings.mail_from)[1], "").domain
        services = _services(database, imports, rules, message_domain)
        yield Application(
            settings=settings,
            rules=rules,
            database=database,
            services=services,
            countdowns=PostgresCountdowns(database, rules, activity=services.activity, message_domain=message_domain),
            processes=PostgresProcesses(database),
        )


def _services(database: Database, imports: Database, rules: Rules, message_domain: str) -> Services:
    return Services(
        installation=PostgresInstallation(database),
        tokens=PostgresTokens(database),
        organisations=PostgresOrganisations(database, rules),
        licences=PostgresLicences(database, rules),
        erasures=PostgresErasures(database, rules),
        breakers=PostgresBreakers(database, rules),
        activity=PostgresActivity(database),
        feeds=PostgresFeeds(database),
        notices=PostgresNotices(database, rules, message_domain=message_domain),
        writer=TemplateWriter(),
        forecast=PostgresForecast(database, rules),
        imports=PostgresImports(imports, rules),
        audit=PostgresAuditTrail(database),
    )


def open_mailer(settings: ServerSettings) -> Mailer:
    """The way to people; a connection is made for each mail.

    Raises:
        Misconfigured: the server's URL or the sender is missing or wrong.
    """
    return SmtpMailer(MailServer.from_url(require(settings.smtp_url, "TENURE_SMTP_URL")), settings.mail_from)


def load_rules(settings: ServerSettings) -> Rules:
    """The rules of the installation.

    Raises:
        Misconfigured: the document cannot be read, or a duration in it is blank, zero, negative or absurd (P4).
    """
    if settings.rules_file is None:
        return Rules()
    try:
        return Rules.model_validate_json(settings.rules_file.read_bytes())
    except (OSError, ValidationError) as error:
        raise Misconfigured(f"TENURE_RULES_FILE does not hold usable rules: {error}") from error


def require(value: SecretStr | None, variable: str) -> str:
    """A setting that this program cannot do without.

    Raises:
        Misconfigured: it is not set.
    """
    if value is None:
        raise Misconfigured(f"Set {variable}; `python -m workers dev` brings up everything that it would name.")
    return value.get_secret_value()
