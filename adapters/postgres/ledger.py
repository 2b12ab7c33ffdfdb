"""The ledger: warnings as rows, one for each recipient, and the promise that all of a cycle print (XC-02, SF-01)."""

import re
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Final, NamedTuple, Self
from uuid import UUID, uuid5

import asyncpg

from adapters.mail.message import address as wire_address
from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.bounce import Bounce
from tenure.contracts.deletion import Promise
from tenure.contracts.notice import Notice, NoticeKind, NoticeState
from tenure.ids import OrganisationId, TrialId

_NOTICES: Final = UUID("0d1b9a52-6d3c-5b0e-9a86-3c1f5a5b7f10")
"""The namespace in which a notice's id is derived from its key."""
_ADDRESS: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")

_FULL_ADMINS = "select person_id, email_version from full_admins where organisation_id = $1 order by person_id"


class Recipients(NamedTuple):
    """Who is mailed: ids, and which of their addresses is the present one."""

    ids: Sequence[str]
    email_versions: Sequence[int]

    @classmethod
    def of(cls, rows: Sequence[asyncpg.Record]) -> Self:
        """Rows of people."""
        return cls([row["person_id"] for row in rows], [row["email_version"] for row in rows])


async def queue_warnings(
    connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int, *, at: Instant, domain: str
) -> None:
    """Write a row for each full admin that has none in this cycle (DM-05, NO-08); nobody else is mailed (NO-10).

    One that was refused, or came back, is tried again once its recipient has another address, and one that was dropped once its
    recipient is a full admin again (SF-02).
    """
    await queue(
        connection,
        NoticeKind.DELETION_WARNING,
        Recipients.of(await connection.fetch(_FULL_ADMINS, organisation_id)),
        organisation_id=organisation_id,
        subject=organisation_id,
        generation=generation,
        cycle=cycle,
        at=at,
        domain=domain,
        workflow_id=None,
    )


async def queue(
    connection: Connection,
    kind: NoticeKind,
    recipients: Recipients,
    *,
    organisation_id: OrganisationId,
    subject: str,
    generation: int,
    cycle: int,
    at: Instant,
    domain: str,
    workflow_id: str | None,
) -> None:
    """Write a row for each recipient that has none of this kind, subject and cycle (XC-02, TL-01)."""
    ids = [notice_id(kind, subject, generation, cycle, recipient) for recipient in recipients.ids]
    await connection.execute(
        "insert into notices (notice_id, kind, organisation_id, subject, generation, cycle, recipient, message_id,"
        "                     email_version, created_at, workflow_id)"
        " select notice_id, $5, $6, $7, $8, $9, recipient, message_id, email_version, $10, $11"
        "   from unnest($1::uuid[], $2::text[], $3::text[], $4::int[])"
        "     as t (notice_id, recipient, message_id, email_version)"
        " on conflict (notice_id) do update"
        " set state = 'queued', email_version = excluded.email_version, refusals = 0, last_refusal_at = null,"
        "     accepted_at = null, bounced_at = null, bounce_status = null, bounce_answer = null, address_digest = null"
        " where notices.state = 'dropped'"
        "    or (notices.state = 'refused' or notices.bounced_at is not null)"
        "       and notices.email_version <> excluded.email_version",
        ids,
        list(recipients.ids),
        [message_id(id_, domain) for id_ in ids],
        list(recipients.email_versions),
        kind,
        organisation_id,
        subject,
        generation,
        cycle,
        at,
        workflow_id,
    )


async def queued_for(connection: Connection, workflow_id: str, *, but: Collection[NoticeKind] = ()) -> tuple[str, ...]:
    """Ids of the notices that a process is still to deliver; `but` leaves out kinds whose time has not come."""
    rows = await connection.fetch(
        "select notice_id from notices where workflow_id = $1 and state = 'queued' and kind <> all($2::text[])"
        " order by notice_id",
        workflow_id,
        [kind.value for kind in but],
    )
    return tuple(str(row["notice_id"]) for row in rows)


async def drop(connection: Connection, trial_id: TrialId, kinds: Collection[NoticeKind]) -> None:
    """What queued notices of these kinds would say of a trial is no longer true (TC-04, TL-01)."""
    await connection.execute(
        "update notices set state = 'dropped' where subject = $1 and kind = any($2::text[]) and state = 'queued'",
        trial_id,
        [kind.value for kind in kinds],
    )


async def set_state(
    connection: Connection, notice_id: object, state: NoticeState, at: Instant, answer: str | None = None
) -> Notice:
    """Write what became of a notice, with the server's words where it said something."""
    row = await connection.fetchrow(
        "update notices set state = $2, server_answer = coalesce($3, server_answer),"
        " accepted_at = case when $2 = 'accepted' then $4::timestamptz end where notice_id = $1 returning *",
        notice_id,
        state,
        None if answer is None else without_addresses(answer),
        at,
    )
    assert row is not None
    return notice(row)


async def set_bounce(connection: Connection, notice_id: object, bounce: Bounce) -> None:
    """Write that a notice came back (TL-04)."""
    await connection.execute(
        "update notices set bounced_at = $2, bounce_status = $3, bounce_answer = $4 where notice_id = $1",
        notice_id,
        bounce.at,
        bounce.status,
        without_addresses(bounce.text),
    )


async def is_any_out(connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int) -> bool:
    """Whether a warning of the cycle was accepted and has not come back."""
    found: bool = await connection.fetchval(
        "select exists (select from notices where kind = 'deletion_warning' and organisation_id = $1"
        " and generation = $2 and cycle = $3 and state = 'accepted' and bounced_at is null)",
        organisation_id,
        generation,
        cycle,
    )
    return found


async def queued(
    connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int
) -> tuple[str, ...]:
    """Ids of a cycle's warnings that are still to be delivered."""
    rows = await connection.fetch(
        "select notice_id from notices where kind = 'deletion_warning'"
        " and organisation_id = $1 and generation = $2 and cycle = $3 and state = 'queued' order by notice_id",
        organisation_id,
        generation,
        cycle,
    )
    return tuple(str(row["notice_id"]) for row in rows)


def notice_id(kind: NoticeKind, subject: str, generation: int, cycle: int, recipient: str) -> UUID:
    """The id that follows from a notice's key: whoever writes the row writes the same one (XC-02)."""
    return uuid5(_NOTICES, f"{kind}/{subject}/{generation}/{cycle}/{recipient}")


def message_id(notice_id: UUID, domain: str) -> str:
    """The Message-ID that follows from it, so that a second copy is recognised as one (TL-02)."""
    return f"<{notice_id}@{domain}>"


def address_digest(notice_id: UUID, address: str) -> bytes:
    """What is kept of the address that a notice was sent to, so that a report of its non-delivery is known (TL-04).

    Mail servers may write an address in other letters than they were given, and its domain in ASCII.
    """
    return sha256(f"{notice_id} {wire_address(address).addr_spec.lower()}".encode()).digest()


def notice(row: asyncpg.Record) -> Notice:
    """A row of `notices`."""
    bounce = None
    if row["bounced_at"] is not None:
        bounce = Bounce(at=row["bounced_at"], status=row["bounce_status"], text=row["bounce_answer"])
    return Notice.model_validate({**row, "notice_id": str(row["notice_id"]), "bounce": bounce})


def without_addresses(answer: str) -> str:
    """A server's words as they may be kept for ever: many repeat the recipient's address."""
    return _ADDRESS.sub("(address)", answer)[:500]


async def find_promise(
    connection: Connection, organisation_id: OrganisationId, generation: int, cycle: int
) -> Promise | None:
    """The promise of a warning, unless it is void."""
    row = await connection.fetchrow(
        "select cycle, base_at, not_before, first_attempt_at, first_accepted_at, bounced_at, settled from promises"
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
        "                      first_accepted_at, settled, bounced_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " on conflict (organisation_id, generation, cycle) do update"
        " set not_before = $5, first_attempt_at = $6, first_accepted_at = $7, settled = $8, bounced_at = $9",
        organisation_id,
        generation,
        promise.cycle,
        promise.base_at,
        promise.not_before,
        promise.first_attempt_at,
        promise.first_accepted_at,
        promise.settled,
        promise.bounced_at,
    )
