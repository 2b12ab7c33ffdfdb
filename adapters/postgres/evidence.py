"""Reading all that decides about a countdown, in the order that makes it true together."""

from datetime import timedelta

from adapters.postgres import breakers, ledger, marking
from adapters.postgres.database import Connection
from tenure.contracts.activity import Feed
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Evidence, PendingRequest
from tenure.contracts.organisation import COUNTING, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, TrialRequestId

_FEEDS = """
select source, rhythm, needed, watermark, heard_at,
       coalesce(business_now() - heard_at > rhythm, true) as late
  from feeds where needed order by source
"""

_SUBJECT = """
select o.state, o.generation, a.last_activity_at, (select max(lost_until) from feed_gaps) as lost_until,
       (select count(*) from trials t where t.organisation_id = o.organisation_id and t.state = 'provisioning')
         as trials_in_provisioning,
       exists (select from onboardings n where n.organisation_id = o.organisation_id
                  and n.state in ('received', 'screening', 'pending_rpl_review', 'provisioning')) as onboarding_under_way,
       c.cycle, c.counting_from, c.turn_at, c.turn_lag, c.held_by, c.rules_version
  from organisations o join activity a using (organisation_id)
  left join countdowns c on c.organisation_id = o.organisation_id and c.generation = o.generation
 where o.organisation_id = $1
"""


async def read_evidence(connection: Connection, organisation_id: OrganisationId, *, lock_activity: bool) -> Evidence:
    """Read the evidence about an organisation; who acts on it holds the organisation's lock.

    The feeds are read first: what a feed delivered before it moved its watermark is then seen with the watermark, and a
    gap that it declared as well (SF-03).

    Args:
        connection: A transaction.
        organisation_id: The organisation.
        lock_activity: Lock the feeds and the activity row before they are read, so that no gap and no activity can
            commit between this look and the end of the transaction (P2, SF-03).

    Raises:
        Refusal: `organisation_not_found`.
    """
    if lock_activity:
        await lock_gaps(connection)
    feeds = await needed_feeds(connection)
    row = await connection.fetchrow(_SUBJECT + (" for update of a" if lock_activity else ""), organisation_id)
    if row is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    held = await marking.holdings(connection, organisation_id)
    counting = OrganisationState(row["state"]) in COUNTING
    cycle = row["cycle"] or 0
    promise = await ledger.find_promise(connection, organisation_id, row["generation"], cycle) if counting else None
    return Evidence(
        organisation_id=organisation_id,
        state=OrganisationState(row["state"]),
        generation=row["generation"],
        cycle=cycle,
        counting_from=row["counting_from"] if counting else None,
        last_activity_at=row["last_activity_at"],
        lost_until=row["lost_until"],
        licence_sets_held=held["licence_sets_held"],
        customers_managed=held["customers_managed"],
        pending_requests=await _pending_requests(connection, organisation_id),
        trials_in_provisioning=row["trials_in_provisioning"],
        onboarding_under_way=row["onboarding_under_way"],
        held_by=TrialRequestId(row["held_by"]) if row["held_by"] else None,
        promise=promise,
        feeds=feeds,
        breaker_open=await breakers.is_blocked(connection, organisation_id),
        turn_at=row["turn_at"],
        turn_lag=row["turn_lag"] or timedelta(0),
        rules_version=row["rules_version"],
    )


async def needed_feeds(connection: Connection) -> tuple[Feed, ...]:
    """The feeds that an assessment needs, by name."""
    return tuple(Feed(**row) for row in await connection.fetch(_FEEDS))


async def lock_gaps(connection: Connection) -> None:
    """Wait for gaps that are being declared; until this transaction ends no other is (SF-03)."""
    await connection.execute("select from feeds order by source for key share")


async def gap_reaches(connection: Connection, fenced_at: Instant) -> bool:
    """Whether a gap that was declared after a fence reaches back before it: somebody may have been there (SF-11)."""
    found: bool = await connection.fetchval(
        "select exists (select from feed_gaps where declared_at > $1 and lost_from < $1)", fenced_at
    )
    return found


async def _pending_requests(connection: Connection, organisation_id: OrganisationId) -> tuple[PendingRequest, ...]:
    rows = await connection.fetch(
        "select trial_request_id, deadline_at from trial_requests"
        " where organisation_id = $1 and state = 'pending' order by deadline_at, trial_request_id",
        organisation_id,
    )
    return tuple(PendingRequest(**row) for row in rows)
