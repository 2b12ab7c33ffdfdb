"""Everything of trials that waits for something, and how it is woken until it goes on in a next run."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from adapters.postgres.platform import PostgresPlatform
from tenure import names
from tenure.contracts.device import ShipDevices
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.contracts.trial import CancelTrial, EditTrial
from tenure.errors import PlatformRefused
from tests.workflows.fair import DAY, Fair
from tests.workflows.installation import OPERATOR, Installation
from workflows import _options


async def _refuse(_platform: PostgresPlatform, _order: PlatformOrder) -> Built:
    raise PlatformRefused("maintenance")


@contextmanager
def platform_refuses(deed: Deed) -> Iterator[None]:
    """For now."""
    with patch.object(PostgresPlatform, deed, _refuse):
        yield


async def everything_that_waits(fair: Fair) -> dict[str, str]:
    """A process of each kind that waits, by its workflow's id; one trial is to be cancelled yet."""
    world, trials = fair.world, fair.world.services.trials
    for name, services in (
        ("grace", ("messaging",)),
        ("active", ("messaging", "calling")),
        ("cancelled", ("calling",)),
    ):
        length = 30 if name == "grace" else 90
        email = world.address(name)
        await trials.request(OPERATOR, fair.request(name, services=services, length_days=length, admin_email=email))
    await world.settle()
    await world.advance(31 * DAY)
    await trials.edit(OPERATOR, EditTrial(trial_id=fair.trial("active"), by=fair.seller, services=("messaging",)))
    ship = ShipDevices(
        trial_id=fair.trial("active"),
        demo_order="DEMO-1",
        serials=("FTX1A",),
        device_ends_at=await world.simulation.now() + 20 * DAY,
    )
    await world.services.devices.ship(OPERATOR, ship)
    await world.settle()
    await fair.asked(await fair.customer(), "asked")
    licences = (await fair.show("grace")).licence_set_id
    assert licences is not None
    return {
        "a trial that is active": names.trial_id(fair.trial("active"), 1),
        "a trial that is torn down": names.trial_id(fair.trial("cancelled"), 1),
        "a request": names.trial_consent_id(fair.trial("asked")),
        "a grace": names.renewal_grace_id(licences, 1),
        "numbers on hold": names.number_retention_id(fair.trial("active"), 1),
        "devices": names.device_return_id(fair.trial("active"), 1),
    }


async def cancel_what_stays(fair: Fair) -> None:
    """Cancel a trial while nothing is torn down."""
    cancel = CancelTrial(trial_id=fair.trial("cancelled"), by=fair.seller, confirmed=True)
    await fair.world.services.trials.cancel(OPERATOR, cancel)
    await fair.world.settle()


async def wake_often(world: Installation, workflow_ids: Collection[str]) -> None:
    """Wake them so often that each has become long."""
    for _ in range(_options.LOOKS_PER_RUN):
        for workflow_id in workflow_ids:
            await world.client.get_workflow_handle(workflow_id).signal("facts_changed")
        await world.clock.settle()
