"""A notice on its way: its row under lock, and whom it goes to."""

from dataclasses import dataclass
from typing import Self

import asyncpg

from adapters.postgres.database import Connection, business_now, lock
from tenure.contracts.base import Instant
from tenure.contracts.notice import NoticeKind, NoticeState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger, read under the lock of its organisation."""

    row: asyncpg.Record
    organisation: asyncpg.Record
    now: Instant

    @property
    def notice_id(self) -> object:
        """Its key."""
        return self.row["notice_id"]

    @property
    def kind(self) -> NoticeKind:
        """What it is about."""
        return NoticeKind(self.row["kind"])

    @property
    def organisation_id(self) -> OrganisationId:
        """Whose lock is held."""
        return OrganisationId(self.row["organisation_id"])

    @property
    def is_queued(self) -> bool:
        """Whether it is still to be delivered."""
        return NoticeState(self.row["state"]) is NoticeState.QUEUED


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where an attempt goes, as of this moment."""

    name: str
    email: str
    email_version: int
    language: str
    time_zone: str
    organisation_name: str

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """A row that names all of it."""
        return cls(**{field: row[field] for field in cls.__slots__})


async def lock_entry(connection: Connection, notice_id: str) -> Entry | None:
    """Lock a notice's organisation and read its row; None where there is none any more."""
    organisation_id = await connection.fetchval("select organisation_id from notices where notice_id = $1", notice_id)
    if organisation_id is None:
        return None
    organisation = (await lock(connection, OrganisationId(organisation_id)))[organisation_id]
    row = await connection.fetchrow("select * from notices where notice_id = $1", notice_id)
    return Entry(row, organisation, await business_now(connection)) if row else None


async def answered(connection: Connection, notice_id: str) -> Entry:
    """The row that a mail server's answer belongs to.

    Raises:
        Refusal: `org_deleted`, where it has been purged meanwhile.
    """
    entry = await lock_entry(connection, notice_id)
    if entry is None:
        raise Refusal(RefusalCode.ORG_DELETED)
    return entry
