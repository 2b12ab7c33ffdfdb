"""The record in Postgres: races statement by statement, roles, and organisations that are gone."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import asyncpg
import pytest

from adapters.postgres import platform as module
from adapters.postgres.database import Connection, Database, DatabaseRole
from adapters.postgres.platform import PostgresPlatform
from tenure.contracts.platform import Built, Deed
from tenure.errors import PlatformRefused
from tenure.ids import OrganisationId
from tests.integration.deletion.interleaving import interleave
from tests.integration.platform.conftest import ORGANISATION, order, standing

ORDERS = 100
"""In how many orders each race runs."""


async def rows(database: Database) -> Sequence[asyncpg.Record]:
    async with database.read() as connection:
        return await connection.fetch("select * from platform_resources order by order_key")


async def race(database: Database, turn: int) -> dict[str, Any]:
    """Two builds and the tear-down of one turn, in the order of that seed."""
    platform = PostgresPlatform(database)
    return await interleave(
        turn,
        {
            "build": partial(platform.build, order(turn=turn)),
            "again": partial(platform.build, order(turn=turn)),
            "tear-down": partial(platform.tear_down, order(Deed.TEAR_DOWN, turn=turn)),
        },
    )


async def test_builds_against_a_tear_down(database: Database) -> None:
    """In every order: one row a key, the builds agree, and nothing stands once it was torn down (PV-04, XC-06)."""
    first: Counter[bool] = Counter()
    numbers: list[str] = []
    for turn in range(1, ORDERS + 1):
        results = await race(database, turn)
        assert all(isinstance(result, Built) for result in results.values()), results
        assert results["build"] == results["again"]
        numbers += results["build"].phone_numbers
        first[bool(results["build"].phone_numbers)] += 1
    assert len(await rows(database)) == ORDERS
    assert await standing(database) == []
    assert len(numbers) == len(set(numbers)) == first[True] * 2
    assert min(first.values()) > ORDERS // 20, first


async def test_without_the_lock_the_race_is_lost(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same race finds a platform that does not lock: both store what only one may (XC-06)."""

    async def unlocked(connection: Connection, *organisations: OrganisationId) -> None:
        return None

    monkeypatch.setattr(module, "lock", unlocked)
    monkeypatch.setattr(module, "lock_one", unlocked)
    outcomes = [await race(database, turn) for turn in range(1, ORDERS + 1)]
    assert any(isinstance(result, Exception) for results in outcomes for result in results.values())


async def test_what_is_on_record(database: Database) -> None:
    """A row says what was built where and when; its numbers are in a country code that is nobody's (PV-04)."""
    built = await PostgresPlatform(database).build(order().model_copy(update={"region": "eu", "seats": 25}))
    assert built.phone_numbers == ("+999000000001", "+999000000002")
    [row] = await rows(database)
    assert (row["order_key"], row["region"], row["seats"]) == (order().key, "eu", 25)
    assert row["phone_numbers"] == list(built.phone_numbers)
    assert row["torn_down_at"] is None
    await PostgresPlatform(database).tear_down(order(Deed.TEAR_DOWN))
    [torn_down] = await rows(database)
    assert (torn_down["built_at"], torn_down["torn_down_at"] > row["built_at"]) == (row["built_at"], True)
    await PostgresPlatform(database).tear_down(order(Deed.TEAR_DOWN))
    assert await rows(database) == [torn_down]


async def test_the_eraser_tears_down_and_builds_nothing(database: Database, url: str) -> None:
    """Its role tears down what stands, answers where nothing does, and can build nothing (SF-12)."""
    built = await PostgresPlatform(database).build(order())
    async with Database.open(url, DatabaseRole.ERASURE) as erasure:
        eraser = PostgresPlatform(erasure)
        assert await eraser.tear_down(order(Deed.TEAR_DOWN)) == built
        never = await eraser.tear_down(order(Deed.TEAR_DOWN, "fax"))
        assert never.phone_numbers == ()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await eraser.build(order(turn=2))
    assert len(await rows(database)) == 1
    assert await standing(database) == []


async def test_nothing_is_built_for_an_organisation_that_is_gone(database: Database) -> None:
    """Once it is fenced, builds are refused, and a tear-down leaves no row that a purge would miss (SF-11, XC-07)."""
    platform = PostgresPlatform(database)
    built = await platform.build(order())
    async with database.write() as connection:
        await connection.execute("update organisations set state = 'erasing' where organisation_id = $1", ORGANISATION)
    for turn in (1, 2):
        with pytest.raises(PlatformRefused) as refused:
            await platform.build(order(turn=turn))
        assert refused.value.code == "org_deleted"
    await platform.tear_down(order(Deed.TEAR_DOWN, turn=2))
    assert await platform.tear_down(order(Deed.TEAR_DOWN)) == built
    assert len(await rows(database)) == 1
    nobody = {"organisation_id": OrganisationId("org_nobody")}
    with pytest.raises(PlatformRefused, match="organisation_not_found"):
        await platform.build(order(turn=3).model_copy(update=nobody))
    await platform.tear_down(order(Deed.TEAR_DOWN, turn=3).model_copy(update=nobody))


async def test_nobody_elses_resource_is_torn_down(database: Database) -> None:
    """An order that names another organisation's resource finds nothing (P14)."""
    platform = PostgresPlatform(database)
    built = await platform.build(order())
    other = {"organisation_id": OrganisationId("org_other")}
    theirs = await platform.tear_down(order(Deed.TEAR_DOWN, resource=built.resource).model_copy(update=other))
    assert theirs.phone_numbers == ()
    assert await standing(database) == [built.resource]
