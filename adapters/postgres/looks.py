"""One look at a countdown: the evidence, the verdict, and what every verdict but an act leaves behind."""

from dataclasses import dataclass, replace

import asyncpg

from adapters.postgres import audit, ledger, marking
from adapters.postgres.database import Connection, business_now
from adapters.postgres.evidence import read_evidence
from adapters.postgres.pending import clear_next_dates, close_process, put_next_date
from adapters.postgres.rate import lag, take_turn
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Assessment, CountdownAt, CountdownStep, Evidence, Reason, Verdict
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import COUNTING, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.policy import deletion, promise
from tenure.policy.rules import Rules
from tenure.ports import TIMER

_OTHER_GENERATION = Assessment(verdict=Verdict.END, reason=Reason.OTHER_GENERATION, rule="DM-16")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found under lock."""

    at: CountdownAt
    organisation: asyncpg.Record
    now: Instant
    """`business_now()` after the locks."""
    evidence: Evidence
    assessment: Assessment
    message_domain: str
    """Ends the Message-IDs of warnings that are queued."""

    def with_breaker_open(self, reason: str, rules: Rules) -> "Look":
        """The same look with the breaker open, which holds it."""
        evidence = self.evidence.model_copy(update={"breaker_open": True})
        assessment = deletion.assess(evidence, self.at.as_of, rules).model_copy(update={"detail": reason})
        return replace(self, evidence=evidence, assessment=assessment)


async def look(
    connection: Connection,
    at: CountdownAt,
    organisation: asyncpg.Record | None,
    rules: Rules,
    *,
    message_domain: str,
    lock_activity: bool,
) -> Look:
    """Read the evidence and judge it; an act that is due takes its turn.

    While no warning was accepted, or all have come back, each look finds out whether there is somebody to be tried by now: an organisation that
    can be reached is never deleted as one that cannot (SF-02).

    Args:
        connection: A transaction.
        at: Which countdown, and as of when.
        organisation: Its row, as locked.
        rules: The rules.
        message_domain: Ends the Message-IDs of warnings that are queued.
        lock_activity: See `read_evidence`.

    Raises:
        Refusal: `organisation_not_found`.
    """
    if organisation is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    evidence = await read_evidence(connection, at.organisation_id, lock_activity=lock_activity)
    now = await business_now(connection)
    if evidence.state in COUNTING and evidence.generation != at.generation:
        return Look(at, organisation, now, evidence, _OTHER_GENERATION, message_domain)
    assessment = deletion.assess(evidence, at.as_of, rules)
    if _is_untold(evidence, assessment):
        evidence = await _pursue(connection, evidence, now, message_domain)
        assessment = deletion.assess(evidence, at.as_of, rules)
    if deletion.needs_turn(assessment, evidence, now):
        turn = await take_turn(connection, at.organisation_id, at.generation, as_of=at.as_of, now=now, rules=rules)
        evidence = evidence.model_copy(update={"turn_at": turn, "turn_lag": lag(at.as_of, now)})
        assessment = deletion.assess(evidence, at.as_of, rules)
    return Look(at, organisation, now, evidence, assessment, message_domain)


async def look_again(connection: Connection, found: Look, rules: Rules) -> CountdownStep:
    """After an act: what holds now, so that the answer says what is waited for next."""
    again = await look(
        connection, found.at, found.organisation, rules, message_domain=found.message_domain, lock_activity=False
    )
    return await conclude(connection, again, rules)


async def conclude(connection: Connection, found: Look, rules: Rules) -> CountdownStep:
    """Carry out a reset, an unmarking or the end of a countdown; else store when it is looked at next, and why."""
    assessment, evidence, state = found.assessment, found.evidence, found.evidence.state
    notices: tuple[str, ...] = ()
    match assessment.verdict:
        case Verdict.RESET:
            await _reset(connection, found)
            return await look_again(connection, found, rules)
        case Verdict.UNMARK:
            await _unmark(connection, found)
            state = OrganisationState.LIVE
        case Verdict.END:
            await close(connection, found)
        case _:
            await _store(connection, found, rules)
            if state is OrganisationState.WARNED:
                notices = await ledger.queued(connection, found.at.organisation_id, found.at.generation, evidence.cycle)
    return CountdownStep(assessment=assessment, state=state, cycle=evidence.cycle, notices=notices, looked_at=found.now)


async def close(connection: Connection, found: Look) -> None:
    """The countdown is over: its process has nothing left to wait for."""
    await close_process(connection, names.deletion_id(found.at.organisation_id, found.at.generation), found.now)


def _is_untold(evidence: Evidence, assessment: Assessment) -> bool:
    """Whether a warning stands that nobody's mail server has accepted, or that all of them have sent back."""
    if evidence.promise is None or assessment.verdict in deletion.VOIDS_WARNING:
        return False
    return evidence.state is OrganisationState.WARNED and not promise.is_told(evidence.promise)


async def _pursue(connection: Connection, evidence: Evidence, now: Instant, domain: str) -> Evidence:
    """Queue the warning for whoever can be reached by now, and let the promise wait for what becomes of it (SF-02)."""
    cycle = evidence.organisation_id, evidence.generation, evidence.cycle
    await ledger.queue_warnings(connection, *cycle, at=now, domain=domain)
    if evidence.promise is None or not evidence.promise.settled or not await ledger.queued(connection, *cycle):
        return evidence
    resumed = promise.resumed(evidence.promise)
    await ledger.store_promise(connection, evidence.organisation_id, evidence.generation, resumed)
    return evidence.model_copy(update={"promise": resumed})


async def _unmark(connection: Connection, found: Look) -> None:
    """A fact that unmarks does so in its own transaction; this is for one that could not know of the mark."""
    await marking.unmark(
        connection, found.organisation, at=found.now, actor=TIMER.actor, reason=found.assessment.reason
    )
    await close(connection, found)


async def _reset(connection: Connection, found: Look) -> None:
    """Back to the start: the label stays, the warning is void, and the silence counts from the activity (AC-03, AC-05)."""
    organisation_id, generation = found.at.organisation_id, found.at.generation
    await connection.execute("update organisations set state = 'marked' where organisation_id = $1", organisation_id)
    await connection.execute(
        "update countdowns set turn_at = null, held_by = null where organisation_id = $1 and generation = $2",
        organisation_id,
        generation,
    )
    await marking.void_cycle(connection, organisation_id, generation, at=found.now)
    await clear_next_dates(connection, organisation_id, NextKind.DELETION)
    await audit.append(
        connection,
        subject=organisation_id,
        at=found.now,
        actor=TIMER.actor,
        action="reset",
        from_state=OrganisationState.WARNED,
        to_state=OrganisationState.MARKED,
        reason=Reason.ACTIVITY,
        details={"generation": generation, "cycle": found.evidence.cycle},
    )


async def _store(connection: Connection, found: Look, rules: Rules) -> None:
    """Store the next date and what holds it; a place in the queue is kept only while the act waits for it (SF-05)."""
    assessment, evidence = found.assessment, found.evidence
    held = assessment.verdict is Verdict.HOLD
    keeps_turn = not held and (assessment.reason is Reason.RATE or assessment.verdict is not Verdict.WAIT)
    before = await connection.fetchval(
        "update countdowns set hold_reason = $3, hold_detail = $4, held_by = coalesce($5, held_by),"
        " turn_at = case when $6 then turn_at end, rules_version = $7"
        " where organisation_id = $1 and generation = $2 returning old.hold_reason",
        found.at.organisation_id,
        found.at.generation,
        assessment.reason if held else None,
        assessment.detail if held else None,
        assessment.held_by,
        keeps_turn,
        rules.version,
    )
    await _put_date(connection, assessment, evidence, found.at.as_of, rules)
    if assessment.reason is Reason.DRY_RUN and before != Reason.DRY_RUN:
        await audit.append(
            connection,
            subject=found.at.organisation_id,
            at=found.now,
            actor=TIMER.actor,
            action="would_be_fenced",
            from_state=evidence.state,
            reason=Reason.DRY_RUN,
            details={"generation": evidence.generation, "cycle": evidence.cycle},
        )


async def _put_date(
    connection: Connection, assessment: Assessment, evidence: Evidence, as_of: Instant, rules: Rules
) -> None:
    if evidence.state is OrganisationState.MARKED:
        kind, due_at = NextKind.DELETION_WARNING, deletion.warning_due_at(evidence, rules)
    else:
        kind, due_at = NextKind.DELETION, _told_or_promised(evidence, rules)
    looks_at = assessment.due_at or as_of
    await put_next_date(
        connection,
        organisation_id=evidence.organisation_id,
        kind=kind,
        subject=evidence.organisation_id,
        due_at=due_at or looks_at,
        rule=assessment.rule,
        reason=assessment.reason,
        looks_at=None if looks_at == due_at else looks_at,
    )


def _told_or_promised(evidence: Evidence, rules: Rules) -> Instant | None:
    """The gate of a warned organisation; while nobody was told, what its warning promises."""
    if evidence.promise is None:
        return None
    return promise.deletion_at(evidence.promise, rules) or evidence.promise.not_before
