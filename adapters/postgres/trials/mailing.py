"""Queueing the mails of trials: who is told what, found at that moment (NO-08, section 18.11)."""

from adapters.postgres import ledger
from adapters.postgres.database import Connection
from adapters.postgres.ledger import Recipients
from adapters.postgres.trials.audience import untold
from adapters.postgres.trials.rows import Trial
from tenure.contracts.base import Instant
from tenure.contracts.notice import NoticeKind

_HOLDERS = """
select distinct on (lower(p.email)) p.person_id, p.email_version
  from licence_assignments a join people p using (person_id)
 where a.licence_set_id = $1 order by lower(p.email), p.person_id
"""
_TYPED = """
select f.person_id, f.email_version from full_admins f
 where f.organisation_id = $1 and lower(f.email) = lower($2) order by f.person_id limit 1
"""
_FULL_ADMINS = """
select distinct on (lower(email)) person_id, email_version from full_admins
 where organisation_id = $1 order by lower(email), person_id
"""
_KNOWN = """
select person_id, email_version from people
 where organisation_id = $1 and lower(email) = lower($2) order by person_id limit 1
"""


class Mailing:
    """Queues mails about one trial for one process to deliver."""

    def __init__(self, domain: str, trial: Trial, workflow_id: str, at: Instant) -> None:
        self._domain = domain
        self._trial = trial
        self._workflow_id = workflow_id
        self._at = at

    async def consent(self, connection: Connection, mailing: int) -> None:
        """The request: to the typed address alone where it is a full admin's, else to it and all full admins (CO-02, CO-03).

        The typed address is a person's where somebody of the organisation has it, and else the trial's own.
        """
        trial = self._trial
        typed = await connection.fetch(_TYPED, trial.organisation_id, trial.admin_email)
        if typed:
            recipients = Recipients.of(typed)
        else:
            known = await connection.fetch(_KNOWN, trial.organisation_id, trial.admin_email)
            first = Recipients.of(known) if known else Recipients([trial.trial_id], [1])
            admins = Recipients.of(await connection.fetch(_FULL_ADMINS, trial.organisation_id))
            recipients = Recipients([*first.ids, *admins.ids], [*first.email_versions, *admins.email_versions])
        await self._queue(connection, NoticeKind.CONSENT_REQUEST, recipients, cycle=mailing)

    async def welcome(self, connection: Connection) -> None:
        """To the admin of a new customer, also at an address that was corrected while everything was built (PV-03)."""
        trial = self._trial
        rows = await connection.fetch(_TYPED, trial.organisation_id, trial.admin_email)
        rows = rows or await connection.fetch(_FULL_ADMINS, trial.organisation_id)
        await self._queue(connection, NoticeKind.WELCOME, Recipients.of(rows))

    async def admins(self, connection: Connection, *kinds: NoticeKind) -> None:
        """To every admin of the customer, of whatever role, or of the partner that owns the trial (NO-01 to NO-05, TR-21)."""
        for kind in kinds:
            await self._queue(connection, kind, await untold(connection, kind, self._trial, self._trial.cycle))

    async def holders(self, connection: Connection) -> None:
        """To who held a licence of the trial at its expiry: nobody gains or loses one in grace (NO-07)."""
        rows = await connection.fetch(_HOLDERS, self._trial.licence_set_id)
        await self._queue(connection, NoticeKind.ACCESS_GONE, Recipients.of(rows))

    async def contact(self, connection: Connection, order_id: str, person_id: str) -> None:
        """To the provisioning contact of an order (TC-15)."""
        rows = await connection.fetch("select person_id, email_version from people where person_id = $1", person_id)
        await self._queue(connection, NoticeKind.SET_UP_SERVICES, Recipients.of(rows), subject=order_id, cycle=1)

    async def _queue(
        self,
        connection: Connection,
        kind: NoticeKind,
        recipients: Recipients,
        *,
        subject: str | None = None,
        cycle: int | None = None,
    ) -> None:
        trial = self._trial
        await ledger.queue(
            connection,
            kind,
            recipients,
            organisation_id=trial.organisation_id,
            subject=subject or trial.trial_id,
            generation=1,
            cycle=trial.cycle if cycle is None else cycle,
            at=self._at,
            domain=self._domain,
            workflow_id=self._workflow_id,
        )
