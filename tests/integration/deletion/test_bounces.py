"""Mails that come back: what the ledger, the countdown and the receipt make of it, on Postgres (TL-04)."""

import asyncio

import pytest

from adapters.mail.reports import MailReportReader
from adapters.postgres.audit import verify
from adapters.postgres.bounces import PostgresBounces
from tenure.contracts.bounce import Action, BounceOutcome, BounceResult
from tenure.contracts.deletion import Reason, Verdict
from tenure.contracts.notice import Notice, NoticeState
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, DOMAIN, OPERATOR, SERVICE, Town, admin
from tests.reports import HEADERS_ONLY, report

TWICE = Caller(actor="service:mail", key="the same report")


def address(organisation: OrganisationId, number: int = 1) -> str:
    return f"ada-{number}@{organisation.removeprefix('org_')}.example"


async def hand_in(town: Town, content: bytes, caller: Caller = SERVICE) -> BounceResult:
    bounces = PostgresBounces(town.database, town.rules, message_domain=DOMAIN)
    return await bounces.record(caller, MailReportReader().read(content))


async def notice_of(town: Town, organisation: OrganisationId, number: int = 1) -> Notice:
    recipient = admin(organisation, number)
    return next(one for one in await town.notices.of(OPERATOR, organisation) if one.recipient == recipient)


async def come_back(town: Town, organisation: OrganisationId, number: int = 1) -> BounceResult:
    notice = await notice_of(town, organisation, number)
    return await hand_in(town, report(notice.message_id, address(organisation, number)))


async def alert(town: Town, organisation: OrganisationId) -> str | None:
    return (await town.organisations.show(OPERATOR, organisation)).alert


async def test_a_notice_comes_back(town: Town) -> None:
    """When, status and words stand in the ledger, without address; one audit row, without words (TL-04, XC-04)."""
    organisation = await town.warned(admins=2)
    before = await town.audit(organisation)
    at = await town.advance(DAY)
    result = await come_back(town, organisation)
    notice = await notice_of(town, organisation)
    assert result == BounceResult(
        outcome=BounceOutcome.RECORDED,
        notice_id=notice.notice_id,
        organisation_id=organisation,
        status="5.1.1",
    )
    assert notice.state is NoticeState.ACCEPTED
    assert notice.bounce is not None
    assert notice.bounce.at >= at
    assert (notice.bounce.status, notice.bounce.text) == (
        "5.1.1",
        "550 5.1.1 <(address)>: Recipient address rejected: User unknown",
    )
    assert (await notice_of(town, organisation, 2)).bounce is None
    assert await town.audit(organisation) == [*before, "notice_bounced"]
    [row] = await town.fetch("select reason, actor, details from audit where action = 'notice_bounced'")
    assert tuple(row) == (
        "deletion_warning",
        SERVICE.actor,
        {"notice_id": notice.notice_id, "status": "5.1.1"},
    )
    async with town.database.read() as connection:
        assert await verify(connection, organisation)


async def test_the_same_report_is_one_fact(town: Town) -> None:
    """Eight at once, with and without a key, and one later: one is recorded, one row is written (P10, XC-04)."""
    organisation = await town.warned()
    notice = await notice_of(town, organisation)
    content = report(notice.message_id, address(organisation))
    callers = [SERVICE, OPERATOR, TWICE, TWICE] * 2
    results = await asyncio.gather(*(hand_in(town, content, caller) for caller in callers))
    outcomes = [result.outcome for result in results]
    recorded = outcomes.count(BounceOutcome.RECORDED)
    assert recorded == 1 or (recorded == 4 and outcomes[2] is outcomes[3] is BounceOutcome.RECORDED)
    bounce = (await notice_of(town, organisation)).bounce
    await town.advance(DAY)
    assert (await hand_in(town, report(notice.message_id, address(organisation), Status="Status: 5.7.1"))).outcome is (
        BounceOutcome.KNOWN
    )
    assert (await notice_of(town, organisation)).bounce == bounce
    assert (await town.audit(organisation)).count("notice_bounced") == 1


async def test_what_did_not_fail_is_ignored(town: Town) -> None:
    """A delay says nothing yet, a delivery nothing that matters, and another recipient's failure nothing of this one (TL-04)."""
    organisation = await town.warned()
    notice = await notice_of(town, organisation)
    before = await town.audit(organisation)
    other = b"Final-Recipient: rfc822;eve@elsewhere.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\nFinal-Recipient"
    for action in set(Action) - {Action.FAILED}:
        content = report(notice.message_id, address(organisation), Action=f"Action: {action}")
        for one in (content, content.replace(b"Final-Recipient", other, 1)):
            assert (await hand_in(town, one)).outcome is BounceOutcome.IGNORED
    assert await notice_of(town, organisation) == notice
    assert await town.audit(organisation) == before


async def test_mail_and_recipient_have_to_match(town: Town) -> None:
    """Nobody's Message-ID, another notice's, and a recipient that the mail did not go to are refused without a trace (TL-04, XC-05)."""
    organisation, other = await town.warned(admins=2), await town.warned()
    notice = await notice_of(town, organisation)
    theirs = await notice_of(town, other)
    before = await town.fetch("select n::text from notices n order by notice_id")
    for message_id, recipient, code in (
        ("<00000000-0000-5000-8000-000000000000@tenure.example>", address(organisation), RefusalCode.NOTICE_NOT_FOUND),
        (theirs.message_id, address(organisation), RefusalCode.RECIPIENT_MISMATCH),
        (notice.message_id, address(organisation, 2), RefusalCode.RECIPIENT_MISMATCH),
        (notice.message_id, "eve@elsewhere.example", RefusalCode.RECIPIENT_MISMATCH),
    ):
        with pytest.raises(Refusal) as refusal:
            await hand_in(town, report(message_id, recipient), TWICE)
        assert refusal.value.code is code
    assert await town.fetch("select n::text from notices n order by notice_id") == before
    assert await town.fetch("select from idempotency_keys") == []
    assert "notice_bounced" not in await town.audit(organisation) + await town.audit(other)


async def test_the_recipient_is_known_as_it_was_mailed(town: Town) -> None:
    """In other letters, behind a forward, with its domain in ASCII, and after it has changed (TL-04)."""
    organisation = await town.organisation()
    await town.execute("update people set email = 'Ada@bücher.example' where organisation_id = $1", organisation)
    await town.warned(organisation)
    await town.execute("update people set email = 'new@bakery.example' where organisation_id = $1", organisation)
    notice = await notice_of(town, organisation)
    with pytest.raises(Refusal):
        await hand_in(town, report(notice.message_id, "new@bakery.example"))
    content = report(notice.message_id, "ADA@xn--bcher-kva.example", form=HEADERS_ONLY)
    assert (await hand_in(town, content)).outcome is BounceOutcome.RECORDED


async def test_the_last_warning_that_comes_back_raises_an_alert(town: Town) -> None:
    """Operator and partner see it once no full admin is known to be told; with `proceed` every date stays (SF-01, SF-02, TL-04)."""
    partner = await town.partner()
    organisation = await town.organisation(admins=2, managed_by=partner)
    await town.warned(organisation)
    gate = (await town.assess(organisation)).assessment.due_at
    dates = await town.next_dates(organisation)
    wakes = await town.wakes(organisation)
    await come_back(town, organisation)
    assert (await alert(town, organisation), await town.wakes(organisation)) == (None, wakes)
    await come_back(town, organisation, 2)
    assert await alert(town, organisation) == "warning_bounced"
    seen = await town.organisations.page(
        Caller(actor="partner:p", partner_id=partner), to_be_deleted=None, after=None, limit=10
    )
    assert [one.alert for one in seen.organisations] == ["warning_bounced"]
    assert await town.wakes(organisation) > wakes
    step = await town.assess(organisation)
    assert (step.assessment.verdict, step.assessment.due_at, step.notices) == (Verdict.WAIT, gate, ())
    assert await town.next_dates(organisation) == dates
    assert gate is not None
    await town.advance_to(gate - DAY)
    assert (await town.fence(organisation)).state is OrganisationState.WARNED
    await town.advance_to(gate)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING


async def test_with_hold_nothing_is_deleted_that_nobody_was_told_of(town: Town) -> None:
    """The setting for those who cannot be reached holds here too, however late it is (SF-02, TL-04)."""
    organisation = await town.warned()
    await come_back(town, organisation)
    town.rule(town.rules.model_copy(update={"when_nobody_reachable": "hold"}))
    await town.advance(90 * DAY)
    step = await town.fence(organisation)
    assert (step.state, step.assessment.reason) == (OrganisationState.WARNED, Reason.NOBODY_REACHABLE)


@pytest.mark.parametrize("how", ["corrected address", "another full admin"])
async def test_whoever_can_be_reached_by_now_is_tried(town: Town, how: str) -> None:
    """With the full notice from then on; the alert goes once that is accepted, and an old report says nothing of it (SF-02, P1)."""
    organisation = await town.warned()
    old = await notice_of(town, organisation)
    await come_back(town, organisation)
    first = (await town.assess(organisation)).assessment.due_at
    now = await town.advance(20 * DAY)
    if how == "corrected address":
        await town.execute("update people set email = 'new@bakery.example' where organisation_id = $1", organisation)
    else:
        await town.execute(
            "insert into people (person_id, organisation_id, name, email, created_at)"
            " values ('per_new', $1, 'New', 'new@bakery.example', business_now())",
            organisation,
        )
        await town.execute("insert into person_roles values ('per_new', 'customer_full_admin')")
    step = await town.assess(organisation)
    assert (step.assessment.reason, len(step.notices)) == (Reason.WARNING_NOT_ACCEPTED, 1)
    late = report(old.message_id, address(organisation))
    if how == "corrected address":
        with pytest.raises(Refusal) as refusal:
            await hand_in(town, late)
        assert refusal.value.code is RefusalCode.RECIPIENT_MISMATCH
    else:
        assert (await hand_in(town, late)).outcome is BounceOutcome.KNOWN
    await town.deliver(*step.notices)
    due = (await town.assess(organisation)).assessment.due_at
    assert await alert(town, organisation) is None
    assert first is not None
    assert due is not None
    assert due >= max(first, now + town.rules.notice_period)
    [reached] = [one for one in await town.notices.of(OPERATOR, organisation) if one.notice_id in step.notices]
    assert (reached.state, reached.bounce) == (NoticeState.ACCEPTED, None)


async def test_a_report_that_is_quicker_than_the_answer(town: Town) -> None:
    """The server's 250 that is written down after the report leaves a warning that came back (TL-04)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    await town.advance(town.rules.silence)
    [notice] = (await town.warn(organisation)).notices
    await town.notices.next_attempt(notice)
    await come_back(town, organisation)
    assert await alert(town, organisation) != "warning_bounced"
    await town.notices.accepted(notice, "250 2.0.0 OK")
    assert await alert(town, organisation) == "warning_bounced"


async def test_a_warning_that_is_void_comes_back(town: Town) -> None:
    """It is recorded and shown, and says nothing of the next warning (DM-16, TL-04)."""
    organisation = await town.warned()
    await town.sign_in(organisation)
    await town.assess(organisation)
    assert (await come_back(town, organisation)).outcome is BounceOutcome.RECORDED
    assert await alert(town, organisation) is None
    await town.advance(town.rules.silence)
    await town.deliver(*(await town.warn(organisation)).notices)
    await town.assess(organisation)
    assert await alert(town, organisation) is None


async def test_partners_hand_in_nothing(town: Town) -> None:
    """They only read (P14)."""
    organisation = await town.warned()
    notice = await notice_of(town, organisation)
    partner = Caller(actor="partner:p", partner_id=await town.partner())
    with pytest.raises(Refusal) as refusal:
        await hand_in(town, report(notice.message_id, address(organisation)), partner)
    assert refusal.value.code is RefusalCode.FORBIDDEN


async def test_the_words_are_erased_and_the_status_is_evidence(town: Town) -> None:
    """The receipt says that and when it came back, and no word of it is anywhere once the organisation is purged (SF-07, XC-07)."""
    organisation = await town.warned()
    await come_back(town, organisation)
    due = (await town.assess(organisation)).assessment.due_at
    assert due is not None
    await town.advance_to(due)
    await town.fence(organisation)
    await town.advance(town.rules.quarantine)
    assert (await town.clear(organisation)).cleared
    receipt = await town.erase(organisation)
    assert '"bounce_status":"5.1.1"' in receipt.document
    assert "User unknown" not in receipt.document
    tables = await town.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    for [table] in tables:
        assert await town.fetch(f"select from {table} t where t::text like '%User unknown%'") == [], table
    with pytest.raises(Refusal) as refusal:
        await come_back_late(town, receipt.document, organisation)
    assert refusal.value.code is RefusalCode.NOTICE_NOT_FOUND


async def come_back_late(town: Town, document: str, organisation: OrganisationId) -> None:
    """The same report again, about a notice that only the receipt knows of."""
    message_id = document.partition('"message_id":"')[2].partition('"')[0]
    assert message_id.endswith(f"@{DOMAIN}>")
    await hand_in(town, report(message_id, address(organisation)))
