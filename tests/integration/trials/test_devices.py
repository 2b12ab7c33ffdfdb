"""Trial devices: shipped with a date of their own, returned by serial number, overdue in the end (DV, Q-26, table 18.6)."""

from datetime import timedelta

import pytest

from tenure.contracts.catalogue import Carrier
from tenure.contracts.device import (
    DeviceReturnAt,
    DeviceReturnStep,
    DeviceReturnView,
    FindDemoOrder,
    RegisterReturn,
    RequestReturnLabel,
    ReturnGuide,
    ShipDevices,
)
from tenure.contracts.notice import NoticeKind, TrialMatter
from tenure.contracts.organisation import Role
from tenure.contracts.trial import TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import Side, recipients

TICK = timedelta(microseconds=1)
BOTH = ("SN-0001", "SN-0002")


async def come_back(
    ground: Fairground, trial: TrialView, *serials: str, by: PersonId | None = None
) -> DeviceReturnView:
    """Devices come back."""
    command = RegisterReturn(trial_id=trial.trial_id, by=by or ground.north.helper, serials=serials)
    return await ground.town.devices.register_return(SERVICE, command)


async def label(ground: Fairground, trial: TrialView, by: PersonId | None = None) -> ReturnGuide:
    """A partner's admin asks for a new label."""
    command = RequestReturnLabel(trial_id=trial.trial_id, by=by or ground.north.helper)
    return await ground.town.devices.request_return_label(SERVICE, command)


async def look(ground: Fairground, trial: TrialView, **changes: object) -> DeviceReturnStep:
    """The process of a return looks."""
    at = DeviceReturnAt(trial_id=trial.trial_id, organisation_id=trial.organisation_id, as_of=await ground.town.now())
    return await ground.town.trial_steps.check_devices(at.model_copy(update=changes))


def token(side: Side) -> Caller:
    """A token of a partner's seller."""
    return Caller(actor=f"partner:{side.partner_id}", partner_id=side.partner_id, person_id=side.seller)


async def test_the_devices_have_their_own_end(ground: Fairground) -> None:
    """They go back within 14 days of the device end date, whatever the trial's end is (DV-02, DV-03)."""
    trial = await ground.trial()
    view = await ground.ship(trial, days=50)
    assert view.due_at == view.device_ends_at + 14 * DAY
    after = await ground.show(trial.trial_id)
    assert (after.ends_at, after.device_ends_at, after.devices_due_at) == (
        trial.ends_at,
        view.device_ends_at,
        view.due_at,
    )
    assert (await ground.dates(trial.organisation_id))["device_return"] == view.due_at


async def test_the_agreement_is_mailed(ground: Fairground) -> None:
    """Every admin of the customer, of whatever role, is told the device end date and how to return (DV-02, table 18.11)."""
    trial = await ground.trial()
    await ground.post(trial.organisation_id)
    ada = await ground.person("ada", trial.organisation_id, Role.CUSTOMER_ADMIN)
    await ground.person("una", trial.organisation_id, Role.USER)
    view = await ground.ship(trial)
    sent = await ground.post(trial.organisation_id)
    eve = f"per_{trial.trial_id.name}"
    assert recipients(sent, NoticeKind.DEVICE_AGREEMENT) == sorted([ada, eve])
    assert len(sent) == 2
    for mail in sent:
        assert isinstance(mail.matter, TrialMatter)
        matter = mail.matter
        assert (matter.device_ends_at, matter.devices_due_at) == (view.device_ends_at, view.due_at)
        assert (matter.devices, matter.carrier) == (2, Carrier.DHL)


@pytest.mark.parametrize("way", ["extended", "cancelled", "converted", "edited", "ended"])
async def test_nothing_lifts_the_duty(ground: Fairground, way: str) -> None:
    """Whatever becomes of the trial, the devices go back by the same date, and the customer is told so (DV-01, DV-03, TC-09)."""
    trial = await ground.trial("messaging", "calling")
    view = await ground.ship(trial, days=90)
    match way:
        case "extended":
            await ground.extend(trial, 30)
        case "cancelled":
            await ground.cancel(trial)
        case "converted":
            await ground.convert(trial, "messaging", "calling")
        case "edited":
            await ground.edit(trial, "messaging")
        case _:
            await ground.ended(trial)
    after = await ground.town.devices.show(OPERATOR, trial.trial_id)
    assert (after.device_ends_at, after.due_at) == (view.device_ends_at, view.due_at)
    assert (await ground.dates(trial.organisation_id))["device_return"] == view.due_at
    sent = await ground.post(trial.organisation_id)
    assert recipients(sent, NoticeKind.DEVICE_AGREEMENT) == [f"per_{trial.trial_id.name}"]


async def test_overdue_at_the_instant(ground: Fairground) -> None:
    """A microsecond before the 14 days are over nothing is; at their end the rest is on the partner's list, once (DV-09, XC-03)."""
    trial = await ground.trial()
    view = await ground.ship(trial)
    await ground.post(trial.organisation_id)
    await come_back(ground, trial, "SN-0001")
    assert (await ground.dates(trial.organisation_id))["device_return"] == view.due_at
    await ground.town.advance_to(view.due_at)
    before = await look(ground, trial, as_of=view.due_at - TICK)
    assert (before.over, before.outstanding, before.due_at) == (False, 1, view.due_at)
    assert [(await look(ground, trial, as_of=view.due_at)).over for _ in range(2)] == [True, True]
    assert (await ground.town.audit(trial.organisation_id)).count("devices_overdue") == 1
    assert "device_return" not in await ground.dates(trial.organisation_id)
    [listed] = (await ground.town.devices.outstanding(token(ground.north), overdue=True)).returns
    assert {device.serial: str(device.state) for device in listed.devices} == {
        "SN-0001": "returned",
        "SN-0002": "overdue",
    }
    processes = await ground.town.processes(trial.organisation_id)
    assert processes[f"device-return/{trial.trial_id}/1"] == "closed"


async def test_never_ahead_of_the_clock(ground: Fairground) -> None:
    """A process whose clock is ahead makes nothing overdue (P13)."""
    trial = await ground.trial()
    view = await ground.ship(trial)
    with pytest.raises(Refusal) as refusal:
        await look(ground, trial, as_of=view.due_at)
    assert refusal.value.code is RefusalCode.CLOCK_AHEAD
    assert "devices_overdue" not in await ground.town.audit(trial.organisation_id)


async def test_returned_one_by_one(ground: Fairground) -> None:
    """Each is registered by its serial number, in whatever case; with the last one the return is over (DV-07, DV-09)."""
    trial = await ground.trial()
    await ground.ship(trial)
    await ground.post(trial.organisation_id)
    first = await come_back(ground, trial, "sn-0001")
    assert [str(device.state) for device in first.devices] == ["returned", "shipped"]
    before = await ground.facts()
    assert await come_back(ground, trial, "SN-0001") == first
    assert await ground.facts() == before
    assert not (await look(ground, trial)).over
    await come_back(ground, trial, "SN-0002", "SN-0001")
    assert (await look(ground, trial)).over
    assert "device_return" not in await ground.dates(trial.organisation_id)
    assert (await ground.town.devices.outstanding(OPERATOR)).returns == ()
    processes = await ground.town.processes(trial.organisation_id)
    assert processes[f"device-return/{trial.trial_id}/1"] == "closed"


async def test_each_shipment_and_return_is_on_record(ground: Fairground) -> None:
    """Who reported how many devices stands in the audit, and the process of the return looks at once (XC-04, DV-09)."""
    trial = await ground.trial()
    await ground.ship(trial)
    name = f"device-return/{trial.trial_id}/1"
    before = await ground.town.value(int, "select wakes from processes where workflow_id = $1", name)
    await come_back(ground, trial, "SN-0001")
    assert await ground.town.value(int, "select wakes from processes where workflow_id = $1", name) == before + 1
    rows = await ground.town.fetch(
        "select actor, action, details ->> 'devices' as devices from audit"
        " where subject = $1 and action like 'devices_%' order by position",
        trial.organisation_id,
    )
    assert [tuple(row) for row in rows] == [
        (SERVICE.actor, "devices_shipped", "2"),
        (SERVICE.actor, "devices_returned", "1"),
    ]


async def test_what_is_overdue_can_still_come_back(ground: Fairground) -> None:
    """It leaves the list then, and no penalty is left (DV-09, table 18.6)."""
    trial = await ground.trial()
    view = await ground.ship(trial)
    await ground.town.advance_to(view.due_at + DAY)
    await look(ground, trial)
    returned = await come_back(ground, trial, *BOTH)
    assert (returned.overdue, {str(device.state) for device in returned.devices}) == (False, {"returned"})
    assert (await ground.town.devices.outstanding(OPERATOR)).returns == ()


async def test_a_serial_that_was_not_shipped(ground: Fairground) -> None:
    """One that does not match leaves all of them open (DV-07, XC-05)."""
    trial, other = await ground.trial(), await ground.trial()
    await ground.ship(trial)
    await ground.ship(other, "SN-0003")
    for serials in (("SN-0001", "SN-9999"), ("SN-0003",)):
        assert await ground.refused(come_back(ground, trial, *serials)) is RefusalCode.SERIAL_MISMATCH


async def test_a_device_is_out_once(ground: Fairground) -> None:
    """One that is out for another trial cannot be shipped; once it is back, it can (DV-07)."""
    trial, other = await ground.trial(), await ground.trial()
    await ground.ship(trial)
    assert await ground.refused(ground.ship(other, "SN-0001")) is RefusalCode.SERIAL_MISMATCH
    await come_back(ground, trial, "SN-0001")
    assert len((await ground.ship(other, "SN-0001")).devices) == 1


async def test_nothing_was_shipped(ground: Fairground) -> None:
    """There is nothing to return and no label to ask for (XC-05)."""
    trial = await ground.trial()
    assert await ground.refused(come_back(ground, trial, "SN-0001")) is RefusalCode.DEVICES_NOT_SHIPPED
    assert await ground.refused(label(ground, trial)) is RefusalCode.DEVICES_NOT_SHIPPED


async def test_only_the_owner_deals_with_devices(ground: Fairground) -> None:
    """Any admin of the trial's partner does; another partner's does not, and does not see them (TC-21, P14)."""
    trial = await ground.trial()
    south = await ground.partner("south")
    await ground.ship(trial)
    back = come_back(ground, trial, "SN-0001", by=south.seller)
    assert await ground.refused(back) is RefusalCode.NOT_TRIAL_OWNER
    assert await ground.refused(label(ground, trial, by=south.seller)) is RefusalCode.NOT_TRIAL_OWNER
    seen = ground.town.devices.show(token(south), trial.trial_id)
    assert await ground.refused(seen) is RefusalCode.DEVICES_NOT_SHIPPED
    for partner_id in (None, south.partner_id):
        assert (await ground.town.devices.outstanding(token(south), partner_id=partner_id)).returns == ()
    asked = ground.town.devices.outstanding(token(south), partner_id=ground.north.partner_id)
    assert await ground.refused(asked) is RefusalCode.FORBIDDEN


async def test_a_label_in_the_usa(ground: Fairground) -> None:
    """A new one is on its way, with what to do (DV-04, DV-05, table 18.6)."""
    trial = await ground.trial(country="US")
    await ground.ship(trial)
    guide = await label(ground, trial)
    assert (guide.carrier, guide.label_sent) == (Carrier.UPS, True)
    assert "UPS" in " ".join(guide.steps)
    assert "return_label_requested" in await ground.town.audit(trial.organisation_id)


@pytest.mark.parametrize(
    ("country", "carrier"),
    [("CA", "dhl"), ("DE", "dhl"), ("AE", "dhl"), ("AU", "expeditors"), ("JP", "guide")],
)
async def test_no_label_elsewhere(ground: Fairground, country: str, carrier: str) -> None:
    """Outside the USA there is none; the refusal says by whom devices go back (DV-05, DV-06)."""
    trial = await ground.trial(country=country)
    view = await ground.ship(trial)
    assert (view.guide.carrier, view.guide.label_sent) == (Carrier(carrier), False)
    with pytest.raises(Refusal) as refusal:
        await label(ground, trial)
    assert refusal.value.code is RefusalCode.LABEL_US_ONLY
    assert refusal.value.details == {"carrier": carrier, "steps": list(view.guide.steps)}
    assert await ground.refused(label(ground, trial)) is RefusalCode.LABEL_US_ONLY


async def test_the_demo_order_is_found(ground: Fairground) -> None:
    """By the organisation with an admin's address, or by all serial numbers; some of them are not enough (DV-08, P14)."""
    trial = await ground.trial()
    await ground.person("una", trial.organisation_id, Role.USER)
    await ground.ship(trial)
    south = await ground.partner("south")
    [eve] = await ground.town.fetch("select email from full_admins where organisation_id = $1", trial.organisation_id)
    asked = {"by_organisation": trial.organisation_id, "admin_email": eve["email"].upper()}
    find = ground.town.devices.find_demo_order
    assert await find(token(ground.north), FindDemoOrder.model_validate(asked)) == "DEMO-1"
    assert await find(token(ground.north), FindDemoOrder(serials=("sn-0002", "SN-0001"))) == "DEMO-1"
    for caller, question in (
        (token(south), asked),
        (token(south), {"serials": BOTH}),
        (OPERATOR, {"serials": BOTH[:1]}),
        (OPERATOR, {"serials": (*BOTH, "SN-0003")}),
        (OPERATOR, asked | {"admin_email": "una@example.com"}),
        (OPERATOR, asked | {"by_organisation": "org_t999"}),
    ):
        unanswered = find(caller, FindDemoOrder.model_validate(question))
        assert await ground.refused(unanswered) is RefusalCode.DEMO_ORDER_NOT_FOUND


async def test_a_later_shipment(ground: Fairground) -> None:
    """It brings its later date for all of the trial's devices, a process and a mail of its own; an earlier one moves nothing (DV-02)."""
    trial = await ground.trial()
    first = await ground.ship(trial, "SN-0001", days=20)
    second = await ground.ship(trial, "SN-0002", days=40)
    assert second.due_at > first.due_at
    assert (await ground.ship(trial, "SN-0003", days=10)).due_at == second.due_at
    sent = await ground.post(trial.organisation_id, NoticeKind.DEVICE_AGREEMENT)
    assert [(mail.notice.cycle, mail.matter.devices) for mail in sent] == [(3, 3)]  # type: ignore[union-attr]
    assert (await look(ground, trial)).over
    await ground.town.advance_to(first.due_at)
    assert not (await look(ground, trial, generation=3)).over
    await ground.town.advance_to(second.due_at)
    assert (await look(ground, trial, generation=3)).over


async def test_an_earlier_shipment_again(ground: Fairground) -> None:
    """Reported again after a later one, it changes nothing: no mail, no process, no older order number (DV-02, P10)."""
    trial = await ground.trial()
    now = await ground.town.now()
    first = ShipDevices(
        trial_id=trial.trial_id, demo_order="DEMO-1", serials=("SN-0001",), device_ends_at=now + 20 * DAY
    )
    await ground.town.devices.ship(SERVICE, first)
    later = await ground.ship(trial, "SN-0002", days=40, order="DEMO-2")
    before = await ground.facts()
    assert await ground.town.devices.ship(SERVICE, first) == later
    assert await ground.facts() == before


async def test_all_back_before_the_mail(ground: Fairground) -> None:
    """Who has returned everything is not told to (TL-01)."""
    trial = await ground.trial()
    await ground.ship(trial)
    await come_back(ground, trial, *BOTH)
    assert recipients(await ground.post(trial.organisation_id), NoticeKind.DEVICE_AGREEMENT) == []


async def test_the_duty_outlives_the_organisation(ground: Fairground) -> None:
    """Deleted at its own request, the organisation leaves its devices on the partner's list, to be returned (Q-26, DV-09)."""
    trial = await ground.trial()
    view = await ground.ship(trial)
    await ground.delete_now(trial, PersonId(f"per_{trial.trial_id.name}"))
    assert (await look(ground, trial)).over
    assert await ground.post(trial.organisation_id) == []
    await ground.town.advance_to(view.due_at)
    [listed] = (await ground.town.devices.outstanding(token(ground.north), overdue=True)).returns
    assert (listed.trial_id, listed.due_at, listed.overdue) == (trial.trial_id, view.due_at, True)
    assert not (await come_back(ground, trial, *BOTH)).overdue
    assert (await ground.town.devices.outstanding(OPERATOR)).returns == ()
