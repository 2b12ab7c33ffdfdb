"""Trial devices that are still to come back: which are overdue, how they go back, and what has come (DV)."""

from http import HTTPStatus
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tenure.contracts.catalogue import Carrier
from tenure.contracts.device import DeviceCursor, DeviceState, RegisterReturn, RequestReturnLabel
from tenure.errors import Refusal, RefusalCode
from tenure.ids import TrialId
from web.console.desk import PARTNERS, Visit, key_of, page_after, signed_in

PAGE: Final = 50
_CURSOR: Final[TypeAdapter[DeviceCursor]] = TypeAdapter(DeviceCursor)
DONE = {"label": "A new label is on its way.", "returned": "What has come back is written down."}
"""What was just done, as the page says it after the form that did it."""


async def devices(visit: Visit) -> Response:
    """What is out, the earliest due first, with each serial number (DV-09)."""
    overdue = visit.request.query_params.get("show") == "overdue"
    page = await visit.services.devices.outstanding(
        visit.caller(),
        overdue=True if overdue else None,
        after=page_after(visit, _CURSOR.validate_python),
        limit=PAGE,
    )
    days = visit.services.rules.device_return.days
    return visit.render("devices.html", here="devices", overdue=overdue, page=page, days=days)


async def show(visit: Visit) -> Response:
    """The devices of one trial: until when and how they go back (DV-02 to DV-06)."""
    view = await visit.services.devices.show(visit.caller(), visit.trial_id())
    return visit.render(
        "device_return.html",
        here="devices",
        view=view,
        out=[device for device in view.devices if device.state is not DeviceState.RETURNED],
        acts=visit.credential.person_id is not None and visit.credential.partner_id == view.partner_id,
        labels=view.guide.carrier is Carrier.UPS,
        done=DONE.get(visit.request.query_params.get("done", "")),
        key=uuid4(),
    )


async def request_label(visit: Visit) -> Response:
    """Have a lost label sent again, in the USA (DV-05)."""
    form = await visit.request.form()
    command = RequestReturnLabel(trial_id=visit.trial_id(), by=visit.person_id())
    await visit.services.devices.request_return_label(visit.caller(key_of(form)), command)
    return _back(command.trial_id, "label")


async def register(visit: Visit) -> Response:
    """Write down what came back, by the serial numbers that are ticked (DV-07)."""
    form = await visit.request.form()
    try:
        command = RegisterReturn.model_validate(
            {"trial_id": visit.trial_id(), "by": visit.person_id(), "serials": tuple(form.getlist("serial"))}
        )
    except ValidationError as error:
        raise Refusal(RefusalCode.INVALID_INPUT, "Tick the devices that have come back.") from error
    await visit.services.devices.register_return(visit.caller(key_of(form)), command)
    return _back(command.trial_id, "returned")


def _back(trial_id: TrialId, done: str) -> Response:
    return RedirectResponse(f"/console/devices/{trial_id}?done={done}", HTTPStatus.SEE_OTHER)


ROUTES = [
    Route("/devices", signed_in(devices)),
    Route("/devices/{trial_id}", signed_in(show)),
    Route("/devices/{trial_id}/label", signed_in(request_label, PARTNERS), methods=["POST"]),
    Route("/devices/{trial_id}/returned", signed_in(register, PARTNERS), methods=["POST"]),
]
