"""Phone numbers of trials: assigned, on hold after the end of calling, handed to a purchase, or released (NR)."""

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_dates, require_process, wake_processes
from adapters.postgres.trials.rows import Trial, lock_trial
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.conversion import ClaimNumbers
from tenure.contracts.forecast import NextDate, NextKind
from tenure.contracts.licence import LicenceKind, LicenceState
from tenure.contracts.platform import PhoneNumber
from tenure.contracts.process import ProcessType
from tenure.contracts.trial_process import TrialInput
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, TrialId
from tenure.policy import trial as rule
from tenure.policy.rules import Rules


async def assign(connection: Connection, trial: Trial, numbers: tuple[PhoneNumber, ...]) -> None:
    """Numbers that the platform gave to a trial, be it that others had them once; again, nothing changes."""
    await connection.execute(
        "insert into phone_numbers as known (phone_number, organisation_id, trial_id, licence_set_id)"
        " select number, $2, $3, $4 from unnest($1::text[]) as number"
        " on conflict (phone_number) do update set state = 'assigned', organisation_id = $2, trial_id = $3,"
        "   licence_set_id = $4, hold = null where known.state = 'released'",
        list(numbers),
        trial.organisation_id,
        trial.trial_id,
        trial.licence_set_id,
    )


async def hold(
    connection: Connection,
    trial: Trial,
    *,
    at: Instant,
    actor: str,
    rules: Rules,
    catalogue: Catalogue,
    calling_ended_at: Instant | None = None,
) -> None:
    """Calling is over: its numbers rest for 15 days, or go to calling that was bought meanwhile (NR-01, NR-03).

    `calling_ended_at` is when it was due to end, where that was before. Repeating it finds none that is assigned, and does
    nothing.
    """
    paid = await _paid_calling(connection, trial.organisation_id, catalogue)
    if paid is not None:
        await hand_over(connection, trial.organisation_id, paid, at=at, actor=actor, trial_id=trial.trial_id)
        return
    generation = trial.number_holds + 1
    until = rule.numbers_held_until(calling_ended_at or at, at, rules)
    held = await connection.fetch(
        "update phone_numbers set state = 'held', hold = $2, held_until = $3"
        " where trial_id = $1 and state = 'assigned' returning phone_number",
        trial.trial_id,
        generation,
        until,
    )
    if not held:
        return
    await connection.execute("update trials set number_holds = $2 where trial_id = $1", trial.trial_id, generation)
    await _record(connection, trial.organisation_id, trial.trial_id, "numbers_held", len(held), at=at, actor=actor)
    await _put_releases(connection, trial.organisation_id)
    await require_process(
        connection,
        workflow_id=names.number_retention_id(trial.trial_id, generation),
        process_type=ProcessType.NUMBER_RETENTION,
        organisation_id=trial.organisation_id,
        input_=TrialInput(trial_id=trial.trial_id, organisation_id=trial.organisation_id, generation=generation),
        due_at=until,
        at=at,
    )


async def hand_over(
    connection: Connection,
    organisation_id: OrganisationId,
    licence_set_id: LicenceSetId,
    *,
    at: Instant,
    actor: str,
    trial_id: TrialId | None = None,
) -> None:
    """Calling was bought in this organisation: its numbers on hold go to it, strictly before the hold ends (NR-03).

    With a trial's id, those that the trial still has go as well.
    """
    rows = await connection.fetch(
        "update phone_numbers set state = 'assigned', licence_set_id = $2, trial_id = null, hold = null, held_until = null"
        " where organisation_id = $1"
        "   and ((state = 'held' and held_until > $3) or (state = 'assigned' and trial_id = $4))"
        " returning phone_number",
        organisation_id,
        licence_set_id,
        at,
        trial_id,
    )
    if not rows:
        return
    await _put_releases(connection, organisation_id)
    await _record(connection, organisation_id, trial_id, "numbers_assigned", len(rows), at=at, actor=actor)
    await wake_processes(connection, organisation_id)


async def claim(connection: Connection, actor: str, command: ClaimNumbers) -> None:
    """Numbers on hold go to a subscription of the same organisation that is named (NR-03).

    Raises:
        Refusal: `trial_not_found`, `org_deleted`; `licence_set_not_found` unless it is an active subscription there;
            `numbers_released` from the end of the hold on, or `wrong_state` where none were on hold.
    """
    locked = await lock_trial(connection, command.trial_id)
    organisation_id = locked.trial.organisation_id
    paid = await connection.fetchval(
        "select true from licence_sets where licence_set_id = $1 and organisation_id = $2"
        " and kind = 'subscription' and state = 'active'",
        command.licence_set_id,
        organisation_id,
    )
    if not paid:
        raise Refusal(RefusalCode.LICENCE_SET_NOT_FOUND)
    rows = await connection.fetch(
        "select state, held_until from phone_numbers where trial_id = $1 and state in ('held', 'released')",
        command.trial_id,
    )
    if not any(row["state"] == "held" and row["held_until"] > locked.now for row in rows):
        if rows:
            raise Refusal(RefusalCode.NUMBERS_RELEASED)
        raise Refusal(RefusalCode.WRONG_STATE, "No phone numbers of this trial are on hold.")
    await hand_over(connection, organisation_id, command.licence_set_id, at=locked.now, actor=actor)


async def release(connection: Connection, trial: Trial, generation: int, *, at: Instant, actor: str) -> int:
    """The hold is over: the numbers are released for good (NR-02); answers how many."""
    rows = await connection.fetch(
        "update phone_numbers set state = 'released', held_until = null, licence_set_id = null"
        " where trial_id = $1 and hold = $2 and state = 'held' returning phone_number",
        trial.trial_id,
        generation,
    )
    await _put_releases(connection, trial.organisation_id)
    if rows:
        await _record(
            connection, trial.organisation_id, trial.trial_id, "numbers_released", len(rows), at=at, actor=actor
        )
    return len(rows)


async def held(connection: Connection, trial_id: TrialId, generation: int) -> tuple[int, Instant | None]:
    """How many numbers a hold has, and until when."""
    row = await connection.fetchrow(
        "select count(*) as count, min(held_until) as until from phone_numbers"
        " where trial_id = $1 and hold = $2 and state = 'held'",
        trial_id,
        generation,
    )
    assert row is not None
    return row["count"], row["until"]


async def _put_releases(connection: Connection, organisation_id: OrganisationId) -> None:
    """Store when each trial's numbers are released next: it can have more than one hold at a time."""
    await clear_next_dates(connection, organisation_id, NextKind.NUMBER_RELEASE)
    holds = await connection.fetch(
        "select trial_id, min(held_until) as until from phone_numbers where organisation_id = $1 and state = 'held'"
        " group by trial_id order by trial_id",
        organisation_id,
    )
    await put_next_dates(
        connection,
        [
            NextDate(
                organisation_id=organisation_id,
                kind=NextKind.NUMBER_RELEASE,
                subject=hold["trial_id"],
                due_at=hold["until"],
                rule="NR-02",
                reason="numbers_held",
            )
            for hold in holds
        ],
    )


async def _record(
    connection: Connection,
    organisation_id: OrganisationId,
    trial_id: TrialId | None,
    action: str,
    count: int,
    *,
    at: Instant,
    actor: str,
) -> None:
    """How many, never which: a number is personal."""
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=actor,
        action=action,
        details={"numbers": count} | ({} if trial_id is None else {"trial_id": trial_id}),
    )


async def _paid_calling(
    connection: Connection, organisation_id: OrganisationId, catalogue: Catalogue
) -> LicenceSetId | None:
    """An active subscription of the organisation that calling belongs to, where there is one."""
    calling = [service.key for service in catalogue.services if service.calling]
    found = await connection.fetchval(
        "select licence_set_id from licence_sets where organisation_id = $1 and kind = $2 and state = $3"
        " and services && $4::text[] order by licence_set_id limit 1",
        organisation_id,
        LicenceKind.SUBSCRIPTION,
        LicenceState.ACTIVE,
        calling,
    )
    return None if found is None else LicenceSetId(found)
