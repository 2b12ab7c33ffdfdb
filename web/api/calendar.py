"""The next dates of a partner's customers, as a list and as iCalendar (WH-02)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Response
from icalendar import Calendar, Event

from tenure.contracts.base import Instant
from tenure.contracts.forecast import (
    CALENDAR_DAYS,
    MAX_CALENDAR_DAYS,
    MAX_CALENDAR_EVENTS,
    CalendarCursor,
    CalendarEntry,
    CalendarPage,
    NextKind,
)
from tenure.ids import PartnerId
from tenure.ports import Caller
from web.security import AnyReader, Ports
from web.services import Services

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
    ports: Ports,
    caller: AnyReader,
    partner_id: PartnerId | None = None,
    within_days: Annotated[
        int | None, Query(ge=0, le=MAX_CALENDAR_DAYS, description="Only what falls due so soon, or is past due.")
    ] = None,
    after: Annotated[CalendarCursor | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CalendarPage:
    """Expiry, warning and deletion dates, earliest first: of one partner's customers, or of all that one may see."""
    return await ports.forecast.calendar(caller, partner_id, within_days=within_days, after=after, limit=limit)


@router.get(
    "/calendar.ics",
    response_class=Response,
    responses={200: {"description": "The same dates as events.", "content": {"text/calendar": {}}}},
)
async def download_calendar(
    ports: Ports,
    caller: AnyReader,
    partner_id: PartnerId | None = None,
    within_days: Annotated[
        int, Query(ge=0, le=MAX_CALENDAR_DAYS, description="Only what falls due so soon, or is past due.")
    ] = CALENDAR_DAYS,
) -> Response:
    """The same dates as iCalendar (RFC 5545): those of the days ahead, and no more than the earliest 5,000."""
    content = await icalendar(ports, caller, partner_id, within_days)
    return Response(content, media_type="text/calendar; charset=utf-8")


async def icalendar(ports: Services, caller: Caller, partner_id: PartnerId | None, within_days: int) -> bytes:
    """The dates of the days ahead as iCalendar: at most `MAX_CALENDAR_EVENTS`, the earliest (WH-02)."""
    page = await ports.forecast.calendar(caller, partner_id, within_days=within_days, limit=MAX_CALENDAR_EVENTS)
    now = await ports.installation.now()
    return await asyncio.to_thread(
        to_icalendar, page.dates, now
    )  # seconds for thousands: others are answered meanwhile


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
