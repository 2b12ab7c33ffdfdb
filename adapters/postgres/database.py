"""Connections: a pool per role, and the guarded transaction in which every fact changes."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from tenure.contracts.base import Instant
from tenure.errors import Misconfigured, Refusal, RefusalCode, Unavailable
from tenure.ids import OrganisationId
from tenure.settings import InstallationKind

type Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]


class DatabaseRole(StrEnum):
    """The roles of the application; `tenure_erasure` alone may delete an organisation (SF-12)."""

    APPLICATION = "tenure_app"
    ERASURE = "tenure_erasure"


_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,  # what asyncpg raises while it leaves a transaction whose connection is gone
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)


class Database:
    """A pool of connections that act as one role.

    What is done on a connection that cannot be had, or is lost, raises Unavailable: nothing was committed that is not
    there, and trying again is right.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", kind: InstallationKind) -> None:
        self._pool = pool
        self.kind = kind

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, role: DatabaseRole = DatabaseRole.APPLICATION, *, max_size: int = 10
    ) -> AsyncIterator[Self]:
        """Open a pool; where `url` logs in as another role, the role is taken on each connection.

        Raises:
            Misconfigured: the database cannot be reached or has no schema.
        """
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=max_size, init=_init, server_settings={"role": role.value}
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise Misconfigured(
                f"The database cannot be opened ({error}). Start it, or set TENURE_DATABASE_URL to one that runs."
            ) from error
        async with pool:
            try:
                kind = InstallationKind(await pool.fetchval("select kind::text from installation"))
            except (asyncpg.UndefinedTableError, ValueError) as error:
                raise Misconfigured("The database has no schema yet: run `python -m workers migrate`.") from error
            yield cls(pool, kind)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection in one read-only snapshot, so that what is read together was true together."""
        async with (
            self._acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        """A transaction at READ COMMITTED: after a lock is granted, each statement sees what was committed before."""
        async with self._acquire() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction, for LISTEN."""
        async with self._acquire() as connection:
            yield connection

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._pool.acquire()
        except (*_LOST, asyncpg.PostgresError) as error:  # a server that is there may still refuse to be connected to
            raise _unavailable(error) from error
        try:
            yield connection
        except _LOST as error:
            raise _unavailable(error) from error
        finally:
            await self._pool.release(connection)


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(f"The database does not answer ({error}). Try again when it runs.")


async def _init(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def business_now(connection: Connection) -> Instant:
    """The only clock of intake, watermarks, breaker and fence (SF-10)."""
    now: Instant = await connection.fetchval("select business_now()")
    return now


async def lock(connection: Connection, *organisation_ids: OrganisationId) -> dict[OrganisationId, asyncpg.Record]:
    """Lock organisations in order of id, before anything else is read; answers the rows that exist.

    Taking every organisation that a rule reads or affects, in one order, is what makes races serial and free of
    deadlocks (XC-06).
    """
    rows = await connection.fetch(
        "select * from organisations where organisation_id = any($1::text[]) order by organisation_id for update",
        sorted(set(organisation_ids)),
    )
    return {OrganisationId(row["organisation_id"]): row for row in rows}


async def lock_settled(
    connection: Connection, concerned: Callable[[], Awaitable[set[OrganisationId]]]
) -> dict[OrganisationId, asyncpg.Record]:
    """Lock the organisations that `concerned` reads from the database, which may change until they are locked.

    When it has, all locks are given back and taken anew, so that their order holds.
    """
    while True:
        wanted = await concerned()
        attempt = connection.transaction()
        await attempt.start()
        rows = await lock(connection, *wanted)
        if await concerned() == wanted:
            await attempt.commit()
            return rows
        await attempt.rollback()


async def lock_one(connection: Connection, organisation_id: OrganisationId) -> asyncpg.Record:
    """Lock one organisation that is not gone.

    Raises:
        Refusal: `organisation_not_found`, or `org_deleted` once it is fenced (SF-11).
    """
    row = (await lock(connection, organisation_id)).get(organisation_id)
    if row is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    if row["state"] in {"erasing", "deleted"}:
        raise Refusal(RefusalCode.ORG_DELETED)
    return row


async def managing_organisations(connection: Connection, organisation_id: OrganisationId) -> list[OrganisationId]:
    """The own organisations of the partners that manage an organisation: locked with it where its loss may mark them."""
    rows = await connection.fetch(
        "select p.organisation_id from managements m join partners p using (partner_id)"
        " where m.organisation_id = $1 and p.organisation_id is not null",
        organisation_id,
    )
    return [OrganisationId(row["organisation_id"]) for row in rows]
