"""The feeds of activity, and how far each is complete (SF-03)."""

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.activity import Feed, FeedGap, Heartbeat

_FEEDS: TypeAdapter[tuple[Feed, ...]] = TypeAdapter(tuple[Feed, ...])
_FEED: TypeAdapter[Feed] = TypeAdapter(Feed)


class Feeds:
    """Activity sources. One that is silent or behind holds what needs it: nothing is deleted on its silence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self) -> tuple[Feed, ...]:
        """Every feed by name, and whether it is late."""
        return await self._connection.get("/v1/feeds", _FEEDS)

    async def register(self, feed: Feed, *, key: str | None = None) -> Feed:
        """Add a feed, or change its rhythm and whether it is needed."""
        return await self._connection.command("/v1/feeds/register", feed, _FEED, key)

    async def heartbeat(self, heartbeat: Heartbeat, *, key: str | None = None) -> Feed:
        """Say that everything up to the watermark has been delivered."""
        return await self._connection.command("/v1/feeds/heartbeat", heartbeat, _FEED, key)

    async def declare_gap(self, gap: FeedGap, *, key: str | None = None) -> None:
        """Declare a span lost for good: it counts as activity of every organisation."""
        await self._connection.order("/v1/feeds/declare-gap", gap, key)
