"""The port `Devices` on Postgres."""

from functools import partial
from typing import Any, Final

import asyncpg

from adapters.postgres import audit, cursors
from adapters.postgres.commands import once, once_shown
from adapters.postgres.conditions import Conditions
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.trials import devices
from adapters.postgres.trials.people import require_admin
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Carrier, Catalogue
from tenure.contracts.device import (
    DeviceCursor,
    DeviceReturnPage,
    DeviceReturnView,
    DeviceState,
    FindDemoOrder,
    RegisterReturn,
    RequestReturnLabel,
    ReturnGuide,
    ShipDevices,
    TrialDevice,
)
from tenure.contracts.trial import TrialCommand
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.policy.device import guide
from tenure.policy.rules import Rules
from tenure.ports import Caller

_VIEW: Final = """
select d.*, o.name as organisation_name, business_now() as now,
       (select jsonb_agg(jsonb_build_object('serial', v.serial, 'returned_at', v.returned_at) order by v.serial)
          from trial_devices v where v.trial_id = d.trial_id) as devices
  from device_returns d join organisations o using (organisation_id)
"""
_ONE: Final = _VIEW + " where d.trial_id = $1 and ($2::text is null or d.partner_id = $2)"
_OUT: Final = (
    _VIEW + " where exists (select from trial_devices v where v.trial_id = d.trial_id and v.returned_at is null)"
)
_EARLIEST_FIRST: Final = " order by d.due_at, d.trial_id"
_BY_ADMIN: Final = """
select d.demo_order from device_returns d
  join customer_admins a on a.organisation_id = d.organisation_id
 where d.organisation_id = $1 and lower(a.email) = lower($2) and ($3::text is null or d.partner_id = $3)
 order by d.device_ends_at desc limit 1
"""
_BY_SERIALS: Final = """
select d.demo_order from device_returns d join trial_devices v using (trial_id)
 where $2::text is null or d.partner_id = $2
 group by d.trial_id, d.demo_order, d.device_ends_at
having array_agg(v.serial order by v.serial) = $1::text[]
 order by d.device_ends_at desc limit 1
"""


class PostgresDevices:
    """The port `Devices`."""

    def __init__(self, database: Database, rules: Rules, catalogue: Catalogue, *, message_domain: str) -> None:
        self._database = database
        self._catalogue = catalogue
        self._shipping = devices.Shipping(rules, message_domain)

    async def ship(self, caller: Caller, command: ShipDevices) -> DeviceReturnView:
        """Devices were shipped: their end date is mailed, and their return is waited for (DV-02)."""
        show = partial(self._show, caller=caller, trial_id=command.trial_id)
        return await once_shown(self._database, caller, command, partial(self._shipping.ship, caller, command), show)

    async def request_return_label(self, caller: Caller, command: RequestReturnLabel) -> ReturnGuide:
        """A new label, in the USA only; elsewhere the refusal says how devices go back (DV-05, DV-06).

        Raises:
            Refusal: `label_us_only`, `devices_not_shipped`, or what `require_admin` refuses.
        """

        async def carry_out(connection: Connection) -> ReturnGuide:
            row = await self._lock(connection, caller, command)
            how = guide(self._catalogue.carrier(row["country"]))
            if how.carrier is not Carrier.UPS:
                raise Refusal(RefusalCode.LABEL_US_ONLY, details={"carrier": how.carrier, "steps": list(how.steps)})
            now = await business_now(connection)
            await connection.execute(
                "update device_returns set label_requested_at = $2 where trial_id = $1", command.trial_id, now
            )
            await audit.append(
                connection,
                subject=row["organisation_id"],
                at=now,
                actor=caller.actor,
                action="return_label_requested",
                details={"trial_id": command.trial_id},
            )
            return how.model_copy(update={"label_sent": True})

        return await once(self._database, caller, command, ReturnGuide, carry_out, by_partners=True)

    async def register_return(self, caller: Caller, command: RegisterReturn) -> DeviceReturnView:
        """Devices came back, by serial number (DV-07, DV-09).

        Raises:
            Refusal: `serial_mismatch`, `devices_not_shipped`, or what `require_admin` refuses.
        """

        async def register(connection: Connection) -> None:
            row = await self._lock(connection, caller, command)
            await devices.register(
                connection,
                command.trial_id,
                OrganisationId(row["organisation_id"]),
                command.serials,
                at=await business_now(connection),
                actor=caller.actor,
            )

        show = partial(self._show, caller=caller, trial_id=command.trial_id)
        return await once_shown(self._database, caller, command, register, show, by_partners=True)

    async def show(self, caller: Caller, trial_id: TrialId) -> DeviceReturnView:
        """The devices of one trial.

        Raises:
            Refusal: `devices_not_shipped`, also to another partner (P14).
        """
        async with self._database.read() as connection:
            return await self._show(connection, caller, trial_id)

    async def outstanding(
        self,
        caller: Caller,
        *,
        partner_id: PartnerId | None = None,
        overdue: bool | None = None,
        after: DeviceCursor | None = None,
        limit: int = 100,
    ) -> DeviceReturnPage:
        """Up to `limit` returns from where a page has ended, the earliest due first (DV-09).

        Each that stays as it is comes once, whatever becomes of others while the pages are read.

        Raises:
            Refusal: `forbidden` for another partner's.
        """
        asked = Conditions()
        asked.ask("d.partner_id = {}::text", caller.scope(partner_id))
        asked.ask("{}::boolean = (d.due_at <= (select business_now()))", overdue)
        if after is not None:
            due, _, trial_id = after.partition(".")
            place = f"({asked.place(cursors.instant(due))}::timestamptz, {asked.place(trial_id)}::text)"
            asked.require(f"(d.due_at, d.trial_id) > {place}")
        async with self._database.read() as connection:
            rows = await asked.fetch(connection, f"{_OUT}{asked.text}{_EARLIEST_FIRST} limit {asked.place(limit + 1)}")
        returns = tuple(self._view(row) for row in rows[:limit])
        if len(rows) <= limit:
            return DeviceReturnPage(returns=returns)
        last = returns[-1]
        return DeviceReturnPage(returns=returns, next_after=f"{cursors.figures(last.due_at)}.{last.trial_id}")

    async def find_demo_order(self, caller: Caller, command: FindDemoOrder) -> str:
        """The demo order number, to those who can say enough about it (DV-08).

        Raises:
            Refusal: `demo_order_not_found`; some of the serial numbers are not enough.
        """
        async with self._database.read() as connection:
            if command.serials:
                serials = sorted(set(command.serials))
                found = await connection.fetchval(_BY_SERIALS, serials, caller.partner_id)
            else:
                found = await connection.fetchval(
                    _BY_ADMIN, command.by_organisation, command.admin_email, caller.partner_id
                )
        if found is None:
            raise Refusal(RefusalCode.DEMO_ORDER_NOT_FOUND)
        return str(found)

    async def _lock(self, connection: Connection, caller: Caller, command: TrialCommand) -> asyncpg.Record:
        """Lock the organisation that devices were shipped to, gone or not, for an admin of the partner."""
        row = await connection.fetchrow(_ONE, command.trial_id, caller.partner_id)
        if row is None:
            raise Refusal(RefusalCode.DEVICES_NOT_SHIPPED)
        await lock(connection, OrganisationId(row["organisation_id"]))
        await require_admin(connection, caller, PartnerId(row["partner_id"]), command.by, seller=False)
        return row

    async def _show(self, connection: Connection, caller: Caller, trial_id: TrialId) -> DeviceReturnView:
        row = await connection.fetchrow(_ONE, trial_id, caller.partner_id)
        if row is None:
            raise Refusal(RefusalCode.DEVICES_NOT_SHIPPED)
        return self._view(row)

    def _view(self, row: asyncpg.Record) -> DeviceReturnView:
        overdue = row["due_at"] <= row["now"]
        found: list[dict[str, Any]] = row["devices"] or []
        trial_devices = tuple(_device(device["serial"], device["returned_at"], overdue=overdue) for device in found)
        return DeviceReturnView(
            trial_id=row["trial_id"],
            organisation_id=row["organisation_id"],
            organisation_name=row["organisation_name"],
            partner_id=row["partner_id"],
            demo_order=row["demo_order"],
            device_ends_at=row["device_ends_at"],
            due_at=row["due_at"],
            overdue=any(device.state is DeviceState.OVERDUE for device in trial_devices),
            guide=guide(self._catalogue.carrier(row["country"])).model_copy(
                update={"label_sent": row["label_requested_at"] is not None}
            ),
            devices=trial_devices,
        )


def _device(serial: str, returned_at: Instant | None, *, overdue: bool) -> TrialDevice:
    open_state = DeviceState.OVERDUE if overdue else DeviceState.SHIPPED
    return TrialDevice.model_validate(
        {
            "serial": serial,
            "state": open_state if returned_at is None else DeviceState.RETURNED,
            "returned_at": returned_at,
        }
    )
