"""Sending by the ledger: each attempt asks it first, and each answer of a mail server is written into it (TL-01, XC-02).

All of it happens under the organisation's lock, like everything else about it. What a mail says, to whom, and whether it
is still true is known by its kind: `warnings` and `trials.mails`. The process that delivers a notice looks again by
itself once that is done; it is woken where somebody is to be told as well.
"""

from collections.abc import Sequence
from typing import Final

from adapters.links import Links
from adapters.postgres import ledger
from adapters.postgres.database import Connection, Database
from adapters.postgres.entry import Addressee, Entry, answered, lock_entry
from adapters.postgres.evidence import read_evidence
from adapters.postgres.trials.audience import PARTNER_KINDS
from adapters.postgres.trials.mails import TrialMails
from adapters.postgres.visibility import require_acquainted, require_alive, require_visible
from adapters.postgres.warnings import RECIPIENT, Warnings
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.notice import DeletionMatter, Delivery, Notice, NoticeKind, NoticeState, TrialMatter
from tenure.contracts.organisation import GONE, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId, TrialId
from tenure.policy import promise
from tenure.policy.rules import Rules
from tenure.ports import Caller
from tenure.settings import InstallationKind

_OF: Final = """
select n.* from notices n
 where n.organisation_id = $1
   and ($2::text is null or n.kind = 'deletion_warning'
        or exists (select from trials t where t.partner_id = $2 and t.trial_id = n.subject)
        or exists (select from orders o join trials t using (trial_id)
                    where t.partner_id = $2 and o.order_id = n.subject))
 order by n.created_at, n.notice_id
"""


class PostgresNotices:
    """The port `Notices`."""

    def __init__(
        self, database: Database, rules: Rules, *, message_domain: str, links: Links, catalogue: Catalogue
    ) -> None:
        """Take the domain that ends the Message-IDs, the links that mails carry, and the names of services."""
        self._database = database
        self._rules = rules
        self._message_domain = message_domain
        self._warnings = Warnings(rules, message_domain)
        self._trials = TrialMails(rules, links, catalogue, message_domain)

    async def next_attempt(self, notice_id: str) -> Delivery | None:
        """Read state, recipient and what is to be said again just before sending, and record the attempt; see the port."""
        async with self._database.write() as connection:
            entry = await lock_entry(connection, notice_id)
            if entry is None or not entry.is_queued:
                return None
            found = await self._attempt(connection, entry)
            if found is None:
                await ledger.set_state(connection, entry.notice_id, NoticeState.DROPPED, entry.now)
                return None
            addressee, matter = found
            row = await connection.fetchrow(
                "update notices set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, $2),"
                " last_attempt_at = $2, email_version = $3, address_digest = $4,"
                " refusals = case when email_version = $3 then refusals else 0 end,"
                " last_refusal_at = case when email_version = $3 then last_refusal_at end"
                " where notice_id = $1 returning *",
                notice_id,
                entry.now,
                addressee.email_version,
                ledger.address_digest(entry.row["notice_id"], addressee.email),
            )
            assert row is not None
            return self._delivery(ledger.notice(row), addressee, entry.now, matter)

    async def accepted(self, notice_id: str, answer: str) -> Notice:
        """The mail server took it (250); a warning's promise and its acceptance are recorded with it."""
        async with self._database.write() as connection:
            entry = await answered(connection, notice_id)
            if NoticeState(entry.row["state"]) is NoticeState.ACCEPTED:
                return ledger.notice(entry.row)
            notice = await ledger.set_state(connection, entry.notice_id, NoticeState.ACCEPTED, entry.now, answer)
            if entry.kind is NoticeKind.DELETION_WARNING:
                await self._warnings.accepted(connection, entry)
            return notice

    async def refused(self, notice_id: str, answer: str) -> Notice:
        """The mail server refuses the recipient: final after some refusals, else still queued; see the port."""
        async with self._database.write() as connection:
            entry = await answered(connection, notice_id)
            if not entry.is_queued:
                return ledger.notice(entry.row)
            refusals = entry.row["refusals"]
            if promise.refusal_counts(entry.row["last_refusal_at"], entry.now, self._rules):
                refusals += 1
                await connection.execute(
                    "update notices set refusals = $2, last_refusal_at = $3 where notice_id = $1",
                    notice_id,
                    refusals,
                    entry.now,
                )
            if refusals < self._rules.refusals:
                return await ledger.set_state(connection, entry.notice_id, NoticeState.QUEUED, entry.now, answer)
            notice = await ledger.set_state(connection, entry.notice_id, NoticeState.REFUSED, entry.now, answer)
            if entry.kind is NoticeKind.DELETION_WARNING:
                await self._warnings.settle(connection, entry)
            return notice

    async def deferred(self, notice_id: str, answer: str) -> None:
        """Not now: the attempt is on record, and another follows."""
        async with self._database.write() as connection:
            entry = await answered(connection, notice_id)
            if entry.is_queued:
                await ledger.set_state(connection, entry.notice_id, NoticeState.QUEUED, entry.now, answer)

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[Notice]:
        """All notices of an organisation that the caller may see, oldest first; of trials a partner sees its own (P14).

        Raises:
            Refusal: `organisation_not_found`; `org_deleted` from its fence on to a partner, and from its receipt on to
                everybody (SF-11).
        """
        async with self._database.read() as connection:
            await require_alive(connection, caller, organisation_id)
            rows = await connection.fetch(_OF, organisation_id, caller.partner_id)
            return [ledger.notice(row) for row in rows]

    async def preview(
        self, caller: Caller, kind: NoticeKind, organisation_id: OrganisationId, as_of: Instant
    ) -> Delivery:
        """What would be sent to the first recipient at that instant (WH-03). Changes nothing.

        A mail about a trial speaks of the organisation's newest one, as its state is now; a partner sees its own.

        Raises:
            Refusal: `organisation_not_found`, `org_deleted`, `trial_not_found` where there is none to speak of,
                `person_not_found` where there is no recipient, or `access_level_insufficient` to a partner who may know
                nobody there any more.
        """
        async with self._database.read() as connection:
            organisation = await require_visible(connection, caller, organisation_id)
            if OrganisationState(organisation["state"]) in GONE:
                raise Refusal(RefusalCode.ORG_DELETED)
            if kind not in PARTNER_KINDS:
                await require_acquainted(connection, caller, organisation_id)
            if kind is not NoticeKind.DELETION_WARNING:
                key, recipient, addressee, matter = await self._trials.forecast(
                    connection, kind, organisation_id, as_of, caller.partner_id
                )
                notice = self._notice(
                    kind,
                    organisation_id,
                    *key,
                    TrialId(recipient) if recipient.startswith("trl_") else PersonId(recipient),
                )
                return self._delivery(notice, addressee, as_of, matter)
            row = await connection.fetchrow(RECIPIENT, organisation_id, None)
            if row is None:
                raise Refusal(RefusalCode.PERSON_NOT_FOUND)
            evidence = await read_evidence(connection, organisation_id, lock_activity=False)
        cycle, warning = self._warnings.forecast(evidence, as_of, organisation["time_zone"])
        notice = self._notice(
            kind, organisation_id, organisation_id, evidence.generation, cycle, PersonId(row["person_id"])
        )
        return self._delivery(notice, Addressee.of(row), as_of, warning)

    async def _attempt(
        self, connection: Connection, entry: Entry
    ) -> tuple[Addressee, DeletionMatter | TrialMatter] | None:
        if entry.kind is NoticeKind.DELETION_WARNING:
            return await self._warnings.attempt(connection, entry)
        return await self._trials.attempt(connection, entry)

    def _notice(
        self,
        kind: NoticeKind,
        organisation_id: OrganisationId,
        subject: str,
        generation: int,
        cycle: int,
        recipient: PersonId | TrialId,
    ) -> Notice:
        key = ledger.notice_id(kind, subject, generation, cycle, recipient)
        return Notice(
            notice_id=str(key),
            kind=kind,
            organisation_id=organisation_id,
            subject=subject,
            cycle=cycle,
            recipient=recipient,
            message_id=ledger.message_id(key, self._message_domain),
            state=NoticeState.QUEUED,
        )

    def _delivery(
        self, notice: Notice, addressee: Addressee, attempt_at: Instant, matter: DeletionMatter | TrialMatter
    ) -> Delivery:
        return Delivery(
            notice=notice,
            name=addressee.name,
            email=addressee.email,
            language=addressee.language,
            time_zone=addressee.time_zone,
            organisation_name=addressee.organisation_name,
            attempt_at=attempt_at,
            matter=matter,
            simulation=self._database.kind is InstallationKind.SIMULATION,
        )
