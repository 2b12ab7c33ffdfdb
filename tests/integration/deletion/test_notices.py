"""The ledger of notices on a real Postgres: one copy each, nobody who came back, and the promise that they print."""

import asyncio

import pytest

from tenure.contracts.deletion import Reason, Verdict
from tenure.contracts.notice import NoticeKind, NoticeState
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.ports import Caller
from tests.deliveries import speaks_of
from tests.integration.deletion.town import DAY, DOMAIN, HOUR, OPERATOR, Town, admin

MONTH = 30 * DAY
TAKEN = "250 2.0.0 Ok: queued as 4ABC"


async def warning(town: Town, *, admins: int = 1, time_zone: str = "UTC") -> tuple[OrganisationId, tuple[str, ...]]:
    """An organisation that has just been warned, and its queued notices."""
    organisation = await town.organisation(admins=admins, time_zone=time_zone)
    await town.mark(organisation)
    await town.advance(MONTH)
    return organisation, (await town.warn(organisation)).notices


async def states(town: Town, organisation: OrganisationId) -> list[NoticeState]:
    return sorted(notice.state for notice in await town.notices.of(OPERATOR, organisation))


async def test_a_delivery_has_all_that_the_mail_says(town: Town) -> None:
    """Name, address, language and zone, and the promise as it is stored (SF-01, TL-02)."""
    organisation, [notice] = await warning(town, time_zone="Asia/Seoul")
    await town.execute("update people set language = 'ko' where organisation_id = $1", organisation)
    delivery = await town.notices.next_attempt(notice)
    assert delivery is not None
    assert (delivery.name, delivery.language, delivery.time_zone) == ("Ada 00001", "ko", "Asia/Seoul")
    assert (delivery.email, delivery.organisation_name) == ("ada-1@00001.example", "Name of 00001")
    assert delivery.notice.recipient == admin(organisation)
    assert delivery.simulation
    evidence = await town.evidence(organisation)
    assert evidence.promise is not None
    assert (speaks_of(delivery).deletion_at, speaks_of(delivery).base_at) == (
        evidence.promise.not_before,
        evidence.promise.base_at,
    )


async def test_an_accepted_notice_is_final(town: Town) -> None:
    """The server's words are kept, the notice period runs, and nothing is sent again (SF-02, TL-01, XC-02)."""
    organisation, [notice] = await warning(town)
    await town.notices.next_attempt(notice)
    row = await town.notices.accepted(notice, TAKEN)
    assert (row.state, row.attempts, row.server_answer) == (NoticeState.ACCEPTED, 1, TAKEN)
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    assert (promise.settled, promise.first_accepted_at) == (True, row.accepted_at)
    assert await town.notices.next_attempt(notice) is None
    await town.advance(HOUR)
    assert await town.notices.accepted(notice, "250 again") == row
    assert await town.notices.refused(notice, "550 no") == row
    assert (await town.evidence(organisation)).promise == promise
    step = await town.assess(organisation)
    assert (step.assessment.verdict, step.assessment.due_at) == (Verdict.WAIT, promise.not_before)


async def test_a_crash_after_the_servers_250_sends_the_same_message_again(town: Town) -> None:
    """One copy more with the same Message-ID; the ledger has one row and one acceptance (XC-02, P9)."""
    organisation, [notice] = await warning(town)
    first = await town.notices.next_attempt(notice)
    again = await town.notices.next_attempt(notice)  # nobody wrote down that the first was taken
    assert first is not None
    assert again is not None
    assert first.notice.message_id == again.notice.message_id
    assert (await town.notices.accepted(notice, TAKEN)).attempts == 2
    assert await states(town, organisation) == [NoticeState.ACCEPTED]


async def test_a_deferred_notice_is_tried_again_and_moves_the_promise(town: Town) -> None:
    """A mail delayed by an outage shifts the date that it prints, and with it the deletion (DM-06, DM-07, SF-02)."""
    organisation, [notice] = await warning(town)
    first = await town.notices.next_attempt(notice)
    await town.notices.deferred(notice, "451 4.7.1 <ada-1@00001.example>: greylisted")
    step = await town.assess(organisation)
    assert (step.assessment.reason, step.notices) == (Reason.WARNING_NOT_ACCEPTED, (notice,))
    tried_at = await town.advance(5 * DAY)
    second = await town.notices.next_attempt(notice)
    assert first is not None
    assert second is not None
    assert speaks_of(second).deletion_at >= max(speaks_of(first).deletion_at + 4 * DAY, tried_at + MONTH)
    [row] = await town.notices.of(OPERATOR, organisation)
    assert (row.state, row.attempts) == (NoticeState.QUEUED, 2)
    assert row.server_answer == "451 4.7.1 <(address)>: greylisted"
    await town.notices.accepted(notice, TAKEN)
    assert (await town.assess(organisation)).assessment.due_at == speaks_of(second).deletion_at


async def test_nothing_is_deleted_while_a_recipient_is_tried(town: Town) -> None:
    """A warning that was never accepted, and might be, means no deletion however long it takes (DM-07, P1)."""
    organisation, [notice] = await warning(town)
    for _ in range(6):
        await town.notices.next_attempt(notice)
        await town.notices.deferred(notice, "451 try later")
        await town.advance(20 * DAY)
        step = await town.fence(organisation)
        assert (step.state, step.assessment.reason) == (OrganisationState.WARNED, Reason.WARNING_NOT_ACCEPTED)


async def test_the_first_acceptance_counts(town: Town) -> None:
    """One full admin's server is enough, and who is still tried gets the same date (SF-02, DM-10)."""
    organisation, (first, second) = await warning(town, admins=2)
    await town.deliver(first)
    told = (await town.evidence(organisation)).promise
    assert told is not None
    assert not told.settled
    await town.advance(12 * DAY)
    delivery = await town.notices.next_attempt(second)
    assert delivery is not None
    assert speaks_of(delivery).deletion_at == told.not_before
    await town.notices.deferred(second, "452 mailbox full")
    await town.advance_to(told.not_before)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING
    assert await states(town, organisation) == [NoticeState.ACCEPTED, NoticeState.DROPPED]


async def test_where_every_address_is_refused_the_attempt_counts(town: Town) -> None:
    """30 days from the first recorded attempt, and the partner and the operator see it (DM-17, SF-02)."""
    organisation, notices = await warning(town, admins=2)
    attempted_at = await town.now()
    for number in range(1, town.rules.refusals + 1):
        for notice in notices:
            await town.notices.next_attempt(notice)
            row = await town.notices.refused(notice, "550 5.1.1 <ada@00001.example> no such user")
            expected = NoticeState.REFUSED if number == town.rules.refusals else NoticeState.QUEUED
            assert (row.state, row.server_answer) == (expected, "550 5.1.1 <(address)> no such user")
        await town.advance(DAY)
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    assert (promise.settled, promise.first_accepted_at) == (True, None)
    assert promise.first_attempt_at is not None
    assert promise.first_attempt_at >= attempted_at
    await town.advance_to(promise.not_before)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING


@pytest.mark.parametrize("how", ["activity", "purchase", "own request", "other cycle"])
async def test_nobody_who_came_back_is_mailed(town: Town, how: str) -> None:
    """State, activity and cycle are read again just before sending (TL-01, DM-12)."""
    organisation, [notice] = await warning(town)
    if how == "activity":  # which no look has seen yet
        await town.sign_in(organisation)
    elif how == "purchase":
        await town.buy(organisation)
    elif how == "own request":
        await town.delete_now(organisation)
    else:
        await town.sign_in(organisation)
        await town.assess(organisation)
        await town.advance(MONTH)
        assert notice not in (await town.warn(organisation)).notices
    assert await town.notices.next_attempt(notice) is None
    assert NoticeState.DROPPED in await states(town, organisation)


async def test_a_mail_that_was_on_its_way_is_recorded_though_it_is_void(town: Town) -> None:
    """The ledger says what happened; the void promise stays void (XC-02, DM-16)."""
    organisation, [notice] = await warning(town)
    await town.notices.next_attempt(notice)
    await town.sign_in(organisation)
    await town.assess(organisation)
    assert (await town.notices.accepted(notice, TAKEN)).state is NoticeState.ACCEPTED
    assert await town.state(organisation) is OrganisationState.MARKED
    assert (await town.evidence(organisation)).promise is None


async def test_recipients_are_those_of_the_moment(town: Town) -> None:
    """Who is full admin no more is not mailed; who has become one is, before the warning is settled (NO-08)."""
    organisation, [notice] = await warning(town)
    await town.execute("update person_roles set role = 'user'")
    await town.execute(
        "insert into people (person_id, organisation_id, name, email, created_at)"
        " values ('per_new', $1, 'New', 'new@00001.example', business_now())",
        organisation,
    )
    await town.execute("insert into person_roles values ('per_new', 'customer_full_admin')")
    assert await town.notices.next_attempt(notice) is None
    step = await town.assess(organisation)
    assert (len(step.notices), step.assessment.reason) == (1, Reason.WARNING_NOT_ACCEPTED)
    await town.deliver(*step.notices)
    rows = {row.recipient: row.state for row in await town.notices.of(OPERATOR, organisation)}
    assert rows == {admin(organisation): NoticeState.DROPPED, "per_new": NoticeState.ACCEPTED}


async def test_a_recipient_who_leaves_and_nobody_else(town: Town) -> None:
    """Nobody is left to be mailed: the attempt goes on record all the same (DM-17)."""
    organisation, [notice] = await warning(town)
    await town.execute("update person_roles set role = 'user'")
    assert await town.notices.next_attempt(notice) is None
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    assert promise.settled
    assert promise.first_attempt_at is not None
    assert (await town.assess(organisation)).assessment.reason is Reason.NOTICE_PERIOD


async def test_two_deliverers_of_one_notice(town: Town) -> None:
    """Whatever runs twice ends in one row, with one acceptance and one date (XC-02, P9)."""
    organisation, [notice] = await warning(town)
    deliveries = await asyncio.gather(*(town.notices.next_attempt(notice) for _ in range(8)))
    assert len({delivery.notice.message_id for delivery in deliveries if delivery}) == 1
    rows = await asyncio.gather(*(town.notices.accepted(notice, TAKEN) for _ in range(8)))
    assert len({row.accepted_at for row in rows}) == 1
    assert await states(town, organisation) == [NoticeState.ACCEPTED]


async def test_an_unknown_or_purged_notice(town: Town) -> None:
    """There is nothing to send, and nothing to write an answer to (XC-07)."""
    unknown = "00000000-0000-5000-8000-000000000000"
    assert await town.notices.next_attempt(unknown) is None
    with pytest.raises(Refusal) as refused:
        await town.notices.accepted(unknown, TAKEN)
    assert refused.value.code is RefusalCode.ORG_DELETED


async def test_a_promise_in_the_database_never_moves_earlier(town: Town) -> None:
    """Not by any statement of the application (SF-01)."""
    organisation, _ = await warning(town)
    with pytest.raises(Exception, match="never moves earlier"):
        await town.execute(
            "update promises set not_before = not_before - interval '1 second' where organisation_id = $1", organisation
        )


async def test_preview_sends_and_changes_nothing(town: Town) -> None:
    """Any notice for any organisation and instant, as it would be (WH-03)."""
    organisation = await town.organisation(admins=2, time_zone="Europe/Paris")
    at = await town.now() + 17 * DAY
    preview = await town.notices.preview(OPERATOR, NoticeKind.DELETION_WARNING, organisation, at)
    assert speaks_of(preview).deletion_at >= at + MONTH
    assert (preview.notice.recipient, preview.notice.attempts) == (admin(organisation), 0)
    assert await town.notices.of(OPERATOR, organisation) == []

    await town.warned(organisation)
    promise = (await town.evidence(organisation)).promise
    [sent] = [row for row in await town.notices.of(OPERATOR, organisation) if row.recipient == admin(organisation)]
    preview = await town.notices.preview(OPERATOR, NoticeKind.DELETION_WARNING, organisation, await town.now())
    assert promise is not None
    assert (speaks_of(preview).deletion_at, speaks_of(preview).base_at) == (promise.not_before, promise.base_at)
    assert (preview.notice.notice_id, preview.notice.message_id) == (sent.notice_id, sent.message_id)
    assert (await town.evidence(organisation)).promise == promise


async def test_preview_is_refused_where_there_is_nothing_to_show(town: Town) -> None:
    """To strangers, for the deleted, and where there is no full admin (P14, P10)."""
    stranger = Caller(actor="partner:ptr_other", partner_id=PartnerId("ptr_other"))
    kind, now = NoticeKind.DELETION_WARNING, await town.now()
    nobody = await town.organisation(admins=0)
    gone = await town.organisation()
    await town.delete_now(gone)
    for caller, organisation, code in (
        (stranger, nobody, RefusalCode.ORGANISATION_NOT_FOUND),
        (OPERATOR, nobody, RefusalCode.PERSON_NOT_FOUND),
        (OPERATOR, gone, RefusalCode.ORG_DELETED),
    ):
        with pytest.raises(Refusal) as refused:
            await town.notices.preview(caller, kind, organisation, now)
        assert refused.value.code is code
    with pytest.raises(Refusal):
        await town.notices.of(stranger, nobody)


async def test_message_ids_name_nobody(town: Town) -> None:
    """The id follows from the key; no address and no person can be read from it (XC-02)."""
    organisation, [notice] = await warning(town)
    [row] = await town.notices.of(OPERATOR, organisation)
    assert row.message_id == f"<{notice}@{DOMAIN}>"
    assert admin(organisation) not in row.message_id
