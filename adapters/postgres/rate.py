"""The rate: warnings and fences of the whole fleet take places in one queue (SF-05, SF-06)."""

from datetime import timedelta

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId
from tenure.policy.deletion import TURN_LASTS
from tenure.policy.rules import Rules


async def take_turn(
    connection: Connection,
    organisation_id: OrganisationId,
    generation: int,
    *,
    as_of: Instant,
    now: Instant,
    rules: Rules,
) -> Instant:
    """Take the next place for a countdown's warning or fence; answers when it is.

    The queue goes by `business_now()`: a caller whose clock is ahead cannot move it, and one that comes late gets no
    place in the past.
    """
    earliest = as_of if now - TURN_LASTS <= as_of <= now else now
    turn: Instant = await connection.fetchval(
        "update rate set next_turn_at = greatest(next_turn_at, $1) + $2::interval returning next_turn_at - $2::interval",
        earliest,
        timedelta(seconds=1 / rules.per_second),
    )
    await connection.execute(
        "update countdowns set turn_at = $3 where organisation_id = $1 and generation = $2",
        organisation_id,
        generation,
        turn,
    )
    return turn
