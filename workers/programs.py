"""What the commands of `python -m workers` do in production."""

import uuid
from collections.abc import Callable

from adapters.platform.conformance import check
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from adapters.postgres.tokens import PostgresTokens
from tenure import search
from tenure.contracts.credential import Credential
from tenure.ports import Caller
from tenure.settings import ServerSettings
from web.app import create_app
from web.server import serve
from workers import worker
from workers.application import open_application, require, vendors_platform
from workers.connection import connect
from workers.metrics import runtime
from workers.stack.namespaces import add_search_attributes
from workers.warming import warming


async def run_worker(settings: ServerSettings) -> None:
    """Run workflows, activities and the relay until cancelled."""
    telemetry = runtime(settings)
    async with open_application(settings) as application, warming(application):
        client = await connect(settings, runtime=telemetry)
        await worker.serve(application, client, telemetry.metric_meter)


async def run_web(settings: ServerSettings) -> None:
    """Serve the API and the console until cancelled."""
    async with open_application(settings) as application, warming(application):
        await serve(create_app(application.services, settings), settings.host, settings.port)


def run_migrations(settings: ServerSettings) -> None:
    """Bring the database to the newest schema; a new one becomes what TENURE_INSTALLATION says, for good."""
    url = settings.owner_database_url or settings.database_url
    migrate(require(url, "TENURE_OWNER_DATABASE_URL"), settings.installation)


async def issue_token(settings: ServerSettings, caller: Caller, credential: Credential) -> str:
    """Issue a token; it is answered here and never again."""
    async with Database.open(require(settings.database_url, "TENURE_DATABASE_URL"), max_size=1) as database:
        return await PostgresTokens(database).create(caller, credential)


async def revoke_token(settings: ServerSettings, caller: Caller, name: str) -> bool:
    """Refuse a token from now on; answers False where no token of that name is in use."""
    async with Database.open(require(settings.database_url, "TENURE_DATABASE_URL"), max_size=1) as database:
        return await PostgresTokens(database).revoke(caller, name)


async def register_search_attributes(settings: ServerSettings) -> str:
    """Add the search attributes that the namespace lacks; answers its name."""
    client = await connect(settings)
    await add_search_attributes(client, search.REGISTRY)
    return client.namespace


async def check_platform(settings: ServerSettings, report: Callable[[str], None]) -> int:
    """Order a service and an account of nobody at the vendor's platform, and say what is not as docs/platform.md has it.

    Raises:
        Misconfigured: no platform is named, or its address is wrong.
    """
    wrong = 0
    async with vendors_platform(settings) as platform:
        async for finding in check(platform, uuid.uuid4().hex[:8]):
            wrong += finding.wrong is not None
            report(f"ok    {finding.asked}." if finding.wrong is None else f"WRONG {finding.asked}: {finding.wrong}")
    return 1 if wrong else 0
