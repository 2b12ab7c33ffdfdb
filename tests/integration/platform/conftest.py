"""The platform made real twice, each as a world in which a test can see what stands."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import stamina
from pydantic import SecretStr

from adapters.platform.http import ATTEMPTS, HttpPlatform
from adapters.postgres.database import Database
from adapters.postgres.platform import PostgresPlatform
from tenure.contracts.customer import NewSite, Pstn
from tenure.contracts.onboarding import AccountOrder
from tenure.contracts.platform import Deed, PlatformOrder
from tenure.ids import OrganisationId, TrialId
from tenure.ports import Platform
from tests.conftest import FreshDatabase
from tests.integration.platform.vendor import TOKEN, Vendor

ORGANISATION = OrganisationId("org_bakery")
TRIAL = TrialId("trl_bakery")


@dataclass(frozen=True)
class World:
    """A platform, and the names of what is built there and not torn down."""

    platform: Platform
    standing: Callable[[], Awaitable[list[str]]]


def order(
    deed: Deed = Deed.BUILD, service: str = "calling", turn: int = 1, *, numbers: int = 2, resource: str | None = None
) -> PlatformOrder:
    """An order as the steps of a trial give it."""
    return PlatformOrder(
        key=f"{TRIAL}/{service}/{turn}/{deed}",
        deed=deed,
        trial_id=TRIAL,
        organisation_id=ORGANISATION,
        service=service,
        phone_numbers=numbers if deed is Deed.BUILD else 0,
        resource=resource,
    )


def account(generation: int = 1) -> AccountOrder:
    """The order of an account as the steps of an onboarding give it."""
    return AccountOrder(
        key=f"{ORGANISATION}/account/{generation}",
        organisation_id=ORGANISATION,
        generation=generation,
        name="Bakery",
        country="DE",
        services=("messaging", "calling"),
        sites=(NewSite(url="bakery.meetings.example", time_zone="Europe/Berlin", pstn=Pstn.CISCO),),
    )


@pytest.fixture
async def url(fresh_database: FreshDatabase) -> str:
    """The URL of a database in which one organisation lives."""
    url = await fresh_database()
    async with Database.open(url, max_size=1) as database, database.write() as connection:
        await connection.execute(
            "insert into organisations (organisation_id, name, country, created_at)"
            " values ($1, 'Bakery', 'DE', business_now())",
            ORGANISATION,
        )
    return url


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """That database, as the application."""
    async with Database.open(url) as database:
        yield database


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    """A vendor at which nothing is built yet."""
    async with Vendor.open() as vendor:
        yield vendor


@pytest.fixture
def at_once() -> Iterator[None]:
    """Attempts follow each other without a rest, as many as ever."""
    with stamina.set_testing(True, attempts=ATTEMPTS, cap=True):
        yield


@pytest.fixture
async def http(vendor: Vendor, at_once: None) -> AsyncIterator[HttpPlatform]:
    """The platform at that vendor, of which no answer may take longer than a part of a second."""
    async with HttpPlatform(vendor.url, SecretStr(TOKEN), timedelta(seconds=0.3)) as platform:
        yield platform


@pytest.fixture(params=["postgres", "http"])
def world(request: pytest.FixtureRequest) -> World:
    """Each platform in turn."""
    if request.param == "http":
        vendor: Vendor = request.getfixturevalue("vendor")

        async def at_the_vendor() -> list[str]:
            return list(vendor.standing)

        return World(request.getfixturevalue("http"), at_the_vendor)
    database: Database = request.getfixturevalue("database")

    async def in_the_database() -> list[str]:
        return await standing(database)

    return World(PostgresPlatform(database), in_the_database)


async def standing(database: Database) -> list[str]:
    """The names of what is built there and not torn down."""
    async with database.read() as connection:
        rows = await connection.fetch(
            "select resource from platform_resources where built_at is not null and torn_down_at is null order by 1"
        )
    return [row["resource"] for row in rows]
