"""The ledger: warnings as rows, one for each recipient, and the promise that all of a cycle print (XC-02, SF-01)."""

import re
from typing import Final
from uuid import UUID, uuid5

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Promise
from tenure.contracts.notice import Notice, NoticeKind
from tenure.ids import OrganisationId, PersonId

_NOTICES: Final = UUID("0d1b9a52-6d3c-5b0e-9a86-3c1f5a5b7f10")
"""The namespace in which a notice's id is derived from its key."""
_ADDRESS: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")

_FULL_ADMINS = """
select p.person_id, p.email_version from people p join person_roles r using (person_id)
 where p.organisation_id = $1 and r.role = 'customer_full_admin' order by p.person_id
"""


async def queue_warnings(
    connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int, *, at: Instant, domain: str
) -> None:
    """Write a row for each full admin that has none in this cycle (DM-05, NO-08); nobody else is mailed (NO-10).

    One that was refused is tried again once its recipient has another address, and one that was dropped once its
    recipient is a full admin again (SF-02).
    """
    kind = NoticeKind.DELETION_WARNING
    admins = await connection.fetch(_FULL_ADMINS, organisation_id)
    recipients = [PersonId(row["person_id"]) for row in admins]
    ids = [notice_id(kind, organisation_id, generation, cycle, recipient) for recipient in recipients]
    await connection.execute(
        "insert into notices"
        " (notice_id, kind, organisation_id, subject, generation, cycle, recipient, message_id, email_version, created_at)"
        " select notice_id, $5, $6, $7, $8, $9, recipient, message_id, email_version, $10"
        "   from unnest($1::uuid[], $2::text[], $3::text[], $4::int[])"
        "     as t (notice_id, recipient, message_id, email_version)"
        " on conflict (notice_id) do update"
        " set state = 'queued', email_version = excluded.email_version, refusals = 0, last_refusal_at = null"
        " where notices.state = 'dropped'"
        "    or notices.state = 'refused' and notices.email_version <> excluded.email_version",
        ids,
        recipients,
        [message_id(id_, domain) for id_ in ids],
        [row["email_version"] for row in admins],
        kind,
        organisation_id,
        organisation_id,
        generation,
        cycle,
        at,
    )


async def queued(
    connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int
) -> tuple[str, ...]:
    """Ids of a cycle's notices that are still to be delivered."""
    rows = await connection.fetch(
        "select notice_id from notices"
        " where organisation_id = $1 and generation = $2 and cycle = $3 and state = 'queued' order by notice_id",
        organisation_id,
        generation,
        cycle,
    )
    return tuple(str(row["notice_id"]) for row in rows)


def notice_id(kind: NoticeKind, subject: OrganisationId, generation: int, cycle: int, recipient: PersonId) -> UUID:
    """The id that follows from a notice's key: whoever writes the row writes the same one (XC-02)."""
    return uuid5(_NOTICES, f"{kind}/{subject}/{generation}/{cycle}/{recipient}")


def message_id(notice_id: UUID, domain: str) -> str:
    """The Message-ID that follows from it, so that a second copy is recognised as one (TL-02)."""
    return f"<{notice_id}@{domain}>"


def notice(row: asyncpg.Record) -> Notice:
    """A row of `notices`."""
    return Notice.model_validate({**row, "notice_id": str(row["notice_id"])})


def without_addresses(answer: str) -> str:
    """A server's words as they may be kept for ever: many repeat the recipient's address."""
    return _ADDRESS.sub("(address)", answer)[:500]


async def find_promise(
    connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int
) -> Promise | None:
    """The promise of a warning, unless it is void."""
    row = await connection.fetchrow(
        "select cycle, base_at, not_before, first_attempt_at, first_accepted_at, settled from promises"
        " where organisation_id = $1 and generation = $2 and cycle = $3 and void_at is null",
        organisation_id,
        generation,
        cycle,
    )
    return Promise(**row) if row else None


async def store_promise(
    connection: Connection, organisation_id: OrganisationId, generation: int, promise: Promise
) -> None:
    """Store a promise as it stands now; the database refuses one that moves earlier."""
    await connection.execute(
        "insert into promises (organisation_id, generation, cycle, base_at, not_before, first_attempt_at,"
        "                      first_accepted_at, settled)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)"
        " on conflict (organisation_id, generation, cycle) do update"
        " set not_before = $5, first_attempt_at = $6, first_accepted_at = $7, settled = $8",
        organisation_id,
        generation,
        promise.cycle,
        promise.base_at,
        promise.not_before,
        promise.first_attempt_at,
        promise.first_accepted_at,
        promise.settled,
    )
