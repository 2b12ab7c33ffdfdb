"""Marking and unmarking, inside the transaction of the fact that causes it (DM-01, DM-02, DP-04)."""

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_date, require_process, wake_processes
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.deletion import CountdownInput
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import COUNTING, OrganisationState
from tenure.contracts.process import ProcessType
from tenure.ids import OrganisationId
from tenure.policy import marking
from tenure.policy.rules import Rules

_HOLDINGS = """
select (select count(*) from licence_sets l where l.organisation_id = $1 and l.state in ('active', 'suspended'))
           as licence_sets_held,
       (select count(*) from partners p join managements m using (partner_id)
                            join organisations c on c.organisation_id = m.organisation_id
         where p.organisation_id = $1 and c.organisation_id <> $1 and c.state not in ('erasing', 'deleted'))
           as customers_managed
"""


async def holdings(connection: Connection, organisation_id: OrganisationId) -> asyncpg.Record:
    """How many licence sets the organisation holds, and how many customers it manages that are not gone."""
    row = await connection.fetchrow(_HOLDINGS, organisation_id)
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
    import_id: str | None = None,
) -> bool:
    """Mark a live organisation that has nothing left; the caller holds its lock, and its partner's where it concerns one.

    Answers whether it is marked now by this call.
    """
    organisation_id = OrganisationId(organisation["organisation_id"])
    if organisation["state"] != OrganisationState.LIVE:
        return False
    held = await holdings(connection, organisation_id)
    if not marking.has_nothing_left(
        licence_sets_held=held["licence_sets_held"], customers_managed=held["customers_managed"]
    ):
        return False
    await begin_countdown(
        connection, organisation, at=at, actor=actor, action="marked", reason=reason, rules=rules, import_id=import_id
    )
    return True


async def begin_countdown(
    connection: Connection,
    organisation: asyncpg.Record,
    *,
    at: Instant,
    actor: str,
    action: str,
    reason: str,
    rules: Rules,
    import_id: str | None = None,
) -> None:
    """Set the state to marked and begin the next generation's countdown, counting from `at`."""
    organisation_id = OrganisationId(organisation["organisation_id"])
    generation = organisation["generation"] + 1
    await connection.execute(
        "update organisations set state = 'marked', generation = $2, marked_at = $3 where organisation_id = $1",
        organisation_id,
        generation,
        at,
    )
    await connection.execute(
        "insert into countdowns (organisation_id, generation, counting_from) values ($1, $2, $3)",
        organisation_id,
        generation,
        at,
    )
    await put_next_date(
        connection,
        organisation_id=organisation_id,
        kind=NextKind.DELETION_WARNING,
        subject=organisation_id,
        due_at=at + rules.silence,
        rule="DM-05",
        reason="silence",
    )
    await require_process(
        connection,
        workflow_id=names.deletion_id(organisation_id, generation),
        process_type=ProcessType.DELETION_COUNTDOWN,
        organisation_id=organisation_id,
        input_=CountdownInput(organisation_id=organisation_id, generation=generation),
        due_at=at + rules.silence,
        at=at,
        import_id=import_id,
    )
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=actor,
        action=action,
        from_state=organisation["state"],
        to_state=OrganisationState.MARKED,
        reason=reason,
        details={"generation": generation},
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
        "update notices set state = 'dropped' where organisation_id = $1 and generation = $2 and state = 'queued'",
        organisation_id,
        generation,
    )
    await connection.execute(
        "update activity set watched = false where organisation_id = $1 and watched", organisation_id
    )
