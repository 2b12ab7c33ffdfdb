"""The feeds of activity: how far each is complete (SF-03)."""

from collections.abc import Sequence

from fastapi import APIRouter, status

from tenure.contracts.activity import Feed, FeedGap, Heartbeat
from web.security import OperatorCommander, Ports, StaffCommander, StaffReader

router = APIRouter(prefix="/v1/feeds", tags=["feeds"])


@router.get("")
async def list_feeds(ports: Ports, _caller: StaffReader) -> Sequence[Feed]:
    """Every feed by name, and whether it is late."""
    return await ports.feeds.all()


@router.post("/register")
async def register_feed(ports: Ports, caller: OperatorCommander, feed: Feed) -> Feed:
    """Add a feed, or change its rhythm and whether it is needed."""
    return await ports.feeds.register(caller, feed)


@router.post("/heartbeat")
async def report_heartbeat(ports: Ports, caller: StaffCommander, heartbeat: Heartbeat) -> Feed:
    """Everything up to the watermark has been delivered."""
    return await ports.feeds.heartbeat(caller, heartbeat)


@router.post("/declare-gap", status_code=status.HTTP_204_NO_CONTENT)
async def declare_gap(ports: Ports, caller: OperatorCommander, gap: FeedGap) -> None:
    """A span is lost for good: it counts as activity of every organisation."""
    await ports.feeds.declare_gap(caller, gap)
