"""The quarantine on a real Postgres: what holds a purge, and the abort of one or a thousand (SF-11)."""

from datetime import timedelta

import pytest

from adapters.postgres.processes import PostgresProcesses
from tenure.contracts.deletion import Verdict
from tenure.contracts.erasure import AbortErasures, EraseStore, ErasureAt, ErasureState, PurgeHold, Store
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import Manage, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, HOUR, OPERATOR, SERVICE, Town

PARTNER = Caller(actor="partner:ptr_one", partner_id=PartnerId("ptr_one"))


async def test_the_purge_waits_for_the_quarantine(town: Town) -> None:
    """24 hours, and the next look is stored; at their end there is no way back (SF-11, XC-07)."""
    organisation = await town.fenced()
    held = await town.clear(organisation)
    erasure = await town.erasure_of(organisation)
    assert (held.cleared, held.held_because, held.due_at) == (False, "quarantine", erasure.quarantine_until)
    assert (await town.erasure_of(organisation)).held_because == "quarantine"
    await town.advance_to(erasure.quarantine_until)
    assert (await town.clear(organisation)).cleared
    assert (await town.erasure_of(organisation)).state is ErasureState.PURGING
    assert [date.reason for date in await town.next_dates(organisation)] == ["purging"]
    assert (await town.clear(organisation)).cleared
    assert (await town.audit(organisation)).count("purge_begun") == 1


async def test_a_purge_waits_for_the_feeds_to_pass_the_fence(town: Town) -> None:
    """A feed that is silent since before the fence holds it, visibly (SF-03, SF-11, P15)."""
    organisation = await town.ripe()
    await town.advance(timedelta(minutes=1), feeds=False)
    await town.fence(organisation)
    await town.advance(2 * DAY, feeds=False)
    held = await town.clear(organisation)
    assert (held.cleared, held.held_because) == (False, "feed_behind")
    [date] = await town.next_dates(organisation)
    assert (date.kind, date.reason, date.looks_at) == (NextKind.PURGE, "feed_behind", held.due_at)
    await town.heartbeat()
    assert (await town.clear(organisation)).cleared


async def test_activity_dated_before_the_fence_holds_the_purge(town: Town) -> None:
    """An event that comes late shows a mistake: held until an operator aborts; what is later is nobody's (SF-11, AC-11)."""
    organisation = await town.ripe()
    before = await town.advance(timedelta(minutes=1), feeds=False)
    await town.advance(timedelta(minutes=1), feeds=False)
    await town.fence(organisation)
    await town.advance(2 * DAY)
    assert (await town.sign_in(organisation)).deleted == 1
    assert (await town.sign_in(organisation, before)).deleted == 1
    held = await town.clear(organisation)
    assert (held.cleared, held.held_because) == (False, "late_activity")
    assert (await town.erasure_of(organisation)).held_because == "late_activity"

    await town.abort(organisation)
    evidence = await town.evidence(organisation)
    assert evidence.last_activity_at == before


async def test_activity_after_the_fence_holds_nothing(town: Town) -> None:
    """It is answered org_deleted, and the purge goes on (AC-11)."""
    organisation = await town.fenced()
    await town.advance(2 * DAY)
    assert (await town.sign_in(organisation)).deleted == 1
    assert (await town.clear(organisation)).cleared


async def test_an_open_breaker_holds_purges_too(town: Town) -> None:
    """No purge begins until an operator releases a number (SF-05, P5)."""
    organisation = await town.fenced()
    await town.advance(2 * DAY)
    await town.execute("update breakers set open_since = business_now(), reason = 'looked at'")
    assert (await town.clear(organisation)).held_because == "breaker_open"
    await town.execute("update breakers set released = 1")
    assert (await town.clear(organisation)).cleared


async def test_no_purge_before_its_instant_has_come(town: Town) -> None:
    """A wrong clock does not shorten the quarantine (SF-10, P13)."""
    organisation = await town.fenced()
    at = await town.at(organisation)
    ahead = ErasureAt(organisation_id=organisation, generation=1, as_of=at.as_of + 2 * DAY)
    with pytest.raises(Refusal) as refused:
        await town.erasures.clear(ahead)
    assert refused.value.code is RefusalCode.CLOCK_AHEAD
    assert (await town.erasure_of(organisation)).state is ErasureState.QUARANTINE
    assert (await town.breakers.all())[0].open_since is not None


async def test_an_unknown_erasure_is_refused(town: Town) -> None:
    """There is nothing to clear (XC-05)."""
    organisation = await town.organisation()
    with pytest.raises(Refusal) as refused:
        await town.clear(organisation)
    assert refused.value.code is RefusalCode.ERASURE_NOT_FOUND


async def test_an_abort_brings_an_organisation_back_unchanged(town: Town) -> None:
    """Marked, base = the abort, next generation, promise void; activity is heard again, and nothing is lost (SF-11)."""
    organisation = await town.organisation(admins=2)
    await town.execute(
        "insert into content (organisation_id, store, item_id) values ($1, 'messages', 'one')", organisation
    )
    people = "select * from people p join person_roles r using (person_id) order by person_id"
    before = [await town.fetch(people), await town.fetch("select * from content")]
    await town.fenced(organisation)
    aborted_at = await town.advance(HOUR)
    result = await town.abort(organisation)
    assert (result.aborted, result.refused) == ((organisation,), {})

    assert [await town.fetch(people), await town.fetch("select * from content")] == before
    assert await town.state(organisation) is OrganisationState.MARKED
    evidence = await town.evidence(organisation)
    assert (evidence.generation, evidence.cycle, evidence.promise) == (2, 0, None)
    assert evidence.counting_from is not None
    assert evidence.counting_from >= aborted_at
    assert (await town.erasure_of(organisation)).state is ErasureState.ABORTED
    assert (await town.audit(organisation))[-2:] == ["fenced", "erasure_aborted"]
    [audit] = await town.fetch("select actor, reason from audit where action = 'erasure_aborted'")
    assert tuple(audit) == (OPERATOR.actor, "a stale list")
    [date] = await town.next_dates(organisation)
    assert (date.kind, date.due_at) == (NextKind.DELETION_WARNING, evidence.counting_from + town.rules.silence)

    assert (await town.sign_in(organisation)).accepted == 1
    at = ErasureAt(organisation_id=organisation, generation=1, as_of=await town.now())
    assert (await town.erasures.clear(at)).aborted
    assert await town.processes(organisation) == {
        f"deletion/{organisation}/1": "closed",
        f"erasure/{organisation}/1": "closed",
        f"deletion/{organisation}/2": "pending",
    }
    # The full ladder again: a month, a warning, a month.
    assert (await town.assess(organisation)).assessment.verdict is Verdict.WAIT
    await town.advance(town.rules.silence)
    assert len((await town.warn(organisation)).notices) == 2


async def test_each_organisation_named_gets_its_answer(town: Town) -> None:
    """What can be is aborted; of every other it is said why not; a plan says the same and does nothing (SF-08, SF-11)."""
    purged = await town.purging()
    await town.erase(purged)
    purging = await town.purging()
    back = await town.fenced()
    await town.abort(back)
    own = await town.organisation()
    await town.delete_now(own)
    live = await town.organisation()
    unknown = OrganisationId("org_unknown")
    quarantined = await town.fenced()
    command = AbortErasures(
        organisations=(purged, purging, back, own, live, unknown, quarantined, quarantined), reason="a stale list"
    )
    expected = {
        purged: RefusalCode.IRREVERSIBLE,
        purging: RefusalCode.IRREVERSIBLE,
        own: RefusalCode.IRREVERSIBLE,
        back: RefusalCode.ERASURE_NOT_FOUND,
        live: RefusalCode.ERASURE_NOT_FOUND,
        unknown: RefusalCode.ERASURE_NOT_FOUND,
    }
    before = await town.fetch("select * from erasures order by organisation_id, generation")
    plan = await town.erasures.plan_abort(OPERATOR, command)
    assert (plan.aborted, plan.refused) == ((quarantined,), expected)
    assert await town.fetch("select * from erasures order by organisation_id, generation") == before
    assert await town.erasures.abort(OPERATOR, command) == plan


async def test_an_abort_that_is_sent_twice_aborts_once(town: Town) -> None:
    """With the caller's key the answer is the same, and there is one new countdown (P10)."""
    organisation = await town.fenced()
    keyed = OPERATOR.model_copy(update={"key": "one"})
    command = AbortErasures(organisations=(organisation,), reason="a stale list")
    first = await town.erasures.abort(keyed, command)
    assert await town.erasures.abort(keyed, command) == first
    assert (await town.at(organisation)).generation == 2


async def test_a_thousand_are_aborted_at_once(town: Town) -> None:
    """The rehearsal of a vendor's mistake: all back, all marked, all with a new countdown and an intact audit (SF-11)."""
    organisations = await town.organisations_of(1000)
    await town.mark(*organisations)
    await town.execute(
        "with gone as (update organisations set state = 'erasing', marked_at = null returning organisation_id),"
        " closed as (update activity set closed = true, fenced_at = business_now())"
        " insert into erasures (organisation_id, generation, cause, fenced_at, quarantine_until, evidence)"
        " select organisation_id, 1, 'unused', business_now(), business_now() + interval '1 day', '{}' from gone"
    )
    result = await town.abort(*organisations)
    assert result.aborted == tuple(organisations)
    counts = await town.fetch(
        "select (select count(*) from organisations where state = 'marked' and generation = 2),"
        " (select count(*) from countdowns where generation = 2 and ended_at is null),"
        " (select count(*) from erasures where state = 'aborted'),"
        " (select count(*) from activity where not closed and fenced_at is null),"
        " (select count(*) from processes where workflow_id like 'deletion/%/2'),"
        " (select count(*) from audit where action = 'erasure_aborted')"
    )
    assert tuple(counts[0]) == (1000,) * 6


async def test_an_abort_gives_a_partner_its_customer_back(town: Town) -> None:
    """The partner's own organisation, marked when its last customer was fenced, is unmarked in the same step (DM-02)."""
    own = await town.organisation()
    customer = await town.organisation(managed_by=await town.partner(own))
    await town.fenced(customer)
    assert await town.state(own) is OrganisationState.MARKED
    await town.abort(customer)
    assert await town.state(own) is OrganisationState.LIVE
    assert await town.audit(own) == ["marked", "unmarked"]


async def test_a_partner_and_its_customer_are_aborted_together(town: Town) -> None:
    """Both were fenced by mistake: the partner's own organisation manages a customer again, and is live (DM-02)."""
    own = await town.organisation()
    customer = await town.organisation(managed_by=await town.partner(own))
    await town.fenced(customer)
    await town.execute("update organisations set state = 'live', marked_at = null where organisation_id = $1", own)
    town.rule(town.rules.model_copy(update={"quarantine": 200 * DAY}))
    await town.fenced(own)
    assert (await town.abort(customer, own)).aborted == (own, customer)
    assert await town.state(customer) is OrganisationState.MARKED
    assert await town.state(own) is OrganisationState.LIVE


async def test_a_customer_that_comes_back_brings_its_partner_back(town: Town) -> None:
    """Its partner's own organisation, in quarantine meanwhile, is live again, and so on upwards (DM-02, SF-11, SF-08)."""
    town.rule(town.rules.model_copy(update={"quarantine": 200 * DAY}))
    above = await town.organisation()
    own = await town.organisation(managed_by=await town.partner(above))
    customer = await town.organisation(managed_by=await town.partner(own))
    await town.fenced(customer)
    for manager in (own, above):
        assert await town.state(manager) is OrganisationState.MARKED
        await town.advance(town.rules.silence)
        await town.deliver(*(await town.warn(manager)).notices)
        await town.advance(town.rules.notice_period + DAY)
        await town.assess(manager)
        assert (await town.fence(manager)).state is OrganisationState.ERASING
    command = AbortErasures(organisations=(customer,), reason="ours")
    everybody = tuple(sorted((customer, own, above)))
    assert (await town.erasures.plan_abort(OPERATOR, command)).aborted == everybody
    assert (await town.erasures.abort(OPERATOR, command)).aborted == everybody
    assert [await town.state(manager) for manager in (own, above)] == [OrganisationState.LIVE] * 2
    # Whatever becomes of the customer later, its partner begins anew.
    await town.advance(town.rules.silence)
    await town.deliver(*(await town.warn(customer)).notices)
    await town.advance(town.rules.notice_period + DAY)
    await town.assess(customer)
    assert (await town.fence(customer)).state is OrganisationState.ERASING
    assert await town.state(own) is OrganisationState.MARKED


async def test_a_partner_in_quarantine_gains_no_customer(town: Town) -> None:
    """It answers as deleted, so that no customer is tied to what is about to be purged (SF-11, DM-09)."""
    partner = await town.partner(await town.fenced())
    customer = await town.organisation()
    with pytest.raises(Refusal) as refused:
        await town.organisations.manage(SERVICE, Manage(partner_id=partner, organisation_id=customer))
    assert refused.value.code is RefusalCode.ORG_DELETED


async def test_a_purge_that_is_stuck_is_past_due(town: Town) -> None:
    """From its first day to the tombstone it is seen, whatever store it stands at (P15)."""
    processes = PostgresProcesses(town.database)
    organisation = await town.purging()
    assert [(date.kind, date.reason) for date in await town.next_dates(organisation)] == [("purge", "purging")]
    for store in Store:
        generation = (await town.at(organisation)).generation
        await town.eraser.erase(EraseStore(organisation_id=organisation, generation=generation, store=store))
    now = await town.advance(DAY + HOUR)
    assert await processes.overdue(now) == 1
    assert (await processes.figures()).oldest_overdue > DAY
    await town.erase(organisation)
    assert await processes.overdue(now) == 0
    assert await town.next_dates(organisation) == []


async def test_what_holds_purges_is_counted(town: Town) -> None:
    """Late activity is a figure that an alert can be made of (SF-11, P15)."""
    processes = PostgresProcesses(town.database)
    organisation = await town.fenced()
    fenced_at = (await town.erasure_of(organisation)).fenced_at
    await town.sign_in(organisation, fenced_at - timedelta(minutes=1))
    await town.advance(town.rules.quarantine)
    assert set((await processes.figures()).purges_held.values()) == {0}
    await town.clear(organisation)
    assert (await processes.figures()).purges_held[PurgeHold.LATE_ACTIVITY] == 1
    await town.abort(organisation)
    assert set((await processes.figures()).purges_held.values()) == {0}


async def test_partners_see_no_erasures_and_abort_none(town: Town) -> None:
    """Deleted organisations leave a partner's sight, and nobody but the vendor brings one back (PS-06, P14, DM-09)."""
    organisation = await town.fenced()
    command = AbortErasures(organisations=(organisation,), reason="ours")
    for call in (
        town.erasures.all(PARTNER),
        town.erasures.plan_abort(PARTNER, command),
        town.erasures.abort(PARTNER, command),
    ):
        with pytest.raises(Refusal) as refused:
            await call
        assert refused.value.code is RefusalCode.FORBIDDEN
    assert await town.state(organisation) is OrganisationState.ERASING


async def test_erasures_are_listed_newest_first(town: Town) -> None:
    """All, or those in one state (SF-11)."""
    first = await town.fenced()
    second = await town.fenced()
    await town.abort(first)
    everything = await town.erasures.all(OPERATOR)
    assert [erasure.organisation_id for erasure in everything] == [second, first]
    [quarantined] = await town.erasures.all(OPERATOR, state=ErasureState.QUARANTINE)
    assert quarantined.organisation_id == second
