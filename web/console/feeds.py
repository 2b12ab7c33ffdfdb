"""The activity feeds, and how far each is complete (SF-03)."""

from starlette.responses import Response
from starlette.routing import Route

from web.console.desk import OPERATORS, Visit, signed_in


async def feeds(visit: Visit) -> Response:
    """Every feed: a late one holds every assessment that needs it."""
    return visit.render("feeds.html", here="feeds", feeds=await visit.services.feeds.all())


ROUTES = [Route("/feeds", signed_in(feeds, OPERATORS))]
