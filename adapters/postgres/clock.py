"""The guard against clocks that run ahead: nothing acts before its instant has come by `business_now()` (SF-10, P13)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from adapters.postgres import breakers
from adapters.postgres.database import Connection, Database, business_now
from tenure.contracts.base import Instant
from tenure.errors import Refusal, RefusalCode
from tenure.policy.rules import Rules

STOPS_FLEET: Final = timedelta(seconds=5)
"""A clock this far ahead is no jitter but wrong, and may be wrong for everybody."""


@asynccontextmanager
async def in_time(database: Database, as_of: Instant, rules: Rules) -> AsyncIterator[Connection]:
    """A guarded transaction that acts as of an instant; one that is far ahead opens the fleet's breaker.

    Raises:
        Refusal: `clock_ahead`, when the instant has not come yet. Nothing but the breaker is changed.
    """
    async with watched(database, as_of, rules) as connection:
        await refuse_ahead(connection, as_of)
        yield connection


@asynccontextmanager
async def watched(database: Database, as_of: Instant, rules: Rules) -> AsyncIterator[Connection]:
    """A guarded transaction that refuses by itself what has not come yet, once it has seen what that would be.

    Raises:
        Refusal: `clock_ahead`, where `refuse_ahead` was asked in it; far ahead opens the fleet's breaker.
    """
    try:
        async with database.write() as connection:
            yield connection
    except Refusal as refusal:
        if refusal.code is RefusalCode.CLOCK_AHEAD:
            await _stop_fleet(database, as_of, rules)
        raise


async def refuse_ahead(connection: Connection, as_of: Instant, now: Instant | None = None) -> None:
    """Refuse an instant that has not come yet.

    `now` is what the transaction has read, and records as its time: nothing is on record as done before its instant.

    Raises:
        Refusal: `clock_ahead`.
    """
    ahead = as_of - (now or await business_now(connection))
    if ahead > timedelta(0):
        raise Refusal(RefusalCode.CLOCK_AHEAD, details={"ahead_seconds": ahead.total_seconds()})


async def _stop_fleet(database: Database, as_of: Instant, rules: Rules) -> None:
    async with database.write() as connection:
        now = await business_now(connection)
        if as_of - now > STOPS_FLEET:
            seconds = (as_of - now).total_seconds()
            await breakers.stop_fleet(connection, now, f"a clock is {seconds:.0f} seconds ahead", rules)
