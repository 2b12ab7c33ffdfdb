"""A desk for the facts of a town: it reports what services report, and looks at everything they could have changed."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from adapters.postgres.database import Connection
from adapters.postgres.licences import PostgresLicences
from tenure.contracts.licence import (
    ExpireLicences,
    GraceCheck,
    GrantLicences,
    LicenceKind,
    LicenceSet,
    RenewalGraceInput,
    RenewalGraceResult,
    RestoredBy,
    RestoreLicences,
)
from tenure.ids import LicenceSetId, OrganisationId, PartnerId
from tenure.policy.catalogue import shipped
from tenure.ports import Caller
from tests.integration.deletion.town import DOMAIN, SERVICE, Town

_TABLES = (
    "organisations",
    "activity",
    "managements",
    "people",
    "person_roles",
    "licence_sets",
    "countdowns",
    "next_dates",
    "processes",
    "erasures",
    "notices",
    "promises",
    "audit",
    "imports",
    "idempotency_keys",
)


class Desk:
    """Facts of a town, reported and looked at."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.destruction = PostgresLicences(town.erasure, town.rules, shipped(), message_domain=DOMAIN)
        """The licences as the worker of the erasure role has them."""
        self._numbers = count(1)

    async def grant(
        self,
        organisation_id: OrganisationId,
        kind: LicenceKind = LicenceKind.SUBSCRIPTION,
        *,
        meetings: bool = False,
        expires_at: datetime | None = None,
    ) -> LicenceSet:
        """A new licence set."""
        command = GrantLicences(
            licence_set_id=LicenceSetId(f"lic_desk-{next(self._numbers)}"),
            organisation_id=organisation_id,
            kind=kind,
            meetings=meetings,
            expires_at=expires_at,
        )
        return await self.town.licences.grant(SERVICE, command)

    async def expire(self, licences: LicenceSet, expired_at: datetime | None = None) -> LicenceSet:
        """A set expires, by default now."""
        expired_at = expired_at or await self.town.now()
        command = ExpireLicences(licence_set_id=licences.licence_set_id, expired_at=expired_at)
        return await self.town.licences.expire(SERVICE, command)

    async def restore(self, licences: LicenceSet, by: RestoredBy = RestoredBy.PAID_SUBSCRIPTION) -> LicenceSet:
        """A set is restored."""
        return await self.town.licences.restore(SERVICE, restoration(licences, by))

    async def suspended(
        self,
        organisation_id: OrganisationId,
        kind: LicenceKind = LicenceKind.SUBSCRIPTION,
        *,
        meetings: bool = False,
    ) -> LicenceSet:
        """A set that expired just now."""
        return await self.expire(await self.grant(organisation_id, kind, meetings=meetings))

    # The steps of the grace, as its process takes them now.

    async def check(self, licences: LicenceSet, early: timedelta = timedelta(0)) -> GraceCheck:
        """Look whether the grace of a set as it was when it expired is over."""
        return await self.town.licences.check_grace(grace(licences), await self.town.now() - early)

    async def purge(self, licences: LicenceSet) -> int:
        """Purge the meeting data."""
        return await self.destruction.purge_meeting_data(grace(licences), await self.town.now())

    async def conclude(self, licences: LicenceSet) -> RenewalGraceResult:
        """Evaluate marking, and close."""
        return await self.town.licences.conclude_grace(grace(licences), await self.town.now())

    async def end(self, licences: LicenceSet) -> RenewalGraceResult:
        """Let the grace pass, and its process do all its steps."""
        await self.town.advance_to(end(licences))
        if (await self.check(licences)).purge_meeting_data:
            await self.purge(licences)
        return await self.conclude(licences)

    # What can be seen.

    async def stored(self, licences: LicenceSet) -> LicenceSet:
        """A set as it is stored."""
        [row] = await self.town.fetch("select * from licence_sets where licence_set_id = $1", licences.licence_set_id)
        return LicenceSet.model_validate(dict(row))

    async def next_dates(self, organisation_id: OrganisationId) -> dict[str, datetime]:
        """The organisation's next dates by kind and subject."""
        rows = await self.town.fetch(
            "select kind, subject, due_at from next_dates where organisation_id = $1", organisation_id
        )
        return {f"{row['kind']} {row['subject']}": row["due_at"] for row in rows}

    async def record(self, organisation_id: OrganisationId, *items: str) -> None:
        """The organisation has recordings."""
        for item in items:
            await self.town.execute(
                "insert into content (organisation_id, store, item_id) values ($1, 'recordings', $2)",
                organisation_id,
                item,
            )

    async def content(self, organisation_id: OrganisationId) -> list[str]:
        """What the organisation has."""
        rows = await self.town.fetch(
            "select item_id from content where organisation_id = $1 order by 1", organisation_id
        )
        return [row["item_id"] for row in rows]

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All facts of the town."""
        return {
            table: [dict(row) for row in await self.town.fetch(f"select t::text from {table} as t order by 1")]
            for table in _TABLES
        }


def restoration(licences: LicenceSet, by: RestoredBy = RestoredBy.PAID_SUBSCRIPTION) -> RestoreLicences:
    """The command that restores a set."""
    return RestoreLicences(licence_set_id=licences.licence_set_id, by=by)


def as_partner(partner_id: PartnerId) -> Caller:
    """A partner's credentials."""
    return Caller(actor=f"partner:{partner_id}", partner_id=partner_id)


def end(licences: LicenceSet) -> datetime:
    """When the grace of a suspended set is over."""
    assert licences.removal_due_at is not None
    return licences.removal_due_at


def grace(licences: LicenceSet) -> RenewalGraceInput:
    """The grace of a suspended set, as its process is told."""
    return RenewalGraceInput(
        licence_set_id=licences.licence_set_id,
        organisation_id=licences.organisation_id,
        kind=licences.kind,
        generation=licences.generation,
        removal_due_at=end(licences),
    )


async def overlapping[Answer](
    town: Town, first: Callable[[Connection], Awaitable[object]], second: Coroutine[Any, Any, Answer]
) -> Answer:
    """Do the first, let it commit only when the second waits for its locks, and answer what the second does."""
    async with town.database.write() as connection:
        await first(connection)
        waiting = asyncio.create_task(second)
        await blocked(town, waiting)
    return await waiting


async def blocked(town: Town, waiting: "asyncio.Task[Any]") -> None:
    """Wait until this one waits for a lock."""
    async with asyncio.timeout(10):
        while not await town.fetch("select from pg_locks where not granted"):
            assert not waiting.done()
            await asyncio.sleep(0)
