"""The customer decides about a trial: one full admin, within ten days, once (CO)."""

from typing import Any, Final

from adapters.postgres import ledger
from adapters.postgres.database import Connection
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials import customers, rows, sites, terms
from adapters.postgres.trials.eligibility import holdings
from adapters.postgres.trials.people import is_full_admin
from adapters.postgres.trials.requests import begin_trial
from adapters.postgres.trials.rows import Locked, Trial
from tenure.contracts.activity import ActivityKind
from tenure.contracts.base import Contract, Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.consent import AcceptTrial, DecideConsent, DeclineTrial
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import Access
from tenure.contracts.trial import ConsentState, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_meetings
from tenure.ports import TIMER, Caller

SOURCE: Final = "consent"
"""Of the activity that an answer is: its giver signed in to give it (Q-08)."""

_ACTIVITY: Final = """
update activity set last_activity_at = $2, last_kind = $3, last_source = $4
 where organisation_id = $1 and not closed and last_activity_at is distinct from greatest(last_activity_at, $2)
"""


class Consent(Contract):
    """A row of `trial_requests`."""

    state: ConsentState
    requested_at: Instant
    deadline_at: Instant
    mailings: int


class Consenting:
    """Carries out decisions, inside the transaction of the command."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def accept(
        self, caller: Caller, command: AcceptTrial, connection: Connection, address: int | None = None
    ) -> Trial:
        """Accept: services that were bought or tried elsewhere meanwhile drop out, the others go on (CO-10, CO-17).

        A second acceptance changes nothing, and raises no access (CO-18).
        """
        locked, consent = await _lock(connection, command, address)
        if consent.state is ConsentState.ACCEPTED:
            return locked.trial
        _require_open(consent, locked.now)
        dropped = await self._ineligible(connection, locked.trial)
        services = [service for service in locked.trial.services if service not in dropped]
        if not services:
            raise Refusal(next(iter(dropped.values())), details={"services": dict(dropped)})
        await _sign_in(connection, locked)
        await end_request(connection, locked.trial, ConsentState.ACCEPTED, command.person_id, locked.now)
        await rows.forget_services(connection, locked.trial.trial_id, dropped)
        access = Access.FULL if command.full_administration else Access.PROVISIONING
        columns: dict[str, Any] = {"state": TrialState.AWAITING_DETAILS, "services": services}
        if not has_meetings(services, self._catalogue):  # nothing is left that would be built at its site
            await sites.give_back(connection, locked.trial)
            columns |= {"site_url": None, "site_time_zone": None}
        trial = await rows.change(
            connection,
            locked.trial,
            at=locked.now,
            actor=caller.actor,
            action="consent_accepted",
            reason=access,
            details={"dropped": dict(dropped)},
            **columns,
        )
        await customers.begin_managing(
            connection, trial.partner_id, trial.organisation_id, access, locked.own, at=locked.now, actor=caller.actor
        )
        await wake_processes(connection, trial.organisation_id)
        await begin_trial(connection, trial, locked.now)
        return trial

    async def decline(
        self, caller: Caller, command: DeclineTrial, connection: Connection, address: int | None = None
    ) -> Trial:
        """Decline: what a lapse would be, at once (CO-20)."""
        locked, consent = await _lock(connection, command, address)
        _require_open(consent, locked.now)
        await _sign_in(connection, locked)
        return await _end(connection, locked.trial, ConsentState.DECLINED, caller.actor, command.person_id, locked.now)

    async def _ineligible(self, connection: Connection, trial: Trial) -> dict[str, RefusalCode]:
        held = await holdings(connection, trial.organisation_id, but=trial.trial_id)
        return rule.ineligible(trial.services, trial.partner_id, held, self._catalogue)


async def lapse(connection: Connection, trial: Trial, at: Instant) -> Trial:
    """Nobody has answered in ten days: the trial is cancelled, the row leaves the partner's list, no mail (CO-14, CO-15)."""
    return await _end(connection, trial, ConsentState.LAPSED, TIMER.actor, None, at)


async def _end(
    connection: Connection, before: Trial, state: ConsentState, actor: str, person_id: PersonId | None, at: Instant
) -> Trial:
    """A request that nobody accepted ends, and the trial with it; the organisation is untouched."""
    await end_request(connection, before, state, person_id, at)
    await sites.give_back(connection, before)
    trial = await rows.change(
        connection, before, at=at, actor=actor, action=f"consent_{state}", state=TrialState.CANCELLED
    )
    await rows.forget_services(connection, trial.trial_id)
    await wake_processes(connection, trial.organisation_id)
    return trial


async def end_request(
    connection: Connection, trial: Trial, state: ConsentState, person_id: PersonId | None, at: Instant
) -> None:
    """The request is no longer open: its links are dead, its mails void (CO-15).

    Who has decided stands here and not in the audit, so that it goes with the organisation (XC-07).
    """
    await connection.execute(
        "update trial_requests set state = $2, decided_by = $3, decided_at = $4 where trial_id = $1",
        trial.trial_id,
        state,
        person_id,
        at,
    )
    await ledger.drop(connection, trial.trial_id, {NoticeKind.CONSENT_REQUEST})
    await terms.clear_dates(connection, trial, NextKind.CONSENT_DEADLINE)


async def find_consent(connection: Connection, trial: Trial) -> Consent | None:
    """The request for consent to a trial, where there was one."""
    row = await connection.fetchrow(
        "select state, requested_at, deadline_at, mailings from trial_requests where trial_id = $1", trial.trial_id
    )
    return None if row is None else Consent.model_validate(dict(row))


async def _lock(connection: Connection, command: DecideConsent, address: int | None) -> tuple[Locked, Consent]:
    """Lock a trial that needs consent, for a full admin of its organisation, whose link was sent to this address.

    Raises:
        Refusal: `trial_not_found`, `org_deleted`, `consent_needs_full_admin` (CO-05).
    """
    locked = await rows.lock_trial(connection, command.trial_id)
    consent = await find_consent(connection, locked.trial)
    if consent is None:
        raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
    if not await is_full_admin(connection, locked.trial.organisation_id, command.person_id, address):
        raise Refusal(RefusalCode.CONSENT_NEEDS_FULL_ADMIN)
    return locked, consent


def _require_open(consent: Consent, as_of: Instant) -> None:
    refusal = rule.refuse_consent(consent.state, consent.deadline_at, as_of)
    if refusal is not None:
        raise Refusal(refusal)


async def _sign_in(connection: Connection, locked: Locked) -> None:
    """A full admin was there: that is activity, and resets a countdown by itself (Q-08)."""
    await connection.execute(
        _ACTIVITY, locked.trial.organisation_id, locked.now, ActivityKind.ADMIN_CONSOLE_SIGN_IN, SOURCE
    )
