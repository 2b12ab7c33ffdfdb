"""A served Tenure for tests: the composition root's own adapters, on a real Postgres, behind a real server."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from pydantic import BaseModel, SecretStr

from adapters.postgres.tokens import PostgresTokens
from tenure import Tenure
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.credential import Credential, CredentialRole
from tenure.ids import PartnerId, PersonId
from tenure.policy.screening import ScreeningRules
from tenure.ports import Caller
from tenure.settings import InstallationKind, ServerSettings
from tests.integration.deletion.town import UNSCREENED, Town
from web.app import create_app
from web.problems import MEDIA_TYPE
from web.server import serving
from workers.application import Application, open_application
from workers.stack.ports import free_port

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes.").decode()


@dataclass(frozen=True)
class Site:
    """The address, the world behind it, and credentials for it."""

    url: str
    town: Town
    application: Application

    async def token(
        self,
        role: CredentialRole,
        partner_id: PartnerId | None = None,
        name: str | None = None,
        person_id: PersonId | None = None,
    ) -> str:
        """A new token; its name is the role's where none is given."""
        name = name or f"{role}-{partner_id or 'test'}"
        credential = Credential(name=name, role=role, partner_id=partner_id, person_id=person_id)
        return await PostgresTokens(self.application.database).create(Caller(actor="operator:test"), credential)

    def client(self, token: str | None, *, retry_for: timedelta = timedelta(0)) -> Tenure:
        """A client that signs its activity."""
        return Tenure(self.url, token, webhook_secret=WEBHOOK_SECRET, retry_for=retry_for)

    async def digest(self) -> dict[str, str]:
        """A digest of every table: what is the same twice was not changed between."""
        tables = await self.town.fetch(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        )
        rows = "select coalesce(md5(string_agg(row::text, ';' order by row::text)), '') from {} as row"
        return {name: await self.town.value(str, rows.format(name)) for [name] in tables}


def code(response: httpx.Response) -> str:
    """The code of a problem, after a look at its form."""
    assert response.headers["content-type"] == MEDIA_TYPE, response.text
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["detail"]
    assert problem["title"]
    return str(problem["code"])


@asynccontextmanager
async def open_site(
    town: Town,
    folder: Path,
    kind: InstallationKind = InstallationKind.SIMULATION,
    *,
    catalogue: Catalogue | None = None,
    screening: ScreeningRules = UNSCREENED,
) -> AsyncIterator[Site]:
    """Serve a town under its own rules, with what is shipped where nothing else is given; it has no lists, as a town."""
    rules = folder / "rules.json"
    rules.write_text(town.rules.model_dump_json())
    port = free_port()
    settings = ServerSettings(
        database_url=SecretStr(town.url),
        public_url=f"http://127.0.0.1:{port}",
        link_secret=SecretStr("a-secret-of-the-tests-that-signs-links"),
        installation=kind,
        rules_file=rules,
        catalogue_file=_document(catalogue, folder / "catalogue.json"),
        screening_rules_file=_document(screening, folder / "screening.json"),
        webhook_secret=SecretStr(WEBHOOK_SECRET),
    )
    async with open_application(settings) as application:
        app = create_app(application.services, settings)
        async with serving(app, "127.0.0.1", port):
            yield Site(settings.public_url, town, application)


def _document(value: BaseModel | None, file: Path) -> Path | None:
    if value is None:
        return None
    file.write_text(value.model_dump_json())
    return file
