"""The client against a served Tenure: every group, retries that act once, and errors a program can decide by."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from icalendar import Calendar
from temporalio.api.enums.v1 import EventType

from tenure import Refusal, RefusalCode, Tenure
from tenure.client import ImportProgress, ImportStage
from tenure.contracts.activity import Feed, FeedGap, Heartbeat
from tenure.contracts.breaker import ReleaseBreaker
from tenure.contracts.erasure import AbortErasures, ErasureState
from tenure.contracts.licence import (
    ExpireLicences,
    GrantLicences,
    LicenceKind,
    LicenceState,
    RestoredBy,
    RestoreLicences,
)
from tenure.contracts.organisation import DeleteNow, Manage, OrganisationState
from tenure.ids import LicenceSetId, OrganisationId
from tenure.receipt import Chain
from tests.integration.deletion.town import DAY, HOUR, admin
from tests.web.site import Site

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
LICENCES = LicenceSetId("lic_a")


async def collected[Item](items: AsyncIterator[Item]) -> list[Item]:
    return [item async for item in items]


async def test_licences_live_their_life(site: Site, operator: Tenure) -> None:
    """Granted, expired, restored and expired for good, over HTTP as by the rules (RP-01, RP-03, DP-01)."""
    organisation_id = await site.town.organisation()
    await site.town.mark(organisation_id)
    grant = GrantLicences(licence_set_id=LICENCES, organisation_id=organisation_id, kind=LicenceKind.TRIAL)
    assert (await operator.licences.grant(grant)).state is LicenceState.ACTIVE
    assert (await operator.organisations.show(organisation_id)).state is OrganisationState.LIVE
    now = await site.town.now()
    expired = await operator.licences.expire(ExpireLicences(licence_set_id=LICENCES, expired_at=now))
    assert expired.removal_due_at == now + 30 * DAY
    restore = RestoreLicences(licence_set_id=LICENCES, by=RestoredBy.PAID_SUBSCRIPTION)
    assert (await operator.licences.restore(restore)).state is LicenceState.ACTIVE
    with pytest.raises(Refusal) as refused:
        await operator.licences.restore(restore)
    assert refused.value.code is RefusalCode.WRONG_STATE


async def test_management_starts_and_ends(site: Site, operator: Tenure) -> None:
    """A partner gains a customer and loses it again (DM-02)."""
    organisation_id, partner_id = await site.town.organisation(), await site.town.partner()
    command = Manage(partner_id=partner_id, organisation_id=organisation_id)
    await operator.managements.start(command)
    assert (await operator.organisations.show(organisation_id)).partners == (partner_id,)
    await operator.managements.end(command)
    assert (await operator.organisations.show(organisation_id)).partners == ()


async def test_the_list_is_read_page_by_page(site: Site, operator: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list longer than a page comes as one stream, whole and in order (PS-01)."""
    monkeypatch.setattr("tenure.client.organisations.PAGE_SIZE", 3)
    ids = await site.town.organisations_of(7)
    await site.town.mark(ids[2])
    assert [one.organisation_id for one in await collected(operator.organisations.list())] == ids
    marked = await collected(operator.organisations.list(to_be_deleted=True))
    assert [one.organisation_id for one in marked] == [ids[2]]


async def test_explain_says_what_the_mail_promised(site: Site, operator: Tenure) -> None:
    """Explanation, list and preview show the one stored promise, and what would stop it (WH-01, WH-03, SF-01)."""
    organisation_id = await site.town.warned()
    explanation = await operator.organisations.explain(organisation_id)
    view = await operator.organisations.show(organisation_id)
    mail = await operator.notices.preview(organisation_id)
    promise = explanation.evidence.promise
    assert promise is not None
    assert promise.not_before == view.deletion_at == mail.not_before
    assert explanation.simulation
    assert explanation.would_stop_it
    assert [notice.state for notice in await operator.notices.of(organisation_id)] == ["accepted"]


async def test_the_calendar_keeps_its_events(site: Site, operator: Tenure) -> None:
    """A date that moves stays the same event of the iCalendar file, and the list says the same (WH-02)."""
    organisation_id = await site.town.organisation()
    await site.town.mark(organisation_id)

    async def event() -> tuple[str, datetime]:
        [entry] = [each async for each in operator.calendar.list()]
        [found] = Calendar.from_ical(await operator.calendar.icalendar()).walk("VEVENT")
        assert found.decoded("DTSTART") == entry.due_at.replace(microsecond=0)
        assert organisation_id in str(found["DESCRIPTION"])
        return str(found["UID"]), entry.due_at

    before = await event()
    assert [each async for each in operator.calendar.list(within_days=29)] == []
    assert Calendar.from_ical(await operator.calendar.icalendar(within_days=29)).walk("VEVENT") == []
    await site.town.advance(2 * DAY)
    await site.town.sign_in(organisation_id)
    await site.town.advance(29 * DAY)
    await site.town.assess(organisation_id)
    after = await event()
    assert after[0] == before[0]
    assert after[1] > before[1]


async def test_the_customer_deletes_itself(site: Site, operator: Tenure) -> None:
    """Only a full admin who types the name exactly deletes the organisation, at once (DM-11, DM-12)."""
    organisation_id = await site.town.organisation()
    right = DeleteNow(
        organisation_id=organisation_id,
        person_id=admin(organisation_id),
        confirmation="Name of " + organisation_id.removeprefix("org_"),
    )
    with pytest.raises(Refusal) as refused:
        await operator.organisations.delete_now(right.model_copy(update={"confirmation": "Name"}))
    assert refused.value.code is RefusalCode.CONFIRMATION_REQUIRED
    erasure = await operator.organisations.delete_now(right)
    assert erasure.state is ErasureState.QUARANTINE
    assert await site.town.state(organisation_id) is OrganisationState.ERASING


async def test_an_abort_is_planned_first(site: Site, operator: Tenure) -> None:
    """The plan names what would be aborted and what not, and why, and changes nothing; the abort does it (SF-08, SF-11)."""
    fenced, live = await site.town.fenced(), await site.town.organisation()
    command = AbortErasures(organisations=(fenced, live), reason="A feed was misread")
    plan = await operator.erasures.plan_abort(command)
    assert await site.town.state(fenced) is OrganisationState.ERASING
    result = await operator.erasures.abort(command)
    assert result == plan
    assert (result.aborted, result.refused) == ((fenced,), {live: "erasure_not_found"})
    assert await site.town.state(fenced) is OrganisationState.MARKED
    assert [one.organisation_id for one in await operator.erasures.list(ErasureState.ABORTED)] == [fenced]
    entries = await operator.organisations.audit(fenced)
    assert (entries[-1].actor, entries[-1].reason) == ("operator:ada", "A feed was misread")


async def test_an_open_breaker_is_released(site: Site, operator: Tenure) -> None:
    """The fourth deletion opens the breaker; an operator lets a number through, and who and why are kept (SF-05)."""
    for organisation_id in [await site.town.organisation() for _ in range(4)]:
        await site.town.mark(organisation_id)
    ids = [one.organisation_id for one in await collected(operator.organisations.list())]
    await site.town.advance(30 * DAY)
    for organisation_id in ids:
        await site.town.deliver(*(await site.town.warn(organisation_id)).notices)
    await site.town.advance(31 * DAY)
    for organisation_id in ids:
        await site.town.fence(organisation_id)
    assert (await site.town.state(ids[-1])) is OrganisationState.WARNED
    [fleet, *_] = await operator.breakers.list()
    assert fleet.open_since is not None
    released = await operator.breakers.release(
        ReleaseBreaker(scope="fleet", count=2, reason="Expected after the price change")
    )
    assert (released.released, released.released_by) == (2, "operator:ada")
    assert released.released_because == "Expected after the price change"


async def test_receipts_form_a_chain(site: Site, operator: Tenure) -> None:
    """The receipts come as the chain they are, and each can be had alone (SF-07)."""
    erased = [await site.town.purging() for _ in range(2)]
    for organisation_id in erased:
        await site.town.erase(organisation_id)
    chain, faults = Chain(), list[str]()
    async for receipt in operator.receipts.chain():
        faults += chain.follow(receipt)
    assert (chain.sequence, faults) == (2, [])
    assert (await operator.receipts.show(erased[1])).hash == chain.hash
    with pytest.raises(Refusal) as refused:
        await operator.receipts.show(OrganisationId("org_none"))
    assert refused.value.code is RefusalCode.RECEIPT_NOT_FOUND


async def test_feeds_report_themselves(site: Site, operator: Tenure) -> None:
    """A feed is registered, moves its watermark, and declares what it has lost (SF-03)."""
    feed = await operator.feeds.register(Feed(source="messages", rhythm=HOUR))
    assert feed.watermark is None
    now = await site.town.now()
    assert (await operator.feeds.heartbeat(Heartbeat(source="messages", watermark=now))).watermark == now
    gap = FeedGap(source="messages", lost_from=now - DAY, lost_until=now, reason="A disk was lost")
    await operator.feeds.declare_gap(gap)
    organisation_id = await site.town.organisation()
    await site.town.mark(organisation_id)
    assert (await operator.organisations.explain(organisation_id)).evidence.lost_until == now
    assert [one.source for one in await operator.feeds.list()] == ["identity", "messages"]


def portfolio(folder: Path, *records: Mapping[str, object]) -> Path:
    """A file of these records."""
    file = folder / "portfolio.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records))
    return file


ORGANISATION = {"record": "organisation", "organisation_id": "org_new", "name": "New [bold]", "country": "DE"}
REMOVED = {
    "record": "licence_set",
    "licence_set_id": "lic_new",
    "organisation_id": "org_new",
    "kind": "trial",
    "state": "removed",
    "expires_at": "2026-01-01T00:00:00Z",
}


async def test_an_import_tells_how_far_it_is(site: Site, operator: Tenure, tmp_path: Path) -> None:
    """Upload, storing and the start of processes are told step by step; again, the file does nothing (WH-07)."""
    file = portfolio(tmp_path, ORGANISATION, REMOVED)
    steps: list[ImportProgress] = []
    waiting = asyncio.Event()

    def progress(step: ImportProgress) -> None:
        steps.append(step)
        if step.stage is ImportStage.STARTING:
            waiting.set()

    async def start_processes() -> None:
        await waiting.wait()
        await site.town.execute("update processes set state = 'started'")

    async with asyncio.TaskGroup() as group:
        group.create_task(start_processes())
        report = await operator.imports.run(file, progress=progress)
    assert (report.rows, report.processes, report.processes_started) == (2, 1, 1)
    assert list(dict.fromkeys(step.stage for step in steps)) == list(ImportStage)
    size = file.stat().st_size
    assert ImportProgress(stage=ImportStage.UPLOADING, done=size, total=size) in steps
    again = await operator.imports.run(file)
    assert again.repeated
    assert again.import_id == report.import_id
    assert (await operator.imports.show(report.import_id)).processes_started == 1


async def test_a_wrong_file_is_refused_with_every_row(site: Site, operator: Tenure, tmp_path: Path) -> None:
    """Bad rows come back with line and reason, and nothing is stored (WH-07)."""
    file = portfolio(tmp_path, ORGANISATION, REMOVED | {"kind": "gift"}, {"record": "ghost"})
    with pytest.raises(Refusal) as refused:
        await operator.imports.run(file)
    assert refused.value.code is RefusalCode.IMPORT_INVALID
    errors = refused.value.details["errors"]
    assert isinstance(errors, list)
    assert [error["line"] for error in errors] == [2, 3]
    assert await collected(operator.organisations.list()) == []
    with pytest.raises(Refusal) as refused:
        await operator.imports.run(file.rename(tmp_path / "portfolio.xml"))
    assert refused.value.code is RefusalCode.INVALID_INPUT
    with pytest.raises(Refusal) as refused:
        await operator.imports.show("0" * 64)
    assert refused.value.code is RefusalCode.IMPORT_NOT_FOUND
