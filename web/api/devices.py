"""Trial devices: shipped, returned, overdue (DV)."""

from typing import Annotated

from fastapi import APIRouter, Query

from tenure.contracts.device import (
    DeviceCursor,
    DeviceReturnPage,
    DeviceReturnView,
    FindDemoOrder,
    FoundDemoOrder,
    RegisterReturn,
    RequestReturnLabel,
    ReturnGuide,
    ShipDevices,
)
from tenure.errors import RefusalCode
from tenure.ids import PartnerId, TrialId
from web.problems import refusals
from web.security import AnyCommander, AnyReader, Ports, StaffCommander

router = APIRouter(prefix="/v1/devices", tags=["devices"])

_OF_THE_PARTNER = (
    RefusalCode.DEVICES_NOT_SHIPPED,
    RefusalCode.ROLE_NOT_ALLOWED,
    RefusalCode.NOT_TRIAL_OWNER,
    RefusalCode.PARTNER_NOT_CERTIFIED,
)


@router.get("")
async def list_devices(
    ports: Ports,
    caller: AnyReader,
    partner_id: PartnerId | None = None,
    overdue: Annotated[bool | None, Query(description="Only overdue returns, or only those in time.")] = None,
    after: Annotated[DeviceCursor | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> DeviceReturnPage:
    """What is still to come back, the earliest due first (DV-09); a partner sees its own trials'."""
    return await ports.devices.outstanding(caller, partner_id=partner_id, overdue=overdue, after=after, limit=limit)


@router.post(
    "/ship",
    responses=refusals(RefusalCode.TRIAL_NOT_FOUND, RefusalCode.ORG_DELETED, RefusalCode.SERIAL_MISMATCH),
)
async def ship_devices(ports: Ports, caller: StaffCommander, command: ShipDevices) -> DeviceReturnView:
    """Devices were shipped, with an end date of their own (DV-02, DV-03)."""
    return await ports.devices.ship(caller, command)


@router.post("/request-return-label", responses=refusals(*_OF_THE_PARTNER, RefusalCode.LABEL_US_ONLY))
async def request_return_label(ports: Ports, caller: AnyCommander, command: RequestReturnLabel) -> ReturnGuide:
    """A lost label is sent again, in the USA only (DV-05)."""
    return await ports.devices.request_return_label(caller, command)


@router.post("/register-return", responses=refusals(*_OF_THE_PARTNER, RefusalCode.SERIAL_MISMATCH))
async def register_return(ports: Ports, caller: AnyCommander, command: RegisterReturn) -> DeviceReturnView:
    """Devices came back; a serial number that was not shipped for the trial is refused (DV-07)."""
    return await ports.devices.register_return(caller, command)


@router.post("/find-demo-order", responses=refusals(RefusalCode.DEMO_ORDER_NOT_FOUND))
async def find_demo_order(ports: Ports, caller: AnyReader, question: FindDemoOrder) -> FoundDemoOrder:
    """The demo order's number, for those who can say enough about it: a question, nothing changes (DV-08)."""
    return FoundDemoOrder(demo_order=await ports.devices.find_demo_order(caller, question))


@router.get("/{trial_id:trl}", responses=refusals(RefusalCode.DEVICES_NOT_SHIPPED))
async def show_devices(ports: Ports, caller: AnyReader, trial_id: TrialId) -> DeviceReturnView:
    """The devices of one trial, until when and how they go back (DV-02, DV-04, DV-06)."""
    return await ports.devices.show(caller, trial_id)
