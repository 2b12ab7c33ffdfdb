"""Connections: a pool per role, and the guarded transaction in which every fact changes."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from tenure.contracts.base import Instant
from tenure.errors import Misconfigured, Refusal, RefusalCode, Unavailable
from tenure.ids import OrganisationId
from tenure.settings import InstallationKind

logger = logging.getLogger(__name__)

type Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]


class DatabaseRole(StrEnum):
    """The roles of the application; `tenure_erasure` alone may delete an organisation (SF-12)."""

    APPLICATION = "tenure_app"
    ERASURE = "tenure_erasure"


_LOST = (
    OSError,  # and with it TimeoutError: a connection that has fallen silent is lost, too
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,  # what asyncpg raises while it leaves a transaction whose connection is gone
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.exceptions.InternalClientError,  # a statement on a connection whose end the server has announced a moment ago
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a database that may have vanished without a word, in seconds."""

    statement: float = 60.0
    """For a statement, its waits for locks included."""
    connection: float = 15.0
    """For a free connection, or a new one."""
    answer: float = 5.0
    """For what takes no time where somebody is there: beginning a transaction, taking one back."""


PATIENCE: Final = Patience()
_SESSION: Final = {
    "timezone": "UTC",  # a day that is added to an instant has 24 hours there, whatever the server's own zone (XC-03)
    "tcp_keepalives_idle": "30",  # seconds, as the next one
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds, as the next one
    "idle_in_transaction_session_timeout": "60000",
}
"""Beside the zone, so that the server ends the session of a vanished client, and gives back its locks, within about a minute: the rate,
the breakers and the right to answer the bell are locked by one session for everybody."""


class Database:
    """A pool of connections that act as one role.

    What is done on a connection that cannot be had, or is lost, raises Unavailable: nothing was committed that is not
    there, and trying again is right.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", kind: InstallationKind, patience: Patience) -> None:
        self._pool = pool
        self.kind = kind
        self.patience = patience

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        role: DatabaseRole = DatabaseRole.APPLICATION,
        *,
        max_size: int = 10,
        patience: Patience = PATIENCE,
    ) -> AsyncIterator[Self]:
        """Open a pool; where `url` logs in as another role, the role is taken on each connection.

        Args:
            url: Where the database is.
            role: Who acts.
            max_size: How many connections at most.
            patience: How long the database may be silent.

        Raises:
            Misconfigured: the database cannot be reached or has no schema.
        """
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=max_size,
                init=_init,
                timeout=patience.connection,
                command_timeout=patience.statement,
                server_settings={"role": role.value, **_SESSION},
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise Misconfigured(
                f"The database cannot be opened ({error}). Start it, or set TENURE_DATABASE_URL to one that runs."
            ) from error
        try:
            try:
                kind = InstallationKind(await pool.fetchval("select kind::text from installation"))
            except (asyncpg.UndefinedTableError, ValueError) as error:
                raise Misconfigured("The database has no schema yet: run `python -m workers migrate`.") from error
            yield cls(pool, kind, patience)
        finally:
            await finish(pool, pool.close(), patience.connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection in one read-only snapshot, so that what is read together was true together."""
        async with self._transaction(isolation="repeatable_read", readonly=True) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        """A transaction at READ COMMITTED: after a lock is granted, each statement sees what was committed before."""
        async with self._transaction(isolation="read_committed", readonly=False) as connection:
            yield connection

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction, for LISTEN."""
        async with self._acquire() as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(
        self, *, isolation: Literal["read_committed", "repeatable_read"], readonly: bool
    ) -> AsyncIterator[Connection]:
        async with self._acquire() as connection:
            transaction = connection.transaction(isolation=isolation, readonly=readonly)
            async with asyncio.timeout(self.patience.answer):
                await transaction.start()
            try:
                yield connection
            except BaseException:
                await finish(connection, transaction.rollback(), self.patience.answer)
                raise
            await transaction.commit()

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._pool.acquire(timeout=self.patience.connection)
        except (*_LOST, asyncpg.PostgresError) as error:  # a server that is there may still refuse to be connected to
            raise _unavailable(error) from error
        try:
            yield connection
        except (
            ValueError
        ):  # among them what asyncpg raises for a value that is none of its type: no loss, but a fault of ours
            raise
        except _LOST as error:
            raise _unavailable(error) from error
        except asyncpg.PostgresError as error:
            _without_values(error)
            raise
        finally:
            with suppress(*_LOST):  # one that does not answer is dropped by the pool
                await self._pool.release(connection, timeout=self.patience.answer)


async def finish(what: "Connection | asyncpg.Pool[asyncpg.Record]", ending: Awaitable[None], seconds: float) -> None:
    """End something on a connection, or on all, in good order; what does not answer is dropped, and its place is free.

    Never raises because of the connection, so that why it ends is not forgotten.
    """
    try:
        async with asyncio.timeout(seconds):
            await ending
    except (*_LOST, asyncpg.PostgresError):
        _drop(what)
    except asyncio.CancelledError:
        _drop(what)
        raise


def _drop(what: "Connection | asyncpg.Pool[asyncpg.Record]") -> None:
    with suppress(asyncpg.InterfaceError):  # it is gone already
        what.terminate()


def _without_values(error: asyncpg.PostgresError) -> None:
    """Leave out of an error's words, which end in logs and histories, what was in the row or in the statement."""
    error.detail = None
    if isinstance(error, asyncpg.DataError):  # such as: invalid input for query argument $1: 'what it was'
        error.args = (str(error.args[0]).partition(":")[0],)


def _unavailable(error: Exception) -> Unavailable:
    # Here, for who is told of it may be anybody, and the reason names a machine and a port.
    logger.warning("The database does not answer: %s", str(error) or type(error).__name__)
    return Unavailable("The database does not answer. Try again when it runs.")


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
