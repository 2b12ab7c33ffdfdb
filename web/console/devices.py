"""Trial devices that are still to come back, and those that are overdue (DV-09)."""

from starlette.responses import Response
from starlette.routing import Route

from web.console.desk import Visit, signed_in


async def devices(visit: Visit) -> Response:
    """What is out, the earliest due first, with each serial number (DV-09)."""
    overdue = visit.request.query_params.get("show") == "overdue"
    found = await visit.services.devices.outstanding(visit.caller(), overdue=True if overdue else None)
    return visit.render("devices.html", here="devices", overdue=overdue, returns=found)


ROUTES = [Route("/devices", signed_in(devices))]
