"""The bell of the processes: it rings when a fact has asked for one, and one worker at a time answers it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.database import Connection, Database, finish
from tenure.errors import Unavailable

_CHANNEL = "processes"
_LOCK = "tenure.relay"


class Bell:
    """What the worker that answers it listens to."""

    def __init__(self, connection: Connection, answer_seconds: float) -> None:
        self._connection = connection
        self._answer_seconds = answer_seconds
        self._rung = asyncio.Event()
        self._lost = False

    def ring(self, *_: object) -> None:
        """Something was written."""
        self._rung.set()

    def lose(self, *_: object) -> None:
        """The connection is gone, and with it the right to answer."""
        self._lost = True
        self._rung.set()

    async def rings(self, seconds: float) -> bool:
        """Wait until it rings, so long at most; answers whether it did.

        When it has not, the database is asked whether it is there: one that has vanished would let nobody know, and has
        given the right to another.

        Raises:
            Unavailable: the connection to the database was lost.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            await self._connection.fetchval("select 1", timeout=self._answer_seconds)
            return False
        finally:
            self._rung.clear()
        if self._lost:
            raise Unavailable("The connection that listens to the database was lost.")
        return True


@asynccontextmanager
async def answer(database: Database, retry_seconds: float) -> AsyncIterator[Bell]:
    """Wait until no other worker answers the bell, and do so while the context is open.

    The right is an advisory lock of the connection that listens: it passes on when this process ends, however it ends.

    Args:
        database: Where to listen.
        retry_seconds: How often to ask for the right while another worker has it.
    """
    async with database.listen() as connection:
        while not await connection.fetchval("select pg_try_advisory_lock(hashtext($1))", _LOCK):  # noqa: ASYNC110
            # Not pg_advisory_lock: a statement that waits for days keeps the vacuum from its work.
            await asyncio.sleep(retry_seconds)
        bell = Bell(connection, database.patience.answer)
        connection.add_termination_listener(bell.lose)
        await connection.add_listener(_CHANNEL, bell.ring)
        try:
            yield bell
        finally:
            await finish(connection, _give_back(connection, bell), database.patience.answer)


async def _give_back(connection: Connection, bell: Bell) -> None:
    connection.remove_termination_listener(bell.lose)
    await connection.remove_listener(_CHANNEL, bell.ring)
    await connection.execute("select pg_advisory_unlock(hashtext($1))", _LOCK)
