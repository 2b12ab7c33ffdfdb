"""A trial device that came back, and is sent out once more for the same trial (DV)."""

from tenure.contracts.device import DeviceReturnAt, DeviceState, RegisterReturn
from tenure.contracts.notice import NoticeKind
from tests.integration.deletion.town import OPERATOR, SERVICE
from tests.integration.trials.fairground import Fairground


async def test_a_device_that_is_shipped_once_more(ground: Fairground) -> None:
    """Under another order it is out again: told, waited for, and overdue in the end; a later date alone sends nothing (DV-02, DV-07, DV-09)."""
    trial = await ground.trial()
    await ground.ship(trial, "SN-0001")
    back = RegisterReturn(trial_id=trial.trial_id, by=ground.north.helper, serials=("SN-0001",))
    await ground.town.devices.register_return(SERVICE, back)
    later = await ground.ship(trial, "SN-0001", days=40)
    assert [device.state for device in later.devices] == [DeviceState.RETURNED]
    shipped = await ground.ship(trial, "SN-0001", "SN-0001", days=40, order="DEMO-2")
    assert [device.state for device in shipped.devices] == [DeviceState.SHIPPED]
    assert await ground.post(trial.organisation_id, NoticeKind.DEVICE_AGREEMENT)
    await ground.town.advance_to(shipped.due_at)
    at = DeviceReturnAt(
        trial_id=trial.trial_id, organisation_id=trial.organisation_id, generation=3, as_of=await ground.town.now()
    )
    assert (await ground.town.trial_steps.check_devices(at)).outstanding == 1
    [overdue] = (await ground.town.devices.outstanding(OPERATOR, overdue=True)).returns
    assert overdue.trial_id == trial.trial_id
