"""The states of an onboarding: each step from one to the next, with its audit, process and next date (B annex 1).

The caller holds the organisation's lock, and has seen that the onboarding is where it comes from.
"""

from typing import Any

from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_date, require_process
from adapters.postgres.wholesale import call_ins, rows
from adapters.postgres.wholesale.rows import Onboarding
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.customer import OnboardingReason, OnboardingState
from tenure.contracts.forecast import NextKind
from tenure.contracts.onboarding import OnboardingInput
from tenure.contracts.process import ProcessType
from tenure.contracts.review import CaseState
from tenure.ids import OrganisationId
from tenure.policy.onboarding import REASONS
from tenure.ports import TIMER


async def begin(connection: Connection, onboarding: Onboarding, at: Instant) -> None:
    """What was received is screened at once, and has a process for that (RPL-01)."""
    await put_screening(connection, onboarding.organisation_id, "RPL-01", at)
    await _require(connection, onboarding, at)


async def screen(connection: Connection, before: Onboarding, at: Instant) -> Onboarding:
    """Received: it is screened from now on."""
    return await rows.change(
        connection, before, at=at, actor=TIMER.actor, action="screening_began", state=OnboardingState.SCREENING
    )


async def clear(connection: Connection, before: Onboarding, at: Instant) -> Onboarding:
    """Nothing was found: the account is ordered, and nobody has to do anything for that (RPL-04)."""
    return await _answered(connection, before, at, "screening_clear", state=OnboardingState.PROVISIONING)


async def hold(connection: Connection, before: Onboarding, at: Instant) -> Onboarding:
    """Something was found: a reviewer has to look, and until then nothing goes on (RPL-05, RPL-06)."""
    state = OnboardingState.PENDING_RPL_REVIEW
    return await _answered(connection, before, at, "screening_match", state=state, reviewed=True)


async def conclude_review(
    connection: Connection, before: Onboarding, outcome: CaseState, *, at: Instant, actor: str
) -> Onboarding:
    """The review is over: the account is ordered, or the onboarding has failed for good (RPL-07, RPL-09 to RPL-12)."""
    reason = REASONS.get(outcome)
    if reason is not None:
        await call_ins.give_sites_back(connection, before)
    return await rows.change(
        connection,
        before,
        at=at,
        actor=actor,
        action=f"review_{outcome}",
        state=OnboardingState.PROVISIONING if reason is None else OnboardingState.ERROR,
        reason=reason,
    )


async def fail_account(connection: Connection, before: Onboarding, code: str, at: Instant) -> Onboarding:
    """The platform refuses for good; running provisioning tries it again (PRV-03)."""
    return await rows.change(
        connection,
        before,
        at=at,
        actor=TIMER.actor,
        action="account_refused",
        state=OnboardingState.ERROR,
        reason=OnboardingReason.PROVISIONING_FAILED,
        problem=code[:100],
    )


async def retry_account(connection: Connection, before: Onboarding, *, at: Instant, actor: str) -> Onboarding:
    """Order the account again, in the next generation, and screen nobody again (PRV-03, PRV-04)."""
    onboarding = await rows.change(
        connection,
        before,
        at=at,
        actor=actor,
        action="account_retried",
        details={"generation": before.generation + 1},
        state=OnboardingState.PROVISIONING,
        generation=before.generation + 1,
        problem=None,
    )
    await _require(connection, onboarding, at)
    return onboarding


async def put_screening(
    connection: Connection, organisation_id: OrganisationId, rule: str, due_at: Instant, reason: str = "screening"
) -> None:
    """Store when somebody is screened, or screened again."""
    await put_next_date(
        connection,
        organisation_id=organisation_id,
        kind=NextKind.SCREENING,
        subject=organisation_id,
        due_at=due_at,
        rule=rule,
        reason=reason,
    )


async def _answered(connection: Connection, before: Onboarding, at: Instant, action: str, **changes: Any) -> Onboarding:
    """There is an answer: nobody is screened again, and what has stood against it is forgotten."""
    await clear_next_dates(connection, before.organisation_id, NextKind.SCREENING)
    changes |= {"attempts": 0, "looks_at": None, "problem": None}
    return await rows.change(connection, before, at=at, actor=TIMER.actor, action=action, **changes)


async def _require(connection: Connection, onboarding: Onboarding, at: Instant) -> None:
    await require_process(
        connection,
        workflow_id=names.onboarding_id(onboarding.organisation_id, onboarding.generation),
        process_type=ProcessType.WHOLESALE_ONBOARDING,
        organisation_id=onboarding.organisation_id,
        input_=OnboardingInput(organisation_id=onboarding.organisation_id, generation=onboarding.generation),
        due_at=None,
        at=at,
    )
