"""What an operator reads in the Temporal UI of the processes of a trial: what each waits for, and until when."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata

from tenure import names
from tenure.contracts.consent import DeclineTrial
from tenure.contracts.device import RegisterReturn, ShipDevices
from tenure.contracts.licence import ExpireLicences, LicenceKind
from tenure.contracts.trial import CancelTrial, EditTrial
from tenure.ids import LicenceSetId
from tests.workflows.fair import DAY, Fair
from tests.workflows.installation import OPERATOR, Installation


async def details(world: Installation, workflow_id: str) -> str:
    """The current details of a process."""
    handle = world.client.get_workflow_handle(workflow_id)
    metadata: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


async def label(world: Installation, workflow_id: str) -> str:
    """The label of the timer that a process has set last."""
    history = await world.client.get_workflow_handle(workflow_id).fetch_history()
    timers = [event for event in history.events if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED]
    decoded = await world.client.data_converter.decode([timers[-1].user_metadata.summary], [str])
    return str(decoded[0])


async def agree(world: Installation, workflow_id: str, waits_for: str, until: object, *also: str) -> None:
    """Headline and timer say the same: what is waited for, and until when; other lines say what they are asked for."""
    told = f"{waits_for} until {until:%Y-%m-%d %H:%M} UTC"
    shown = await details(world, workflow_id)
    assert shown.startswith(f"**{told}**\n")
    assert await label(world, workflow_id) == told
    for line in also:
        assert line in shown


async def test_each_process_of_a_trial_says_what_it_waits_for(world: Installation) -> None:
    """Reminder and end, devices, numbers on hold, and the meeting data of a cancelled trial; never what is not so.

    (NO-01, GR-01, DV-02, NR-01, Q-32)
    """
    fair = await Fair.open(world)
    trial = await fair.new_customer(services=("meetings", "calling"))
    assert trial.ends_at is not None
    ends = f"Ends {trial.ends_at:%Y-%m-%d %H:%M} UTC"
    process = names.trial_id(trial.trial_id, 1)
    await agree(world, process, "NO-01: waits for its reminder", trial.ends_at - 7 * DAY, ends, "can extend, edit")

    device_end = trial.ends_at + 20 * DAY
    ship = ShipDevices(
        trial_id=trial.trial_id, demo_order="DEMO-1", serials=("SN-0001", "SN-0002"), device_ends_at=device_end
    )
    await world.services.devices.ship(OPERATOR, ship)
    edit = EditTrial(trial_id=trial.trial_id, by=fair.seller, services=("meetings",))
    held_until = (await world.services.trials.edit(OPERATOR, edit)).numbers_held_until
    await world.settle()
    devices = names.device_return_id(trial.trial_id, 1)
    await agree(world, devices, "DV-02: waits for 2 of the trial's devices", device_end + 14 * DAY)
    numbers = names.number_retention_id(trial.trial_id, 1)
    await agree(world, numbers, "NR-01: 1 of the trial's phone numbers on hold", held_until, "gone for good")

    await world.advance(24 * DAY)
    await agree(world, process, "GR-01: waits for its end", trial.ends_at, ends)
    cancel = CancelTrial(trial_id=trial.trial_id, by=fair.seller, confirmed=True)
    cancelled = await world.simulation.now()
    await world.services.trials.cancel(OPERATOR, cancel)
    await world.settle()
    assert (await details(world, process)).startswith("**Done**\n")
    assert trial.licence_set_id is not None
    grace = names.renewal_grace_id(trial.licence_set_id, 1)
    row = await world.row("select due_at from next_dates where kind = 'licence_removal'")
    assert timedelta(0) <= row["due_at"] - (cancelled + 30 * DAY) < timedelta(minutes=3)
    await agree(
        world, grace, "Q-32: meeting data of a cancelled trial rest", row["due_at"], "licences of the trial are"
    )


async def test_what_is_over_offers_nothing_any_more(world: Installation) -> None:
    """A request and a return say what can be done while they wait, and how they ended afterwards (CO-06, DV-09, P14)."""
    fair = await Fair.open(world)
    trial = await fair.new_customer()
    ends_at = await world.simulation.now() + 20 * DAY
    ship = ShipDevices(trial_id=trial.trial_id, demo_order="DEMO-1", serials=("SN-1",), device_ends_at=ends_at)
    await world.services.devices.ship(OPERATOR, ship)
    asked = await fair.asked(await fair.customer(), "asked")
    request, devices = names.trial_consent_id(asked.trial_id), names.device_return_id(trial.trial_id, 1)
    waits_for = "CO-06: waits for a full admin of the customer"
    await agree(world, request, waits_for, asked.consent_deadline_at, "accepts or declines")
    await agree(world, devices, "DV-02: waits for 1 of the trial's devices", ends_at + 14 * DAY, "serial number")

    decline = DeclineTrial(trial_id=asked.trial_id, person_id=fair.person("ada-acme"))
    await world.services.consents.decline(OPERATOR, decline)
    back = RegisterReturn(trial_id=trial.trial_id, by=fair.seller, serials=("SN-1",))
    await world.services.devices.register_return(OPERATOR, back)
    await world.settle()
    assert await details(world, request) == f"**CO-06: the request is declined**\n\n- Trial {asked.trial_id}"
    assert await details(world, devices) == f"**DV-09: all are back**\n\n- Trial {trial.trial_id}"


@pytest.mark.parametrize(
    ("kind", "rule", "days", "way_out"),
    [
        (LicenceKind.TRIAL, "GR-01", 30, "Before then an extension brings them back"),
        (LicenceKind.SUBSCRIPTION, "RP-01", 60, "Before then a paid subscription brings them back"),
    ],
)
async def test_a_grace_says_what_brings_the_licences_back(
    world: Installation, kind: LicenceKind, rule: str, days: int, way_out: str
) -> None:
    """An extension is no way out for a subscription (GR-05, RP-03, RP-04)."""
    await world.organisation(licences={"kind": kind, "state": "active"})
    licence_set_id = LicenceSetId(f"lic_acme-{world.suffix}")
    expired_at = await world.simulation.now()
    await world.services.licences.expire(OPERATOR, ExpireLicences(licence_set_id=licence_set_id, expired_at=expired_at))
    await world.settle()
    grace = names.renewal_grace_id(licence_set_id, 1)
    await agree(world, grace, f"{rule}: licences of a {kind} rest", expired_at + days * DAY, way_out)
