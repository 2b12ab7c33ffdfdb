"""What a fact leaves behind for later, in its own transaction: processes to start or wake, and next dates."""

import json
from collections.abc import Sequence

from adapters.postgres.database import Connection
from tenure.contracts.base import Contract, Instant
from tenure.contracts.forecast import NextDate, NextKind
from tenure.contracts.process import Process, ProcessState, ProcessType
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
    process = Process(
        workflow_id=workflow_id,
        type=process_type,
        organisation_id=organisation_id,
        input=input_.model_dump(mode="json"),
        state=ProcessState.PENDING,
        due_at=due_at,
    )
    await require_processes(connection, [process], at=at, import_id=import_id)


async def require_processes(
    connection: Connection, processes: Sequence[Process], *, at: Instant, import_id: str | None = None
) -> None:
    """Write the rows of many processes; ids that are known already stay as they are."""
    await connection.execute(
        "insert into processes (workflow_id, type, organisation_id, input, due_at, created_at, import_id)"
        " select workflow_id, type, organisation_id, input::jsonb, due_at, $6, $7"
        "   from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])"
        "     as t (workflow_id, type, organisation_id, input, due_at)"
        " on conflict do nothing",
        [process.workflow_id for process in processes],
        [process.type.value for process in processes],
        [process.organisation_id for process in processes],
        [json.dumps(process.input) for process in processes],
        [process.due_at for process in processes],
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


async def wake_processes(connection: Connection, *organisation_ids: OrganisationId) -> None:
    """Make the relay signal the organisations' live processes, so that they read the facts again.

    The rows are locked in order of id, so that two who wake many never wait for each other.
    """
    await connection.execute(
        "update processes set wakes = wakes + 1 where workflow_id in (select workflow_id from processes"
        " where organisation_id = any($1::text[]) and state <> 'closed' order by workflow_id for update)",
        organisation_ids,
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
    date = NextDate(
        organisation_id=organisation_id,
        kind=kind,
        subject=subject,
        due_at=due_at,
        rule=rule,
        reason=reason,
        looks_at=looks_at,
    )
    await put_next_dates(connection, [date])


async def put_next_dates(connection: Connection, dates: Sequence[NextDate]) -> None:
    """Store many next dates; one of the same organisation, kind and subject is replaced."""
    await connection.execute(
        "insert into next_dates (organisation_id, kind, subject, due_at, rule, reason, looks_at)"
        " select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],"
        "                      $7::timestamptz[])"
        " on conflict (organisation_id, kind, subject)"
        " do update set due_at = excluded.due_at, rule = excluded.rule, reason = excluded.reason,"
        "               looks_at = excluded.looks_at",
        [date.organisation_id for date in dates],
        [date.kind.value for date in dates],
        [date.subject for date in dates],
        [date.due_at for date in dates],
        [date.rule for date in dates],
        [date.reason for date in dates],
        [date.looks_at for date in dates],
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
