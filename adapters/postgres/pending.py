"""What a fact leaves behind for later, in its own transaction: processes to start or wake, and next dates."""

from adapters.postgres.database import Connection
from tenure.contracts.base import Contract, Instant
from tenure.contracts.forecast import NextKind
from tenure.contracts.process import ProcessType
from tenure.ids import OrganisationId


async def require_process(
    connection: Connection,
    *,
    workflow_id: str,
    process_type: ProcessType,
    organisation_id: OrganisationId,
    input_: Contract,
    due_at: Instant | None,
    at: Instant,
    import_id: str | None = None,
) -> None:
    """Write the row that makes the relay start a process, at most once for its id (P11)."""
    await connection.execute(
        "insert into processes (workflow_id, type, organisation_id, input, due_at, created_at, import_id)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        workflow_id,
        process_type.value,
        organisation_id,
        input_.model_dump(mode="json"),
        due_at,
        at,
        import_id,
    )


async def close_process(connection: Connection, workflow_id: str, at: Instant) -> None:
    """The process has nothing left to wait for. Called by the process itself as it ends."""
    await connection.execute(
        "update processes set state = 'closed', closed_at = $2 where workflow_id = $1 and state <> 'closed'",
        workflow_id,
        at,
    )


async def wake_processes(connection: Connection, organisation_id: OrganisationId) -> None:
    """Make the relay signal the organisation's live processes, so that they read the facts again."""
    await connection.execute(
        "update processes set wakes = wakes + 1 where organisation_id = $1 and state <> 'closed'", organisation_id
    )


async def put_next_date(
    connection: Connection,
    *,
    organisation_id: OrganisationId,
    kind: NextKind,
    subject: str,
    due_at: Instant,
    rule: str,
    reason: str,
    looks_at: Instant | None = None,
) -> None:
    """Store what happens next, with the rule that set it (WH-01)."""
    await connection.execute(
        "insert into next_dates (organisation_id, kind, subject, due_at, rule, reason, looks_at)"
        " values ($1, $2, $3, $4, $5, $6, $7)"
        " on conflict (organisation_id, kind, subject)"
        " do update set due_at = $4, rule = $5, reason = $6, looks_at = $7",
        organisation_id,
        kind.value,
        subject,
        due_at,
        rule,
        reason,
        looks_at,
    )


async def clear_next_dates(
    connection: Connection, organisation_id: OrganisationId, *kinds: NextKind, subject: str | None = None
) -> None:
    """Forget next dates that hold no more: of these kinds (all where none is named), of one subject or of all."""
    await connection.execute(
        "delete from next_dates where organisation_id = $1"
        " and (cardinality($2::text[]) = 0 or kind = any($2)) and ($3::text is null or subject = $3)",
        organisation_id,
        [kind.value for kind in kinds],
        subject,
    )
