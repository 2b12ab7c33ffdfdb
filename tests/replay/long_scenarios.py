"""Executions that are woken so often that they continue as new: each kind that waits, while its mails are refused."""

from collections.abc import Mapping
from unittest.mock import patch

from activities import screenings
from tenure import names
from tenure.contracts.device import ShipDevices
from tenure.contracts.platform import Deed
from tenure.contracts.review import Decision
from tenure.contracts.screening import ListId
from tenure.contracts.trial import EditTrial
from tests.workflows.counter import LISTED, Counter
from tests.workflows.fair import DAY, Fair
from tests.workflows.installation import OPERATOR, Installation
from tests.workflows.waits import cancel_what_stays, everything_that_waits, platform_refuses, wake_often
from workflows import _options

type Recorded = dict[str, str | tuple[str, str]]


async def long_trials(world: Installation) -> Recorded:
    """A grace, and a trial whose services are not torn down."""
    fair = await Fair.open(world)
    waiting = await everything_that_waits(fair)
    with platform_refuses(Deed.TEAR_DOWN):
        await cancel_what_stays(fair)
        return await first_runs(
            world,
            {
                "Trial/continues-as-new": waiting["a trial that is torn down"],
                "RenewalGrace/continues-as-new": waiting["a grace"],
            },
        )


async def long_waits(world: Installation) -> Recorded:
    """A request and devices, of which nobody can be told, and phone numbers on hold."""
    fair = await Fair.open(world)
    eve = world.address("bounce-eve")
    trial = await fair.new_customer(admin_email=eve)
    customer = await fair.customer(admins=("bounce-ada",))
    asked = await fair.asked(customer, "asked", admin_email=world.address("bounce-ada"))
    await world.services.trials.edit(
        OPERATOR, EditTrial(trial_id=trial.trial_id, by=fair.seller, services=("messaging",))
    )
    device_ends_at = await world.simulation.now() + 20 * DAY
    ship = ShipDevices(trial_id=trial.trial_id, demo_order="DEMO-1", serials=("FTX1A",), device_ends_at=device_ends_at)
    await world.services.devices.ship(OPERATOR, ship)
    await world.settle()
    return await first_runs(
        world,
        {
            "TrialConsent/continues-as-new": names.trial_consent_id(asked.trial_id),
            "NumberRetention/continues-as-new": names.number_retention_id(trial.trial_id, 1),
            "DeviceReturn/continues-as-new": names.device_return_id(trial.trial_id, 1),
        },
    )


async def long_reviews(world: Installation) -> Recorded:
    """Customers of a service provider and of a trial, and one that moves, on whom nobody decides."""
    counter = await Counter.open(world)
    mover, customer = await counter.create("Later Works"), await counter.create(LISTED)
    await counter.list_parties("Later Works")
    await counter.decide(mover, Decision.UNRESOLVED)
    await counter.move(mover)
    fair = await Fair.open(world, screened=True)
    await world.services.trials.request(
        OPERATOR, fair.request(company_name=LISTED, admin_email=world.address("mallory"))
    )
    await world.settle()
    return await first_runs(
        world,
        {
            "WholesaleOnboarding/continues-as-new": names.onboarding_id(customer, 1),
            "AddressChange/continues-as-new": names.address_change_id(mover, 1),
            "CustomerScreening/continues-as-new": names.customer_screening_id(fair.trial()),
            "RplReview/continues-as-new": (await counter.review(customer)).id,
        },
    )


async def long_update(world: Installation) -> Recorded:
    """So many customers that the screening against a list goes on in a next run; here each is a page of its own."""
    counter = await Counter.open(world)
    for number in range(_options.LOOKS_PER_RUN):
        await counter.take_in(f"Works {number}")
    await world.settle()
    with patch.object(screenings, "_PAGE", 1):
        await counter.list_parties("Nobody Else")
    workflow_id = names.list_screening_id(ListId.US_DPL, counter.version + 2)
    handle = world.client.get_workflow_handle(workflow_id)
    first = (await handle.describe()).raw_description.workflow_execution_info.first_run_id
    return {"ListScreening/continues-as-new": (workflow_id, first)}


async def first_runs(world: Installation, waiting: Mapping[str, str]) -> Recorded:
    """Wake them until each has gone on in a next run; answers the runs before."""
    runs = {
        case: (workflow_id, str((await world.client.get_workflow_handle(workflow_id).describe()).run_id))
        for case, workflow_id in waiting.items()
    }
    await wake_often(world, waiting.values())
    return dict(runs)
