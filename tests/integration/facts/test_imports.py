"""Import of an existing base: what becomes of it, and that every ladder is climbed from its start (WH-07)."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.postgres import audit
from adapters.postgres.database import Connection, lock
from adapters.postgres.imports import PostgresImports
from tenure import names
from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.contracts.licence import LicenceKind
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.portfolio import RowCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy.grace import removal_due_at
from tenure.portfolio import CSV, JSON_LINES
from tests.integration.deletion.town import DAY, OPERATOR, Town
from tests.integration.facts.desk import Desk, blocked, end, overlapping
from tests.integration.facts.portfolios import (
    LONG_AGO,
    Fields,
    licences,
    lines,
    management,
    organisation,
    partner,
    person,
    store,
    table,
)


async def rows_of(town: Town, organisation_id: str) -> dict[str, list[Fields]]:
    """What makes an organisation marked, without what is its own: id, instants, and the reason."""
    found = {}
    for name, statement in {
        "organisation": "select state, generation, marked_at is not null as marked from organisations where organisation_id = $1",
        "countdown": "select generation, cycle, counting_from, turn_at, held_by, ended_at from countdowns where organisation_id = $1",
        "dates": "select kind, subject, due_at, rule, reason, looks_at from next_dates where organisation_id = $1",
        "processes": "select workflow_id, type, input, state, due_at, wakes from processes where organisation_id = $1",
        "audit": "select position, actor, action, from_state, to_state, details, previous_hash from audit where subject = $1",
    }.items():
        rows = [dict(row) for row in await town.fetch(statement, organisation_id)]
        found[name] = json.loads(json.dumps(rows, default=_kind).replace(organisation_id, "org"))
    return found


def _kind(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize(("write", "media_type"), [(table, CSV), (lines, JSON_LINES)])
async def test_whole_base(town: Town, desk: Desk, imports: PostgresImports, write: Any, media_type: str) -> None:
    """Partners, organisations, people, managements and licences come in with their next dates and processes (WH-07)."""
    next_year = (await town.now() + 365 * DAY).isoformat()
    lately = (await town.now() - 20 * DAY).isoformat()
    content = write(
        partner("north", own="north"),
        organisation("north"),
        organisation(
            "a",
            partner_id="ptr_north",
            time_zone="Europe/Warsaw",
            language="pl",
            industry="retail",
            region="eu",
            last_activity_at=LONG_AGO,
        ),
        organisation("b", partner_id="ptr_north"),
        person("ada", "a"),
        person("ada", "a", role="user"),
        person("bo", "b", role="customer_admin", language="ko", time_zone="Asia/Seoul"),
        partner("south", tier="2" if write is table else 2, distributor_id="ptr_north"),
        management("south", "a", access="full"),
        licences(
            "a1",
            "a",
            expires_at=next_year,
            meetings="true" if write is table else True,
            services="meetings calling" if write is table else ["meetings", "calling"],
        ),
        licences("b1", "b", "suspended", lately),
        licences("b2", "b", "suspended", lately, kind="trial"),
    )
    report = await imports.store(OPERATOR, content, media_type)
    assert report.created == {"partner": 2, "organisation": 3, "management": 3, "person": 2, "licence_set": 3}
    assert (report.rows, report.unchanged, report.updated, report.repeated) == (12, 0, {}, False)
    assert (report.processes, report.processes_started) == (2, 0)
    a, b = OrganisationId("org_a"), OrganisationId("org_b")
    view = await town.organisations.show(OPERATOR, a)
    assert (view.state, view.partners, view.language, view.time_zone) == (
        OrganisationState.LIVE,
        (PartnerId("ptr_north"), PartnerId("ptr_south")),
        "pl",
        "Europe/Warsaw",
    )
    assert view.last_activity_at == datetime.fromisoformat(LONG_AGO)
    assert (view.industry, view.region) == ("retail", "eu")
    assert [each.services for each in view.licence_sets] == [("meetings", "calling")]
    [south] = await town.fetch("select tier, distributor_id from partners where partner_id = 'ptr_south'")
    assert tuple(south) == (2, "ptr_north")
    assert [(each.name, each.roles) for each in view.people] == [("ada", (Role.CUSTOMER_FULL_ADMIN, Role.USER))]
    assert await desk.next_dates(a) == {"licence_expiry lic_a1": datetime.fromisoformat(next_year)}
    [first, second] = (await town.organisations.show(OPERATOR, b)).licence_sets
    expired = datetime.fromisoformat(lately)
    assert (first.removal_due_at, second.removal_due_at) == (expired + 60 * DAY, expired + 30 * DAY)
    assert await town.processes(b) == {
        names.renewal_grace_id(each.licence_set_id, 1): "pending" for each in (first, second)
    }
    assert (await town.organisations.show(OPERATOR, OrganisationId("org_north"))).managed_customers == 2
    assert await town.audit(f"import/{report.import_id}") == ["imported"]


async def test_marked_as_any_other(town: Town, imports: PostgresImports) -> None:
    """An organisation that comes in without licences is marked by the very rows that marking writes one by one, chained audit included (DM-01, WH-07, XC-04)."""
    await store(
        imports,
        *(organisation(f"x{i}") for i in range(3)),
        *(licences(f"x{i}", f"x{i}", "removed", LONG_AGO) for i in range(3)),
    )
    other = await town.organisation()
    await town.mark(other)
    expected = await rows_of(town, other)
    expected["audit"][0]["actor"] = OPERATOR.actor
    async with town.database.read() as connection:
        for i in range(3):
            assert await rows_of(town, f"org_x{i}") == expected
            assert await audit.verify(connection, f"org_x{i}")


async def test_overdue_ones_get_the_whole_ladder(town: Town, imports: PostgresImports) -> None:
    """However long ago licences and activity ended, the silence is counted from the import (WH-07, SF-06, DM-15)."""
    report = await store(
        imports,
        organisation("a", last_activity_at=LONG_AGO),
        licences("a", "a", "removed", LONG_AGO),
        person("ada", "a"),
    )
    organisation_id = OrganisationId("org_a")
    view = await town.organisations.show(OPERATOR, organisation_id)
    assert view.marked_at is not None
    assert await town.now() - view.marked_at < timedelta(minutes=1)
    assert view.next_due_at == view.marked_at + town.rules.silence
    assert (await town.assess(organisation_id)).assessment.verdict == "wait"
    assert report.processes == 1
    await town.advance(town.rules.silence)
    assert (await town.assess(organisation_id)).assessment.verdict == "warn"


@pytest.mark.parametrize("kind", LicenceKind)
async def test_overdue_grace_begins_anew(town: Town, desk: Desk, imports: PostgresImports, kind: LicenceKind) -> None:
    """Licences whose grace was over long ago rest for a whole one from the import: until then they are restored, and no recording is purged (WH-07, RP-03, SF-06).

    The expiry stays as the base has it. Only with their removal is the organisation marked (RP-05, RP-07).
    """
    content = organisation("a"), licences("a", "a", "suspended", LONG_AGO, kind=kind, services=["meetings"])
    await store(imports, *content)
    organisation_id = OrganisationId("org_a")
    await desk.record(organisation_id, "board-meeting")
    [suspended] = (await town.organisations.show(OPERATOR, organisation_id)).licence_sets
    whole = removal_due_at(kind, await town.now(), town.rules)
    assert timedelta(0) <= whole - end(suspended) < timedelta(minutes=1)
    assert suspended.expires_at == datetime.fromisoformat(LONG_AGO)
    assert await desk.next_dates(organisation_id) == {"licence_removal lic_a": end(suspended)}
    await town.advance_to(end(suspended) - DAY)
    assert ((await desk.check(suspended)).outcome, await town.state(organisation_id)) == (None, OrganisationState.LIVE)
    assert await desk.content(organisation_id) == ["board-meeting"]
    await store(imports, *content, organisation("b"))  # the same set again is no news
    assert await desk.stored(suspended) == suspended
    assert (await desk.end(suspended)).marked
    assert await desk.content(organisation_id) == []
    view = await town.organisations.show(OPERATOR, organisation_id)
    assert view.marked_at is not None
    assert await town.now() - view.marked_at < timedelta(minutes=1)


async def test_what_keeps_from_marking(town: Town, imports: PostgresImports) -> None:
    """Licences that are held, customers that are managed, or having had no licences at all, keep from the mark (DM-01, RP-07)."""
    await store(
        imports,
        *(organisation(name) for name in ("held", "resting", "never", "empty", "customer")),
        organisation("busy"),
        partner("busy", own="busy"),
        partner("empty", own="empty"),
        management("busy", "customer"),
        licences("h1", "held", "removed", LONG_AGO),
        licences("h2", "held", "active"),
        licences("r1", "resting", "removed", LONG_AGO),
        licences("r2", "resting", "suspended", LONG_AGO),
        licences("b1", "busy", "removed", LONG_AGO),
        licences("e1", "empty", "removed", LONG_AGO),
        licences("c1", "customer", "removed", LONG_AGO),
    )
    states = {row["organisation_id"]: row["state"] for row in await town.fetch("select * from organisations")}
    assert states == {
        "org_held": "live",
        "org_resting": "live",
        "org_never": "live",
        "org_busy": "live",
        "org_empty": "marked",
        "org_customer": "marked",
    }


async def test_two_thousand_organisations(town: Town, imports: PostgresImports) -> None:
    """A base of two thousand organisations comes in at once, each with its process, and audit chains that hold (WH-07)."""
    count = 2000
    states = ("removed", "suspended")
    content = lines(
        partner("p"),
        *(organisation(f"n{i}", partner_id="ptr_p", last_activity_at=LONG_AGO) for i in range(count)),
        *(person(f"n{i}", f"n{i}") for i in range(count)),
        *(licences(f"n{i}", f"n{i}", states[i % 2], LONG_AGO) for i in range(count)),
    )
    report = await imports.store(OPERATOR, content, JSON_LINES)
    assert report.created == {"partner": 1} | dict.fromkeys(
        ("organisation", "management", "person", "licence_set"), count
    )
    assert report.processes == count
    rows = await town.fetch("select type, count(*) as count from processes group by type")
    assert {row["type"]: row["count"] for row in rows} == {"DeletionCountdown": 1000, "RenewalGrace": 1000}
    async with town.database.read() as connection:
        for i in range(0, count, 200):
            assert await audit.verify(connection, f"org_n{i}")


async def test_intake_goes_on_during_an_import(town: Town, imports: PostgresImports) -> None:
    """Activity that arrives while a file brings older and newer activity is kept, and neither waits for the other for ever (AC-10, XC-06)."""
    names_ = [f"q{i}" for i in range(300)]
    await store(imports, *(organisation(name) for name in names_))
    newest = await town.now()
    events = [
        ActivityEvent(
            organisation_id=OrganisationId(f"org_{name}"), kind=ActivityKind.APP_SIGN_IN, at=newest, source="identity"
        )
        for name in reversed(names_)
    ]

    async def flood() -> None:
        for _ in range(10):
            await town.activity.record(events)

    async def bring() -> None:
        for i in range(5):
            older = (newest - (10 - i) * DAY).isoformat()
            await store(imports, *(organisation(name, last_activity_at=older) for name in names_))

    async with asyncio.timeout(60):
        await asyncio.gather(bring(), flood(), flood())
    rows = await town.fetch("select distinct last_activity_at from activity")
    assert [row["last_activity_at"] for row in rows] == [newest]


async def test_fence_that_commits_during_an_import(town: Town, imports: PostgresImports) -> None:
    """Licences for an organisation that is being fenced wait for the fence, and are then refused: nothing is sold to who is gone (XC-06, P2)."""
    organisation_id = await town.organisation()

    async def fence(connection: Connection) -> None:
        await lock(connection, organisation_id)
        await connection.execute(
            "update organisations set state = 'erasing' where organisation_id = $1", organisation_id
        )

    content = lines(licences("a", organisation_id.removeprefix("org_")))
    report = await overlapping(town, fence, imports.store(OPERATOR, content, JSON_LINES))
    assert [error.code for error in report.errors] == [RowCode.ORG_DELETED]
    assert await town.fetch("select from licence_sets") == []


async def test_activity_is_locked_in_the_order_of_the_intake(town: Town, imports: PostgresImports) -> None:
    """An import whose file is in another order waits for a batch of activity without holding what the batch needs next (XC-06)."""
    await store(imports, *(organisation(name) for name in ("z", "m", "a")))
    newer = (await town.now()).isoformat()

    async def touch(connection: Connection, *names_: str) -> None:
        for name in names_:
            await connection.execute(
                "update activity set last_activity_at = business_now() where organisation_id = $1", f"org_{name}"
            )

    async with town.database.write() as connection:
        await touch(connection, "a")
        importing = asyncio.create_task(
            store(imports, *(organisation(name, last_activity_at=newer) for name in ("z", "m", "a")))
        )
        await blocked(town, importing)
        await touch(connection, "m", "z")
    assert (await importing).updated == {}
