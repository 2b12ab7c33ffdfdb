"""Files that are wrong, that come again, or that come after others: all or nothing, and never backwards (WH-07)."""

import asyncio
from datetime import datetime

import pytest

from adapters.postgres.imports import PostgresImports
from adapters.postgres.processes import PostgresProcesses
from tenure import names
from tenure.contracts.licence import LicenceState
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.portfolio import MAX_ROW_ERRORS, RowCode
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.portfolio import JSON_LINES
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, OPERATOR, Town
from tests.integration.facts.desk import Desk
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
)


async def test_same_file_again(town: Town, desk: Desk, imports: PostgresImports) -> None:
    """The same file again, also twice at once, does nothing and answers what it did, with how many processes run by now (WH-07)."""
    content = lines(organisation("a"), licences("a", "a", "removed", LONG_AGO))
    first, second = await asyncio.gather(*(imports.store(OPERATOR, content, JSON_LINES) for _ in range(2)))
    assert sorted([first.repeated, second.repeated]) == [False, True]
    before = await desk.everything()
    again = await imports.store(OPERATOR, content, JSON_LINES)
    assert again == first.model_copy(update={"repeated": True})
    assert await desk.everything() == before
    await PostgresProcesses(town.database).started(names.deletion_id(OrganisationId("org_a"), 1))
    report = await imports.report(first.import_id)
    assert report is not None
    assert (report.processes, report.processes_started) == (1, 1)
    assert await imports.report("0" * 64) is None


async def test_changed_file(town: Town, imports: PostgresImports) -> None:
    """A changed file brings names, people, access and activity up to date, and leaves alone what is equal (WH-07, AC-10)."""
    rows = [
        partner("p"),
        organisation("a", partner_id="ptr_p", last_activity_at="2026-02-01T00:00:00Z"),
        organisation("b", last_activity_at="2026-02-01T00:00:00Z"),
        organisation("c"),
        person("ada", "a"),
        person("bo", "a", role="user"),
        licences("a", "a", expires_at="2030-01-01T00:00:00Z"),
    ]
    await store(imports, *rows)
    report = await store(
        imports,
        partner("p") | {"name": "P2"},
        organisation("a", partner_id="ptr_p", last_activity_at="2026-01-01T00:00:00Z"),
        organisation("b", last_activity_at="2026-03-01T00:00:00Z"),
        organisation("c", time_zone="Europe/Paris"),
        management("p", "a", access="full"),
        person("ada", "a", email="ada@new.example"),
        person("bo", "a", role="customer_full_admin"),
        rows[-1],
    )
    assert report.created == {}
    assert report.updated == {"partner": 1, "organisation": 2, "management": 1, "person": 2}
    assert report.unchanged == 2
    a = await town.organisations.show(OPERATOR, OrganisationId("org_a"))
    assert a.last_activity_at == datetime.fromisoformat("2026-02-01T00:00:00Z")
    assert [(each.email, each.roles) for each in a.people] == [
        ("ada@new.example", (Role.CUSTOMER_FULL_ADMIN,)),
        ("bo@a.example", (Role.CUSTOMER_FULL_ADMIN,)),
    ]
    b = await town.organisations.show(OPERATOR, OrganisationId("org_b"))
    assert b.last_activity_at == datetime.fromisoformat("2026-03-01T00:00:00Z")
    assert (await town.organisations.show(OPERATOR, OrganisationId("org_c"))).time_zone == "Europe/Paris"


async def test_facts_of_trials_are_brought_up_to_date(town: Town, imports: PostgresImports) -> None:
    """A partner's tier, distributor and certification change with a file, and an organisation's industry; its region never does, and an empty cell forgets nothing (WH-07, TR-06, TC-13)."""
    await store(imports, partner("small"), partner("big"), organisation("a", industry="retail", region="eu"))
    report = await store(
        imports,
        partner("small", certified=False, tier=2, distributor_id="ptr_big"),
        partner("big"),
        organisation("a", industry="media"),
    )
    assert (report.updated, report.unchanged) == ({"partner": 1, "organisation": 1}, 1)
    [small] = await town.fetch("select certified, tier, distributor_id from partners where partner_id = 'ptr_small'")
    assert tuple(small) == (False, 2, "ptr_big")
    view = await town.organisations.show(OPERATOR, OrganisationId("org_a"))
    assert (view.industry, view.region) == ("media", "eu")
    report = await store(imports, partner("small", certified=False, tier=2), organisation("a"))
    assert (report.updated, report.unchanged) == ({}, 2)
    moved = await imports.store(OPERATOR, lines(organisation("a", region="us")), JSON_LINES)
    assert [error.code for error in moved.errors] == [RowCode.CONTRADICTION]


async def test_rows_said_twice(town: Town, imports: PostgresImports) -> None:
    """Equal rows count once, whatever their order; a row that names the access of a management goes before one that does not (WH-07)."""
    rows = [
        organisation("a", partner_id="ptr_p"),
        management("p", "a", access="full"),
        organisation("a", partner_id="ptr_p"),
        partner("p"),
        partner("p"),
        person("ada", "a"),
        person("ada", "a"),
        licences("a", "a"),
        licences("a", "a"),
    ]
    report = await store(imports, *rows)
    assert report.created == {"partner": 1, "organisation": 1, "management": 1, "person": 1, "licence_set": 1}
    [row] = await town.fetch("select access from managements")
    assert row["access"] == "full"


async def test_import_never_moves_a_licence_set(town: Town, desk: Desk, imports: PostgresImports) -> None:
    """What has happened to licences since is not undone by an older file: its row is refused (WH-07, GR-08)."""
    rows = (organisation("a"), licences("a", "a", expires_at="2030-01-01T00:00:00Z"))
    await store(imports, *rows)
    [active] = (await town.organisations.show(OPERATOR, OrganisationId("org_a"))).licence_sets
    suspended = await desk.expire(active)
    report = await imports.store(OPERATOR, lines(*rows, organisation("b")), JSON_LINES)
    assert [(error.line, error.code) for error in report.errors] == [(2, RowCode.LICENCE_SET_EXISTS)]
    assert (await desk.stored(active)) == suspended
    await desk.end(suspended)
    report = await imports.store(OPERATOR, lines(*rows, organisation("c")), JSON_LINES)
    assert [(error.line, error.code) for error in report.errors] == [(2, RowCode.LICENCE_SET_EXISTS)]
    assert (await desk.stored(active)).state is LicenceState.REMOVED


async def test_what_comes_in_later_unmarks(town: Town, imports: PostgresImports) -> None:
    """A licence set or a customer that a later file brings takes the mark away, a warning with it (DP-04, DM-02)."""
    await store(
        imports,
        organisation("bought"),
        licences("b", "bought", "removed", LONG_AGO),
        organisation("own"),
        partner("p", own="own"),
        licences("o", "own", "removed", LONG_AGO),
        organisation("same"),
        licences("s", "same", "removed", LONG_AGO),
    )
    bought, own = OrganisationId("org_bought"), OrganisationId("org_own")
    await town.advance(town.rules.silence)
    assert (await town.warn(bought)).state is OrganisationState.WARNED
    await store(
        imports,
        licences("b2", "bought"),
        organisation("customer", partner_id="ptr_p"),
        organisation("same", name="Same as ever"),
    )
    assert [await town.state(each) for each in (bought, own)] == [OrganisationState.LIVE, OrganisationState.LIVE]
    assert await town.state(OrganisationId("org_same")) is OrganisationState.MARKED
    assert await town.fetch("select from promises where void_at is null") == []
    assert await town.wakes(bought) > 0


async def test_newer_activity_of_a_warned_organisation(town: Town, imports: PostgresImports) -> None:
    """Activity that a file brings wakes the countdown of a warned organisation, which is reset by it (AC-02, AC-03)."""
    organisation_id = await town.warned()
    [row] = await town.fetch("select name, country from organisations")
    wakes = await town.wakes(organisation_id)
    await town.advance(DAY)
    fields = {"name": row["name"], "country": row["country"], "last_activity_at": (await town.now()).isoformat()}
    await store(imports, organisation(organisation_id.removeprefix("org_"), **fields))
    assert await town.wakes(organisation_id) == wakes + 1
    assert (await town.assess(organisation_id)).state is OrganisationState.MARKED


async def test_every_wrong_row_is_named_and_nothing_is_stored(town: Town, desk: Desk, imports: PostgresImports) -> None:
    """One file with every kind of error: each row with its line and code, no others, and nothing stored (WH-07)."""
    await store(
        imports,
        partner("known", own="known"),
        *(organisation(name) for name in ("known", "gone", "other")),
        person("known", "known"),
        licences("known", "known", expires_at="2030-01-01T00:00:00Z"),
    )
    await town.execute("update organisations set state = 'erasing' where organisation_id = 'org_gone'")
    tomorrow = (await town.now() + DAY).isoformat()
    rows: list[tuple[Fields, RowCode | None]] = [
        (organisation("a"), None),
        (organisation("a", name="B"), RowCode.DUPLICATE_ROW),
        (organisation("wrong", time_zone="Mars/Base"), RowCode.UNKNOWN_TIME_ZONE),
        (person("of-the-wrong-one", "wrong"), None),
        (person("of-nobody", "nobody"), RowCode.ORGANISATION_NOT_FOUND),
        (person("known", "other"), RowCode.CONTRADICTION),
        (person("eve", "a"), None),
        (person("eve", "a", role="user", email="eve@b.example"), RowCode.DUPLICATE_ROW),
        (organisation("gone"), RowCode.ORG_DELETED),
        (licences("g", "gone"), RowCode.ORG_DELETED),
        (organisation("b", partner_id="ptr_nobody"), RowCode.PARTNER_NOT_FOUND),
        (management("known", "a"), None),
        (management("known", "a", access="full"), RowCode.DUPLICATE_ROW),
        (management("known", "nobody"), RowCode.ORGANISATION_NOT_FOUND),
        (organisation("c", last_activity_at=tomorrow), RowCode.FUTURE_EVENT),
        (licences("a1", "a", "suspended", tomorrow), RowCode.FUTURE_EVENT),
        (licences("a2", "a", "removed"), RowCode.EXPIRY_MISSING),
        (licences("a3", "a"), None),
        (licences("a3", "b"), RowCode.DUPLICATE_ROW),
        (licences("known", "known", expires_at="2031-01-01T00:00:00Z"), RowCode.LICENCE_SET_EXISTS),
        (partner("known", own="other"), RowCode.CONTRADICTION),
        (partner("second", own="known"), RowCode.CONTRADICTION),
        (partner("third", own="nobody"), RowCode.ORGANISATION_NOT_FOUND),
        (partner("fourth", tier=2, distributor_id="ptr_nobody"), RowCode.PARTNER_NOT_FOUND),
        (partner("fifth", tier=2, distributor_id="ptr_sixth"), None),
        (partner("sixth"), None),
        (partner("sixth", certified=False), RowCode.DUPLICATE_ROW),
        (organisation("d", industry="retail"), None),
        (organisation("d", industry="media"), RowCode.DUPLICATE_ROW),
        (licences("d", "d", services=["calling"]), None),
        (licences("d", "d", services=["meetings"]), RowCode.DUPLICATE_ROW),
        (licences("known", "known", expires_at="2030-01-01T00:00:00Z", services=["calling"]), RowCode.DUPLICATE_ROW),
        ({"record": "partner", "partner_id": "org_a", "name": "A"}, RowCode.INVALID_ROW),
    ]
    before = await desk.everything()
    report = await imports.store(OPERATOR, lines(*(row for row, _ in rows)), JSON_LINES)
    assert {error.line: error.code for error in report.errors} == {
        line: code for line, (_, code) in enumerate(rows, start=1) if code is not None
    }
    assert len(report.errors) == report.invalid_rows
    assert [error.line for error in report.errors] == sorted(error.line for error in report.errors)
    assert report.created == {}
    assert await desk.everything() == before


async def test_long_lists_of_errors_are_cut(imports: PostgresImports) -> None:
    """A report lists ten thousand wrong rows, and counts them all (WH-07)."""
    report = await imports.store(OPERATOR, b"x\n" * (MAX_ROW_ERRORS + 5), JSON_LINES)
    assert (len(report.errors), report.invalid_rows) == (MAX_ROW_ERRORS, MAX_ROW_ERRORS + 5)


async def test_refused_file_can_be_corrected(imports: PostgresImports) -> None:
    """A file that was refused leaves no trace: once what it refers to is there, the very same file is stored (WH-07)."""
    content = lines(person("ada", "a"))
    refused = await imports.store(OPERATOR, content, JSON_LINES)
    assert refused.invalid_rows == 1
    assert await imports.report(refused.import_id) is None
    await store(imports, organisation("a"))
    report = await imports.store(OPERATOR, content, JSON_LINES)
    assert (report.created, report.repeated) == ({"person": 1}, False)


async def test_who_may_import(desk: Desk, imports: PostgresImports) -> None:
    """Partners import nothing, and a file of another kind is refused before it is read (P14, XC-05)."""
    before = await desk.everything()
    partner_caller = Caller(actor="partner:ptr_a", partner_id=PartnerId("ptr_a"))
    for caller, media_type, code in (
        (partner_caller, JSON_LINES, RefusalCode.FORBIDDEN),
        (OPERATOR, "application/json", RefusalCode.INVALID_INPUT),
    ):
        with pytest.raises(Refusal) as refused:
            await imports.store(caller, lines(organisation("a")), media_type)
        assert refused.value.code is code
    assert await desk.everything() == before
