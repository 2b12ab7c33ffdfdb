"""Reviews as rows: opened with what was found, and closed once (RPL-05, RPL-08, RPL-15)."""

from dataclasses import dataclass
from typing import Final, Self
from uuid import uuid4

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_date, require_process
from adapters.postgres.trials.screenings import CustomerScreening
from adapters.postgres.wholesale.rows import Onboarding
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.forecast import OF_A_TRIAL, NextKind
from tenure.contracts.onboarding import ReviewInput
from tenure.contracts.process import ProcessType
from tenure.contracts.review import CaseState, ScreeningTrigger
from tenure.ids import OrganisationId, RplCaseId, TrialId
from tenure.policy.onboarding import TIMED, deadline
from tenure.policy.rules import Rules
from tenure.ports import TIMER

_OPEN: Final = """
insert into rpl_cases (case_id, organisation_id, partner_id, screening_id, trigger, generation, opened_at, deadline_at,
                       trial_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_CLOSE: Final = """
update rpl_cases set state = $2, closed_at = $3, decided_by = $4, reason = $5 where case_id = $1 and state = 'open'
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A row of `rpl_cases`."""

    case_id: RplCaseId
    organisation_id: OrganisationId
    screening_id: int
    trigger: ScreeningTrigger
    generation: int
    trial_id: TrialId | None
    state: CaseState
    opened_at: Instant
    deadline_at: Instant

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """What a row says."""
        return cls(
            RplCaseId(row["case_id"]),
            OrganisationId(row["organisation_id"]),
            row["screening_id"],
            ScreeningTrigger(row["trigger"]),
            row["generation"],
            None if row["trial_id"] is None else TrialId(row["trial_id"]),
            CaseState(row["state"]),
            row["opened_at"],
            row["deadline_at"],
        )


async def find(connection: Connection, case_id: RplCaseId) -> Case | None:
    """A case, where there is one."""
    row = await connection.fetchrow("select * from rpl_cases where case_id = $1", case_id)
    return None if row is None else Case.of(row)


async def find_open(
    connection: Connection,
    organisation_id: OrganisationId,
    trigger: ScreeningTrigger,
    generation: int,
    trial_id: TrialId | None = None,
) -> Case | None:
    """The case that an onboarding, a change of address or a trial waits for."""
    row = await connection.fetchrow(
        "select * from rpl_cases where organisation_id = $1 and trigger = $2 and generation = $3 and state = 'open'"
        " and trial_id is not distinct from $4",
        organisation_id,
        trigger,
        generation,
        trial_id,
    )
    return None if row is None else Case.of(row)


async def open_case(
    connection: Connection,
    customer: Onboarding | CustomerScreening,
    trigger: ScreeningTrigger,
    generation: int,
    screening_id: int,
    rules: Rules,
    at: Instant,
    *,
    trial_id: TrialId | None = None,
) -> None:
    """Put a case into the queue, with its process; where something waits for it, its deadline falls due (RPL-05, RPL-08)."""
    organisation_id, case_id = customer.organisation_id, RplCaseId(f"case_{uuid4().hex}")
    deadline_at = deadline(at, rules)
    await connection.execute(
        _OPEN,
        case_id,
        organisation_id,
        customer.partner_id,
        screening_id,
        trigger,
        generation,
        at,
        deadline_at,
        trial_id,
    )
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=TIMER.actor,
        action="review_opened",
        to_state=CaseState.OPEN,
        reason=trigger,
        details={"case_id": case_id, "screening_id": screening_id},
    )
    timed = trigger in TIMED
    if timed:
        await put_next_date(
            connection,
            organisation_id=organisation_id,
            kind=NextKind.RPL_REVIEW,
            subject=case_id,
            due_at=deadline_at,
            rule="RPL-07",
            reason=trigger if trial_id is None else OF_A_TRIAL,
        )
    await require_process(
        connection,
        workflow_id=names.rpl_review_id(case_id),
        process_type=ProcessType.RPL_REVIEW,
        organisation_id=organisation_id,
        input_=ReviewInput(case_id=case_id, organisation_id=organisation_id),
        due_at=deadline_at if timed else None,
        at=at,
    )


async def close_case(
    connection: Connection, case: Case, outcome: CaseState, *, at: Instant, actor: str, reason: str | None = None
) -> None:
    """Close a case that is open, for good (RPL-15); the words of the `reason` stay out of the audit."""
    decided_by = None if outcome is CaseState.TIMED_OUT else actor
    await connection.execute(_CLOSE, case.case_id, outcome, at, decided_by, reason)
    await clear_next_dates(connection, case.organisation_id, NextKind.RPL_REVIEW, subject=case.case_id)
    await audit.append(
        connection,
        subject=case.organisation_id,
        at=at,
        actor=actor,
        action="review_closed",
        from_state=CaseState.OPEN,
        to_state=outcome,
        reason=case.trigger,
        details={"case_id": case.case_id},
    )
