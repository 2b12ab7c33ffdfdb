"""Paid orders that convert trials, on the way to their organisation (TC-16 to TC-18)."""

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.conversion import OrderSetUp, TieOrder
from tenure.ids import OrderId

_SET_UP: TypeAdapter[OrderSetUp] = TypeAdapter(OrderSetUp)


class Orders:
    """What an order's contact does on the page that the mail links to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def show(self, order_id: OrderId) -> OrderSetUp:
        """What the contact is shown, and whether the order is tied."""
        return await self._connection.get(f"/v1/orders/{order_id}", _SET_UP)

    async def plan_tie(self, command: TieOrder) -> OrderSetUp:
        """The customer data to check before the order is tied; changes nothing (TC-17)."""
        return await self._connection.command("/v1/orders/tie", command, _SET_UP, None, {"dry_run": True})

    async def tie(self, command: TieOrder, *, key: str | None = None) -> OrderSetUp:
        """Tie an order to the organisation of its trial.

        Raises:
            Refusal: `customer_not_matched` for an address that is not of one of its admins; nothing was made (TC-18).
        """
        return await self._connection.command("/v1/orders/tie", command, _SET_UP, key)
