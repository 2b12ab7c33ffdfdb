"""Erasures as the application and operators see them: the quarantine, its end, and the abort (SF-11)."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

import asyncpg

from adapters.postgres import audit, breakers, marking, receipts
from adapters.postgres.clock import in_time
from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.evidence import gap_reaches, lock_gaps, needed_feeds
from adapters.postgres.pending import clear_next_dates, close_process, put_next_date, wake_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.erasure import (
    AbortErasures,
    AbortResult,
    Clearance,
    Erasure,
    ErasureAt,
    ErasureCause,
    ErasureState,
    Receipt,
)
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.policy import erasure as policy
from tenure.policy.rules import Rules
from tenure.ports import TIMER, Caller

_COLUMNS: Final = "organisation_id, generation, cause, state, fenced_at, quarantine_until, held_because"

_NEWEST = f"""
select distinct on (organisation_id) {_COLUMNS} from erasures
 where organisation_id = any($1::text[]) order by organisation_id, generation desc
"""  # noqa: S608 - a constant

# In order of id, as the intake visits its rows.
_REOPEN = """
  with fenced as (select organisation_id from activity where organisation_id = any($1::text[])
                   order by organisation_id for update)
update activity set closed = false, fenced_at = null, late_at = null,
                    last_activity_at = greatest(last_activity_at, late_at)
 where organisation_id in (select organisation_id from fenced)
"""

_ALL_MANAGERS = """
with recursive above (organisation_id) as (
       select unnest($1::text[]) collate "C"
        union
       select p.organisation_id::text from above a join managements m on m.organisation_id = a.organisation_id
                                                   join partners p using (partner_id)
        where p.organisation_id is not null)
select organisation_id from above
"""

_MANAGERS = """
select distinct p.organisation_id from managements m join partners p using (partner_id)
 where m.organisation_id = any($1::text[]) and p.organisation_id is not null
"""


class PostgresErasures:
    """The port `Erasures`."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def all(self, caller: Caller, *, state: ErasureState | None = None) -> Sequence[Erasure]:
        """Every erasure, newest first.

        Raises:
            Refusal: `not_permitted` to a partner (PS-06).
        """
        _require_vendor(caller)
        async with self._database.read() as connection:
            rows = await connection.fetch(
                f"select {_COLUMNS} from erasures where $1::text is null or state = $1"  # noqa: S608 - a constant
                " order by fenced_at desc, organisation_id",
                state,
            )
            return [_erasure(row) for row in rows]

    async def plan_abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """What `abort` would answer now; changes nothing (SF-08)."""
        _require_vendor(caller)
        async with self._database.read() as connection:
            return await _plan(connection, command)

    async def abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """Stop erasures in quarantine: each organisation is marked again, base = now, next generation (SF-11).

        All that can be aborted are, in one transaction; the answer says of each other why not.

        Raises:
            Refusal: `not_permitted` to a partner.
        """
        _require_vendor(caller)
        return await once(self._database, caller, command, AbortResult, partial(self._abort, caller.actor, command))

    async def clear(self, at: ErasureAt) -> Clearance:
        """Ask `policy.erasure.clear` under lock; when cleared, the erasure is `purging` from then on.

        Raises:
            Refusal: `clock_ahead`, `erasure_not_found`.
        """
        async with in_time(self._database, at.as_of, self._rules) as connection:
            await lock(connection, at.organisation_id)
            evidence = await self._purge_evidence(connection, at)
            erasure, clearance = evidence.erasure, policy.clear(evidence, at.as_of, self._rules)
            now = await business_now(connection)
            begins = clearance.cleared and erasure.state is ErasureState.QUARANTINE
            if begins and not await self._passes_breaker(connection, evidence, now):
                held = evidence.model_copy(update={"breaker_open": True})
                clearance = policy.clear(held, at.as_of, self._rules)
            if clearance.aborted:
                await close_process(connection, names.erasure_id(at.organisation_id, at.generation), now)
            elif not clearance.cleared:
                await _hold(connection, erasure, clearance)
            elif begins:
                await _begin_purge(connection, erasure, now)
            return clearance

    async def receipt(self, organisation_id: OrganisationId) -> Receipt:
        """The receipt of an erased organisation.

        Raises:
            Refusal: `receipt_not_found`.
        """
        async with self._database.read() as connection:
            found = await receipts.find(connection, organisation_id)
        if found is None:
            raise Refusal(RefusalCode.RECEIPT_NOT_FOUND)
        return found

    async def receipts(self) -> AsyncIterator[Receipt]:
        """The whole chain, oldest first."""
        async with self._database.read() as connection:
            async for receipt in receipts.chain(connection):
                yield receipt

    async def _purge_evidence(self, connection: Connection, at: ErasureAt) -> policy.PurgeEvidence:
        """The feeds before the activity row: an event that its feed has delivered is then seen with the watermark."""
        await lock_gaps(connection)
        feeds = await needed_feeds(connection)
        late_at = await connection.fetchval(
            "select late_at from activity where organisation_id = $1 for update", at.organisation_id
        )
        row = await connection.fetchrow(
            f"select {_COLUMNS} from erasures where organisation_id = $1 and generation = $2",  # noqa: S608 - a constant
            at.organisation_id,
            at.generation,
        )
        if row is None:
            raise Refusal(RefusalCode.ERASURE_NOT_FOUND)
        held = await marking.holdings(connection, at.organisation_id)
        erasure = _erasure(row)
        return policy.PurgeEvidence(
            erasure=erasure,
            feeds=feeds,
            late_activity=late_at is not None or await gap_reaches(connection, erasure.fenced_at),
            breaker_open=await breakers.blocks_purge(connection, await _scopes(connection, erasure), erasure.fenced_at),
            customers_managed=held["customers_managed"],
        )

    async def _passes_breaker(self, connection: Connection, evidence: policy.PurgeEvidence, now: Instant) -> bool:
        """Take what the breakers ask for of an unused organisation; own requests are not held (SF-05)."""
        erasure = evidence.erasure
        return erasure.cause is ErasureCause.OWN_REQUEST or await breakers.pass_purge(
            connection,
            erasure.organisation_id,
            await _scopes(connection, erasure),
            fenced_at=erasure.fenced_at,
            at=now,
            rules=self._rules,
        )

    async def _abort(self, actor: str, command: AbortErasures, connection: Connection) -> AbortResult:
        concerned = await connection.fetch(_ALL_MANAGERS, command.organisations)
        locked = await lock(connection, *(OrganisationId(row["organisation_id"]) for row in concerned))
        plan = await _plan(connection, command)
        if not plan.aborted:
            return plan
        now = await business_now(connection)
        await connection.execute(_REOPEN, plan.aborted)
        await connection.execute(
            "update erasures set state = 'aborted', held_because = null, ended_at = $2"
            " where organisation_id = any($1::text[]) and state = 'quarantine'",
            plan.aborted,
            now,
        )
        await connection.execute(
            "delete from next_dates where organisation_id = any($1::text[]) and kind = $2", plan.aborted, NextKind.PURGE
        )
        await marking.begin_countdowns(
            connection,
            [locked[organisation_id] for organisation_id in plan.aborted],
            at=now,
            actor=actor,
            action="erasure_aborted",
            reason=command.reason,
            rules=self._rules,
        )
        await wake_processes(connection, *plan.aborted)
        await _return_customers(connection, plan.aborted, now, actor)
        return plan


async def _scopes(connection: Connection, erasure: Erasure) -> Sequence[str]:
    """The partners whose breakers counted the fence."""
    scopes: Sequence[str] = await connection.fetchval(
        "select partner_ids from erasures where organisation_id = $1 and generation = $2",
        erasure.organisation_id,
        erasure.generation,
    )
    return scopes


async def _plan(connection: Connection, command: AbortErasures) -> AbortResult:
    """Who comes back: of those named all that can, and with them partners whose own organisations are in quarantine.

    A partner that gains a customer is not unused (DM-02), whatever becomes of that customer later.
    """
    found = await _newest(connection, command.organisations)
    refused = {
        organisation_id: str(code)
        for organisation_id in command.organisations
        if (code := _refuse(found.get(organisation_id)))
    }
    aborted: set[OrganisationId] = set()
    returning = set(command.organisations) - refused.keys()
    while returning:
        aborted |= returning
        managers = [OrganisationId(row[0]) for row in await connection.fetch(_MANAGERS, list(returning))]
        own = await _newest(connection, managers)
        returning = {manager for manager in own.keys() - aborted if _refuse(own[manager]) is None}
    return AbortResult(
        aborted=tuple(sorted(aborted)),
        refused={organisation_id: code for organisation_id, code in refused.items() if organisation_id not in aborted},
    )


def _refuse(erasure: Erasure | None) -> RefusalCode | None:
    """Why an erasure cannot be aborted, or None where it can."""
    if erasure is None or erasure.state is ErasureState.ABORTED:
        return RefusalCode.ERASURE_NOT_FOUND
    if erasure.state is not ErasureState.QUARANTINE or erasure.cause is ErasureCause.OWN_REQUEST:
        return RefusalCode.IRREVERSIBLE
    return None


async def _newest(connection: Connection, organisation_ids: Sequence[OrganisationId]) -> dict[OrganisationId, Erasure]:
    rows = await connection.fetch(_NEWEST, organisation_ids)
    return {OrganisationId(row["organisation_id"]): _erasure(row) for row in rows}


async def _return_customers(connection: Connection, aborted: Sequence[OrganisationId], at: Instant, actor: str) -> None:
    """Each partner of these gains a customer again: a mark on its own organisation is cleared (DM-02).

    That organisation is locked already, and may have been among the aborted itself: so its row is read again. Managing
    only itself clears nothing: it stays marked by the abort (SF-11, DM-01).
    """
    managers = [OrganisationId(row[0]) for row in await connection.fetch(_MANAGERS, aborted)]
    own = list((await lock(connection, *managers)).values())
    await marking.reconsider_all(connection, own, at=at, actor=actor, reason="customer_gained")


async def _hold(connection: Connection, erasure: Erasure, clearance: Clearance) -> None:
    await connection.execute(
        "update erasures set held_because = $3 where organisation_id = $1 and generation = $2",
        erasure.organisation_id,
        erasure.generation,
        clearance.held_because,
    )
    looks_at = clearance.due_at
    await put_next_date(
        connection,
        organisation_id=erasure.organisation_id,
        kind=NextKind.PURGE,
        subject=erasure.organisation_id,
        due_at=erasure.quarantine_until,
        rule="SF-11",
        reason=clearance.held_because or "quarantine",
        looks_at=None if looks_at == erasure.quarantine_until else looks_at,
    )


async def _begin_purge(connection: Connection, erasure: Erasure, now: Instant) -> None:
    """From here there is no way back (XC-07)."""
    await connection.execute(
        "update erasures set state = 'purging', held_because = null where organisation_id = $1 and generation = $2",
        erasure.organisation_id,
        erasure.generation,
    )
    await clear_next_dates(connection, erasure.organisation_id)
    # Until the tombstone, so that a purge that is stuck is past due (P15).
    await put_next_date(
        connection,
        organisation_id=erasure.organisation_id,
        kind=NextKind.PURGE,
        subject=erasure.organisation_id,
        due_at=erasure.quarantine_until,
        rule="SF-11" if erasure.cause is ErasureCause.UNUSED else "DM-11",
        reason="purging",
        looks_at=now,
    )
    await audit.append(
        connection,
        subject=erasure.organisation_id,
        at=now,
        actor=TIMER.actor,
        action="purge_begun",
        from_state=OrganisationState.ERASING,
        to_state=OrganisationState.ERASING,
        reason=erasure.cause,
        details={"generation": erasure.generation},
    )


def _erasure(row: asyncpg.Record) -> Erasure:
    return Erasure.model_validate(dict(row))


def _require_vendor(caller: Caller) -> None:
    if caller.partner_id is not None:
        raise Refusal(RefusalCode.NOT_PERMITTED)
