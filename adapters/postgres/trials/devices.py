"""Trial devices: shipped, waited for, returned by serial number (DV)."""

from collections.abc import Sequence

import asyncpg

from adapters.postgres import audit, ledger
from adapters.postgres.clock import refuse_ahead
from adapters.postgres.database import Connection, business_now
from adapters.postgres.pending import clear_next_dates, close_process, put_next_date, require_process, wake_processes
from adapters.postgres.trials import rows
from adapters.postgres.trials.audience import untold
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.device import DeviceReturnAt, DeviceReturnInput, DeviceReturnStep, Serial, ShipDevices
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import NoticeKind
from tenure.contracts.process import ProcessType
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, TrialId
from tenure.policy import trial as rule
from tenure.policy.rules import Rules
from tenure.ports import TIMER, Caller

_OUTSTANDING = "select count(*) from trial_devices where trial_id = $1 and returned_at is null"
_KNOWN = """
select true from device_returns
 where trial_id = $1 and (device_ends_at > $3 or (device_ends_at = $3 and demo_order = $2))
   and $4::text[] <@ array(select serial from trial_devices where trial_id = $1)
"""


class Shipping:
    """Carries out shipments, inside the transaction of the command."""

    def __init__(self, rules: Rules, message_domain: str) -> None:
        self._rules = rules
        self._domain = message_domain

    async def ship(self, caller: Caller, command: ShipDevices, connection: Connection) -> None:
        """Devices were shipped: their own end date is mailed, and waited for (DV-02, DV-03).

        A later shipment may bring a later date; the trial's end never moves it. One that is reported again, be it after a
        later one, changes nothing. What had come back and is shipped under another order is out once more.

        Raises:
            Refusal: `trial_not_found`, `org_deleted`, or `serial_mismatch` where a device is out for another trial.
        """
        locked = await rows.lock_trial(connection, command.trial_id)
        trial = locked.trial
        if await connection.fetchval(
            _KNOWN, trial.trial_id, command.demo_order, command.device_ends_at, list(command.serials)
        ):
            return
        due_at = rule.devices_due_at(command.device_ends_at, self._rules)
        earlier = await connection.fetchval("select demo_order from device_returns where trial_id = $1", trial.trial_id)
        generation = await connection.fetchval(
            "insert into device_returns as known"
            " (trial_id, organisation_id, partner_id, country, demo_order, device_ends_at, due_at)"
            " values ($1, $2, $3, $4, $5, $6, $7)"
            " on conflict (trial_id) do update set demo_order = excluded.demo_order, overdue_at = null,"
            "   device_ends_at = greatest(known.device_ends_at, excluded.device_ends_at),"
            "   due_at = greatest(known.due_at, excluded.due_at), generation = known.generation + 1"
            " returning generation",
            trial.trial_id,
            trial.organisation_id,
            trial.partner_id,
            locked.organisation["country"],
            command.demo_order,
            command.device_ends_at,
            due_at,
        )
        try:
            await connection.execute(
                "insert into trial_devices as known (trial_id, serial, shipped_at)"
                " select $1, serial, $3 from unnest($2::text[]) as serial"
                " on conflict (trial_id, serial) do update set shipped_at = $3, returned_at = null"
                " where known.returned_at is not null and $4",
                trial.trial_id,
                sorted(set(command.serials)),  # in one order, so that no two shipments wait for each other
                locked.now,
                earlier != command.demo_order,
            )
        except asyncpg.UniqueViolationError as error:
            raise Refusal(RefusalCode.SERIAL_MISMATCH, "A device is out for another trial.") from error
        details = {"trial_id": trial.trial_id, "devices": len(set(command.serials))}
        await audit.append(
            connection,
            subject=trial.organisation_id,
            at=locked.now,
            actor=caller.actor,
            action="devices_shipped",
            details=details,
        )
        await self._wait(connection, trial, generation, locked.now)

    async def _wait(self, connection: Connection, trial: rows.Trial, generation: int, now: Instant) -> None:
        workflow_id = names.device_return_id(trial.trial_id, generation)
        due_at = await connection.fetchval("select due_at from device_returns where trial_id = $1", trial.trial_id)
        await ledger.queue(
            connection,
            NoticeKind.DEVICE_AGREEMENT,
            await untold(connection, NoticeKind.DEVICE_AGREEMENT, trial, generation),
            organisation_id=trial.organisation_id,
            subject=trial.trial_id,
            generation=1,
            cycle=generation,
            at=now,
            domain=self._domain,
            workflow_id=workflow_id,
        )
        await put_next_date(
            connection,
            organisation_id=trial.organisation_id,
            kind=NextKind.DEVICE_RETURN,
            subject=trial.trial_id,
            due_at=due_at,
            rule="DV-02",
            reason="devices_shipped",
        )
        await wake_processes(connection, trial.organisation_id)
        await require_process(
            connection,
            workflow_id=workflow_id,
            process_type=ProcessType.DEVICE_RETURN,
            organisation_id=trial.organisation_id,
            input_=DeviceReturnInput(
                trial_id=trial.trial_id, organisation_id=trial.organisation_id, generation=generation
            ),
            due_at=due_at,
            at=now,
        )


async def register(
    connection: Connection,
    trial_id: TrialId,
    organisation_id: OrganisationId,
    serials: Sequence[Serial],
    *,
    at: Instant,
    actor: str,
) -> None:
    """Devices came back: all of these were shipped for this trial, or none is written down (DV-07).

    Raises:
        Refusal: `serial_mismatch`; what was shipped stays open.
    """
    shipped = {
        row["serial"]
        for row in await connection.fetch("select serial from trial_devices where trial_id = $1", trial_id)
    }
    if unknown := sorted(set(serials) - shipped):
        raise Refusal(RefusalCode.SERIAL_MISMATCH, details={"serials": unknown})
    returned = await connection.fetch(
        "update trial_devices set returned_at = $3 where trial_id = $1 and serial = any($2::text[])"
        " and returned_at is null returning serial",
        trial_id,
        list(serials),
        at,
    )
    if not returned:
        return
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=actor,
        action="devices_returned",
        details={"trial_id": trial_id, "devices": len(returned)},
    )
    if not await connection.fetchval(_OUTSTANDING, trial_id):
        await clear_next_dates(connection, organisation_id, NextKind.DEVICE_RETURN, subject=trial_id)
    await wake_processes(connection, organisation_id)


async def check(connection: Connection, at: DeviceReturnAt, *, alive: bool) -> DeviceReturnStep:
    """The step of a return's process; an organisation that is gone keeps its duty in the partner's list (Q-26)."""
    workflow_id = names.device_return_id(at.trial_id, at.generation)
    row = await connection.fetchrow("select * from device_returns where trial_id = $1", at.trial_id)
    outstanding: int = await connection.fetchval(_OUTSTANDING, at.trial_id)
    if row is None or row["generation"] != at.generation:
        row = None  # a later shipment has a process of its own
    overdue = row is not None and row["overdue_at"] is not None
    if alive and row is not None and outstanding and not overdue and at.as_of >= row["due_at"]:
        await refuse_ahead(connection, at.as_of)
        now = await business_now(connection)
        await connection.execute("update device_returns set overdue_at = $2 where trial_id = $1", at.trial_id, now)
        await clear_next_dates(connection, at.organisation_id, NextKind.DEVICE_RETURN, subject=at.trial_id)
        await audit.append(
            connection,
            subject=at.organisation_id,
            at=now,
            actor=TIMER.actor,
            action="devices_overdue",
            details={"trial_id": at.trial_id, "devices": outstanding},
        )
        overdue = True
    notices = await ledger.queued_for(connection, workflow_id) if alive else ()
    over = not alive or row is None or not outstanding or overdue
    if over and not notices:
        await close_process(connection, workflow_id, await business_now(connection))
    return DeviceReturnStep(
        over=over,
        outstanding=outstanding,
        due_at=None if over or row is None else row["due_at"],
        notices=notices,
    )
