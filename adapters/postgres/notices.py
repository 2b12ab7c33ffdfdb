"""Sending by the ledger: each attempt asks it first, and each answer of a mail server is written into it (TL-01, XC-02).

All of it happens under the organisation's lock, like everything else about a countdown. The countdown that delivers a
notice looks again by itself once that is done: nothing here wakes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from adapters.postgres import ledger
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.evidence import read_evidence
from adapters.postgres.visibility import require_alive, require_visible
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Evidence, Promise
from tenure.contracts.notice import Delivery, Notice, NoticeKind, NoticeState
from tenure.contracts.organisation import GONE, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.policy import deletion, promise
from tenure.policy.rules import Rules
from tenure.ports import Caller
from tenure.settings import InstallationKind

_RECIPIENTS = """
select p.person_id, p.name, p.email, p.email_version, coalesce(p.language, o.language) as language,
       o.time_zone, o.name as organisation_name
  from people p join person_roles r using (person_id) join organisations o using (organisation_id)
 where p.organisation_id = $1 and r.role = 'customer_full_admin' and ($2::text is null or p.person_id = $2)
 order by p.person_id limit 1
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of the ledger, read under the lock of its organisation."""

    row: asyncpg.Record
    organisation: asyncpg.Record
    now: Instant

    @property
    def organisation_id(self) -> OrganisationId:
        return OrganisationId(self.row["organisation_id"])

    @property
    def cycle(self) -> tuple[OrganisationId, int, int]:
        """What promises and notices of one warning have in common."""
        return self.organisation_id, self.row["generation"], self.row["cycle"]

    @property
    def is_queued(self) -> bool:
        return NoticeState(self.row["state"]) is NoticeState.QUEUED


class PostgresNotices:
    """The port `Notices`."""

    def __init__(self, database: Database, rules: Rules, *, message_domain: str) -> None:
        """Take the domain that ends the Message-IDs."""
        self._database = database
        self._rules = rules
        self._message_domain = message_domain

    async def next_attempt(self, notice_id: str) -> Delivery | None:
        """Read state, recipient and promise again just before sending, and record the attempt; see the port."""
        async with self._database.write() as connection:
            entry = await _lock(connection, notice_id)
            if entry is None or not entry.is_queued:
                return None
            recipient = await connection.fetchrow(_RECIPIENTS, entry.organisation_id, entry.row["recipient"])
            standing = await self._standing_promise(connection, entry)
            if recipient is None or standing is None:
                await _set_state(connection, entry, NoticeState.DROPPED)
                if standing is not None:  # else the warning is void with the next look at its countdown
                    await self._settle(connection, entry)
                return None
            due = promise.attempted(standing, entry.now, entry.organisation["time_zone"], self._rules)
            await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], due)
            row = await connection.fetchrow(
                "update notices set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, $2),"
                " last_attempt_at = $2, email_version = $3,"
                " refusals = case when email_version = $3 then refusals else 0 end,"
                " last_refusal_at = case when email_version = $3 then last_refusal_at end"
                " where notice_id = $1 returning *",
                notice_id,
                entry.now,
                recipient["email_version"],
            )
            assert row is not None
            return self._delivery(ledger.notice(row), recipient, entry.now, due.base_at, due.not_before)

    async def accepted(self, notice_id: str, answer: str) -> Notice:
        """The mail server took it (250); the promise and its acceptance are recorded with it."""
        async with self._database.write() as connection:
            entry = await _answered(connection, notice_id)
            if NoticeState(entry.row["state"]) is NoticeState.ACCEPTED:
                return ledger.notice(entry.row)
            notice = await _set_state(connection, entry, NoticeState.ACCEPTED, answer)
            found = await ledger.find_promise(connection, *entry.cycle)
            if found is not None:  # else it was void by the time that the server answered
                told = promise.accepted(found, entry.now, entry.organisation["time_zone"], self._rules)
                await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], told)
            await self._settle(connection, entry)
            return notice

    async def refused(self, notice_id: str, answer: str) -> Notice:
        """The mail server refuses the recipient: final after some refusals, else still queued; see the port."""
        async with self._database.write() as connection:
            entry = await _answered(connection, notice_id)
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
                return await _set_state(connection, entry, NoticeState.QUEUED, answer)
            notice = await _set_state(connection, entry, NoticeState.REFUSED, answer)
            await self._settle(connection, entry)
            return notice

    async def deferred(self, notice_id: str, answer: str) -> None:
        """Not now: the attempt is on record, and another follows."""
        async with self._database.write() as connection:
            entry = await _answered(connection, notice_id)
            if entry.is_queued:
                await _set_state(connection, entry, NoticeState.QUEUED, answer)

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[Notice]:
        """All notices of an organisation that the caller may see, oldest first (P14).

        Raises:
            Refusal: `organisation_not_found`; `org_deleted` from its fence on to a partner, and from its receipt on to
                everybody (SF-11).
        """
        async with self._database.read() as connection:
            await require_alive(connection, caller, organisation_id)
            rows = await connection.fetch(
                "select * from notices where organisation_id = $1 order by created_at, notice_id", organisation_id
            )
            return [ledger.notice(row) for row in rows]

    async def preview(
        self, caller: Caller, kind: NoticeKind, organisation_id: OrganisationId, as_of: Instant
    ) -> Delivery:
        """What would be sent to the organisation's first full admin at that instant (WH-03). Changes nothing.

        Raises:
            Refusal: `organisation_not_found`, `org_deleted`, or `person_not_found` where there is no full admin.
        """
        async with self._database.read() as connection:
            organisation = await require_visible(connection, caller, organisation_id)
            if OrganisationState(organisation["state"]) in GONE:
                raise Refusal(RefusalCode.ORG_DELETED)
            recipient = await connection.fetchrow(_RECIPIENTS, organisation_id, None)
            if recipient is None:
                raise Refusal(RefusalCode.PERSON_NOT_FOUND)
            evidence = await read_evidence(connection, organisation_id, lock_activity=False)
        due = self._forecast(evidence, as_of, organisation["time_zone"])
        person_id = PersonId(recipient["person_id"])
        key = ledger.notice_id(kind, organisation_id, evidence.generation, due.cycle, person_id)
        notice = Notice(
            notice_id=str(key),
            kind=kind,
            organisation_id=organisation_id,
            subject=organisation_id,
            cycle=due.cycle,
            recipient=person_id,
            message_id=ledger.message_id(key, self._message_domain),
            state=NoticeState.QUEUED,
        )
        return self._delivery(notice, recipient, as_of, due.base_at, due.not_before)

    def _forecast(self, evidence: Evidence, as_of: Instant, time_zone: str) -> Promise:
        """The promise as an attempt at that instant would find it: the standing one, or that of a new warning."""
        standing = evidence.promise or Promise(
            cycle=evidence.cycle + 1,
            base_at=deletion.base_at(evidence) or evidence.last_activity_at or as_of,
            not_before=promise.promised(as_of, time_zone, self._rules),
        )
        return promise.attempted(standing, as_of, time_zone, self._rules)

    async def _standing_promise(self, connection: Connection, entry: _Entry) -> Promise | None:
        """The promise that the notice prints, unless what it says is no longer true (TL-01)."""
        evidence = await read_evidence(connection, entry.organisation_id, lock_activity=False)
        if (evidence.organisation_id, evidence.generation, evidence.cycle) != entry.cycle:
            return None
        if deletion.assess(evidence, entry.now, self._rules).verdict in deletion.VOIDS_WARNING:
            return None
        return evidence.promise if evidence.state is OrganisationState.WARNED else None

    async def _settle(self, connection: Connection, entry: _Entry) -> None:
        """Once no recipient of the warning is being tried any more, say so; who became full admin meanwhile is tried too."""
        found = await ledger.find_promise(connection, *entry.cycle)
        if found is None or found.settled:
            return
        await ledger.queue_warnings(connection, *entry.cycle, at=entry.now, domain=self._message_domain)
        if not await ledger.queued(connection, *entry.cycle):
            settled = promise.settled(found, entry.now)
            await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], settled)

    def _delivery(
        self, notice: Notice, recipient: asyncpg.Record, attempt_at: Instant, base_at: Instant, deletion_at: Instant
    ) -> Delivery:
        return Delivery(
            notice=notice,
            name=recipient["name"],
            email=recipient["email"],
            language=recipient["language"],
            time_zone=recipient["time_zone"],
            organisation_name=recipient["organisation_name"],
            attempt_at=attempt_at,
            base_at=base_at,
            deletion_at=deletion_at,
            simulation=self._database.kind is InstallationKind.SIMULATION,
        )


async def _lock(connection: Connection, notice_id: str) -> _Entry | None:
    """Lock a notice's organisation and read its row; None where there is none any more."""
    organisation_id = await connection.fetchval("select organisation_id from notices where notice_id = $1", notice_id)
    if organisation_id is None:
        return None
    organisation = (await lock(connection, OrganisationId(organisation_id)))[organisation_id]
    row = await connection.fetchrow("select * from notices where notice_id = $1", notice_id)
    return _Entry(row, organisation, await business_now(connection)) if row else None


async def _answered(connection: Connection, notice_id: str) -> _Entry:
    """The row that a mail server's answer belongs to.

    Raises:
        Refusal: `org_deleted`, where it has been purged meanwhile.
    """
    entry = await _lock(connection, notice_id)
    if entry is None:
        raise Refusal(RefusalCode.ORG_DELETED)
    return entry


async def _set_state(connection: Connection, entry: _Entry, state: NoticeState, answer: str | None = None) -> Notice:
    row = await connection.fetchrow(
        "update notices set state = $2, server_answer = coalesce($3, server_answer),"
        " accepted_at = case when $2 = 'accepted' then $4::timestamptz end where notice_id = $1 returning *",
        entry.row["notice_id"],
        state,
        None if answer is None else ledger.without_addresses(answer),
        entry.now,
    )
    assert row is not None
    return ledger.notice(row)
