"""Destruction: store by store, each read back, and the receipt at the end (SF-07, SF-12, XC-07).

It works with the database role `tenure_erasure`, which can delete what is being purged and nothing else.
"""

from collections.abc import Mapping
from datetime import UTC

from adapters.postgres import audit, receipts
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.pending import clear_next_dates
from adapters.postgres.stores import PURGES, purge
from adapters.postgres.trials import platform_orders
from adapters.postgres.wholesale import rows as onboardings
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.erasure import EraseStore, ErasureState, IssueReceipt, Receipt, Store, StoreResult
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.policy.rules import Rules
from tenure.ports import TIMER, Histories, Platform
from tenure.receipt import GENESIS, canonical, digest


class PostgresEraser:
    """The port `Eraser`."""

    def __init__(self, database: Database, rules: Rules, histories: Histories, platform: Platform) -> None:
        """Take the database as `tenure_erasure` opens it, and what lies elsewhere: histories, and built services."""
        self._database = database
        self._rules = rules
        self._histories = histories
        self._platform = platform

    async def erase(self, command: EraseStore) -> StoreResult:
        """Purge one store of an organisation that is `purging`, and read it back. Safe to repeat.

        Raises:
            Refusal: `erasure_not_found`, or `wrong_state` while the erasure is not `purging`.
        """
        if command.store is Store.HISTORIES:
            return await self._erase_histories(command)
        if command.store is Store.TRIAL_REQUESTS:
            await self._tear_down(command)
        async with self._database.write() as connection:
            await lock(connection, command.organisation_id)
            if await _purge_state(connection, command) is ErasureState.ERASED:
                return (await _results(connection, command))[command.store]
            return await self._purge(connection, command)

    async def issue_receipt(self, command: IssueReceipt) -> Receipt:
        """Write the receipt, and leave a tombstone. Safe to repeat: the same receipt is answered.

        What was written into a store after its purge is purged here, so that what the receipt says is true at its end.

        Raises:
            Refusal: `erasure_not_found`, `wrong_state` while the erasure is not `purging`.
            Unavailable: a store is not empty yet.
        """
        async with self._database.write() as connection:
            await lock(connection, command.organisation_id)
            if await _purge_state(connection, command) is ErasureState.ERASED:
                known = await receipts.find(connection, command.organisation_id)
                assert known is not None
                return known
            for store in PURGES:
                await self._purge(
                    connection,
                    EraseStore(organisation_id=command.organisation_id, generation=command.generation, store=store),
                )
            now = await business_now(connection)
            stores = await _results(connection, command)
            if unfinished := [store for store in Store if store not in stores or stores[store].remaining]:
                raise Unavailable(f"Not purged yet: {', '.join(unfinished)}.")
            receipt = await _append(connection, command, stores, now)
            await _bury(connection, command, receipt, now)
            return receipt

    async def _erase_histories(self, command: EraseStore) -> StoreResult:
        """Temporal's histories: no transaction stays open while another server is asked."""
        async with self._database.read() as connection:
            if await _purge_state(connection, command) is ErasureState.ERASED:
                return (await _results(connection, command))[command.store]
            erasure = names.erasure_id(command.organisation_id, command.generation)
            rows = await connection.fetch(
                "select workflow_id from processes where organisation_id = $1 and workflow_id <> $2",
                command.organisation_id,
                erasure,
            )
        workflow_ids = [row["workflow_id"] for row in rows]
        removed = await self._histories.delete(workflow_ids)
        remaining = await self._histories.remaining(workflow_ids)
        remains = "the erasure's own history, until Temporal's retention ends"
        async with self._database.write() as connection:
            return await _record(connection, command, removed, remaining, remains)

    async def _tear_down(self, command: EraseStore) -> None:
        """What the platform has built goes before the rows that know of it; again, that is no error."""
        async with self._database.read() as connection:
            if await _purge_state(connection, command) is ErasureState.ERASED:
                return
            orders = await platform_orders.to_erase(connection, command.organisation_id)
            customer = await onboardings.find(connection, command.organisation_id)
        for order in orders:
            await self._platform.tear_down(order)
        if customer is not None:
            await self._platform.close_account(command.organisation_id)

    async def _purge(self, connection: Connection, command: EraseStore) -> StoreResult:
        removed, remaining = await purge(connection, command.store, command.organisation_id)
        until = (await business_now(connection) + self._rules.backups_kept).astimezone(UTC)
        remains = f"backups of the database, until {until:%Y-%m-%d}" if self._rules.backups_kept else None
        return await _record(connection, command, removed, remaining, remains)


async def _purge_state(connection: Connection, command: EraseStore | IssueReceipt) -> ErasureState:
    """Whether the purge is under way or over.

    Raises:
        Refusal: it has not begun.
    """
    state = await connection.fetchval(
        "select state from erasures where organisation_id = $1 and generation = $2",
        command.organisation_id,
        command.generation,
    )
    if state is None:
        raise Refusal(RefusalCode.ERASURE_NOT_FOUND)
    if ErasureState(state) not in {ErasureState.PURGING, ErasureState.ERASED}:
        raise Refusal(RefusalCode.WRONG_STATE)
    return ErasureState(state)


async def _record(
    connection: Connection, command: EraseStore, removed: int, remaining: int, remains: str | None
) -> StoreResult:
    """Add to what earlier attempts have removed."""
    row = await connection.fetchrow(
        "insert into erased_stores as known"
        " (organisation_id, generation, store, removed, remaining, remains, erased_at)"
        " values ($1, $2, $3, $4, $5, $6, business_now())"
        " on conflict (organisation_id, generation, store) do update set removed = known.removed + excluded.removed,"
        " remaining = excluded.remaining, remains = excluded.remains, erased_at = excluded.erased_at"
        " returning store, removed, remaining, remains",
        command.organisation_id,
        command.generation,
        command.store,
        removed,
        remaining,
        remains,
    )
    assert row is not None
    return StoreResult(**row)


async def _results(connection: Connection, command: EraseStore | IssueReceipt) -> dict[Store, StoreResult]:
    rows = await connection.fetch(
        "select store, removed, remaining, remains from erased_stores where organisation_id = $1 and generation = $2",
        command.organisation_id,
        command.generation,
    )
    return {Store(row["store"]): StoreResult(**row) for row in rows}


async def _append(
    connection: Connection, command: IssueReceipt, stores: Mapping[Store, StoreResult], now: Instant
) -> Receipt:
    """Write the next receipt of the chain; the lock makes sure that there is one next."""
    erasure = await connection.fetchrow(
        "select cause, fenced_at, quarantine_until, evidence from erasures"
        " where organisation_id = $1 and generation = $2",
        command.organisation_id,
        command.generation,
    )
    assert erasure is not None
    await connection.execute("select pg_advisory_xact_lock(hashtext('tenure.receipts'))")
    last = await connection.fetchrow("select sequence, hash from receipts order by sequence desc limit 1")
    sequence, previous_hash = (last["sequence"] + 1, last["hash"]) if last else (1, GENESIS)
    document = canonical(
        {
            "format": "tenure-receipt/1",
            "sequence": sequence,
            "previous_hash": previous_hash,
            "organisation_id": command.organisation_id,
            "generation": command.generation,
            "cause": erasure["cause"],
            "fenced_at": receipts.text(erasure["fenced_at"]),
            "quarantine_until": receipts.text(erasure["quarantine_until"]),
            "erased_at": receipts.text(now),
            "evidence": erasure["evidence"],
            "stores": [stores[store].model_dump(mode="json") for store in Store],
            "remains": "this receipt, the id and the audit, without personal data and without end",
        }
    )
    receipt = Receipt(
        sequence=sequence,
        organisation_id=command.organisation_id,
        document=document,
        previous_hash=previous_hash,
        hash=digest(document),
    )
    await connection.execute(
        "insert into receipts (sequence, organisation_id, document, previous_hash, hash) values ($1, $2, $3, $4, $5)",
        receipt.sequence,
        receipt.organisation_id,
        receipt.document,
        receipt.previous_hash,
        receipt.hash,
    )
    return receipt


async def _bury(connection: Connection, command: IssueReceipt, receipt: Receipt, now: Instant) -> None:
    """Leave a tombstone: an id that is never used again. Its partners were evaluated at the fence (DM-02)."""
    await connection.execute(
        "update organisations set state = 'deleted', name = null, country = null where organisation_id = $1",
        command.organisation_id,
    )
    await clear_next_dates(connection, command.organisation_id)
    await connection.execute(
        "update erasures set state = 'erased', ended_at = $3 where organisation_id = $1 and generation = $2",
        command.organisation_id,
        command.generation,
        now,
    )
    await connection.execute(
        "update processes set state = 'closed', closed_at = $2 where organisation_id = $1 and state <> 'closed'",
        command.organisation_id,
        now,
    )
    await audit.append(
        connection,
        subject=command.organisation_id,
        at=now,
        actor=TIMER.actor,
        action="erased",
        from_state=OrganisationState.ERASING,
        to_state=OrganisationState.DELETED,
        reason="purged",
        details={"generation": command.generation, "receipt": receipt.sequence, "hash": receipt.hash},
    )
