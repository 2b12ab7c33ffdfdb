"""The next dates of the customers, month by month, and as a file for calendars (WH-02, PS-07, DP-07)."""

from itertools import groupby
from typing import Final

from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.forecast import CALENDAR_DAYS, CalendarCursor
from web.api.calendar import icalendar
from web.console.desk import Visit, page_after, signed_in

PAGE: Final = 500
_CURSOR: Final[TypeAdapter[CalendarCursor]] = TypeAdapter(CalendarCursor)


async def calendar(visit: Visit) -> Response:
    """The dates, grouped by month and day (UTC)."""
    page = await visit.services.forecast.calendar(
        visit.caller(), None, after=page_after(visit, _CURSOR.validate_python), limit=PAGE
    )
    days = [(day, list(dates)) for day, dates in groupby(page.dates, lambda entry: entry.due_at.date())]
    months = [(month, list(found)) for month, found in groupby(days, lambda day: day[0].replace(day=1))]
    return visit.render(
        "calendar.html",
        here="calendar",
        months=months,
        today=visit.now.date(),
        next_after=page.next_after,
        reaches=CALENDAR_DAYS,
    )


async def download(visit: Visit) -> Response:
    """The dates of the year ahead as iCalendar."""
    return Response(
        await icalendar(visit.services, visit.caller(), None, CALENDAR_DAYS),
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tenure.ics"'},
    )


ROUTES = [
    Route("/calendar", signed_in(calendar)),
    Route("/calendar.ics", signed_in(download)),
]
