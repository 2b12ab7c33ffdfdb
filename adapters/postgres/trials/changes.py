"""What a partner does to its trial: details, extension, edit, licences (PV-01, PV-05, TC)."""

from collections.abc import Sequence
from typing import Final

from adapters.postgres.database import Connection
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials import customers, numbers, rows, sites, terms
from adapters.postgres.trials.consenting import find_consent
from adapters.postgres.trials.eligibility import holdings, require_eligible
from adapters.postgres.trials.mailing import Mailing
from adapters.postgres.trials.people import require_admin
from adapters.postgres.trials.requests import begin_trial
from adapters.postgres.trials.rows import Locked, Trial
from tenure import names
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.organisation import Access
from tenure.contracts.trial import (
    AssignLicences,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    ResendConsent,
    TrialCommand,
    TrialState,
)
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_calling, has_meetings
from tenure.policy.rules import Rules
from tenure.policy.trial import Action
from tenure.ports import Caller

_EITHER: Final = (Access.PROVISIONING, Access.FULL)
"""Whoever the customer no longer has as its partner may still end what it has begun there, and do no more (TC-21, RO-04)."""


class Changes:
    """Carries out what a partner does to its trial, inside the transaction of the command."""

    def __init__(self, rules: Rules, catalogue: Catalogue, message_domain: str) -> None:
        self._rules = rules
        self._catalogue = catalogue
        self._domain = message_domain

    async def resend(self, caller: Caller, command: ResendConsent, connection: Connection) -> Trial:
        """Mail the request again: recipients are found anew, the deadline stays (CO-12)."""
        locked = await lock_own(connection, caller, command, Action.RESEND)
        consent = await find_consent(connection, locked.trial)
        if consent is None:
            raise Refusal(RefusalCode.NOT_PENDING)
        if consent.mailings >= self._rules.consent_mailings:
            raise Refusal(RefusalCode.MAILED_OFTEN_ENOUGH)
        await connection.execute(
            "update trial_requests set mailings = mailings + 1 where trial_id = $1", command.trial_id
        )
        trial = await rows.change(connection, locked.trial, at=locked.now, actor=caller.actor, action="consent_resent")
        mails = Mailing(self._domain, trial, names.trial_consent_id(trial.trial_id), locked.now)
        await mails.consent(connection, consent.mailings + 1)
        await wake_processes(connection, trial.organisation_id)
        return trial

    async def provide_details(self, caller: Caller, command: ProvideDetails, connection: Connection) -> Trial:
        """What provisioning needs; while it is under way, ask for it to be tried again at once (PV-01, PV-02).

        What was ordered stays as it was ordered: its key stands for these very words (PV-04).
        """
        locked = await lock_own(connection, caller, command, Action.PROVIDE_DETAILS, seller=False)
        await _require_access(connection, locked.trial, *_EITHER)
        first = locked.trial.state is TrialState.AWAITING_DETAILS
        trial = await rows.change(
            connection,
            locked.trial,
            at=locked.now,
            actor=caller.actor,
            action="provisioning" if first else "provisioning_retried",
            state=TrialState.PROVISIONING,
            seats=command.seats if first else locked.trial.seats,
        )
        await connection.execute("update trial_services set problem = null where trial_id = $1", trial.trial_id)
        await wake_processes(connection, trial.organisation_id)
        return trial

    async def extend(self, caller: Caller, command: ExtendTrial, connection: Connection) -> Trial:
        """Replace the end, counted from now; in grace the licences come back (TC-01 to TC-05)."""
        locked = await lock_own(connection, caller, command, Action.EXTEND)
        before = locked.trial
        await _require_access(connection, before, *_EITHER)
        rule.require_extension(command.days, self._rules)
        ends_at = rule.extended(locked.now, command.days)
        resumed = before.state is TrialState.GRACE
        if not resumed and before.ends_at is not None and ends_at < before.ends_at and not command.confirmed:
            raise Refusal(
                RefusalCode.CONFIRMATION_REQUIRED,
                "The new end is earlier than the present one: confirm it.",
                details={"ends_at": before.ends_at.isoformat(), "new_ends_at": ends_at.isoformat()},
            )
        columns = terms.armed(before, ends_at, locked.now, self._rules)
        if resumed:
            columns["generation"] = before.generation + 1
        trial = await rows.change(
            connection,
            before,
            at=locked.now,
            actor=caller.actor,
            action="trial_extended",
            details={"days": command.days},
            **columns,
        )
        await terms.set_licences(
            connection, trial, self._catalogue, at=locked.now, actor=caller.actor, reason="trial_extension"
        )
        await terms.put_dates(connection, trial)
        await wake_processes(connection, trial.organisation_id)
        if resumed:
            await begin_trial(connection, trial, locked.now)
        return trial

    async def edit(self, caller: Caller, command: EditTrial, connection: Connection) -> Trial:
        """Replace the services: what is added shares the end, what is removed leaves at once (TC-07 to TC-09)."""
        locked = await lock_own(connection, caller, command, Action.EDIT)
        before = locked.trial
        await _require_access(connection, before, *_EITHER)
        wanted = tuple(dict.fromkeys(command.services))
        added = tuple(service for service in wanted if service not in before.services)
        removed = tuple(service for service in before.services if service not in wanted)
        refusal = rule.refuse_services(wanted, command.site or before.site, self._catalogue)
        if refusal is not None:
            raise Refusal(refusal)
        asked = command.site if has_meetings(wanted, self._catalogue) else None  # nothing else is built there
        site = asked or before.site
        held = await holdings(connection, before.organisation_id, but=before.trial_id)
        require_eligible(added, before.partner_id, held, self._catalogue)
        if site is not None and site != before.site:
            kept = set(before.services).intersection(wanted)
            if before.site is not None and has_meetings(kept, self._catalogue):  # built there, and never moved
                raise Refusal(RefusalCode.SITE_FIXED)
            await sites.take(connection, site, before.organisation_id, locked.now)
        trial = await rows.change(
            connection,
            before,
            at=locked.now,
            actor=caller.actor,
            action="trial_edited",
            details={"added": list(added), "removed": list(removed)},
            services=list(wanted),
            site_url=None if site is None else site.url,
            site_time_zone=None if site is None else site.time_zone,
        )
        await rows.order_services(connection, trial.trial_id, added)
        await rows.release_services(connection, trial.trial_id, removed)
        await terms.set_licences(
            connection, trial, self._catalogue, at=locked.now, actor=caller.actor, reason="trial_edited"
        )
        if has_calling(removed, self._catalogue) and not has_calling(wanted, self._catalogue):
            await numbers.hold(
                connection,
                trial,
                at=locked.now,
                actor=caller.actor,
                rules=self._rules,
                catalogue=self._catalogue,
            )
        await wake_processes(connection, trial.organisation_id)
        return trial

    async def assign(self, caller: Caller, command: AssignLicences, connection: Connection) -> Trial:
        """Say whose licences change: only with full administration, which a new customer gives by itself (PV-05, PV-06).

        What changes nothing leaves no trace.
        """
        locked = await lock_own(connection, caller, command, Action.ASSIGN, seller=False)
        trial = locked.trial
        await _require_access(connection, trial, Access.FULL)
        await _require_people(connection, trial, (*command.give, *command.take))
        given = await connection.fetch(
            "insert into licence_assignments (licence_set_id, person_id, since)"
            " select $1, person_id, $3 from unnest($2::text[]) as person_id on conflict do nothing returning 1",
            trial.licence_set_id,
            list(command.give),
            locked.now,
        )
        taken = await connection.fetch(
            "delete from licence_assignments where licence_set_id = $1 and person_id = any($2::text[]) returning 1",
            trial.licence_set_id,
            list(command.take),
        )
        if not given and not taken:
            return trial
        details = {"given": len(given), "taken": len(taken)}
        return await rows.change(
            connection, trial, at=locked.now, actor=caller.actor, action="licences_assigned", details=details
        )


async def lock_own(
    connection: Connection, caller: Caller, command: TrialCommand, action: Action, *, seller: bool = True
) -> Locked:
    """Lock a trial for one of its partner's admins, where its state allows the action.

    Raises:
        Refusal: `trial_not_found`, also to another partner in whatever state it is (P14); `org_deleted`, what
            `require_admin` refuses, or what `policy.trial.refuse` answers.
    """
    seen = await rows.find(connection, command.trial_id)
    if seen is None or caller.partner_id not in {None, seen.partner_id}:
        raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
    locked = await rows.lock_trial(connection, command.trial_id)
    trial = locked.trial
    await require_admin(connection, caller, trial.partner_id, command.by, seller=seller)
    consent = await find_consent(connection, trial) if trial.state is TrialState.PENDING_CONSENT else None
    until = trial.until if consent is None else consent.deadline_at
    refusal = rule.refuse(action, trial.state, until, locked.now)
    if refusal is RefusalCode.WRONG_STATE:
        state = rule.settled(trial.state, until, locked.now).replace("_", " ")
        raise Refusal(refusal, f"That is not possible in the present state of this trial: {state}.")
    if refusal is not None:
        raise Refusal(refusal)
    return locked


async def _require_access(connection: Connection, trial: Trial, *levels: Access) -> None:
    """Refuse what the customer has not granted to the partner, or grants no more (PV-02, PV-06, RO-04).

    Raises:
        Refusal: `access_level_insufficient`.
    """
    if await customers.access(connection, trial.partner_id, trial.organisation_id) not in levels:
        raise Refusal(RefusalCode.ACCESS_LEVEL_INSUFFICIENT)


async def _require_people(connection: Connection, trial: Trial, people: Sequence[PersonId]) -> None:
    """Refuse whoever is not of the trial's organisation, and holds no licence of it either (PV-05).

    Raises:
        Refusal: `person_not_found`.
    """
    known = await connection.fetchval(
        "select count(*) from unnest($3::text[]) as wanted"
        " where exists (select from people p where p.person_id = wanted and p.organisation_id = $1)"
        "    or exists (select from licence_assignments a where a.licence_set_id = $2 and a.person_id = wanted)",
        trial.organisation_id,
        trial.licence_set_id,
        list(set(people)),
    )
    if known < len(set(people)):
        raise Refusal(RefusalCode.PERSON_NOT_FOUND)
