"""The next dates of the customers, month by month, and as a file for calendars (WH-02, PS-07, DP-07)."""

from itertools import groupby
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from web.api.calendar import to_icalendar
from web.console.desk import Visit, signed_in

SHOWN: Final = 500
"""Dates on the page: the earliest. The download has them all."""


async def calendar(visit: Visit) -> Response:
    """The dates, grouped by month and day (UTC)."""
    entries = await visit.services.forecast.calendar(visit.caller(), None, limit=SHOWN + 1)
    shown = entries[:SHOWN]
    days = [(day, list(dates)) for day, dates in groupby(shown, lambda entry: entry.due_at.date())]
    months = [(month, list(found)) for month, found in groupby(days, lambda day: day[0].replace(day=1))]
    return visit.render(
        "calendar.html", here="calendar", months=months, today=visit.now.date(), cut=len(entries) > SHOWN and shown[-1]
    )


async def download(visit: Visit) -> Response:
    """The dates as iCalendar."""
    entries = await visit.services.forecast.calendar(visit.caller(), None)
    return Response(
        to_icalendar(entries, visit.now),
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tenure.ics"'},
    )


ROUTES = [
    Route("/calendar", signed_in(calendar)),
    Route("/calendar.ics", signed_in(download)),
]
