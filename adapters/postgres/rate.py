"""The rate: warnings and fences of the whole fleet take places in one queue (SF-05, SF-06)."""

from datetime import timedelta

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId
from tenure.policy.deletion import LONGEST_LAG, QUEUE_LASTS, TURN_LASTS
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
    place in the past. While it is full, a caller is told when to come again and has no place. A queue that reaches
    further was moved by a clock of the database that was wrong, and begins anew behind the places that are good.
    """
    earliest = as_of if now - TURN_LASTS <= as_of <= now else now
    spacing = timedelta(seconds=1 / rules.per_second)
    full_at = now + QUEUE_LASTS
    next_turn_at: Instant = await connection.fetchval(
        "select greatest(next_turn_at, $1) from rate for no key update", earliest
    )
    if next_turn_at > full_at + spacing:
        next_turn_at = await connection.fetchval(
            "select greatest($1, max(turn_at) + $2) from countdowns where turn_at <= $3", earliest, spacing, full_at
        )
    if next_turn_at > full_at:
        turn, keeps = full_at, None
    else:
        turn = keeps = next_turn_at
        next_turn_at += spacing
    await connection.execute("update rate set next_turn_at = $1", next_turn_at)
    await connection.execute(
        "update countdowns set turn_at = $3, turn_lag = $4 where organisation_id = $1 and generation = $2",
        organisation_id,
        generation,
        keeps,
        lag(as_of, now),
    )
    return turn


def lag(as_of: Instant, now: Instant) -> timedelta:
    """How far a caller is behind, as far as that counts."""
    return min(max(now - as_of, timedelta(0)), LONGEST_LAG)
