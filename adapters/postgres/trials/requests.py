"""A partner asks for a trial: what is on offer, and the request itself (TR)."""

import asyncpg

from adapters.postgres.database import Connection, business_now
from adapters.postgres.pending import put_next_date, require_process, wake_processes
from adapters.postgres.trials import customers, rows, screenings, sites
from adapters.postgres.trials.eligibility import (
    holdings,
    require_eligible,
    require_none_pending,
    require_ready,
)
from adapters.postgres.trials.mailing import Mailing
from adapters.postgres.trials.people import require_partner, require_seller
from adapters.postgres.trials.rows import Trial
from tenure import names
from tenure.contracts.base import Instant, request_hash
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import GONE, Access
from tenure.contracts.process import ProcessType
from tenure.contracts.trial import RequestTrial, TrialPath, TrialState
from tenure.contracts.trial_process import TrialInput
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, TrialId
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_meetings
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules
from tenure.ports import Caller

_INSERT = """
insert into trials (trial_id, organisation_id, partner_id, path, state, services, length_days, licence_set_id,
                    requested_by, requested_at, request_hash, admin_email, seats, site_url, site_time_zone, devices)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, null, $13, $14, $15) returning *
"""


class Requests:
    """Carries out requests for trials, inside the transaction of the command."""

    def __init__(
        self, rules: Rules, screening_rules: ScreeningRules, catalogue: Catalogue, message_domain: str
    ) -> None:
        self._rules = rules
        self._screening_rules = screening_rules
        self._catalogue = catalogue
        self._domain = message_domain

    async def request(self, caller: Caller, command: RequestTrial, connection: Connection) -> Trial:
        """Begin a trial, or the request for consent to one; the same request again answers the same (TR-23).

        Raises:
            Refusal: whatever speaks against it, in the order in which a partner would meet it.
        """
        partner = await require_partner(connection, caller, command.partner_id)
        await require_seller(connection, caller, command.partner_id, command.requested_by)
        await customers.lock_request(connection, command)
        known = await self._known(connection, command)
        if known is not None:
            return known
        self._check_form(command)
        own_id = None if partner["organisation_id"] is None else OrganisationId(partner["organisation_id"])
        organisation_id = await customers.resolve(connection, command, own_id)
        customer, own = await rows.lock_with_partner(connection, organisation_id, command.partner_id)
        if organisation_id is not None and customer is None:
            raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
        if any(each is not None and each["state"] in GONE for each in (customer, own)):
            raise Refusal(RefusalCode.ORG_DELETED)
        now = await business_now(connection)
        if customer is None:
            return await self._new_customer(connection, caller, command, own, now)
        return await self._existing(connection, caller, command, customer, own, now)

    def _check_form(self, command: RequestTrial) -> None:
        """What can be wrong with a request whoever it is for."""
        refusal = rule.refuse_services(command.services, command.site, self._catalogue)
        if refusal is not None:
            raise Refusal(refusal)
        if command.length_days is not None and command.length_days not in self._rules.trial_lengths_days:
            offered = list(self._rules.trial_lengths_days)
            raise Refusal(RefusalCode.LENGTH_NOT_OFFERED, details={"offered_days": offered})
        if command.industry is not None and command.industry not in self._catalogue.industries:
            raise Refusal(RefusalCode.INDUSTRY_UNKNOWN)
        if command.country is not None and command.country not in self._catalogue.countries:
            raise Refusal(RefusalCode.COUNTRY_UNSUPPORTED)

    async def _known(self, connection: Connection, command: RequestTrial) -> Trial | None:
        """The trial of this id, where the request is the same; an id is never used twice (P11)."""
        trial = await rows.find(connection, command.trial_id)
        if trial is not None:
            if trial.request_hash != request_hash(command):
                raise Refusal(RefusalCode.TRIAL_EXISTS)
            return trial
        taken = await connection.fetchval(
            "select exists (select from processes where workflow_id = any($1::text[]))"
            "    or exists (select from licence_sets where licence_set_id = $2)"
            "    or exists (select from trials where licence_set_id = $2)"
            "    or exists (select from trial_requests where trial_request_id = $3)",
            [
                names.trial_consent_id(command.trial_id),
                names.trial_id(command.trial_id, 1),
                names.renewal_grace_id(_licence_set_id(command.trial_id), 1),
            ],
            _licence_set_id(command.trial_id),
            rows.request_id(command.trial_id),
        )
        if taken:
            raise Refusal(RefusalCode.TRIAL_EXISTS)
        return None

    async def _new_customer(
        self,
        connection: Connection,
        caller: Caller,
        command: RequestTrial,
        own: asyncpg.Record | None,
        now: Instant,
    ) -> Trial:
        """Path (a): the organisation is created and screened, and the partner administers it fully (section 18.7, RPL-01)."""
        _require_details(command)
        organisation_id = await customers.create(connection, command, self._catalogue, at=now, actor=caller.actor)
        await customers.begin_managing(
            connection, command.partner_id, organisation_id, Access.FULL, own, at=now, actor=caller.actor
        )
        trial = await self._insert(connection, command, organisation_id, TrialPath.NEW_CUSTOMER, now)
        await self._begin(connection, caller, trial, now)
        if self._screening_rules.customers == "all":
            await screenings.begin(connection, trial, now, caller.actor)
        return trial

    async def _existing(
        self,
        connection: Connection,
        caller: Caller,
        command: RequestTrial,
        customer: asyncpg.Record,
        own: asyncpg.Record | None,
        now: Instant,
    ) -> Trial:
        """Paths (b) and (c): whether consent is needed is a matter of who manages whom."""
        organisation_id = OrganisationId(customer["organisation_id"])
        access = await customers.access(connection, command.partner_id, organisation_id)
        path = rule.path(exists=True, managed=access is not None)
        if path is TrialPath.EXISTING_CUSTOMER:
            _require_details(command)
        again = await require_ready(connection, customer, command.partner_id, path, self._catalogue)
        held = await holdings(connection, organisation_id)
        require_none_pending(command.partner_id, held, now)
        require_eligible(command.services, command.partner_id, held, self._catalogue)
        trial = await self._insert(connection, command, organisation_id, path, now)
        if path is TrialPath.EXISTING_CUSTOMER:
            await self._ask(connection, caller, trial, now)
            return trial
        if access is Access.NONE:  # after the last grace the row stands, and full access needs the customer
            level = Access.PROVISIONING
            await customers.begin_managing(
                connection, command.partner_id, organisation_id, level, own, at=now, actor=caller.actor
            )
        await self._begin(connection, caller, trial, now)
        if again:  # whoever is screened now: this very customer was found once
            await screenings.begin(connection, trial, now, caller.actor)
        return trial

    async def _insert(
        self,
        connection: Connection,
        command: RequestTrial,
        organisation_id: OrganisationId,
        path: TrialPath,
        now: Instant,
    ) -> Trial:
        consent = path is TrialPath.EXISTING_CUSTOMER
        site = command.site if has_meetings(command.services, self._catalogue) else None  # nothing else is built there
        await sites.take(connection, site, organisation_id, now)
        services = list(dict.fromkeys(command.services))
        row = await connection.fetchrow(
            _INSERT,
            command.trial_id,
            organisation_id,
            command.partner_id,
            path,
            TrialState.PENDING_CONSENT if consent else TrialState.PROVISIONING,
            services,
            command.length_days or self._rules.trial_lengths_days[0],
            _licence_set_id(command.trial_id),
            command.requested_by,
            now,
            request_hash(command),
            command.admin_email,
            None if site is None else site.url,
            None if site is None else site.time_zone,
            [line.model_dump(mode="json") for line in command.devices],
        )
        assert row is not None
        await rows.order_services(connection, command.trial_id, services)
        return Trial.model_validate(dict(row))

    async def _begin(self, connection: Connection, caller: Caller, trial: Trial, now: Instant) -> None:
        """Nobody has to consent: the services are built."""
        await _record(connection, caller, trial, now)
        await wake_processes(connection, trial.organisation_id)
        await begin_trial(connection, trial, now)

    async def _ask(self, connection: Connection, caller: Caller, trial: Trial, now: Instant) -> None:
        """Path (b): the request is mailed, and waits for ten days (CO-01, CO-06)."""
        deadline = rule.consent_deadline(now, self._rules)
        await connection.execute(
            "insert into trial_requests"
            " (trial_request_id, trial_id, organisation_id, partner_id, requested_at, deadline_at)"
            " values ($1, $2, $3, $4, $5, $6)",
            trial.request_id,
            trial.trial_id,
            trial.organisation_id,
            trial.partner_id,
            now,
            deadline,
        )
        await _record(connection, caller, trial, now)
        workflow_id = names.trial_consent_id(trial.trial_id)
        await Mailing(self._domain, trial, workflow_id, now).consent(connection, 1)
        await put_next_date(
            connection,
            organisation_id=trial.organisation_id,
            kind=NextKind.CONSENT_DEADLINE,
            subject=trial.trial_id,
            due_at=deadline,
            rule="CO-06",
            reason="consent",
        )
        await wake_processes(connection, trial.organisation_id)
        await require_process(
            connection,
            workflow_id=workflow_id,
            process_type=ProcessType.TRIAL_CONSENT,
            organisation_id=trial.organisation_id,
            input_=TrialInput(trial_id=trial.trial_id, organisation_id=trial.organisation_id),
            due_at=deadline,
            at=now,
        )


async def begin_trial(connection: Connection, trial: Trial, now: Instant) -> None:
    """Require the process of a trial's present generation."""
    await require_process(
        connection,
        workflow_id=names.trial_id(trial.trial_id, trial.generation),
        process_type=ProcessType.TRIAL,
        organisation_id=trial.organisation_id,
        input_=TrialInput(trial_id=trial.trial_id, organisation_id=trial.organisation_id, generation=trial.generation),
        due_at=trial.ends_at,
        at=now,
    )


def _licence_set_id(trial_id: TrialId) -> LicenceSetId:
    """Of the licences that the trial will have; a caller's own key often names a licence set, too."""
    return LicenceSetId(f"lic_{trial_id.name[:42].rstrip('-')}-trial")


def _require_details(command: RequestTrial) -> None:
    """All four of them (TR-04).

    Raises:
        Refusal: `customer_details_required`.
    """
    if None in {command.company_name, command.admin_email, command.industry, command.country}:
        raise Refusal(RefusalCode.CUSTOMER_DETAILS_REQUIRED)


async def _record(connection: Connection, caller: Caller, trial: Trial, now: Instant) -> None:
    await rows.record(
        connection,
        trial,
        None,
        at=now,
        actor=caller.actor,
        action="trial_requested",
        reason=trial.path,
        details={"partner_id": trial.partner_id, "services": list(trial.services)},
    )
