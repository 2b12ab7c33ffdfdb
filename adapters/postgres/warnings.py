"""What the ledger does for deletion warnings beside mailing them: the promise that each prints, and its telling (SF-01)."""

from typing import Final

import asyncpg

from adapters.postgres import ledger
from adapters.postgres.database import Connection
from adapters.postgres.entry import Addressee, Entry
from adapters.postgres.evidence import read_evidence
from adapters.postgres.pending import wake_processes
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Evidence, Promise
from tenure.contracts.notice import DeletionMatter, NoticeState
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tenure.policy import deletion, promise
from tenure.policy.rules import Rules

RECIPIENT: Final = """
select p.person_id, p.name, p.email, p.email_version, coalesce(p.language, o.language) as language,
       o.time_zone, o.name as organisation_name
  from full_admins p join organisations o using (organisation_id)
 where p.organisation_id = $1 and ($2::text is null or p.person_id = $2)
 order by p.person_id limit 1
"""


class Warnings:
    """Deletion warnings."""

    def __init__(self, rules: Rules, message_domain: str) -> None:
        self._rules = rules
        self._message_domain = message_domain

    async def attempt(self, connection: Connection, entry: Entry) -> tuple[Addressee, DeletionMatter] | None:
        """Whom to tell what, with the promise moved where an attempt now could not keep it; None where it is not true."""
        recipient = await connection.fetchrow(RECIPIENT, entry.organisation_id, entry.row["recipient"])
        standing = await self._standing_promise(connection, entry)
        if recipient is None or standing is None:
            if standing is not None:  # else the warning is void with the next look at its countdown
                await ledger.set_state(connection, entry.notice_id, NoticeState.DROPPED, entry.now)
                await self.settle(connection, entry)
            return None
        due = promise.attempted(standing, entry.now, entry.organisation["time_zone"], self._rules)
        await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], due)
        return Addressee.of(recipient), _matter(due)

    async def accepted(self, connection: Connection, entry: Entry) -> None:
        """A mail server took the warning: the promise records it."""
        found = await ledger.find_promise(connection, *_cycle(entry))
        if found is not None:  # else it was void by the time that the server answered
            told = promise.accepted(found, entry.now, entry.organisation["time_zone"], self._rules)
            await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], told)
            if entry.row["bounced_at"] is not None:  # the report was quicker than the answer
                await self.bounced(connection, entry)
        await self.settle(connection, entry)

    async def settle(self, connection: Connection, entry: Entry) -> None:
        """Once no recipient of the warning is being tried any more, say so; who became full admin meanwhile is tried too."""
        cycle = _cycle(entry)
        found = await ledger.find_promise(connection, *cycle)
        if found is None or found.settled:
            return
        await ledger.queue_warnings(connection, *cycle, at=entry.now, domain=self._message_domain)
        if not await ledger.queued(connection, *cycle):
            settled = promise.settled(found, entry.now)
            await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], settled)

    async def bounced(self, connection: Connection, entry: Entry) -> None:
        """Once no warning of the cycle is out any more, say so, and have the countdown look (SF-02, TL-04)."""
        cycle = _cycle(entry)
        found = await ledger.find_promise(connection, *cycle)
        if found is None or not promise.is_told(found) or await ledger.is_any_out(connection, *cycle):
            return
        untold = promise.bounced(found, entry.now)
        await ledger.store_promise(connection, entry.organisation_id, entry.row["generation"], untold)
        await wake_processes(connection, entry.organisation_id)

    def forecast(self, evidence: Evidence, as_of: Instant, time_zone: str) -> tuple[int, DeletionMatter]:
        """The cycle, and what an attempt at that instant would print: the standing promise, or that of a new warning."""
        standing = evidence.promise or Promise(
            cycle=evidence.cycle + 1,
            base_at=deletion.base_at(evidence) or evidence.last_activity_at or as_of,
            not_before=promise.promised(as_of, time_zone, self._rules),
        )
        due = promise.attempted(standing, as_of, time_zone, self._rules)
        return due.cycle, _matter(due)

    async def _standing_promise(self, connection: Connection, entry: Entry) -> Promise | None:
        """The promise that the notice prints, unless what it says is no longer true (TL-01)."""
        evidence = await read_evidence(connection, entry.organisation_id, lock_activity=False)
        if (evidence.organisation_id, evidence.generation, evidence.cycle) != _cycle(entry):
            return None
        if deletion.assess(evidence, entry.now, self._rules).verdict in deletion.VOIDS_WARNING:
            return None
        return evidence.promise if evidence.state is OrganisationState.WARNED else None


def _cycle(entry: Entry) -> tuple[OrganisationId, int, int]:
    """What promises and notices of one warning have in common."""
    row: asyncpg.Record = entry.row
    return entry.organisation_id, row["generation"], row["cycle"]


def _matter(due: Promise) -> DeletionMatter:
    return DeletionMatter(base_at=due.base_at, deletion_at=due.not_before)
