"""Executions that are woken so often that they continue as new: each kind that waits, while its mails are refused."""

from collections.abc import Mapping

from tenure import names
from tenure.contracts.device import ShipDevices
from tenure.contracts.platform import Deed
from tenure.contracts.trial import EditTrial
from tests.workflows.counter import LISTED, Counter
from tests.workflows.fair import DAY, Fair
from tests.workflows.installation import OPERATOR, Installation
from tests.workflows.waits import cancel_what_stays, everything_that_waits, platform_refuses, wake_often

type Recorded = dict[str, str | tuple[str, str]]


async def long_trials(world: Installation) -> Recorded:
    """A grace, and a trial whose services are not torn down."""
    fair = await Fair.open(world)
    waiting = await everything_that_waits(fair)
    with platform_refuses(Deed.TEAR_DOWN):
        await cancel_what_stays(fair)
        return await _first_runs(
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
    return await _first_runs(
        world,
        {
            "TrialConsent/continues-as-new": names.trial_consent_id(asked.trial_id),
            "NumberRetention/continues-as-new": names.number_retention_id(trial.trial_id, 1),
            "DeviceReturn/continues-as-new": names.device_return_id(trial.trial_id, 1),
        },
    )


async def long_reviews(world: Installation) -> Recorded:
    """A customer of a trial, and its review, on which nobody decides."""
    await Counter.open(world)
    fair = await Fair.open(world, screened=True)
    await world.services.trials.request(OPERATOR, fair.request(company_name=LISTED))
    await world.settle()
    case = await world.row(
        "select case_id from rpl_cases where organisation_id = $1", (await fair.show()).organisation_id
    )
    return await _first_runs(
        world,
        {
            "CustomerScreening/continues-as-new": names.customer_screening_id(fair.trial()),
            "RplReview/continues-as-new": names.rpl_review_id(case["case_id"]),
        },
    )


async def _first_runs(world: Installation, waiting: Mapping[str, str]) -> Recorded:
    """Wake them until each has gone on in a next run; answers the runs before."""
    runs = {
        case: (workflow_id, str((await world.client.get_workflow_handle(workflow_id).describe()).run_id))
        for case, workflow_id in waiting.items()
    }
    await wake_often(world, waiting.values())
    return dict(runs)
