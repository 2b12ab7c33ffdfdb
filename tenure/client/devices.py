"""Trial devices, for logistics: shipped, and until when they are to be back (DV)."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.device import DeviceReturnPage, DeviceReturnView, FindDemoOrder, FoundDemoOrder, ShipDevices
from tenure.ids import PartnerId, TrialId

_RETURN: TypeAdapter[DeviceReturnView] = TypeAdapter(DeviceReturnView)
_RETURNS: TypeAdapter[DeviceReturnPage] = TypeAdapter(DeviceReturnPage)
_FOUND: TypeAdapter[FoundDemoOrder] = TypeAdapter(FoundDemoOrder)

PAGE_SIZE = 1000
"""Trials in one request of the list."""


class Devices:
    """The devices of trials. What a partner does about them is in `trials`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ship(self, command: ShipDevices, *, key: str | None = None) -> DeviceReturnView:
        """Devices were shipped, with an end date of their own (DV-02, DV-03).

        Raises:
            Refusal: `trial_not_found`, `org_deleted`, or `serial_mismatch` where a device is out for another trial.
        """
        return await self._connection.command("/v1/devices/ship", command, _RETURN, key)

    async def show(self, trial_id: TrialId) -> DeviceReturnView:
        """The devices of one trial, until when and how they go back (DV-04, DV-06).

        Raises:
            Refusal: `devices_not_shipped`.
        """
        return await self._connection.get(f"/v1/devices/{trial_id}", _RETURN)

    async def outstanding(
        self, *, partner_id: PartnerId | None = None, overdue: bool | None = None
    ) -> AsyncIterator[DeviceReturnView]:
        """What is still to come back, the earliest due first, page by page as it is read (DV-09).

        Args:
            partner_id: Only that of this partner's trials.
            overdue: Only what is overdue, or only what is in time; None for all.
        """
        parameters = {"partner_id": partner_id, "overdue": overdue, "limit": PAGE_SIZE}
        async for page in self._connection.pages("/v1/devices", _RETURNS, parameters):
            for one in page.returns:
                yield one

    async def find_demo_order(self, question: FindDemoOrder) -> FoundDemoOrder:
        """The demo order's number, for those who can say enough about it; changes nothing (DV-08).

        Raises:
            Refusal: `demo_order_not_found`.
        """
        return await self._connection.command("/v1/devices/find-demo-order", question, _FOUND, None)
