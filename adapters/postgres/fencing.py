"""The point of no return: an organisation becomes `erasing`, by its countdown or at its own request (SF-04, DM-11).

Whoever fences has decided already. Here is what a fence does to the facts, once and the same for both causes.
"""

from collections.abc import Mapping

import asyncpg

from adapters.postgres import audit, marking
from adapters.postgres.database import Connection, lock, lock_settled, managing_organisations
from adapters.postgres.pending import clear_next_dates, put_next_date, require_process, wake_processes
from adapters.postgres.trials.fencing import end_waiting
from adapters.postgres.wholesale.fencing import end_customer
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.erasure import Erasure, ErasureCause, ErasureInput, ErasureState
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.process import ProcessType
from tenure.ids import OrganisationId
from tenure.policy.rules import Rules


async def lock_with_managers(
    connection: Connection, organisation_id: OrganisationId
) -> dict[OrganisationId, asyncpg.Record]:
    """Lock an organisation and the own organisations of the partners that manage it, in order of id."""

    async def concerned() -> set[OrganisationId]:
        return {organisation_id, *await managing_organisations(connection, organisation_id)}

    return await lock_settled(connection, concerned)


async def fence(
    connection: Connection,
    organisation: asyncpg.Record,
    *,
    cause: ErasureCause,
    at: Instant,
    actor: str,
    quarantine_until: Instant,
    evidence: Mapping[str, object],
    rules: Rules,
) -> Erasure:
    """Turn an organisation into `erasing` and begin its erasure; the caller holds the locks of `lock_with_managers`.

    Activity is closed: what comes later is answered `org_deleted` (P2). A caller whose decision rests on silence has
    locked the activity row before it read the evidence. The countdown ends, queued mail is dropped, next dates give way to
    the purge's (DM-12), and each partner that has lost its last customer by this is evaluated (DM-02).

    Args:
        connection: The transaction of the decision.
        organisation: Its row, as locked.
        cause: Why it is erased.
        at: The business instant of the fence.
        actor: For the audit.
        quarantine_until: Before it an operator can abort (SF-11); `at` for an own request, which is final.
        evidence: What the decision saw, as JSON, for the receipt. Free of personal data.
        rules: For the marking of partners.
    """
    erasure = Erasure(
        organisation_id=OrganisationId(organisation["organisation_id"]),
        generation=organisation["generation"],
        cause=cause,
        state=ErasureState.QUARANTINE,
        fenced_at=at,
        quarantine_until=quarantine_until,
    )
    organisation_id = erasure.organisation_id
    await _close(connection, erasure)
    await marking.end_countdown(connection, organisation_id, erasure.generation, at=at, reason=cause)
    await end_waiting(connection, organisation_id, at=at, actor=actor)
    await end_customer(connection, organisation_id, at=at, actor=actor)
    await _drop_mail(connection, organisation_id)
    await _store(connection, erasure, evidence)
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=actor,
        action="fenced",
        from_state=organisation["state"],
        to_state=OrganisationState.ERASING,
        reason=cause,
        details={"generation": erasure.generation},
    )
    await _evaluate_managers(connection, organisation_id, at=at, actor=actor, rules=rules)
    await _await_the_purge(connection, erasure)
    # The countdown and every grace look once more, find the organisation gone, and end.
    await wake_processes(connection, organisation_id)
    await _begin(connection, erasure)
    return erasure


async def _close(connection: Connection, erasure: Erasure) -> None:
    """From here on nothing counts any more that anybody does there (P2)."""
    await connection.execute(
        "update activity set closed = true, watched = false, fenced_at = $2, late_at = null where organisation_id = $1",
        erasure.organisation_id,
        erasure.fenced_at,
    )
    await connection.execute(
        "update organisations set state = 'erasing', marked_at = null where organisation_id = $1",
        erasure.organisation_id,
    )


async def _drop_mail(connection: Connection, organisation_id: OrganisationId) -> None:
    """Nobody is mailed any more (DM-12)."""
    await connection.execute(
        "update notices set state = 'dropped' where organisation_id = $1 and state = 'queued'", organisation_id
    )


async def _store(connection: Connection, erasure: Erasure, evidence: Mapping[str, object]) -> None:
    """The tombstone, with what the receipt will tell: on what evidence, and whose customer it was."""
    await connection.execute(
        "insert into erasures"
        " (organisation_id, generation, cause, fenced_at, quarantine_until, evidence, partner_ids)"
        " values ($1, $2, $3, $4, $5, $6,"
        "         array(select partner_id from managements where organisation_id = $7 order by partner_id))",
        erasure.organisation_id,
        erasure.generation,
        erasure.cause,
        erasure.fenced_at,
        erasure.quarantine_until,
        dict(evidence),
        erasure.organisation_id,
    )


async def _await_the_purge(connection: Connection, erasure: Erasure) -> None:
    """Of all dates to come the purge's alone is left (SF-11, DM-11)."""
    unused = erasure.cause is ErasureCause.UNUSED
    await clear_next_dates(connection, erasure.organisation_id)
    await put_next_date(
        connection,
        organisation_id=erasure.organisation_id,
        kind=NextKind.PURGE,
        subject=erasure.organisation_id,
        due_at=erasure.quarantine_until,
        rule="SF-11" if unused else "DM-11",
        reason="quarantine" if unused else erasure.cause,
    )


async def _begin(connection: Connection, erasure: Erasure) -> None:
    """The process that waits out the quarantine, and erases."""
    await require_process(
        connection,
        workflow_id=names.erasure_id(erasure.organisation_id, erasure.generation),
        process_type=ProcessType.ERASURE,
        organisation_id=erasure.organisation_id,
        input_=ErasureInput(
            organisation_id=erasure.organisation_id,
            generation=erasure.generation,
            cause=erasure.cause,
            fenced_at=erasure.fenced_at,
            quarantine_until=erasure.quarantine_until,
        ),
        due_at=erasure.quarantine_until,
        at=erasure.fenced_at,
    )


async def _evaluate_managers(
    connection: Connection, organisation_id: OrganisationId, *, at: Instant, actor: str, rules: Rules
) -> None:
    """Each partner has lost a customer; its own organisation is locked already, so that this only reads it again."""
    for manager in (await lock(connection, *await managing_organisations(connection, organisation_id))).values():
        await marking.evaluate(connection, manager, at=at, actor=actor, reason="last_customer_gone", rules=rules)
