"""Erasures as the application and operators see them: the quarantine, its end, and the abort (SF-11)."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from adapters.postgres import aborts, audit, breakers, marking, receipts
from adapters.postgres.clock import in_time
from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.erasure_rows import COLUMNS, erasure_of
from adapters.postgres.evidence import gap_reaches, lock_gaps, needed_feeds
from adapters.postgres.pending import clear_next_dates, close_process, put_next_date
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


class PostgresErasures:
    """The port `Erasures`."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def all(self, caller: Caller, *, state: ErasureState | None = None) -> Sequence[Erasure]:
        """Every erasure, newest first.

        Raises:
            Refusal: `forbidden` to a partner (PS-06).
        """
        _require_vendor(caller)
        async with self._database.read() as connection:
            rows = await connection.fetch(
                f"select {COLUMNS} from erasures where $1::text is null or state = $1"  # noqa: S608 - a constant
                " order by fenced_at desc, organisation_id",
                state,
            )
            return [erasure_of(row) for row in rows]

    async def plan_abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """What `abort` would answer now; changes nothing (SF-08)."""
        _require_vendor(caller)
        async with self._database.read() as connection:
            return await aborts.plan(connection, command)

    async def abort(self, caller: Caller, command: AbortErasures) -> AbortResult:
        """Stop erasures in quarantine: each organisation is marked again, base = now, next generation (SF-11).

        All that can be aborted are, in one transaction; the answer says of each other why not.

        Raises:
            Refusal: `forbidden` to a partner.
        """
        _require_vendor(caller)
        return await once(
            self._database, caller, command, AbortResult, partial(aborts.carry_out, caller.actor, command, self._rules)
        )

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
            f"select {COLUMNS} from erasures where organisation_id = $1 and generation = $2",  # noqa: S608 - a constant
            at.organisation_id,
            at.generation,
        )
        if row is None:
            raise Refusal(RefusalCode.ERASURE_NOT_FOUND)
        held = await marking.holdings(connection, at.organisation_id)
        erasure = erasure_of(row)
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


async def _scopes(connection: Connection, erasure: Erasure) -> Sequence[str]:
    """The partners whose breakers counted the fence."""
    scopes: Sequence[str] = await connection.fetchval(
        "select partner_ids from erasures where organisation_id = $1 and generation = $2",
        erasure.organisation_id,
        erasure.generation,
    )
    return scopes


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


def _require_vendor(caller: Caller) -> None:
    if caller.partner_id is not None:
        raise Refusal(RefusalCode.FORBIDDEN)
