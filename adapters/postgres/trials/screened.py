"""What the screening of its customer makes of a trial: it goes on, or it is over before anything was built (RPL-07 to RPL-12)."""

import asyncpg

from adapters.postgres import marking
from adapters.postgres.database import Connection, lock
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials import rows, screenings, sites, terms
from adapters.postgres.trials.rows import Trial
from adapters.postgres.trials.screenings import CustomerScreening
from tenure.contracts.base import Instant
from tenure.contracts.customer_screening import CustomerScreeningReason, CustomerScreeningState
from tenure.contracts.review import CaseState
from tenure.contracts.trial import TrialState
from tenure.policy.onboarding import REASONS
from tenure.policy.rules import Rules


async def conclude_review(
    connection: Connection, asked: CustomerScreening, outcome: CaseState, *, rules: Rules, at: Instant, actor: str
) -> None:
    """The review is over: the trial is built, or is cancelled in this very transaction, unless its partner has done that."""
    action, found = f"review_{outcome}", REASONS.get(outcome)
    if found is None:
        await screenings.put(connection, asked, CustomerScreeningState.CLEAR, action, at, actor)
        return
    reason = CustomerScreeningReason(found)
    await screenings.put(connection, asked, CustomerScreeningState.ERROR, action, at, actor, reason)
    trial = await rows.find(connection, asked.trial_id)
    organisation = (await lock(connection, asked.organisation_id))[asked.organisation_id]
    if trial is not None and trial.state is TrialState.PROVISIONING:
        await end_unbuilt(connection, trial, organisation, at=at, actor=actor, rules=rules, reason=reason)


async def end_unbuilt(
    connection: Connection,
    before: Trial,
    organisation: asyncpg.Record,
    *,
    at: Instant,
    actor: str,
    rules: Rules,
    reason: CustomerScreeningReason | None = None,
) -> Trial:
    """A trial whose customer is not clear is cancelled like any other before it is active, but there is nothing to tear down.

    The customer stays in its partner's list, marked where it has nothing else, until it is deleted (TC-10, DM-01, Q-10).
    """
    trial = await rows.change(
        connection,
        before,
        at=at,
        actor=actor,
        action="trial_cancelled",
        reason=reason,
        state=TrialState.CANCELLED,
    )
    await terms.close(connection, trial)
    await sites.give_back(connection, trial)
    await rows.forget_services(connection, trial.trial_id)
    await marking.evaluate(connection, organisation, at=at, actor=actor, reason="trial_cancelled", rules=rules)
    await wake_processes(connection, trial.organisation_id)
    return trial
