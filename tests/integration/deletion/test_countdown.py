"""The countdown's guarded transactions on a real Postgres: look, warn, and what comes between."""

from datetime import timedelta
from itertools import pairwise

import pytest

from adapters.postgres.audit import verify
from tenure.contracts.activity import ActivitySignal
from tenure.contracts.deletion import ActivityReport, CountdownAt, Reason, Verdict
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import NoticeState
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.rules import Rules
from tests.integration.deletion.town import DAY, DOMAIN, HOUR, OPERATOR, Town, admin

MONTH = 30 * DAY


async def test_the_whole_way(town: Town) -> None:
    """Marked, warned, fenced, purged: each step once, in its time, with its audit (DM-05, DM-06, DM-08, XC-04)."""
    organisation = await town.purging()
    receipt = await town.erase(organisation)
    assert receipt.organisation_id == organisation
    assert await town.state(organisation) is OrganisationState.DELETED
    assert await town.audit(organisation) == ["marked", "warned", "fenced", "purge_begun", "erased"]
    assert set((await town.processes(organisation)).values()) == {"closed"}
    async with town.database.read() as connection:
        assert await verify(connection, organisation)


async def test_a_look_before_its_time_stores_the_next_date(town: Town) -> None:
    """The wait until the warning, with the rule that set it, is a row (DM-05, WH-01)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    step = await town.assess(organisation)
    assert (step.assessment.verdict, step.assessment.reason) == (Verdict.WAIT, Reason.SILENCE)
    [date] = await town.next_dates(organisation)
    assert (date.kind, date.rule, date.reason) == (NextKind.DELETION_WARNING, "DM-05", "silence")
    assert (date.due_at, date.looks_at) == (step.assessment.due_at, None)


async def test_an_act_before_its_time_is_only_a_look(town: Town) -> None:
    """Whoever tries to warn or fence too early changes nothing but the next date (DM-05, DM-06, P1)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    for act in (town.warn, town.fence):
        step = await act(organisation)
        assert (step.state, step.assessment.verdict) == (OrganisationState.MARKED, Verdict.WAIT)
    assert await town.audit(organisation) == ["marked"]


async def test_a_warning_is_a_state_a_promise_and_a_notice_for_each_full_admin(town: Town) -> None:
    """All full admins and nobody else; the promise is stored before anybody is mailed (DM-05, NO-10, SF-01, XC-02)."""
    organisation = await town.organisation(admins=3, time_zone="Europe/Warsaw")
    await town.execute(
        "insert into people (person_id, organisation_id, name, email, created_at)"
        " values ('per_admin', $1, 'A', 'a@b.example', business_now()),"
        "        ('per_user', $1, 'U', 'u@b.example', business_now()),"
        "        ('per_sales', $1, 'S', 's@b.example', business_now())",
        organisation,
    )
    await town.execute(
        "insert into person_roles values ('per_admin', 'customer_admin'), ('per_user', 'user'),"
        " ('per_sales', 'partner_full_admin')"
    )
    await town.mark(organisation)
    await town.advance(MONTH)
    warned_at = await town.now()
    step = await town.warn(organisation)

    assert (step.state, step.cycle) == (OrganisationState.WARNED, 1)
    assert (step.assessment.verdict, step.assessment.reason) == (Verdict.HOLD, Reason.WARNING_NOT_ACCEPTED)
    notices = await town.notices.of(OPERATOR, organisation)
    assert {notice.recipient for notice in notices} == {admin(organisation, number) for number in (1, 2, 3)}
    assert {notice.notice_id for notice in notices} == set(step.notices)
    for notice in notices:
        assert (notice.state, notice.attempts) == (NoticeState.QUEUED, 0)
        assert notice.message_id == f"<{notice.notice_id}@{DOMAIN}>"
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    assert promise.not_before >= warned_at + MONTH
    assert (promise.first_attempt_at, promise.first_accepted_at, promise.settled) == (None, None, False)
    [date] = await town.next_dates(organisation)
    assert (date.kind, date.due_at) == (NextKind.DELETION, promise.not_before)


async def test_repeating_a_warning_changes_nothing(town: Town) -> None:
    """The same cycle, the same promise and the same notices, however often it is tried (P9, DM-16, XC-02)."""
    organisation = await town.organisation(admins=2)
    await town.mark(organisation)
    await town.advance(MONTH)
    at = await town.at(organisation)
    steps = [(await town.countdowns.warn(at)).model_copy(update={"looked_at": None}) for _ in range(3)]
    assert steps[1:] == steps[:1] * 2
    assert await town.audit(organisation) == ["marked", "warned"]
    assert len(await town.notices.of(OPERATOR, organisation)) == 2


async def test_without_a_full_admin_the_cycle_runs(town: Town) -> None:
    """The attempt is on record and stands for the acceptance: there are no exemptions (DM-17, DM-10)."""
    organisation = await town.organisation(admins=0)
    await town.mark(organisation)
    await town.advance(MONTH)
    at = await town.at(organisation)
    step = await town.countdowns.warn(at)
    assert (step.state, step.notices) == (OrganisationState.WARNED, ())
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    assert (promise.settled, promise.first_attempt_at, promise.first_accepted_at) == (True, at.as_of, None)
    assert (step.assessment.verdict, step.assessment.due_at) == (Verdict.WAIT, promise.not_before)
    await town.advance_to(promise.not_before)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING


async def test_without_a_full_admin_and_with_the_setting_hold(town: Town) -> None:
    """Then it is held, visibly, and never deleted (SF-02)."""
    town.rule(town.rules.model_copy(update={"when_nobody_reachable": "hold"}))
    organisation = await town.organisation(admins=0)
    await town.mark(organisation)
    await town.advance(MONTH)
    await town.warn(organisation)
    await town.advance(400 * DAY)
    step = await town.fence(organisation)
    assert (step.state, step.assessment.reason) == (OrganisationState.WARNED, Reason.NOBODY_REACHABLE)


async def test_activity_after_the_warning_resets(town: Town) -> None:
    """Back to marked: label stays, warning and promise void, queued mail dropped, a fresh month (AC-03, AC-05, DM-16)."""
    organisation = await town.organisation(admins=2)
    await town.mark(organisation)
    await town.advance(MONTH)
    step = await town.warn(organisation)
    await town.deliver(step.notices[0])
    signed_in = await town.advance(20 * DAY)
    wakes = await town.wakes(organisation)
    assert (await town.sign_in(organisation, signed_in)).accepted == 1
    assert await town.wakes(organisation) > wakes

    step = await town.assess(organisation)
    assert (step.state, step.notices) == (OrganisationState.MARKED, ())
    assert (step.assessment.verdict, step.assessment.due_at) == (Verdict.WAIT, signed_in + MONTH)
    assert (await town.evidence(organisation)).promise is None
    states = [notice.state for notice in await town.notices.of(OPERATOR, organisation)]
    assert sorted(states) == [NoticeState.ACCEPTED, NoticeState.DROPPED]
    [date] = await town.next_dates(organisation)
    assert (date.kind, date.due_at) == (NextKind.DELETION_WARNING, signed_in + MONTH)
    assert await town.audit(organisation) == ["marked", "warned", "reset"]

    # The next cycle has a warning of its own, with mails of its own.
    await town.advance_to(signed_in + MONTH)
    again = await town.warn(organisation)
    assert (again.cycle, len(again.notices)) == (2, 2)
    assert not set(again.notices) & {notice.notice_id for notice in (await town.notices.of(OPERATOR, organisation))[:2]}


async def test_a_received_message_counts_by_its_own_time(town: Town) -> None:
    """Late and out of order, only the newest event moves the warning (AC-02, AC-07, AC-10)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    marked_at = await town.now()
    await town.advance(20 * DAY)
    await town.sign_in(organisation, marked_at + 9 * DAY)
    await town.sign_in(organisation, marked_at + 3 * DAY)
    assert (await town.assess(organisation)).assessment.due_at == marked_at + 39 * DAY


async def test_what_came_back_without_its_fact_is_seen_at_the_look(town: Town) -> None:
    """A licence that was stored past the marking unmarks at the latest then (DM-02, DM-13, DP-04)."""
    organisation = await town.warned()
    await town.licence_set(organisation, "active")
    step = await town.assess(organisation)
    assert (step.state, step.assessment.verdict) == (OrganisationState.LIVE, Verdict.UNMARK)
    assert await town.audit(organisation) == ["marked", "warned", "unmarked"]
    assert await town.next_dates(organisation) == []
    assert set((await town.processes(organisation)).values()) == {"closed"}
    assert (await town.evidence(organisation)).promise is None


async def test_a_purchase_ends_the_countdown(town: Town) -> None:
    """The fact itself unmarks; the countdown finds nothing left to count, and a later loss begins anew (DP-02, DP-06)."""
    organisation = await town.warned()
    old = await town.at(organisation)
    await town.buy(organisation)
    step = await town.countdowns.assess(old)
    assert (step.state, step.assessment.verdict) == (OrganisationState.LIVE, Verdict.END)
    await town.execute(
        "update licence_sets set state = 'removed', expired_at = business_now() where organisation_id = $1",
        organisation,
    )
    await town.mark(organisation)
    assert (await town.countdowns.assess(old)).assessment.reason is Reason.OTHER_GENERATION
    assert (await town.at(organisation)).generation == 2
    assert (await town.assess(organisation)).assessment.verdict is Verdict.WAIT


@pytest.mark.parametrize("act", ["assess", "warn", "fence"])
async def test_an_old_generation_touches_nothing(town: Town, act: str) -> None:
    """A process of an earlier countdown ends, and the present one stays as it is (P11)."""
    organisation = await town.ripe()
    old = (await town.at(organisation)).model_copy(update={"generation": 7})
    before = await town.fetch("select * from countdowns")
    step = await getattr(town.countdowns, act)(old)
    assert (step.assessment.verdict, step.assessment.reason) == (Verdict.END, Reason.OTHER_GENERATION)
    assert await town.state(organisation) is OrganisationState.WARNED
    assert await town.fetch("select * from countdowns") == before


@pytest.mark.parametrize("act", ["assess", "warn", "fence"])
async def test_an_unknown_organisation_is_refused(town: Town, act: str) -> None:
    """Nothing is created by asking (P10)."""
    at = CountdownAt(organisation_id=OrganisationId("org_nobody"), generation=1, as_of=await town.now())
    with pytest.raises(Refusal) as refused:
        await getattr(town.countdowns, act)(at)
    assert refused.value.code is RefusalCode.ORGANISATION_NOT_FOUND


async def test_a_silent_feed_holds_and_says_so(town: Town) -> None:
    """The hold, its reason and the feed's name are on record, and the date stays where it was (SF-03, P3, P15)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    due_at = await town.now() + MONTH
    await town.advance(MONTH + HOUR, feeds=False)
    step = await town.warn(organisation)
    assert (step.state, step.assessment.reason) == (OrganisationState.MARKED, Reason.FEED_SILENT)
    [held] = await town.fetch("select hold_reason, hold_detail from countdowns")
    assert tuple(held) == ("feed_silent", "identity")
    [date] = await town.next_dates(organisation)
    assert abs(date.due_at - due_at) < timedelta(seconds=5)
    assert (date.looks_at, date.reason) == (step.assessment.due_at, "feed_silent")
    # When it is back, late events count by their own time.
    await town.sign_in(organisation, due_at - DAY)
    await town.heartbeat()
    assert (await town.warn(organisation)).assessment.due_at == due_at - DAY + MONTH
    [held] = await town.fetch("select hold_reason, hold_detail from countdowns")
    assert tuple(held) == (None, None)


async def test_a_declared_gap_resets_who_is_warned(town: Town) -> None:
    """What a feed has lost for good counts as activity of everyone (SF-03)."""
    organisation = await town.warned()
    lost_until = await town.advance(2 * DAY)
    await town.execute(
        "insert into feed_gaps (source, lost_from, lost_until, reason, declared_by, declared_at)"
        " values ('identity', $1, $2, 'disk lost', 'operator:ada', business_now())",
        lost_until - DAY,
        lost_until,
    )
    step = await town.assess(organisation)
    assert (step.state, step.assessment.due_at) == (OrganisationState.MARKED, lost_until + MONTH)


async def test_a_pending_request_defers_the_fence_once(town: Town) -> None:
    """Held until the request's deadline, then fenced, whatever is asked next (DP-05)."""
    organisation = await town.ripe()
    deadline = await town.now() + 5 * DAY
    request = await town.request_trial(organisation, deadline)
    step = await town.fence(organisation)
    assert (step.state, step.assessment.reason) == (OrganisationState.WARNED, Reason.REQUEST_PENDING)
    assert (step.assessment.due_at, step.assessment.held_by) == (deadline, request)
    await town.execute("update trial_requests set state = 'withdrawn' where trial_request_id = $1", request)
    await town.request_trial(organisation, deadline + 5 * DAY)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING


async def test_a_request_defers_each_cycle_once(town: Town) -> None:
    """After a reset the next warning's deletion can be deferred again (DP-05)."""
    organisation = await town.ripe()
    await town.request_trial(organisation, await town.now() + 5 * DAY)
    await town.fence(organisation)
    await town.sign_in(organisation)
    await town.assess(organisation)
    assert (await town.evidence(organisation)).held_by is None


async def test_a_rehearsal_records_what_it_would_have_done(town: Town) -> None:
    """Everything runs up to the fence; that it would have fenced is in the audit, once (WH-06)."""
    organisation = await town.ripe()
    town.rule(town.rules.model_copy(update={"dry_run": True}))
    for _ in range(3):
        step = await town.fence(organisation)
        assert (step.state, step.assessment.reason) == (OrganisationState.WARNED, Reason.DRY_RUN)
    assert (await town.audit(organisation))[-1:] == ["would_be_fenced"]
    assert (await town.audit(organisation)).count("would_be_fenced") == 1


async def test_the_rate_gives_everybody_a_place(town: Town) -> None:
    """Who falls due together is spaced by the rate; a place is used up by the act, and given up by a hold (SF-05)."""
    town.rule(Rules(per_second=0.1))
    organisations = [await town.organisation() for _ in range(4)]
    await town.mark(*organisations)
    await town.advance(MONTH)
    steps = [await town.assess(organisation) for organisation in organisations]
    assert steps[0].assessment.verdict is Verdict.WARN
    turns = [step.assessment.due_at for step in steps[1:]]
    assert all(step.assessment.reason is Reason.RATE for step in steps[1:])
    assert [b - a for a, b in pairwise(turns) if a and b] == [timedelta(seconds=10)] * 2

    assert (await town.warn(organisations[0])).state is OrganisationState.WARNED
    assert await town.turn(organisations[0]) is None
    # Its feed falls silent: the second gives its place up, and gets a new one at the end of the queue.
    await town.execute("update feeds set heard_at = heard_at - interval '1 day'")
    assert (await town.assess(organisations[1])).assessment.reason is Reason.FEED_SILENT
    assert await town.turn(organisations[1]) is None
    await town.heartbeat()
    assert turns[-1] is not None
    assert (await town.assess(organisations[1])).assessment.due_at == turns[-1] + timedelta(seconds=10)


async def test_after_an_outage_places_are_given_anew(town: Town) -> None:
    """What had places in an outage does not go all at once when it ends (SF-06)."""
    town.rule(Rules(per_second=0.1))
    organisations = [await town.organisation() for _ in range(3)]
    await town.mark(*organisations)
    await town.advance(MONTH)
    for organisation in organisations:
        await town.assess(organisation)
    await town.advance(HOUR)
    steps = [await town.warn(organisation) for organisation in organisations]
    assert [step.state for step in steps] == [OrganisationState.WARNED, *[OrganisationState.MARKED] * 2]
    assert [step.assessment.reason for step in steps[1:]] == [Reason.RATE] * 2


async def test_an_old_instant_takes_no_place_in_the_past(town: Town) -> None:
    """A retried step carries the instant of its first try: it waits for a place of now (SF-06)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    await town.advance(MONTH)
    at = await town.at(organisation)
    now = await town.advance(HOUR)
    step = await town.countdowns.warn(at)
    assert (step.state, step.assessment.reason) == (OrganisationState.MARKED, Reason.RATE)
    assert step.assessment.due_at is not None
    assert step.assessment.due_at >= now


async def test_activity_by_signal_is_written_down(town: Town) -> None:
    """The public signal ends in the same row as the feeds (AC-10)."""
    organisation = await town.warned()
    now = await town.now()
    signal = ActivitySignal(at=now, kind="message_received", source="messages")
    result = await town.countdowns.record(ActivityReport(organisation_id=organisation, activity=signal))
    assert result.accepted == 1
    assert (await town.evidence(organisation)).last_activity_at == now
