"""Devices of trials: what logistics reports, and what partners ask for."""

from datetime import timedelta

from tenure.contracts.base import Instant
from tenure.contracts.device import RegisterReturn, RequestReturnLabel, ShipDevices
from tenure.ids import TrialId
from workers.demo.acts import Act
from workers.demo.acts.trials import by_admin
from workers.demo.world import Admin, World


def shipment(trial: str, demo_order: str, *serials: str, days: int) -> Act:
    """Devices are shipped, on trial for so many days from now: not the trial's own (DV-03)."""

    async def act(world: World, now: Instant) -> None:
        command = ShipDevices(
            trial_id=TrialId(f"trl_{trial}"),
            demo_order=demo_order,
            serials=serials,
            device_ends_at=now + timedelta(days=days),
        )
        await world.service.devices.ship(command)

    return act


def lost_label(admin: Admin, trial: str) -> Act:
    """A partner asks for a new return label."""
    command = RequestReturnLabel(trial_id=TrialId(f"trl_{trial}"), by=admin.person_id)
    return by_admin(
        admin, trial, f"return label of {command.trial_id}", lambda trials: trials.request_return_label(command)
    )


def device_return(admin: Admin, trial: str, *serials: str) -> Act:
    """A partner registers what came back."""
    command = RegisterReturn(trial_id=TrialId(f"trl_{trial}"), by=admin.person_id, serials=serials)
    return by_admin(admin, trial, f"register {' '.join(serials)}", lambda trials: trials.register_return(command))
