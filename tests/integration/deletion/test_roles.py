"""Who may do what in the database: the application destroys nothing, and the eraser begins nothing (SF-12, P14)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from adapters.postgres.database import Connection, Database, lock
from tenure.contracts.erasure import Store
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tests.integration.deletion.test_eraser import at, purging
from tests.integration.deletion.town import Town

type Attempt = Callable[[str], AbstractAsyncContextManager[Connection]]

DENIED = asyncpg.InsufficientPrivilegeError
GUARDED = asyncpg.RaiseError


async def attempt(database: Database, statement: str, *arguments: object) -> None:
    async with database.write() as connection:
        await connection.execute(statement, *arguments)


@asynccontextmanager
async def refused(error: type[Exception]) -> AsyncIterator[None]:
    with pytest.raises(error):
        yield


@pytest.mark.parametrize(
    "table",
    [
        "organisations",
        "content",
        "licence_sets",
        "trial_requests",
        "activity",
        "notices",
        "promises",
        "countdowns",
        "erasures",
        "erased_stores",
        "processes",
        "audit",
        "receipts",
        "partners",
        "breakers",
        "feeds",
        "onboardings",
        "address_changes",
        "screenings",
        "rpl_cases",
        "cleared_hits",
        "unit_quantities",
        "add_on_assignments",
        "wizards",
    ],
)
async def test_the_application_deletes_nothing(town: Town, table: str) -> None:
    """No code path with its credentials can destroy anything of an organisation, purging ones included (SF-12)."""
    await purging(town)
    async with refused(DENIED):
        await attempt(town.database, f"delete from {table}")
    async with refused(DENIED):
        await attempt(town.database, f"truncate {table} cascade")


async def test_the_application_takes_out_users_alone(town: Town) -> None:
    """People go with their package from a wholesale customer; nobody else does (SF-12, PKG-08)."""
    await purging(town)
    async with refused(GUARDED):
        await attempt(town.database, "delete from people")
    async with refused(DENIED):
        await attempt(town.database, "truncate people cascade")


async def test_the_application_makes_no_deleted_organisation(town: Town) -> None:
    """Nor a receipt, nor the result of a purge (SF-12, P11)."""
    organisation, _ = await purging(town)
    async with refused(GUARDED):
        await attempt(
            town.database, "update organisations set state = 'deleted' where organisation_id = $1", organisation
        )
    async with refused(DENIED):
        await attempt(town.database, "insert into receipts values (1, $1, '{}', '', '')", organisation)
    async with refused(DENIED):
        await attempt(
            town.database,
            "insert into erased_stores values ($1, 1, 'people', 0, 0, null, business_now())",
            organisation,
        )


BEGINNINGS = (
    "update organisations set generation = 9 where organisation_id = $1",
    "update activity set closed = true where organisation_id = $1",
    """
    insert into erasures (organisation_id, generation, cause, fenced_at, quarantine_until, evidence)
    values ($1, 1, 'unused', business_now(), business_now(), '{}')
    """,
    "update promises set first_accepted_at = now() - interval '1 year' where organisation_id = $1",
    "update breakers set released = 9 where $1 <> ''",
    "insert into countdowns (organisation_id, generation, counting_from) values ($1, 9, now())",
    "insert into processes (workflow_id, type, organisation_id, input, created_at) values ('x', 'x', $1, '{}', now())",
    "update feeds set watermark = now() where $1 <> ''",
    "insert into people (person_id, organisation_id, name, email, created_at) values ('per_x', $1, 'x', 'x', now())",
)
"""Statements by which an erasure could be begun, or looked as if it had been."""


async def test_the_eraser_fences_nobody(town: Town) -> None:
    """It cannot begin an erasure, close activity, or touch what is not being erased (SF-12)."""
    organisation = await town.ripe()
    for statement in (
        "update organisations set state = 'erasing' where organisation_id = $1",
        "update organisations set name = null where organisation_id = $1",
    ):
        async with refused(GUARDED):
            await attempt(town.erasure, statement, organisation)
    for statement in BEGINNINGS:
        async with refused(DENIED):
            await attempt(town.erasure, statement, organisation)
    assert await town.state(organisation) is OrganisationState.WARNED


async def test_the_eraser_ends_no_quarantine(town: Town) -> None:
    """Only what the application has cleared can be purged (SF-11, SF-12)."""
    organisation = await town.fenced()
    for state in ("purging", "erased", "aborted"):
        async with refused(GUARDED):
            await attempt(
                town.erasure, "update erasures set state = $2 where organisation_id = $1", organisation, state
            )


@pytest.mark.parametrize(
    "table", ["people", "content", "licence_sets", "trial_requests", "notices", "promises", "managements", "next_dates"]
)
@pytest.mark.parametrize("stage", ["live", "quarantine"])
async def test_the_eraser_deletes_only_what_is_being_purged(town: Town, table: str, stage: str) -> None:
    """Whatever it is told: rows of everybody else are guarded by the database (SF-12, SF-08)."""
    purged, other = await purging(town)
    await town.execute("insert into content (organisation_id, store, item_id) values ($1, 'files', 'one')", other)
    await town.execute("insert into content (organisation_id, store, item_id) values ($1, 'recordings', 'a')", other)
    await town.licence_set(other, "removed")
    await town.request_trial(other, await town.now())
    await town.warned(other)
    if stage == "quarantine":
        await town.execute("delete from managements where organisation_id = $1", purged)
        await town.execute("update organisations set state = 'erasing', marked_at = null where state = 'warned'")
    rows = f"select from {table} where organisation_id = $1"
    before = len(await town.fetch(rows, other))
    assert before
    async with refused(GUARDED):
        await attempt(town.erasure, f"delete from {table} where organisation_id = $1", other)
    async with refused(GUARDED):
        await attempt(town.erasure, f"delete from {table}")
    assert len(await town.fetch(rows, other)) == before


@pytest.mark.parametrize("left", ["active", "suspended"])
async def test_recordings_stay_while_a_meetings_licence_does(town: Town, left: str) -> None:
    """At the end of a grace the eraser may take recordings, and only where no meetings licence is left (RP-06, SF-12)."""
    organisation = await town.organisation()
    recordings = "insert into content (organisation_id, store, item_id) values ($1, 'recordings', 'one')"
    purge = "delete from content where organisation_id = $1 and store = 'recordings'"
    await town.execute(recordings, organisation)
    async with refused(GUARDED):
        await attempt(town.erasure, purge, organisation)
    await town.licence_set(organisation, "removed", meetings=True)
    kept = await town.licence_set(organisation, left, meetings=True)
    async with refused(GUARDED):
        await attempt(town.erasure, purge, organisation)
    await town.execute(
        "update licence_sets set state = 'removed', removal_due_at = null, expired_at = business_now()"
        " where licence_set_id = $1",
        kept,
    )
    await attempt(town.erasure, purge, organisation)
    assert await town.fetch("select from content") == []


async def test_nothing_brings_a_deleted_organisation_back(town: Town) -> None:
    """Not the application, not the eraser, not the owner of the database (DM-09, P11)."""
    organisation, _ = await purging(town)
    await town.erase(organisation)
    for database in (town.database, town.erasure):
        async with refused(GUARDED):
            await attempt(database, "update organisations set state = 'live' where organisation_id = $1", organisation)
    owner = await asyncpg.connect(town.url)
    try:
        with pytest.raises(GUARDED):
            await owner.execute("update organisations set name = 'back' where organisation_id = $1", organisation)
    finally:
        await owner.close()


@pytest.mark.parametrize("state", ["live", "warned"])
async def test_what_is_erasing_goes_on_or_back_to_its_mark(town: Town, state: str) -> None:
    """There is no other way out of the quarantine (SF-11)."""
    await town.fenced()
    async with refused(GUARDED):
        await attempt(town.database, "update organisations set state = $1, marked_at = business_now()", state)


@pytest.mark.parametrize("state", ["quarantine", "aborted"])
async def test_a_purge_cannot_be_undone(town: Town, state: str) -> None:
    """Once purging there is only forward, in the database too (XC-07)."""
    await town.purging()
    async with refused(GUARDED):
        await attempt(town.database, "update erasures set state = $1", state)


@pytest.mark.parametrize("table", ["audit", "receipts"])
async def test_what_is_written_for_ever_stays(town: Town, table: str) -> None:
    """Neither the application nor the owner changes or removes a line (XC-04, P14, SF-07)."""
    await town.erase(await town.purging())
    owner = await asyncpg.connect(town.url)
    try:
        for statement in (f"update {table} set hash = 'x'", f"delete from {table}", f"truncate {table}"):
            with pytest.raises(GUARDED):
                await owner.execute(statement)
            async with refused(DENIED):
                await attempt(town.database, statement)
            async with refused(DENIED):
                await attempt(town.erasure, statement)
    finally:
        await owner.close()


async def test_the_eraser_does_its_work_with_what_it_may(town: Town) -> None:
    """The same organisation lock as everybody, and every store (SF-12)."""
    organisation, _ = await purging(town)
    async with town.erasure.write() as connection:
        assert OrganisationId(organisation) in await lock(connection, organisation)
    for store in Store:
        await town.eraser.erase(at(organisation, store))
