"""What a statement that fails by a fault of ours says: enough to find it, and nothing of whom it was about."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.postgres.database import Database
from tests.conftest import FreshDatabase

_INSERT = (
    "insert into organisations (organisation_id, name, state, created_at) values ('org_a', $1, $2, business_now())"
)


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """A database of the test's own."""
    async with Database.open(await fresh_database()) as database:
        yield database


async def test_a_refused_row_is_not_told(database: Database) -> None:
    """The words of an error end in logs and in histories: they name the rule that was broken, and no value of the row."""
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        async with database.write() as connection:
            await connection.execute(_INSERT, "Secret & Sons", "nonsense")
    assert "Secret" not in str(caught.value)
    assert caught.value.constraint_name == "organisations_check"


@pytest.mark.parametrize(
    ("statement", "value"),
    [("select $1::int", "Secret"), ("select ($1::text)::uuid", "Secret"), ("select $1::text", "Secret\x00")],
)
async def test_a_value_of_another_type_is_not_told(database: Database, statement: str, value: str) -> None:
    """Neither by us, who notice some, nor by Postgres, which notices the others."""
    with pytest.raises(asyncpg.DataError, match=r"^invalid ") as caught:
        async with database.read() as connection:
            await connection.fetchval(statement, value)
    assert "Secret" not in str(caught.value)
