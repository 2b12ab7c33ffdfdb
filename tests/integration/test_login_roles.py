"""The login roles of production, as `deploy/postgres/roles.sql` makes them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from adapters.postgres.database import Database, DatabaseRole
from tenure.errors import Misconfigured
from tests.conftest import FreshDatabase

ROLES_SQL = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"
LOGINS = {DatabaseRole.APPLICATION: "tenure_app_login", DatabaseRole.ERASURE: "tenure_erasure_login"}


@pytest.fixture
async def url_of(fresh_database: FreshDatabase) -> AsyncIterator[Callable[[DatabaseRole], str]]:
    """The URLs of the login roles; the roles, which belong to the whole server, go again."""
    url = await fresh_database()
    owner = await asyncpg.connect(url)
    await owner.execute(ROLES_SQL.read_text())
    for login in LOGINS.values():
        await owner.execute(f"alter role {login} password 'secret'")
    found = urlsplit(url)
    yield lambda role: found._replace(netloc=f"{LOGINS[role]}:secret@{found.hostname}:{found.port}").geturl()
    await owner.execute(f"drop role {', '.join(LOGINS.values())}")
    await owner.close()


@pytest.mark.parametrize(("role", "other"), [tuple(LOGINS), tuple(reversed(LOGINS))])
async def test_each_login_is_one_role(
    url_of: Callable[[DatabaseRole], str], role: DatabaseRole, other: DatabaseRole
) -> None:
    """Each program's URL opens the database as its own role, and as no other: the application cannot delete (SF-12)."""
    async with Database.open(url_of(role), role, max_size=1) as database, database.read() as connection:
        assert await connection.fetchval("select current_user") == role
        assert await connection.fetchval("select count(*) from organisations") == 0
    with pytest.raises(Misconfigured, match="permission denied"):
        async with Database.open(url_of(role), other, max_size=1):
            pass
    async with Database.open(url_of(role), role, max_size=1) as database:
        for forbidden in ("delete from organisations", "update audit set actor = 'me'", "create table mine (x int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.write() as connection:
                    await connection.execute(forbidden)
