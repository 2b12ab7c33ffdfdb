"""The paths of a trial on the real servers, under the simulation's clock: what commands do to processes that sleep."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from tenure import names, search
from tenure.contracts.consent import AcceptTrial, DeclineTrial
from tenure.contracts.conversion import ConvertTrial
from tenure.contracts.device import DeviceReturnResult, RegisterReturn, ShipDevices
from tenure.contracts.licence import GraceOutcome, GrantLicences, LicenceKind
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.process import ReconcileContract, ReconcileInput
from tenure.contracts.trial import CancelTrial, ConsentState, EditTrial, ExtendTrial, ResendConsent, TrialState
from tenure.contracts.trial_process import ConsentResult, NumberHoldResult, TrialContract
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrderId, OrganisationId, PersonId
from tests.workflows.fair import DAY, MOMENT, Fair
from tests.workflows.installation import OPERATOR, Installation


@pytest.fixture
async def fair(world: Installation) -> Fair:
    """A partner in an empty installation."""
    return await Fair.open(world)


def ada(fair: Fair) -> PersonId:
    """The full admin of `acme`."""
    return PersonId(f"per_ada-acme-{fair.world.suffix}")


async def buy(fair: Fair, organisation_id: OrganisationId, *services: str) -> None:
    """An order service reports a subscription of these services."""
    grant = GrantLicences(
        licence_set_id=LicenceSetId(f"lic_paid-{fair.world.suffix}"),
        organisation_id=organisation_id,
        kind=LicenceKind.SUBSCRIPTION,
        services=services,
    )
    await fair.world.services.licences.grant(OPERATOR, grant)
    await fair.world.settle()


async def consent_result(fair: Fair) -> ConsentResult:
    """How the request for consent ended."""
    handle = fair.world.client.get_workflow_handle(names.trial_consent_id(fair.trial()), result_type=ConsentResult)
    ended: ConsentResult = await handle.result()
    return ended


async def test_declined_and_asked_again(fair: Fair) -> None:
    """Declined, the process ends at once without a mail; a fresh request has fresh ten days (CO-15, CO-20)."""
    world = fair.world
    organisation_id = await fair.customer()
    trial = await fair.asked(organisation_id)
    await world.advance(4 * DAY)
    await world.services.consents.decline(OPERATOR, DeclineTrial(trial_id=trial.trial_id, person_id=ada(fair)))
    await world.settle()
    assert (await consent_result(fair)).state is ConsentState.DECLINED
    assert len(world.mails("ada")) == 1
    again = await fair.asked(organisation_id, "second")
    await world.advance(9.9 * DAY)
    assert (await fair.show("second")).state is TrialState.PENDING_CONSENT
    assert again.consent_deadline_at == again.requested_at + 10 * DAY
    await world.advance(0.2 * DAY)
    assert (await fair.show("second")).consent is ConsentState.LAPSED


async def test_mailed_again(fair: Fair) -> None:
    """Mailed again on day 9, the request lapses on day 10 all the same; the second mail is another (CO-12, Q-14)."""
    world = fair.world
    trial = await fair.asked(await fair.customer())
    await world.advance(9 * DAY)
    await world.services.trials.resend_consent(OPERATOR, ResendConsent(trial_id=trial.trial_id, by=fair.seller))
    await world.settle()
    first, second = (mail.message["Message-ID"] for mail in world.mails("ada"))
    assert first != second
    await world.advance(1 * DAY + MOMENT)
    assert (await consent_result(fair)).state is ConsentState.LAPSED


@pytest.mark.parametrize("early", [timedelta(seconds=40), timedelta(0)])
async def test_accepted_at_the_last_moment(fair: Fair, early: timedelta) -> None:
    """Answered just before the deadline and just at it, with the timer on its way: one outcome, and it is the facts' (CO-06, CO-19)."""
    world = fair.world
    trial = await fair.asked(await fair.customer())
    assert trial.consent_deadline_at is not None
    await world.clock.advance(trial.consent_deadline_at - timedelta(minutes=1), world.hear)
    await world.simulation.set(trial.consent_deadline_at - early)
    accept = AcceptTrial(trial_id=trial.trial_id, person_id=ada(fair))
    answers = await asyncio.gather(
        world.services.consents.accept(OPERATOR, accept), world.settle(), return_exceptions=True
    )
    await world.advance(timedelta(minutes=5))
    view = await fair.show()
    if early:
        assert view.consent is ConsentState.ACCEPTED
        assert (await consent_result(fair)).state is ConsentState.ACCEPTED
    else:
        assert isinstance(answers[0], Refusal)
        assert answers[0].code is RefusalCode.CONSENT_EXPIRED
        assert (view.state, view.consent) == (TrialState.CANCELLED, ConsentState.LAPSED)


async def test_accepted_and_not_told(fair: Fair) -> None:
    """The timer fires before word of the answer arrives: it finds the answer, nothing lapses, and the trial goes on (CO-19, XC-06)."""
    world = fair.world
    trial = await fair.asked(await fair.customer())
    workflow_id = names.trial_consent_id(trial.trial_id)
    await world.services.consents.accept(OPERATOR, AcceptTrial(trial_id=trial.trial_id, person_id=ada(fair)))
    await world.as_owner("update processes set wakes_sent = wakes where workflow_id = $1", workflow_id)
    await world.advance(9 * DAY)
    assert (await world.client.get_workflow_handle(workflow_id).describe()).status is WorkflowExecutionStatus.RUNNING
    await world.advance(1 * DAY + MOMENT)
    assert (await consent_result(fair)).state is ConsentState.ACCEPTED
    assert (await fair.show()).state is TrialState.AWAITING_DETAILS


async def test_extended_before_and_in_grace(fair: Fair) -> None:
    """Each end is told anew; in grace the licences come back, the grace ends by itself, the trial goes on (TC-01, TC-04, TC-05)."""
    world = fair.world
    trial = await fair.new_customer()
    await world.advance(25 * DAY)
    assert len(world.mails("pat")) == 1
    await world.services.trials.extend(OPERATOR, ExtendTrial(trial_id=trial.trial_id, by=fair.seller, days=30))
    await world.settle()
    await world.advance(24 * DAY)
    assert len(world.mails("pat")) == 2
    await world.advance(7 * DAY)
    assert (await fair.show()).state is TrialState.GRACE
    await world.advance(28 * DAY)
    await world.services.trials.extend(OPERATOR, ExtendTrial(trial_id=trial.trial_id, by=fair.seller, days=5))
    await world.settle()
    assert (await fair.grace(trial)).outcome is GraceOutcome.RESTORED
    view = await world.show(trial.organisation_id)
    assert [licences.state for licences in view.licence_sets] == ["active"]
    await world.advance(4 * DAY)
    assert len(world.mails("pat")) == 3  # less than 7 days: the end alone is told (NO-09)
    await world.advance(1 * DAY + MOMENT)
    assert (await fair.show()).state is TrialState.GRACE
    assert len(world.mails("pat")) == 4
    assert (await fair.result(generation=2)).state is TrialState.GRACE


async def test_bought_after_the_reminder(fair: Fair) -> None:
    """Nobody is mailed about the end of what was bought, nothing is torn down, and the processes are gone (TC-20, GR-05)."""
    world = fair.world
    trial = await fair.new_customer()
    await world.advance(24 * DAY)
    mails = {person: len(world.mails(person)) for person in ("eve", "sal", "pat")}
    await buy(fair, trial.organisation_id, "messaging", "calling")
    assert (await fair.show()).state is TrialState.CONVERTED
    assert (await fair.result()).state is TrialState.CONVERTED
    await world.advance(60 * DAY)
    assert {person: len(world.mails(person)) for person in mails} == mails
    assert (await world.row("select count(*) from platform_resources where torn_down_at is not null"))[0] == 0
    assert (await world.show(trial.organisation_id)).state is OrganisationState.LIVE


async def test_converted_in_part_in_grace(fair: Fair) -> None:
    """The order's contact is mailed by the grace that runs; the rest of the trial ends with it (TC-19, TC-15, GR-07)."""
    world = fair.world
    trial = await fair.new_customer()
    await world.advance(40 * DAY)
    order = ConvertTrial(
        trial_id=trial.trial_id,
        order_id=OrderId(f"ord_one-{world.suffix}"),
        licence_set_id=LicenceSetId(f"lic_paid-{world.suffix}"),
        services=("calling",),
        ordered_by=fair.partner,
        confirmed=True,
    )
    conversion = await world.services.trials.convert(OPERATOR, order)
    await world.settle()
    assert (conversion.converted, conversion.remaining) == (("calling",), ("messaging",))
    assert len(world.mails("sal")) == 3
    await world.advance(21 * DAY)
    view = await fair.show()
    assert view.state is TrialState.ENDED
    assert {service.service: service.state for service in view.services} == {"calling": "bought", "messaging": "gone"}
    people = (await world.show(trial.organisation_id)).people
    assert [person.roles for person in people] == [("customer_full_admin",)]


async def test_cancelled_while_it_is_built(fair: Fair) -> None:
    """What was built is torn down, the customer leaves the partner's list, and nothing is left running (TC-09, CO-13, PV-04)."""
    world = fair.world
    await world.services.trials.request(OPERATOR, fair.request(services=("messaging", "calling")))
    await world.services.trials.cancel(OPERATOR, CancelTrial(trial_id=fair.trial(), by=fair.seller, confirmed=True))
    await world.settle()
    view = await fair.show()
    assert view.state is TrialState.CANCELLED
    assert {service.state for service in view.services} <= {"gone"}
    assert (await world.row("select count(*) from platform_resources where torn_down_at is null"))[0] == 0
    assert (await fair.result()).state is TrialState.CANCELLED
    assert world.mails("eve") == []


async def test_numbers_kept_by_a_purchase(fair: Fair) -> None:
    """Calling is removed, and bought within 15 days: the hold ends, and the numbers are the purchase's (TC-09, NR-03)."""
    world = fair.world
    trial = await fair.new_customer()
    edit = EditTrial(trial_id=trial.trial_id, by=fair.seller, services=("messaging",))
    await world.services.trials.edit(OPERATOR, edit)
    await world.settle()
    await world.advance(14.9 * DAY)
    await buy(fair, trial.organisation_id, "calling")
    workflow_id = names.number_retention_id(trial.trial_id, 1)
    handle = world.client.get_workflow_handle(workflow_id, result_type=NumberHoldResult)
    assert (await handle.result()).released == 0
    number = await world.row("select state, licence_set_id from phone_numbers")
    assert tuple(number) == ("assigned", f"lic_paid-{world.suffix}")


async def test_devices_that_do_not_come_back(fair: Fair) -> None:
    """Told at once of their own end date, overdue 14 days after it, whatever becomes of the trial (DV-02, DV-03, DV-09)."""
    world = fair.world
    trial = await fair.new_customer()
    ends_at = await world.simulation.now() + 20 * DAY
    ship = ShipDevices(trial_id=trial.trial_id, demo_order="DEMO-1", serials=("FTX1A", "FTX1B"), device_ends_at=ends_at)
    await world.services.devices.ship(OPERATOR, ship)
    await world.settle()
    assert len(world.mails("eve")) == 2
    await world.services.trials.cancel(OPERATOR, CancelTrial(trial_id=trial.trial_id, by=fair.seller, confirmed=True))
    back = RegisterReturn(trial_id=trial.trial_id, by=fair.seller, serials=("FTX1A",))
    await world.services.devices.register_return(OPERATOR, back)
    await world.settle()
    await world.advance(34 * DAY - MOMENT)
    assert not (await world.services.devices.show(OPERATOR, trial.trial_id)).overdue
    await world.advance(2 * MOMENT)
    assert (await world.services.devices.show(OPERATOR, trial.trial_id)).overdue
    handle = world.client.get_workflow_handle(names.device_return_id(trial.trial_id, 1), result_type=DeviceReturnResult)
    assert (await handle.result()).outstanding == 1


async def test_a_pending_request_holds_a_deletion(fair: Fair) -> None:
    """It defers the fence once; accepted, it is a sign-in, so that the countdown begins anew; active, it ends it (DP-05, DP-01, Q-08)."""
    world = fair.world
    organisation_id = await world.organisation()
    await world.settle()
    await world.advance(55 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED
    trial = await fair.asked(organisation_id)
    await world.advance(8 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED
    await world.services.consents.accept(OPERATOR, AcceptTrial(trial_id=trial.trial_id, person_id=ada(fair)))
    await world.settle()
    assert (await world.show(organisation_id)).state is OrganisationState.MARKED
    await world.services.trials.provide_details(OPERATOR, fair.details())
    await world.settle()
    view = await world.show(organisation_id)
    assert (view.state, view.to_be_deleted) == (OrganisationState.LIVE, False)


async def test_the_ui_says_what_a_trial_waits_for(fair: Fair) -> None:
    """Phase and date are searchable, and the state can be asked for; no name and no address is among them (P14)."""
    world = fair.world
    trial = await fair.new_customer()
    handle: WorkflowHandle[TrialContract, Any] = world.client.get_workflow_handle_for(
        TrialContract.run, names.trial_id(trial.trial_id, 1)
    )
    attributes = (await handle.describe()).typed_search_attributes
    assert attributes[search.PHASE] == "active"
    assert attributes[search.DUE_AT] == trial.reminder_at
    assert attributes[search.PARTNER] == fair.partner
    step = await handle.query(TrialContract.state)
    assert step is not None
    assert (step.rule, step.reason, step.due_at) == ("NO-01", "reminder", trial.reminder_at)
    history = await world.written(handle.id)
    assert trial.organisation_id in history
    assert world.address("eve") not in history
    assert "Eve Works" not in history


async def test_a_terminated_trial_is_begun_again(fair: Fair) -> None:
    """An execution that an operator has ended by mistake is found by the repair, and goes on from the facts (EV-03, P11)."""
    world = fair.world
    trial = await fair.new_customer()
    await world.client.get_workflow_handle(names.trial_id(trial.trial_id, 1)).terminate("by mistake")
    await world.starting_client.execute_workflow(
        ReconcileContract.run, ReconcileInput(), id=f"reconcile-{world.suffix}", task_queue=names.TASK_QUEUE
    )
    await world.settle()
    await world.advance(31 * DAY)
    assert (await fair.show()).state is TrialState.GRACE
    assert len(world.mails("pat")) == 2
