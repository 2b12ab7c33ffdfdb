"""The term of a trial: its end, its notices, and the licences that go with it (PV-07, TC-01 to TC-05, NO, GR-01)."""

from typing import Any

from adapters.postgres import ledger, marking
from adapters.postgres.database import Connection
from adapters.postgres.graces import (
    begin_graces,
    change_licence_set,
    find_licence_set,
    licence_set,
    record_licence_set,
)
from adapters.postgres.pending import clear_next_dates, put_next_date
from adapters.postgres.trials.rows import Locked, Trial
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.forecast import TRIAL_CANCELLED, NextKind
from tenure.contracts.licence import LicenceSet, LicenceState
from tenure.contracts.trial import TrialState
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_meetings
from tenure.policy.rules import Rules
from tenure.policy.trial_mail import OF_AN_END, void_in
from tenure.ports import TIMER


def armed(trial: Trial, ends_at: Instant, now: Instant, rules: Rules) -> dict[str, Any]:
    """The columns of a trial whose end is set now: each end is told anew (TC-04, NO-09)."""
    return {
        "state": TrialState.ACTIVE,
        "ends_at": ends_at,
        "armed_at": now,
        "reminder_at": rule.reminder_at(now, ends_at, rules),
        "grace_ends_at": None,
        "cycle": trial.cycle + 1,
    }


async def put_dates(connection: Connection, trial: Trial) -> None:
    """Store what comes next of an active trial; mails of an earlier end are void."""
    await clear_dates(connection, trial)
    await ledger.drop(connection, trial.trial_id, OF_AN_END)
    assert trial.ends_at is not None
    dates = {NextKind.TRIAL_END: (trial.ends_at, "GR-01"), NextKind.TRIAL_REMINDER: (trial.reminder_at, "NO-01")}
    for kind, (due_at, requirement) in dates.items():
        if due_at is not None:
            await put_next_date(
                connection,
                organisation_id=trial.organisation_id,
                kind=kind,
                subject=trial.trial_id,
                due_at=due_at,
                rule=requirement,
                reason="trial",
            )


async def clear_dates(connection: Connection, trial: Trial, *kinds: NextKind) -> None:
    """Forget next dates of a trial: its term's, where none are named."""
    kinds = kinds or (NextKind.TRIAL_END, NextKind.TRIAL_REMINDER)
    await clear_next_dates(connection, trial.organisation_id, *kinds, subject=trial.trial_id)


async def grant(connection: Connection, locked: Locked, trial: Trial, catalogue: Catalogue) -> None:
    """The licences of a trial that has become active: they unmark the organisation (DP-01, DP-04)."""
    row = await connection.fetchrow(
        "insert into licence_sets (licence_set_id, organisation_id, kind, state, meetings, services, expires_at,"
        "                          active_since, created_at)"
        " values ($1, $2, 'trial', 'active', $3, $4, $5, $6, $6) returning *",
        trial.licence_set_id,
        trial.organisation_id,
        has_meetings(trial.services, catalogue),
        list(trial.services),
        trial.ends_at,
        locked.now,
    )
    assert row is not None
    await record_licence_set(
        connection, None, licence_set(row), at=locked.now, actor=TIMER.actor, reason="trial_started"
    )
    await marking.unmark(connection, locked.organisation, at=locked.now, actor=TIMER.actor, reason="trial_started")


async def licences_of(connection: Connection, trial: Trial) -> LicenceSet:
    """The licence set of a trial that has been active."""
    found = await find_licence_set(connection, trial.licence_set_id)
    assert found is not None, trial.trial_id
    return found


async def suspend(connection: Connection, trial: Trial, *, removal_due_at: Instant, at: Instant) -> None:
    """The trial has ended: its licences rest, and their grace begins (GR-01)."""
    licences = await licences_of(connection, trial)
    suspended = licences.model_copy(
        update={
            "state": LicenceState.SUSPENDED,
            "expires_at": trial.ends_at,
            "removal_due_at": removal_due_at,
            "generation": licences.generation + 1,
        }
    )
    await change_licence_set(connection, licences, suspended, at=at, actor=TIMER.actor, reason="expired")
    await begin_graces(connection, [suspended], at=at)


async def set_licences(
    connection: Connection, trial: Trial, catalogue: Catalogue, *, at: Instant, actor: str, reason: str
) -> None:
    """Bring the licences in step with a trial that is active: its services, and its end.

    A set that ever held meetings stays one of meetings, so that what was recorded is purged with it and not before.
    """
    licences = await licences_of(connection, trial)
    active = licences.model_copy(
        update={
            "state": LicenceState.ACTIVE,
            "meetings": licences.meetings or has_meetings(trial.services, catalogue),
            "services": trial.services,
            "expires_at": trial.ends_at,
            "removal_due_at": None,
        }
    )
    await change_licence_set(connection, licences, active, at=at, actor=actor, reason=reason)


async def remove_licences(
    connection: Connection, trial: Trial, *, at: Instant, actor: str, reason: str, next_grace: Instant | None = None
) -> None:
    """Remove the licences at once, without a grace (TC-11).

    `next_grace` begins a wait for the end of the meeting data, as after an expiry (Q-32).
    """
    licences = await licences_of(connection, trial)
    generation = licences.generation + (next_grace is not None)
    removed = licences.model_copy(
        update={"state": LicenceState.REMOVED, "removal_due_at": None, "generation": generation}
    )
    await change_licence_set(connection, licences, removed, at=at, actor=actor, reason=reason)
    if next_grace is not None:
        waiting = removed.model_copy(update={"state": LicenceState.SUSPENDED, "removal_due_at": next_grace})
        await begin_graces(connection, [waiting], at=at, reason=TRIAL_CANCELLED)


async def close(connection: Connection, trial: Trial) -> None:
    """Nothing comes any more: dates and mails of a trial that is over are void (TC-11, TC-20).

    Its devices go back all the same, and that is still told (DV-01).
    """
    await clear_dates(connection, trial)
    await ledger.drop(connection, trial.trial_id, void_in(trial.state))
