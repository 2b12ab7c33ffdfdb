"""Marking and unmarking, inside the transaction of the fact that causes it (DM-01, DM-02, DP-04)."""

from collections.abc import Sequence

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_dates, require_processes, wake_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.deletion import CountdownInput
from tenure.contracts.forecast import NextDate, NextKind
from tenure.contracts.organisation import CONSUMER, COUNTING, OrganisationState
from tenure.contracts.process import Process, ProcessState, ProcessType
from tenure.ids import OrganisationId
from tenure.policy import marking
from tenure.policy.rules import Rules

_HOLDINGS = """
select o.organisation_id,
       (select count(*) from licence_sets l
         where l.organisation_id = o.organisation_id and l.state in ('active', 'suspended')) as licence_sets_held,
       (select count(*) from partners p join managements m using (partner_id)
                            join organisations c on c.organisation_id = m.organisation_id
         where p.organisation_id = o.organisation_id and c.organisation_id <> o.organisation_id
           and c.state not in ('erasing', 'deleted')) as customers_managed
  from unnest($1::text[]) as o (organisation_id)
"""


async def holdings(connection: Connection, organisation_id: OrganisationId) -> asyncpg.Record:
    """How many licence sets the organisation holds, and how many customers it manages that are not gone."""
    row = await connection.fetchrow(_HOLDINGS, [organisation_id])
    assert row is not None
    return row


async def evaluate(
    connection: Connection,
    organisation: asyncpg.Record,
    *,
    at: Instant,
    actor: str,
    reason: str,
    rules: Rules,
) -> bool:
    """Mark a live organisation that has nothing left; the caller holds its lock, and its partner's where it concerns one.

    Answers whether it is marked now by this call.
    """
    return await evaluate_all(connection, [organisation], at=at, actor=actor, reason=reason, rules=rules) > 0


async def evaluate_all(
    connection: Connection,
    organisations: Sequence[asyncpg.Record],
    *,
    at: Instant,
    actor: str,
    reason: str,
    rules: Rules,
    import_id: str | None = None,
) -> int:
    """Mark each of these organisations that is live and has nothing left; answers how many it marked.

    The consumers are nobody's customer: whatever licences somebody gave them come and go, and they stay (GR-06).
    """
    live = {
        row["organisation_id"]: row
        for row in organisations
        if row["state"] == OrganisationState.LIVE and row["organisation_id"] != CONSUMER
    }
    unused = [
        live[held["organisation_id"]]
        for held in await connection.fetch(_HOLDINGS, list(live))
        if marking.has_nothing_left(
            licence_sets_held=held["licence_sets_held"], customers_managed=held["customers_managed"]
        )
    ]
    await begin_countdowns(
        connection, unused, at=at, actor=actor, action="marked", reason=reason, rules=rules, import_id=import_id
    )
    return len(unused)


async def reconsider_all(
    connection: Connection, organisations: Sequence[asyncpg.Record], *, at: Instant, actor: str, reason: str
) -> None:
    """Unmark each of these organisations that holds licences or manages customers again (DP-04, DM-02)."""
    counting = {row["organisation_id"]: row for row in organisations if row["state"] in COUNTING}
    for held in await connection.fetch(_HOLDINGS, list(counting)):
        if held["licence_sets_held"] or held["customers_managed"]:
            await unmark(connection, counting[held["organisation_id"]], at=at, actor=actor, reason=reason)


async def begin_countdowns(
    connection: Connection,
    organisations: Sequence[asyncpg.Record],
    *,
    at: Instant,
    actor: str,
    action: str,
    reason: str,
    rules: Rules,
    import_id: str | None = None,
) -> None:
    """Set the state to marked and begin the next generation's countdown of each, counting from `at`."""
    countdowns = [
        CountdownInput(organisation_id=OrganisationId(row["organisation_id"]), generation=row["generation"] + 1)
        for row in organisations
    ]
    due_at = at + rules.silence
    await _mark(connection, countdowns, at)
    await put_next_dates(connection, [_warning(countdown, due_at) for countdown in countdowns])
    processes = [_process(countdown, due_at) for countdown in countdowns]
    await require_processes(connection, processes, at=at, import_id=import_id)
    await audit.append_all(
        connection,
        [
            audit.Change(
                subject=row["organisation_id"],
                at=at,
                actor=actor,
                action=action,
                from_state=row["state"],
                to_state=OrganisationState.MARKED,
                reason=reason,
                details={"generation": row["generation"] + 1},
            )
            for row in organisations
        ],
    )


async def _mark(connection: Connection, countdowns: Sequence[CountdownInput], at: Instant) -> None:
    organisation_ids = [countdown.organisation_id for countdown in countdowns]
    await connection.execute(
        "update organisations set state = 'marked', generation = generation + 1, marked_at = $2"
        " where organisation_id = any($1::text[])",
        organisation_ids,
        at,
    )
    await connection.execute(
        "insert into countdowns (organisation_id, generation, counting_from)"
        " select *, $3 from unnest($1::text[], $2::int[])",
        organisation_ids,
        [countdown.generation for countdown in countdowns],
        at,
    )


def _warning(countdown: CountdownInput, due_at: Instant) -> NextDate:
    return NextDate(
        organisation_id=countdown.organisation_id,
        kind=NextKind.DELETION_WARNING,
        subject=countdown.organisation_id,
        due_at=due_at,
        rule="DM-05",
        reason="silence",
    )


def _process(countdown: CountdownInput, due_at: Instant) -> Process:
    return Process(
        workflow_id=names.deletion_id(countdown.organisation_id, countdown.generation),
        type=ProcessType.DELETION_COUNTDOWN,
        organisation_id=countdown.organisation_id,
        input=countdown.model_dump(mode="json"),
        state=ProcessState.PENDING,
        due_at=due_at,
    )


async def unmark(connection: Connection, organisation: asyncpg.Record, *, at: Instant, actor: str, reason: str) -> bool:
    """Licences or customers came back: label, countdown, warning and promise are void (DP-04).

    Answers whether it had been marked.
    """
    organisation_id = OrganisationId(organisation["organisation_id"])
    if organisation["state"] not in COUNTING:
        return False
    generation = organisation["generation"]
    await connection.execute(
        "update organisations set state = 'live', marked_at = null where organisation_id = $1", organisation_id
    )
    await end_countdown(connection, organisation_id, generation, at=at, reason=reason)
    await clear_next_dates(connection, organisation_id, NextKind.DELETION_WARNING, NextKind.DELETION)
    await wake_processes(connection, organisation_id)
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=actor,
        action="unmarked",
        from_state=organisation["state"],
        to_state=OrganisationState.LIVE,
        reason=reason,
        details={"generation": generation},
    )
    return True


async def end_countdown(
    connection: Connection, organisation_id: OrganisationId, generation: int, *, at: Instant, reason: str
) -> None:
    """Close a countdown: its promise is void, its queued notices are dropped, nobody watches its activity."""
    await connection.execute(
        "update countdowns set ended_at = $3, end_reason = $4, turn_at = null"
        " where organisation_id = $1 and generation = $2 and ended_at is null",
        organisation_id,
        generation,
        at,
        reason,
    )
    await void_cycle(connection, organisation_id, generation, at=at)


async def void_cycle(connection: Connection, organisation_id: OrganisationId, generation: int, *, at: Instant) -> None:
    """A sent warning is void: promise, queued notices and the watch on activity go (AC-03, DP-04)."""
    await connection.execute(
        "update promises set void_at = $3 where organisation_id = $1 and generation = $2 and void_at is null",
        organisation_id,
        generation,
        at,
    )
    await connection.execute(
        "update notices set state = 'dropped'"
        " where organisation_id = $1 and generation = $2 and kind = 'deletion_warning' and state = 'queued'",
        organisation_id,
        generation,
    )
    await connection.execute(
        "update activity set watched = false where organisation_id = $1 and watched", organisation_id
    )
