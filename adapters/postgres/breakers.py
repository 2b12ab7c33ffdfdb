"""The breakers of the fleet and of partners (SF-05).

A closed breaker counts the fences of rolling windows and opens instead of letting one too many through. An open one lets
nothing through until an operator releases a number: each fence takes one, and each purge of what was fenced before it
opened. With the last of these it closes, and the windows count again, unless something still waits behind it.
"""

import logging
from collections.abc import Sequence
from typing import Final

from adapters.postgres import audit
from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.pending import wake_processes
from tenure.contracts.base import Instant
from tenure.contracts.breaker import Breaker, ReleaseBreaker
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy import breaker as policy
from tenure.policy.rules import Rules
from tenure.ports import TIMER, Caller

FLEET: Final = "fleet"
"""The scope that every organisation is in; the others are partners' ids."""

_READ = """
select s.scope, b.open_since, b.reason, coalesce(b.released, 0) as released,
       b.released_by, b.released_because, b.released_at, e.*,
       case when s.scope = 'fleet'
            then (select count(*) from organisations o where o.state not in ('erasing', 'deleted'))
            else (select count(*) from managements m join organisations o using (organisation_id)
                   where m.partner_id = s.scope and o.state not in ('erasing', 'deleted')) end as organisations
  from unnest($1::text[]) as s (scope) left join breakers b using (scope)
 cross join lateral (
       select count(*) filter (where cause = 'unused' and hour) as fenced_last_hour,
              count(*) filter (where cause = 'unused') as fenced_last_day,
              count(*) filter (where cause = 'own_request' and hour) as own_last_hour,
              count(*) filter (where cause = 'own_request') as own_last_day
         from (select cause, fenced_at > $2::timestamptz - interval '1 hour' as hour from erasures
                where fenced_at > $2::timestamptz - interval '1 day'
                  and (s.scope = 'fleet' or s.scope = any (partner_ids))) as recent) as e
 order by s.scope
"""

_HELD = """
select organisation_id
  from (select organisation_id from countdowns where ended_at is null and hold_reason = 'breaker_open'
         union select organisation_id from erasures where state = 'quarantine' and held_because = 'breaker_open') as held
 where $1 = 'fleet' or organisation_id in (select organisation_id from managements where partner_id = $1)
"""

# What would pass without having been released if the breaker closed: fences that it holds, and the quarantine as it was
# when it opened, whose purges may lie ahead. A fence that its partner's breaker holds waits behind that one.
_WAITING = """
select exists (
       select from countdowns c
        where c.ended_at is null and c.hold_reason = 'breaker_open' and c.organisation_id <> $3
          and case when $1 = 'fleet'
                   then not exists (select from managements m join breakers b on b.scope = m.partner_id
                                     where m.organisation_id = c.organisation_id
                                       and b.open_since is not null and b.released = 0)
                   else exists (select from managements m
                                 where m.organisation_id = c.organisation_id and m.partner_id = $1) end)
    or exists (
       select from erasures
        where state = 'quarantine' and cause = 'unused' and fenced_at <= $2 and organisation_id <> $3
          and ($1 = 'fleet' or $1 = any (partner_ids)))
"""

_logger = logging.getLogger(__name__)


class PostgresBreakers:
    """The port `Breakers`."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def all(self) -> Sequence[Breaker]:
        """The fleet's breaker, and each partner's that is open or was released."""
        async with self._database.read() as connection:
            scopes = await connection.fetch(
                "select scope from breakers where scope = 'fleet' or open_since is not null or released_at is not null"
            )
            return await _read(
                connection, [row["scope"] for row in scopes], await business_now(connection), self._rules
            )

    async def release(self, caller: Caller, command: ReleaseBreaker) -> Breaker:
        """Let a stated number of deletions through, and wake what is held.

        Raises:
            Refusal: `forbidden` to a partner, `breaker_not_open`.
        """
        if caller.partner_id is not None:
            raise Refusal(RefusalCode.FORBIDDEN)

        async def carry_out(connection: Connection) -> Breaker:
            scope = command.scope
            now = await business_now(connection)
            [breaker] = await _lock(connection, [scope], now, self._rules)
            if breaker.open_since is None:
                raise Refusal(RefusalCode.BREAKER_NOT_OPEN)
            released = breaker.model_copy(
                update={
                    "released": breaker.released + command.count,
                    "released_by": caller.actor,
                    "released_because": command.reason,
                    "released_at": now,
                }
            )
            await _store(connection, released)
            held = await connection.fetch(_HELD, scope)
            await wake_processes(connection, *(OrganisationId(row["organisation_id"]) for row in held))
            await _audit(
                connection, scope, "released", now, actor=caller.actor, reason=command.reason, count=command.count
            )
            return released

        return await once(self._database, caller, command, Breaker, carry_out)


async def is_blocked(connection: Connection, organisation_id: OrganisationId) -> bool:
    """Whether a breaker, the fleet's or a managing partner's, lets nothing of this organisation through."""
    rows = await connection.fetch(
        "select open_since, released from breakers where scope = 'fleet'"
        " or scope in (select partner_id from managements where organisation_id = $1)",
        organisation_id,
    )
    return any(policy.blocks(Breaker(**row, limit_hour=0, limit_day=0)) for row in rows)


async def pass_one(connection: Connection, organisation_id: OrganisationId, at: Instant, rules: Rules) -> str | None:
    """Let one more fence through, or say why not; the caller fences in the same transaction, or not at all.

    Where one more would be too many the breaker opens here, which the caller commits.
    """
    partners = await connection.fetch("select partner_id from managements where organisation_id = $1", organisation_id)
    breakers = await _lock(connection, [FLEET, *(row["partner_id"] for row in partners)], at, rules)
    for breaker in breakers:
        if policy.blocks(breaker):
            return breaker.reason or "it is open"
    tripped = [
        (breaker, reason) for breaker in breakers if breaker.open_since is None and (reason := policy.trips(breaker))
    ]
    for breaker, reason in tripped:
        await _open(connection, breaker, reason)
    if tripped:
        return tripped[0][1]
    for breaker in breakers:
        if breaker.open_since is not None:
            await _use(connection, breaker, organisation_id)
    return None


async def blocks_purge(connection: Connection, scopes: Sequence[str], fenced_at: Instant) -> bool:
    """Whether one of these breakers, or the fleet's, lets nothing through that was fenced then."""
    rows = await connection.fetch(
        "select open_since, released from breakers where scope = any($1::text[])", [FLEET, *scopes]
    )
    return any(policy.blocks_purge(Breaker(**row, limit_hour=0, limit_day=0), fenced_at) for row in rows)


async def pass_purge(
    connection: Connection,
    organisation_id: OrganisationId,
    scopes: Sequence[str],
    *,
    fenced_at: Instant,
    at: Instant,
    rules: Rules,
) -> bool:
    """Let one more purge through, or answer False; the caller begins it in the same transaction, or not at all."""
    breakers = await _lock(connection, [FLEET, *scopes], at, rules)
    if any(policy.blocks_purge(breaker, fenced_at) for breaker in breakers):
        return False
    for breaker in breakers:
        if policy.needs_release(breaker, fenced_at):
            await _use(connection, breaker, organisation_id)
    return True


async def stop_fleet(connection: Connection, at: Instant, reason: str, rules: Rules) -> None:
    """Open the fleet's breaker for a reason that is no count, such as a clock that cannot be right (SF-10)."""
    [breaker] = await _lock(connection, [FLEET], at, rules)
    if not policy.blocks(breaker):
        await _open(connection, breaker, reason)


async def _open(connection: Connection, breaker: Breaker, reason: str) -> None:
    """Open it as of now, under its lock: every fence that passed it closed is then dated before."""
    at = await business_now(connection)
    opened = breaker.model_copy(update={"open_since": at, "reason": reason, "released": 0})
    await _store(connection, opened)
    await _audit(connection, _scope(breaker), "opened", at, actor=TIMER.actor, reason=reason)
    _logger.warning("The deletion breaker opens.", extra={"scope": _scope(breaker), "reason": reason})


async def _use(connection: Connection, breaker: Breaker, organisation_id: OrganisationId) -> None:
    """Take one of the released for an organisation; with the last the breaker closes, if nothing else waits behind it."""
    left, scope = breaker.released - 1, _scope(breaker)
    if left or await connection.fetchval(_WAITING, scope, breaker.open_since, organisation_id):
        await _store(connection, breaker.model_copy(update={"released": left}))
    else:
        now = await business_now(connection)
        await _store(connection, breaker.model_copy(update={"released": 0, "open_since": None, "reason": None}))
        await _audit(connection, scope, "closed", now, actor=TIMER.actor, reason="all released were used")


async def _lock(connection: Connection, scopes: Sequence[str], at: Instant, rules: Rules) -> list[Breaker]:
    """Lock the breakers in order of scope, and read them with what they count."""
    await connection.execute("insert into breakers (scope) select unnest($1::text[]) on conflict do nothing", scopes)
    await connection.execute("select from breakers where scope = any($1::text[]) order by scope for update", scopes)
    return await _read(connection, scopes, at, rules)


async def _read(connection: Connection, scopes: Sequence[str], at: Instant, rules: Rules) -> list[Breaker]:
    breakers = []
    for row in await connection.fetch(_READ, scopes, at):
        fleet = row["scope"] == FLEET
        hour, day = (rules.fleet_hour, rules.fleet_day) if fleet else (rules.partner_hour, rules.partner_day)
        breaker = Breaker(
            partner_id=None if fleet else PartnerId(row["scope"]),
            open_since=row["open_since"],
            reason=row["reason"],
            released=row["released"],
            released_by=row["released_by"],
            released_because=row["released_because"],
            released_at=row["released_at"],
            fenced_last_hour=row["fenced_last_hour"],
            fenced_last_day=row["fenced_last_day"],
            own_last_hour=row["own_last_hour"],
            own_last_day=row["own_last_day"],
            limit_hour=hour.allowed(row["organisations"]),
            limit_day=day.allowed(row["organisations"]),
        )
        breakers.append(breaker.model_copy(update={"alert": policy.alerts(breaker)}))
    return breakers


async def _store(connection: Connection, breaker: Breaker) -> None:
    await connection.execute(
        "update breakers set open_since = $2, reason = $3, released = $4,"
        " released_by = $5, released_because = $6, released_at = $7 where scope = $1",
        _scope(breaker),
        breaker.open_since,
        breaker.reason,
        breaker.released,
        breaker.released_by,
        breaker.released_because,
        breaker.released_at,
    )


async def _audit(
    connection: Connection, scope: str, action: str, at: Instant, *, actor: str, reason: str, **details: int
) -> None:
    await audit.append(
        connection, subject=f"breaker:{scope}", at=at, actor=actor, action=action, reason=reason, details=details
    )


def _scope(breaker: Breaker) -> str:
    return breaker.partner_id or FLEET
