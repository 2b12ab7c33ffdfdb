"""Peer 2, the obvious Postgres design: one durable upsert for each event, and a sweep with `SKIP LOCKED`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self

import asyncpg

from tenure.contracts.activity import Event, IntakeResult

SCHEMA: Final = """
create table last_activity (
    organisation_id text primary key,
    last_activity_at timestamptz not null,
    last_kind text not null,
    last_source text not null
) with (fillfactor = 75);
create index last_activity_at on last_activity (last_activity_at);  -- the sweep asks for it
"""
_UPSERT: Final = """
insert into last_activity (organisation_id, last_activity_at, last_kind, last_source) values ($1, $2, $3, $4)
on conflict (organisation_id) do update
   set last_activity_at = excluded.last_activity_at, last_kind = excluded.last_kind, last_source = excluded.last_source
 where last_activity.last_activity_at < excluded.last_activity_at
"""
_SWEEP: Final = """
select organisation_id from last_activity where last_activity_at < now() - interval '30 days'
 order by last_activity_at limit 100 for update skip locked
"""
_SWEEP_SECONDS: Final = 1.0

type _Order = tuple[Event, asyncio.Future[None]]


class UpsertActivity:
    """The `Activity` port over upserts: answers when each of a batch's events is committed."""

    def __init__(self) -> None:
        self._orders: asyncio.Queue[_Order] = asyncio.Queue()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, connections: int) -> AsyncIterator[Self]:
        """Open so many connections, each of which takes the next event when it has committed one."""
        activity = cls()
        async with asyncpg.create_pool(url, min_size=connections, max_size=connections + 1) as pool:
            lanes = [asyncio.create_task(activity._lane(pool)) for _ in range(connections)]
            sweep = asyncio.create_task(_sweep(pool))
            try:
                yield activity
            finally:
                for task in (*lanes, sweep):
                    task.cancel()
                await asyncio.gather(*lanes, sweep, return_exceptions=True)

    async def record(self, events: Sequence[Event]) -> IntakeResult:
        """Upsert each event."""
        loop = asyncio.get_running_loop()
        commits = [loop.create_future() for _ in events]
        for order in zip(events, commits, strict=True):
            self._orders.put_nowait(order)
        await asyncio.gather(*commits)
        return IntakeResult(accepted=len(events))

    async def _lane(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        async with pool.acquire() as connection:
            upsert = await connection.prepare(_UPSERT)
            while True:
                event, commit = await self._orders.get()
                try:
                    await upsert.fetch(event.organisation_id, event.at, event.kind, event.source)
                except asyncpg.PostgresError as error:
                    commit.set_exception(error)
                else:
                    commit.set_result(None)


async def _sweep(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    while True:
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetch(_SWEEP)
        await asyncio.sleep(_SWEEP_SECONDS)
