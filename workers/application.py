"""The composition root: settings become pools, pools become adapters, adapters stand behind every port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from adapters.links import Links
from adapters.mail.mailer import MailServer, SmtpMailer
from adapters.mail.message import address
from adapters.mail.reports import MailReportReader
from adapters.mail.writer import TemplateWriter
from adapters.platform.http import HttpPlatform
from adapters.postgres.activity import PostgresActivity
from adapters.postgres.audit_trail import PostgresAuditTrail
from adapters.postgres.bounces import PostgresBounces
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
from adapters.postgres.platform import PostgresPlatform
from adapters.postgres.processes import PostgresProcesses
from adapters.postgres.screening_lists import PostgresScreeningLists
from adapters.postgres.tokens import PostgresTokens
from adapters.postgres.trials.consents import PostgresConsents
from adapters.postgres.trials.returns import PostgresDevices
from adapters.postgres.trials.steps import PostgresTrialSteps
from adapters.postgres.trials.trials import PostgresTrials
from adapters.postgres.wholesale.customers import PostgresCustomers
from adapters.postgres.wholesale.reviews import PostgresReviews
from adapters.postgres.wholesale.steps import PostgresOnboardingSteps
from adapters.postgres.wholesale.users import PostgresUsers
from adapters.postgres.wholesale.wizards import PostgresWizards
from adapters.screening.embedded import EmbeddedScreener
from adapters.screening.yente import YenteScreener
from tenure.contracts.call_in import Telephony
from tenure.contracts.catalogue import Catalogue
from tenure.errors import Misconfigured
from tenure.policy.catalogue import shipped
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules
from tenure.policy.telephony import shipped as shipped_telephony
from tenure.ports import (
    Countdowns,
    Mailer,
    OnboardingSteps,
    Platform,
    Processes,
    Screener,
    ScreeningLists,
    Trials,
    TrialSteps,
    UpdateScreener,
)
from tenure.settings import ServerSettings
from web.services import Services

_CONNECTIONS = 20
_IMPORTS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What worker and web stand on. None of it may delete (SF-12)."""

    settings: ServerSettings
    rules: Rules
    catalogue: Catalogue
    message_domain: str
    database: Database
    services: Services
    """What the web stands on; workers use some of it."""
    countdowns: Countdowns
    trial_steps: TrialSteps
    onboarding_steps: OnboardingSteps
    update_screener: UpdateScreener | None
    """Whom the update of a list concerns; None where lists are kept, and updated, by the provider that screens (Q-32)."""
    processes: Processes


@asynccontextmanager
async def open_application(settings: ServerSettings) -> AsyncIterator[Application]:
    """Open everything that a worker and the web need, as the role `tenure_app`.

    Raises:
        Misconfigured: a setting is missing or wrong, or the database is not there, or not what the settings say.
    """
    rules, catalogue = load_rules(settings), load_catalogue(settings)
    url = require(settings.database_url, "TENURE_DATABASE_URL")
    links = Links(
        SecretStr(require(settings.link_secret, "TENURE_LINK_SECRET")),
        public_url=settings.public_url,
        admin_console_url=settings.admin_console_url,
    )
    patience = Patience(statement=settings.database_statement_seconds)
    # An import stores a whole base in a few statements, and makes nobody else wait for a connection meanwhile.
    patient = replace(patience, statement=10 * patience.statement)
    async with (
        Database.open(url, max_size=_CONNECTIONS, patience=patience) as database,
        Database.open(url, max_size=_IMPORTS, patience=patient) as imports,
        AsyncExitStack() as opened,
    ):
        if database.kind is not settings.installation:
            raise Misconfigured(
                f"The database was created as a {database.kind} installation, and TENURE_INSTALLATION says "
                f"{settings.installation}: neither ever becomes the other (SF-10)."
            )
        message_domain = address(parseaddr(settings.mail_from)[1], "").domain
        screening_rules, telephony = load_screening_rules(settings), load_telephony(settings)
        lists = PostgresScreeningLists(database, screening_rules)
        screener = await opened.enter_async_context(open_screener(settings, lists))
        trials = PostgresTrials(database, rules, screening_rules, catalogue, message_domain=message_domain)
        services = _services(
            database, imports, rules, catalogue, telephony, links, message_domain, trials, lists, screener
        )
        yield Application(
            settings=settings,
            rules=rules,
            catalogue=catalogue,
            message_domain=message_domain,
            database=database,
            services=services,
            countdowns=PostgresCountdowns(database, rules, activity=services.activity, message_domain=message_domain),
            trial_steps=PostgresTrialSteps(database, rules, catalogue, message_domain=message_domain),
            onboarding_steps=PostgresOnboardingSteps(database, rules, screening_rules, catalogue, telephony),
            update_screener=screener if isinstance(screener, EmbeddedScreener) else None,
            processes=PostgresProcesses(database),
        )


def _services(
    database: Database,
    imports: Database,
    rules: Rules,
    catalogue: Catalogue,
    telephony: Telephony,
    links: Links,
    message_domain: str,
    trials: Trials,
    lists: ScreeningLists,
    screener: Screener,
) -> Services:
    return Services(
        installation=PostgresInstallation(database),
        tokens=PostgresTokens(database),
        organisations=PostgresOrganisations(database, rules),
        licences=PostgresLicences(database, rules, catalogue, message_domain=message_domain),
        trials=trials,
        consents=PostgresConsents(database, catalogue),
        devices=PostgresDevices(database, rules, catalogue, message_domain=message_domain),
        links=links,
        catalogue=catalogue,
        rules=rules,
        erasures=PostgresErasures(database, rules),
        breakers=PostgresBreakers(database, rules),
        activity=PostgresActivity(database),
        feeds=PostgresFeeds(database),
        notices=PostgresNotices(database, rules, message_domain=message_domain, links=links, catalogue=catalogue),
        bounces=PostgresBounces(database, rules, message_domain=message_domain),
        report_reader=MailReportReader(),
        writer=TemplateWriter(),
        forecast=PostgresForecast(database, rules),
        imports=PostgresImports(imports, rules, catalogue),
        screening_lists=lists,
        screener=screener,
        customers=PostgresCustomers(database, rules, catalogue, telephony),
        users=PostgresUsers(database, rules, catalogue),
        reviews=PostgresReviews(database, rules, telephony),
        wizards=PostgresWizards(database, catalogue),
        audit=PostgresAuditTrail(database),
    )


def open_mailer(settings: ServerSettings) -> Mailer:
    """The way to people; a connection is made for each mail.

    Raises:
        Misconfigured: the server's URL or the sender is missing or wrong.
    """
    server = MailServer.from_url(require(settings.smtp_url, "TENURE_SMTP_URL"))
    return SmtpMailer(server, settings.mail_from, bounce_address=settings.bounce_address)


def load_rules(settings: ServerSettings) -> Rules:
    """The rules of the installation.

    Raises:
        Misconfigured: the document cannot be read, or a duration in it is blank, zero, negative or absurd (P4).
    """
    return _document(Rules, settings.rules_file, "TENURE_RULES_FILE", "usable rules") or Rules()


def load_catalogue(settings: ServerSettings) -> Catalogue:
    """What the installation offers.

    Raises:
        Misconfigured: the document cannot be read, or names what nobody knows.
    """
    return _document(Catalogue, settings.catalogue_file, "TENURE_CATALOGUE_FILE", "a usable catalogue") or shipped()


def load_telephony(settings: ServerSettings) -> Telephony:
    """Which call-in numbers the installation's telephony domains have (CIN-10).

    Raises:
        Misconfigured: the document cannot be read, or a default number is not where its location is.
    """
    path = settings.telephony_file
    return _document(Telephony, path, "TENURE_TELEPHONY_FILE", "usable telephony") or shipped_telephony()


def load_screening_rules(settings: ServerSettings) -> ScreeningRules:
    """How the installation screens.

    Raises:
        Misconfigured: the document cannot be read, or a rule in it is none.
    """
    path = settings.screening_rules_file
    return _document(ScreeningRules, path, "TENURE_SCREENING_RULES_FILE", "usable rules") or ScreeningRules()


def _document[T: BaseModel](model: type[T], path: Path | None, variable: str, contents: str) -> T | None:
    """What a document of the installation says; None where a variable names none."""
    if path is None:
        return None
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise Misconfigured(f"{variable} does not hold {contents}: {error}") from error


@asynccontextmanager
async def open_screener(settings: ServerSettings, lists: ScreeningLists) -> AsyncIterator[Screener]:
    """Who screens: the yente service where one is named, else an index of the lists that are loaded here.

    Raises:
        Misconfigured: the service's address is wrong, or would send its token unencrypted over a network.
    """
    rules = load_screening_rules(settings)
    if settings.yente_url is None:
        async with EmbeddedScreener.open(lists, rules) as embedded:
            yield embedded
        return
    timeout = timedelta(seconds=settings.yente_seconds)
    async with YenteScreener(settings.yente_url, settings.yente_token, settings.yente_dataset, timeout, rules) as yente:
        yield yente


@asynccontextmanager
async def open_platform(settings: ServerSettings, database: Database) -> AsyncIterator[Platform]:
    """Who builds services: the vendor's API where one is named, else a record in the database.

    Raises:
        Misconfigured: the API's address is wrong, or would send its token unencrypted over a network.
    """
    if settings.platform_url is None:
        yield PostgresPlatform(database)
        return
    async with vendors_platform(settings) as platform:
        yield platform


def vendors_platform(settings: ServerSettings) -> HttpPlatform:
    """The vendor's API, to be used as a context.

    Raises:
        Misconfigured: none is named, its address is wrong, or would send its token unencrypted over a network.
    """
    if settings.platform_url is None:
        raise Misconfigured("Set TENURE_PLATFORM_URL to the address of the vendor's API.")
    timeout = timedelta(seconds=settings.platform_seconds)
    return HttpPlatform(settings.platform_url, settings.platform_token, timeout)


def require(value: SecretStr | None, variable: str) -> str:
    """A setting that this program cannot do without.

    Raises:
        Misconfigured: it is not set.
    """
    if value is None:
        raise Misconfigured(f"Set {variable}; `python -m workers dev` brings up everything that it would name.")
    return value.get_secret_value()
