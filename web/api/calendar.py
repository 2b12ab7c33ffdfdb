"""The next dates of a partner's customers, as a list and as iCalendar (WH-02)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from fastapi import APIRouter, Response
from icalendar import Calendar, Event

from tenure.contracts.base import Instant
from tenure.contracts.forecast import CalendarEntry, NextKind
from tenure.ids import PartnerId
from web.security import AnyReader, Ports

router = APIRouter(prefix="/v1", tags=["calendar"])

_NAMESPACE = UUID("7f0b8a52-6f0e-4f0e-9d5b-3f6a4d1c9e77")
"""Of the UIDs of our events."""

SUMMARIES = {
    NextKind.CONSENT_DEADLINE: "Consent to a trial lapses",
    NextKind.TRIAL_REMINDER: "The end of a trial is announced",
    NextKind.TRIAL_END: "Trial ends",
    NextKind.NUMBER_RELEASE: "Phone numbers are released",
    NextKind.DEVICE_RETURN: "Trial devices are due back",
    NextKind.LICENCE_EXPIRY: "Licences expire",
    NextKind.LICENCE_REMOVAL: "Licences are removed",
    NextKind.DELETION_WARNING: "Deletion warning",
    NextKind.DELETION: "Deletion",
    NextKind.PURGE: "Purge",
    NextKind.SCREENING: "Restricted-party screening",
    NextKind.RPL_REVIEW: "Restricted-party review ends",
}
"""What falls due, as calendars and the console say it."""


@router.get("/calendar")
async def list_calendar(
    ports: Ports, caller: AnyReader, partner_id: PartnerId | None = None
) -> Sequence[CalendarEntry]:
    """Expiry, warning and deletion dates, earliest first: of one partner's customers, or of all that one may see."""
    return await ports.forecast.calendar(caller, partner_id)


@router.get(
    "/calendar.ics",
    response_class=Response,
    responses={200: {"description": "The same dates as events.", "content": {"text/calendar": {}}}},
)
async def download_calendar(ports: Ports, caller: AnyReader, partner_id: PartnerId | None = None) -> Response:
    """The same dates as iCalendar (RFC 5545)."""
    entries = await ports.forecast.calendar(caller, partner_id)
    content = to_icalendar(entries, await ports.installation.now())
    return Response(content, media_type="text/calendar; charset=utf-8")


def to_icalendar(entries: Sequence[CalendarEntry], as_of: Instant) -> bytes:
    """One event for each date; a date that moves keeps its UID, so that a calendar moves the event too."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tenure//Tenure//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Tenure")
    for entry in entries:
        event = Event()
        event.add("uid", str(uuid5(_NAMESPACE, f"{entry.organisation_id}/{entry.kind}/{entry.subject}")))
        event.add("dtstamp", as_of)
        event.add("dtstart", entry.due_at)
        event.add("duration", timedelta(0))
        event.add("summary", f"{SUMMARIES[entry.kind]}: {entry.organisation_name}")
        event.add("description", f"{entry.organisation_id} · {entry.rule} · {entry.reason}")
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
