"""Commands: each accepted one is carried out exactly once, however often it is sent (P10)."""

from collections.abc import Awaitable, Callable

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
    read_again: Callable[[Connection], Awaitable[Result]] | None = None,
) -> Result:
    """Carry out a command in one transaction with its idempotency key.

    The same caller, key and command answers what it answered before; with `read_again`, what holds now: an answer that
    names people is not kept, since nothing would erase it with them. A refusal rolls everything back, the key included,
    so that it may be tried again when the facts have changed.

    Raises:
        Refusal: `forbidden` to a partner, who only reads (P14), but for commands `by_partners`, which check
            themselves whose token it is; `idempotency_key_reused` for another command under
            a used key; or whatever `carry_out` refuses.
    """
    if caller.partner_id is not None and not by_partners:
        raise Refusal(RefusalCode.FORBIDDEN)
    adapter: TypeAdapter[Result] = TypeAdapter(result_type)
    async with database.write() as connection:
        if caller.key is None:
            return await carry_out(connection)
        command_hash = request_hash(command)
        # The insert waits for a concurrent twin to commit or roll back, and so serialises them.
        fresh = await connection.fetchval(
            "insert into idempotency_keys (actor, key, command_hash, response, created_at)"
            " values ($1, $2, $3, 'null', $4) on conflict do nothing returning true",
            caller.actor,
            caller.key,
            command_hash,
            await business_now(connection),
        )
        if not fresh:
            known = await connection.fetchrow(
                "select command_hash, response from idempotency_keys where actor = $1 and key = $2",
                caller.actor,
                caller.key,
            )
            if known is None or known["command_hash"] != command_hash:
                raise Refusal(RefusalCode.IDEMPOTENCY_KEY_REUSED)
            if read_again is not None:
                return await read_again(connection)
            return adapter.validate_python(known["response"])
        result = await carry_out(connection)
        if read_again is None:
            await _keep(connection, caller, adapter.dump_python(result, mode="json"))
        return result


async def _keep(connection: Connection, caller: Caller, response: object) -> None:
    await connection.execute(
        "update idempotency_keys set response = coalesce($3::jsonb, 'null') where actor = $1 and key = $2",
        caller.actor,
        caller.key,
        response,
    )
