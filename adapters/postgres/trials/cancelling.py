"""The end of a trial by its partner's hand, at whatever point it stands (CO-11, CO-13, TC-10, TC-11, Q-32)."""

from typing import Any, Final, assert_never

from adapters.postgres import audit, marking
from adapters.postgres.database import Connection
from adapters.postgres.pending import put_next_date, wake_processes
from adapters.postgres.trials import numbers, rows, screenings, sites, terms
from adapters.postgres.trials.changes import lock_own
from adapters.postgres.trials.consenting import end_request
from adapters.postgres.trials.eligibility import holdings
from adapters.postgres.trials.requests import begin_trial
from adapters.postgres.trials.rows import Locked, Trial
from adapters.postgres.trials.screened import end_unbuilt
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.forecast import TRIAL_CANCELLED, NextKind
from tenure.contracts.trial import CancelTrial, ConsentState, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.policy import trial as rule
from tenure.policy.grace import removal_due_at
from tenure.policy.rules import Rules
from tenure.policy.trial import Action
from tenure.ports import Caller

# The customer stays on the list of a partner that has another trial under way there.
_LAST_OF_ITS_PARTNER: Final = """
delete from managements where partner_id = $1 and organisation_id = $2
   and not exists (select from trials where partner_id = $1 and organisation_id = $2
                                        and state in ('awaiting_details', 'provisioning', 'active', 'grace'))
returning true
"""


class Cancelling:
    """Carries out cancellations, inside the transaction of the command."""

    def __init__(self, rules: Rules, catalogue: Catalogue) -> None:
        self._rules = rules
        self._catalogue = catalogue

    async def cancel(self, caller: Caller, command: CancelTrial, connection: Connection) -> Trial:
        """End a request or a trial; what has been built is torn down.

        Raises:
            Refusal: `confirmation_required` without an explicit yes: then nothing happens (TC-10).
        """
        locked = await lock_own(connection, caller, command, Action.CANCEL)
        if not command.confirmed:
            raise Refusal(RefusalCode.CONFIRMATION_REQUIRED, "Cancelling a trial cannot be undone: confirm it.")
        before = locked.trial
        if await screenings.holding(connection, before) is not None:
            return await end_unbuilt(
                connection, before, locked.organisation, at=locked.now, actor=caller.actor, rules=self._rules
            )
        columns: dict[str, Any] = {"state": TrialState.CANCELLED, "grace_ends_at": None, "reminder_at": None}
        if before.state is TrialState.GRACE:  # its process has ended: the next tears the services down
            columns["generation"] = before.generation + 1
        trial = await rows.change(
            connection, before, at=locked.now, actor=caller.actor, action="trial_cancelled", **columns
        )
        await terms.close(connection, trial)
        match before.state:
            case TrialState.PENDING_CONSENT:
                await end_request(connection, trial, ConsentState.WITHDRAWN, None, locked.now)
                await sites.give_back(connection, trial)
                await rows.forget_services(connection, trial.trial_id)
            case TrialState.AWAITING_DETAILS | TrialState.PROVISIONING:
                await self._before_it_was_active(connection, locked, trial, caller)
            case TrialState.ACTIVE | TrialState.GRACE:
                await self._of_licences(connection, locked, trial, caller)
            case TrialState.CONVERTED | TrialState.CANCELLED | TrialState.ENDED:
                raise Refusal(RefusalCode.WRONG_STATE)
            case _:
                assert_never(before.state)
        await wake_processes(connection, trial.organisation_id)
        if before.state is TrialState.GRACE:
            await begin_trial(connection, trial, locked.now)
        return trial

    async def _before_it_was_active(self, connection: Connection, locked: Locked, trial: Trial, caller: Caller) -> None:
        """What consent has opened is closed again: the customer leaves the partner's list, the grants end (CO-13)."""
        await sites.give_back(connection, trial)
        if trial.path is TrialPath.EXISTING_CUSTOMER:
            await self._stop_managing(connection, locked, trial, caller)
        if locked.trial.state is TrialState.PROVISIONING:
            held = await holdings(connection, trial.organisation_id, but=trial.trial_id)
            await rows.leave_to_buyer(connection, trial.trial_id, rule.owned(held.licence_sets, self._catalogue))
            await rows.release_services(connection, trial.trial_id)
            await self._leave_behind(connection, locked, trial, caller)
        else:  # the platform has been asked for nothing yet
            await rows.forget_services(connection, trial.trial_id)

    async def _stop_managing(self, connection: Connection, locked: Locked, trial: Trial, caller: Caller) -> None:
        removed = await connection.fetchval(
            _LAST_OF_ITS_PARTNER,
            trial.partner_id,
            trial.organisation_id,
        )
        if not removed:
            return
        await audit.append(
            connection,
            subject=trial.organisation_id,
            at=locked.now,
            actor=caller.actor,
            action="unmanaged",
            reason="trial_cancelled",
            details={"partner_id": trial.partner_id},
        )
        if locked.own is not None:
            await marking.evaluate(
                connection,
                locked.own,
                at=locked.now,
                actor=caller.actor,
                reason="last_customer_gone",
                rules=self._rules,
            )

    async def _of_licences(self, connection: Connection, locked: Locked, trial: Trial, caller: Caller) -> None:
        """Licences go at once, numbers are held, meeting data waits as after an expiry, nobody is moved (TC-11, Q-32)."""
        await rows.release_services(connection, trial.trial_id)
        before, licences = locked.trial, await terms.licences_of(connection, trial)
        active = before.state is TrialState.ACTIVE
        next_grace = removal_due_at(licences.kind, locked.now, self._rules)
        await terms.remove_licences(
            connection,
            trial,
            at=locked.now,
            actor=caller.actor,
            reason="trial_cancelled",
            next_grace=next_grace if active and licences.meetings else None,
        )
        if not active and licences.meetings and before.grace_ends_at is not None:
            await put_next_date(
                connection,
                organisation_id=trial.organisation_id,
                kind=NextKind.LICENCE_REMOVAL,
                subject=trial.licence_set_id,
                due_at=before.grace_ends_at,
                rule="RP-05",
                reason=TRIAL_CANCELLED,
            )
        await self._leave_behind(connection, locked, trial, caller)

    async def _leave_behind(self, connection: Connection, locked: Locked, trial: Trial, caller: Caller) -> None:
        """Numbers that calling had been given are held, and the organisation may have nothing left (TC-09, DM-01)."""
        await numbers.hold(
            connection,
            trial,
            at=locked.now,
            actor=caller.actor,
            rules=self._rules,
            catalogue=self._catalogue,
        )
        await marking.evaluate(
            connection,
            locked.organisation,
            at=locked.now,
            actor=caller.actor,
            reason="trial_cancelled",
            rules=self._rules,
        )
