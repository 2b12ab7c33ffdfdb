"""Facts about licence sets, and the guarded steps of their grace (RP, DP)."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from adapters.postgres import audit, ledger, marking
from adapters.postgres.clock import in_time
from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database, business_now, lock_one
from adapters.postgres.grace_look import read_look
from adapters.postgres.graces import (
    change_licence_set,
    find_licence_set,
    find_term,
    is_taken,
    licence_set,
    put_expiries,
    record_licence_set,
    suspend_licence_set,
)
from adapters.postgres.pending import clear_next_dates, close_process, wake_processes
from adapters.postgres.trials import sites
from adapters.postgres.trials.graces import TrialGraces
from adapters.postgres.trials.purchases import take_over
from adapters.postgres.trials.rows import find_by_licences
from tenure import names
from tenure.contracts.activity import FUTURE_TOLERANCE
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.forecast import NextKind
from tenure.contracts.licence import (
    ExpireLicences,
    GraceCheck,
    GraceOutcome,
    GrantLicences,
    LicenceSet,
    LicenceState,
    RenewalGraceInput,
    RenewalGraceResult,
    RestoreLicences,
)
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import COUNTING
from tenure.contracts.trial_process import GraceEnd
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId
from tenure.policy import grace as rule
from tenure.policy.catalogue import has_meetings
from tenure.policy.rules import Rules
from tenure.ports import TIMER, Caller

_WITHOUT_LICENCES: Final = frozenset({GraceOutcome.REMOVED, GraceOutcome.CANCELLED})
"""How a grace has ended where meeting data goes with it."""
_TOLD_ONCE_MOVED: Final = frozenset({NoticeKind.ACCESS_GONE})
"""Captured with the removal, and mailed by the step that moves the users, not before it (GR-11)."""


class PostgresLicences:
    """The port `Licences` on Postgres."""

    def __init__(self, database: Database, rules: Rules, catalogue: Catalogue, *, message_domain: str) -> None:
        """Take the rules, what services are, and the domain that ends the Message-IDs."""
        self._database = database
        self._rules = rules
        self._catalogue = catalogue
        self._endings = TrialGraces(rules, catalogue, message_domain)

    async def grant(self, caller: Caller, command: GrantLicences) -> LicenceSet:
        """New licences unmark the organisation (DP-01, DP-02, DP-04); the same set again changes nothing.

        Services that a subscription covers leave the trials that they are in, and phone numbers on hold go to it (GR-05,
        NR-03).

        Raises:
            Refusal: `organisation_not_found`, `org_deleted`, or `licence_set_exists` with other contents or state, or
                as one of an organisation that was erased: its graces had their processes (P11).
        """
        return await once(self._database, caller, command, LicenceSet, partial(self._grant, caller.actor, command))

    async def expire(self, caller: Caller, command: ExpireLicences) -> LicenceSet:
        """Suspend the licences; their grace runs from the expiry, or from a report that is over a day late (RP-01, SF-06).

        One that is no newer than the last is a repetition and changes nothing: it never ends what was restored after it.
        Any other must not be older than the last grant or restoration; of an imported set, than planned expiry or import.

        Raises:
            Refusal: `licence_set_not_found`, `org_deleted`, `managed_by_trial`, `managed_by_wholesale`, `future_event`,
                or `wrong_state` when the set is not active, or was not yet at the time of the expiry.
        """
        carry_out = partial(self._expire, caller.actor, command)
        return await once(self._database, caller, command, LicenceSet, carry_out)

    async def restore(self, caller: Caller, command: RestoreLicences) -> LicenceSet:
        """Bring suspended licences back, strictly before the end of their grace (RP-03, RP-04).

        Raises:
            Refusal: `licence_set_not_found`, `org_deleted`, `managed_by_trial`, `managed_by_wholesale`: a customer that
                is cancelled is created anew (Q-29); or what `policy.grace.refuse_restore` answers.
        """
        return await once(self._database, caller, command, LicenceSet, partial(_restore, caller.actor, command))

    async def check_grace(self, grace: RenewalGraceInput, as_of: Instant) -> GraceCheck:
        """Look whether the grace is pending or over; at its end, remove the licences (RP-05). Safe to repeat.

        Raises:
            Refusal: `clock_ahead`, when the end has not come yet by `business_now()` (P13).
        """
        async with self._step(grace, as_of) as connection:
            look = await read_look(connection, grace)
            outcome = look.outcome(as_of)
            licences = look.licences
            if outcome is None and licences is not None and rule.is_over(licences, as_of):
                await _remove(connection, licences, look.now)
                if look.trial is not None:
                    await self._endings.end(connection, look.trial, _workflow_id(grace), look.now)
                outcome = GraceOutcome.REMOVED
            due_at = licences.removal_due_at if licences is not None and outcome is None else None
            return GraceCheck(
                outcome=outcome,
                removal_due_at=due_at or grace.removal_due_at,
                purge_meeting_data=outcome in _WITHOUT_LICENCES and await look.may_purge(connection),
                cancelled=outcome is None and licences is not None and licences.state is LicenceState.REMOVED,
                notices=await ledger.queued_for(connection, _workflow_id(grace), but=_TOLD_ONCE_MOVED),
            )

    async def purge_meeting_data(self, grace: RenewalGraceInput, as_of: Instant) -> int:
        """Delete the recordings of a removed set, unless another meetings licence is there by now (RP-06).

        The site goes with them, and is never this organisation's again (GR-08, GR-10). Needs a database of the erasure
        role, which alone may delete content (SF-12). Repeating it finds nothing left.
        """
        async with self._database.write() as connection:
            look = await read_look(connection, grace)
            if look.outcome(as_of) not in _WITHOUT_LICENCES or not await look.may_purge(connection):
                return 0
            await sites.retire(connection, grace.organisation_id)
            purged = await connection.fetch(
                "delete from content where organisation_id = $1 and store = 'recordings' returning item_id",
                grace.organisation_id,
            )
            if purged:
                await audit.append(
                    connection,
                    subject=grace.organisation_id,
                    at=look.now,
                    actor=TIMER.actor,
                    action="recordings_purged",
                    reason="grace_over",
                    details={"licence_set_id": grace.licence_set_id, "recordings": len(purged)},
                )
            return len(purged)

    async def end_trial(self, grace: RenewalGraceInput, as_of: Instant) -> GraceEnd:
        """Move the users where no licence is left, and say whom to mail (GR-06, GR-11).

        Safe to repeat, however late: only the first time anybody is moved.
        """
        async with self._database.write() as connection:
            look = await read_look(connection, grace)
            moved = 0
            if look.outcome(as_of) is GraceOutcome.REMOVED and look.organisation is not None:
                moved = await self._endings.move_users(connection, look.organisation, grace.licence_set_id, at=look.now)
            return GraceEnd(moved=moved, notices=await ledger.queued_for(connection, _workflow_id(grace)))

    async def hold_numbers(self, grace: RenewalGraceInput, as_of: Instant) -> int:
        """Hold the phone numbers of a trial whose grace is over, from its end on (NR-01). Safe to repeat."""
        async with self._database.write() as connection:
            look = await read_look(connection, grace)
            if look.trial is None or look.outcome(as_of) is not GraceOutcome.REMOVED:
                return 0
            return await self._endings.hold_numbers(connection, look.trial, grace.removal_due_at, at=look.now)

    async def conclude_grace(self, grace: RenewalGraceInput, as_of: Instant) -> RenewalGraceResult:
        """Evaluate marking now that licences and meeting data are gone, and close the process (DM-01, GR-11).

        It is not closed while mails are left for it: these are answered. However late a worker comes, the whole ladder
        follows (DM-15, SF-06).

        Raises:
            Refusal: `wrong_state` while the grace is pending, `clock_ahead` when `as_of` has not come yet.
        """
        async with self._step(grace, as_of) as connection:
            look = await read_look(connection, grace)
            outcome = look.outcome(as_of)
            if outcome is None:
                raise Refusal(RefusalCode.WRONG_STATE)
            marked = False
            if outcome is GraceOutcome.REMOVED and look.organisation is not None:
                marked = look.organisation["state"] in COUNTING or await marking.evaluate(
                    connection,
                    look.organisation,
                    at=look.now,
                    actor=TIMER.actor,
                    reason="licences_removed",
                    rules=self._rules,
                )
            if look.newest:
                await clear_next_dates(
                    connection, grace.organisation_id, NextKind.LICENCE_REMOVAL, subject=grace.licence_set_id
                )
            notices = await ledger.queued_for(connection, _workflow_id(grace))
            if not notices:
                await close_process(connection, _workflow_id(grace), look.now)
            return RenewalGraceResult(outcome=outcome, marked=marked, notices=notices)

    def _step(self, grace: RenewalGraceInput, as_of: Instant) -> AbstractAsyncContextManager[Connection]:
        """A guarded transaction; one that may act on the end of a grace refuses a clock that runs ahead."""
        ends = as_of >= grace.removal_due_at
        return in_time(self._database, as_of, self._rules) if ends else self._database.write()

    async def _grant(self, actor: str, command: GrantLicences, connection: Connection) -> LicenceSet:
        organisation = await lock_one(connection, command.organisation_id)
        now = await business_now(connection)
        meetings = command.meetings or has_meetings(command.services, self._catalogue)
        command = command.model_copy(update={"meetings": meetings})  # recordings hang on it (RP-06)
        row = await connection.fetchrow(
            "insert into licence_sets"
            " (licence_set_id, organisation_id, kind, state, meetings, services, expires_at, active_since, created_at)"
            " values ($1, $2, $3, 'active', $4, $5, $6, $7, $7) on conflict do nothing returning *",
            command.licence_set_id,
            command.organisation_id,
            command.kind,
            command.meetings,
            list(command.services),
            command.expires_at,
            now,
        )
        if row is None:
            return await _granted_before(connection, command)
        if await is_taken(connection, command.licence_set_id):
            raise Refusal(RefusalCode.LICENCE_SET_EXISTS)
        licences = licence_set(row)
        await put_expiries(connection, [licences])
        await record_licence_set(connection, None, licences, at=now, actor=actor, reason="granted")
        await marking.unmark(connection, organisation, at=now, actor=actor, reason="licences_granted")
        await take_over(connection, licences, self._catalogue, at=now, actor=actor)
        return licences

    async def _expire(self, actor: str, command: ExpireLicences, connection: Connection) -> LicenceSet:
        licences = await _lock(connection, command.licence_set_id)
        active_since, last_expiry = await find_term(connection, command.licence_set_id)
        if last_expiry is not None and command.expired_at <= last_expiry:
            return licences
        if licences.state is not LicenceState.ACTIVE or command.expired_at < active_since:
            raise Refusal(RefusalCode.WRONG_STATE)
        now = await business_now(connection)
        if command.expired_at > now + FUTURE_TOLERANCE:
            raise Refusal(RefusalCode.FUTURE_EVENT)
        return await suspend_licence_set(
            connection, licences, command.expired_at, at=now, actor=actor, reason="expired", rules=self._rules
        )


async def _granted_before(connection: Connection, command: GrantLicences) -> LicenceSet:
    known = await find_licence_set(connection, command.licence_set_id)
    wanted = LicenceSet(state=LicenceState.ACTIVE, generation=known.generation if known else 0, **command.model_dump())
    if known != wanted:
        raise Refusal(RefusalCode.LICENCE_SET_EXISTS)
    return wanted


async def _restore(actor: str, command: RestoreLicences, connection: Connection) -> LicenceSet:
    licences = await _lock(connection, command.licence_set_id)
    now = await business_now(connection)
    refusal = rule.refuse_restore(licences, command.by, now)
    if refusal is not None:
        raise Refusal(refusal)
    active = licences.model_copy(
        update={"state": LicenceState.ACTIVE, "expires_at": command.expires_at, "removal_due_at": None}
    )
    await change_licence_set(connection, licences, active, at=now, actor=actor, reason=command.by)
    await put_expiries(connection, [active])
    await wake_processes(connection, licences.organisation_id)
    return active


async def _remove(connection: Connection, licences: LicenceSet, at: Instant) -> None:
    removed = licences.model_copy(update={"state": LicenceState.REMOVED, "removal_due_at": None})
    await change_licence_set(connection, licences, removed, at=at, actor=TIMER.actor, reason="grace_over")


async def _lock(connection: Connection, licence_set_id: LicenceSetId) -> LicenceSet:
    """Lock the organisation of a licence set, which never changes, and read the set anew."""
    seen = await find_licence_set(connection, licence_set_id)
    if seen is not None:
        await lock_one(connection, seen.organisation_id)
    licences = await find_licence_set(connection, licence_set_id)
    if licences is None:
        raise Refusal(RefusalCode.LICENCE_SET_NOT_FOUND)
    if licences.state is not LicenceState.REMOVED:
        if licences.wholesale:
            raise Refusal(RefusalCode.MANAGED_BY_WHOLESALE)
        if await find_by_licences(connection, licence_set_id) is not None:
            raise Refusal(RefusalCode.MANAGED_BY_TRIAL)
    return licences


def _workflow_id(grace: RenewalGraceInput) -> str:
    return names.renewal_grace_id(grace.licence_set_id, grace.generation)
