"""The paths of trials that are recorded."""

from datetime import timedelta

from tenure import names
from tenure.contracts.consent import DeclineTrial
from tenure.contracts.device import RegisterReturn, ShipDevices
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.platform import Deed
from tenure.contracts.trial import CancelTrial, EditTrial, ExtendTrial
from tenure.ids import LicenceSetId
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation
from tests.workflows.waits import platform_refuses

DAY = timedelta(days=1)

type Recorded = dict[str, str | tuple[str, str]]


async def trial_from_end_to_end(world: Installation) -> Recorded:
    """A new customer: edited, extended, told of its end, in grace, extended there, over; its numbers are released."""
    fair = await Fair.open(world)
    trial = await fair.new_customer()
    trials = world.services.trials
    edit = EditTrial(trial_id=trial.trial_id, by=fair.seller, services=("messaging", "calling", "meetings"))
    await trials.edit(OPERATOR, edit)
    await world.settle()
    await world.advance(10 * DAY)
    await trials.extend(OPERATOR, ExtendTrial(trial_id=trial.trial_id, by=fair.seller, days=30))
    await world.settle()
    await world.advance(31 * DAY)
    await trials.extend(OPERATOR, ExtendTrial(trial_id=trial.trial_id, by=fair.seller, days=5))
    await world.settle()
    await world.advance(36 * DAY)
    await world.advance(16 * DAY)
    assert trial.licence_set_id is not None
    return {
        "Trial/edited-and-extended": names.trial_id(trial.trial_id, 1),
        "Trial/resumed-in-grace": names.trial_id(trial.trial_id, 2),
        "Trial/torn-down": names.trial_id(trial.trial_id, 3),
        "RenewalGrace/trial-extended": names.renewal_grace_id(trial.licence_set_id, 1),
        "RenewalGrace/trial-ended": names.renewal_grace_id(trial.licence_set_id, 2),
        "NumberRetention/released": names.number_retention_id(trial.trial_id, 1),
    }


async def consents(world: Installation) -> Recorded:
    """One customer accepts, another lets the request lapse."""
    fair = await Fair.open(world)
    accepted = await fair.accepted(await fair.customer(), full_administration=True)
    other = await fair.customer("other", admins=("bob",))
    lapsed = await fair.asked(other, "second", admin_email=world.address("bob"))
    await world.advance(11 * DAY)
    return {
        "TrialConsent/accepted": names.trial_consent_id(accepted.trial_id),
        "TrialConsent/lapsed": names.trial_consent_id(lapsed.trial_id),
        "Trial/consented": names.trial_id(accepted.trial_id, 1),
    }


async def cancellation(world: Installation) -> Recorded:
    """An active trial of meetings is cancelled: torn down, meeting data waits; its numbers go to a purchase."""
    fair = await Fair.open(world)
    trial = await fair.new_customer(services=("meetings", "calling"))
    cancel = CancelTrial(trial_id=trial.trial_id, by=fair.seller, confirmed=True)
    await world.services.trials.cancel(OPERATOR, cancel)
    await world.settle()
    grant = GrantLicences(
        licence_set_id=LicenceSetId(f"lic_new-{world.suffix}"),
        organisation_id=trial.organisation_id,
        kind=LicenceKind.SUBSCRIPTION,
        services=("calling",),
    )
    await world.services.licences.grant(OPERATOR, grant)
    await world.advance(31 * DAY)
    assert trial.licence_set_id is not None
    return {
        "Trial/cancelled": names.trial_id(trial.trial_id, 1),
        "RenewalGrace/trial-cancelled": names.renewal_grace_id(trial.licence_set_id, 1),
        "NumberRetention/bought": names.number_retention_id(trial.trial_id, 1),
    }


async def devices(world: Installation) -> Recorded:
    """Devices of one trial come back, those of another do not."""
    fair = await Fair.open(world)
    now = await world.simulation.now()
    for name, serial in (("first", "FTX1000A"), ("second", "FTX1000B")):
        email = world.address(f"eve-{name}")
        await world.services.trials.request(OPERATOR, fair.request(name, admin_email=email, length_days=90))
        await world.settle()
        ship = ShipDevices(
            trial_id=fair.trial(name), demo_order=f"DEMO-{name}", serials=(serial,), device_ends_at=now + 20 * DAY
        )
        await world.services.devices.ship(OPERATOR, ship)
        await world.settle()
    back = RegisterReturn(trial_id=fair.trial(), by=fair.seller, serials=("FTX1000A",))
    await world.services.devices.register_return(OPERATOR, back)
    await world.settle()
    await world.advance(35 * DAY)
    return {
        "DeviceReturn/returned": names.device_return_id(fair.trial(), 1),
        "DeviceReturn/overdue": names.device_return_id(fair.trial("second"), 1),
    }


async def left_off(world: Installation) -> Recorded:
    """An order that is refused is asked for again at once, and cancelled; a request is declined whose mail is refused."""
    fair = await Fair.open(world)
    customer = await fair.customer(admins=("bounce-ada",))
    asked = await fair.asked(customer, "asked", admin_email=world.address("bounce-ada"))
    with platform_refuses(Deed.BUILD):
        trial = await world.services.trials.request(OPERATOR, fair.request())
        await world.settle()
        await world.services.trials.provide_details(OPERATOR, fair.details())
        await world.settle()
        decline = DeclineTrial(trial_id=asked.trial_id, person_id=fair.person("bounce-ada-acme"))
        await world.services.consents.decline(OPERATOR, decline)
        cancel = CancelTrial(trial_id=trial.trial_id, by=fair.seller, confirmed=True)
        await world.services.trials.cancel(OPERATOR, cancel)
        await world.settle()
    return {
        "Trial/cancelled-while-refused": names.trial_id(trial.trial_id, 1),
        "TrialConsent/declined-while-refused": names.trial_consent_id(asked.trial_id),
    }


async def told_late(world: Installation) -> Recorded:
    """A trial is over, and the address of who is to be told of it is refused for days."""
    fair = await Fair.open(world)
    trial = await fair.new_customer(services=("messaging",))
    await fair.user(trial, "una", mailbox="bounce-una")
    await world.advance(63 * DAY)
    assert trial.licence_set_id is not None
    return {"RenewalGrace/shows-its-end": names.renewal_grace_id(trial.licence_set_id, 1)}
