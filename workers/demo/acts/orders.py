"""Paid orders that convert trials: what commerce reports, and how they are set up."""

from datetime import timedelta

from tenure.contracts.base import Instant
from tenure.contracts.conversion import ActingAs, ConvertTrial, TieOrder
from tenure.contracts.licence import ServiceKey
from tenure.ids import LicenceSetId, OrderId, PartnerId, PersonId, TrialId
from workers.demo.acts import Act
from workers.demo.acts.trials import customer
from workers.demo.world import World


def convert(
    trial: str, *services: ServiceKey, by: str | None = None, contact: str | None = None, confirmed: bool = False
) -> Act:
    """An order of services of a trial was paid, placed by a partner or by the customer itself."""

    async def act(world: World, now: Instant) -> None:
        command = ConvertTrial(
            trial_id=TrialId(f"trl_{trial}"),
            order_id=OrderId(f"ord_{trial}"),
            licence_set_id=LicenceSetId(f"lic_{trial}-paid"),
            services=services,
            expires_at=now + timedelta(days=365),
            ordered_by=None if by is None else PartnerId(f"ptr_{by}"),
            contact=None if contact is None else PersonId(f"per_{contact}"),
            confirmed=confirmed,
        )
        await world.attempt(now, customer(trial), f"convert {command.trial_id}", world.service.trials.convert(command))

    return act


def set_up(trial: str, acting_as: ActingAs, address: str) -> Act:
    """The order's contact says as whom it acts, and whose admin it knows (TC-16, TC-17)."""
    command = TieOrder(order_id=OrderId(f"ord_{trial}"), acting_as=acting_as, admin_email=address)

    async def act(world: World, now: Instant) -> None:
        call = world.service.orders.tie(command)
        await world.attempt(now, customer(trial), f"set up {command.order_id}", call)

    return act
