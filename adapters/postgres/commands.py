"""Commands: each accepted one is carried out exactly once, however often it is sent (P10)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
from pydantic import TypeAdapter

from adapters.postgres.database import Connection, Database, business_now
from tenure.contracts.base import Contract, request_hash
from tenure.errors import Refusal, RefusalCode
from tenure.ports import Caller


async def once[Result](
    database: Database,
    caller: Caller,
    command: Contract,
    result_type: type[Result],
    carry_out: Callable[[Connection], Awaitable[Result]],
    *,
    by_partners: bool = False,
) -> Result:
    """Carry out a command in one transaction with its idempotency key.

    The same caller, key and command answers what it answered before. A refusal rolls everything back, the key included,
    so that it may be tried again when the facts have changed.

    Raises:
        Refusal: `forbidden` to a partner, who only reads (P14), but for commands `by_partners`, which check
            themselves whose token it is; `idempotency_key_reused` for another command under
            a used key; or whatever `carry_out` refuses.
    """
    adapter: TypeAdapter[Result] = TypeAdapter(result_type)
    async with _begin(database, caller, command, by_partners=by_partners) as (connection, known):
        if known is not None:
            return adapter.validate_python(known["response"])
        result = await carry_out(connection)
        if caller.key is not None:
            await _keep(connection, caller, adapter.dump_python(result, mode="json"))
        return result


async def once_unkept[Result](
    database: Database,
    caller: Caller,
    command: Contract,
    carry_out: Callable[[Connection], Awaitable[Result]],
    read_again: Callable[[Connection], Awaitable[Result]],
    *,
    by_partners: bool = False,
) -> Result:
    """The same for an answer that names people, which is not kept: nothing would erase it with them (XC-07).

    The same caller, key and command answers what holds now. Refuses as `once` does.
    """
    async with _begin(database, caller, command, by_partners=by_partners) as (connection, known):
        return await (carry_out if known is None else read_again)(connection)


async def once_shown[Shown](
    database: Database,
    caller: Caller,
    command: Contract,
    act: Callable[[Connection], Awaitable[object]],
    show: Callable[[Connection], Awaitable[Shown]],
    *,
    by_partners: bool = False,
) -> Shown:
    """The same for a command that answers what is shown of its subject at any time."""

    async def carry_out(connection: Connection) -> Shown:
        await act(connection)
        return await show(connection)

    return await once_unkept(database, caller, command, carry_out, show, by_partners=by_partners)


@asynccontextmanager
async def _begin(
    database: Database, caller: Caller, command: Contract, *, by_partners: bool
) -> AsyncIterator[tuple[Connection, asyncpg.Record | None]]:
    """The transaction of a command, and its row where its key has been used for it before."""
    if caller.partner_id is not None and not by_partners:
        raise Refusal(RefusalCode.FORBIDDEN)
    async with database.write() as connection:
        yield connection, None if caller.key is None else await _known(connection, caller, request_hash(command))


async def _known(connection: Connection, caller: Caller, command_hash: str) -> asyncpg.Record | None:
    # The insert waits for a concurrent twin to commit or roll back, and so serialises them.
    fresh = await connection.fetchval(
        "insert into idempotency_keys (actor, key, command_hash, response, created_at)"
        " values ($1, $2, $3, 'null', $4) on conflict do nothing returning true",
        caller.actor,
        caller.key,
        command_hash,
        await business_now(connection),
    )
    if fresh:
        return None
    known = await connection.fetchrow(
        "select command_hash, response from idempotency_keys where actor = $1 and key = $2", caller.actor, caller.key
    )
    if known is None or known["command_hash"] != command_hash:
        raise Refusal(RefusalCode.IDEMPOTENCY_KEY_REUSED)
    return known


async def _keep(connection: Connection, caller: Caller, response: object) -> None:
    await connection.execute(
        "update idempotency_keys set response = coalesce($3::jsonb, 'null') where actor = $1 and key = $2",
        caller.actor,
        caller.key,
        response,
    )
