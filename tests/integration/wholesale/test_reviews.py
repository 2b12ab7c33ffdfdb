"""The manual review of a hit: 72 hours, one decision, and what follows it."""

import asyncio
from datetime import timedelta

import pytest

from tenure.contracts.customer import CustomerStatus, OnboardingReason, OnboardingState
from tenure.contracts.review import DECIDED, CaseState, Decision, ScreeningResult, ScreeningTrigger
from tenure.errors import Refusal, RefusalCode
from tenure.ids import RplCaseId
from tenure.ports import TIMER
from tests.integration.deletion.town import HOUR
from tests.integration.trials.market import refusal_of
from tests.integration.wholesale.gate import LISTS, PARIS, Gate, hit
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, provider, seller

MOMENT = timedelta(microseconds=1)
REASONS = {
    Decision.REJECT: OnboardingReason.RPL_REJECTED,
    Decision.UNRESOLVED: OnboardingReason.RPL_UNRESOLVED,
}


async def test_a_hit_waits_for_a_reviewer(gate: Gate) -> None:
    """A match opens a case with 72 hours from then, whose clock is the wall's (RPL-05, RPL-07, RPL-08, RPL-19)."""
    customer, case = await gate.held(hit("SDN-1"), hit("SDN-2"))
    assert (customer.state, customer.primary_status) == ("pending_rpl_review", CustomerStatus.RPL_REVIEW_PENDING)
    assert (case.state, case.trigger, case.hits) == (CaseState.OPEN, ScreeningTrigger.CREATE, 2)
    assert case.deadline_at == case.opened_at + timedelta(hours=72) == customer.state_since + timedelta(hours=72)
    assert customer.review is not None
    assert (customer.review.case_id, customer.review.deadline_at) == (case.case_id, case.deadline_at)
    assert [each.entry_id for each in case.found] == ["SDN-1", "SDN-2"]
    assert case.subject is not None
    assert (case.customer_name, case.subject.country) == (customer.name, "DE")
    assert case.subject.address == "Hauptstr. 1, Berlin, 10115"
    step = await gate.look(customer)
    assert (step.state, step.due_at) == (OnboardingState.PENDING_RPL_REVIEW, case.deadline_at)
    [date] = await gate.town.next_dates(customer.organisation_id)
    assert (date.kind, date.subject, date.due_at, date.rule) == ("rpl_review", case.case_id, case.deadline_at, "RPL-07")
    assert f"rpl-review/{case.case_id}/1" in await gate.town.processes(customer.organisation_id)


async def test_an_approval_lets_it_go_on(gate: Gate) -> None:
    """The account is ordered without the service provider sending anything again (RPL-09, PRV-01)."""
    customer, case = await gate.held()
    wakes = await gate.town.wakes(customer.organisation_id)
    decided = await gate.decide(case.case_id)
    assert (decided.state, decided.decided_by, decided.reason) == (CaseState.APPROVED, REVIEWER.actor, "looked at")
    assert decided.decided_at is not None
    assert await gate.town.wakes(customer.organisation_id) > wakes
    assert (await gate.see(customer)).state is OnboardingState.PROVISIONING
    assert (await gate.look_at_case(case)).state is CaseState.APPROVED
    assert (await gate.set_up(customer)).state is OnboardingState.ACTIVE
    assert await gate.town.next_dates(customer.organisation_id) == []
    assert set((await gate.town.processes(customer.organisation_id)).values()) == {"closed"}


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.UNRESOLVED])
async def test_what_is_not_approved_has_failed(gate: Gate, decision: Decision) -> None:
    """With a reason of its own, for good: no other decision is taken, nothing is provisioned (RPL-10, RPL-11, RPL-12, PRV-03)."""
    customer, case = await gate.held()
    await gate.decide(case.case_id, decision)
    failed = await gate.see(customer)
    assert (failed.state, failed.reason) == (OnboardingState.ERROR, REASONS[decision])
    assert failed.primary_status is CustomerStatus.ONBOARDING_ERROR
    assert (await gate.look(customer)).reason is REASONS[decision]
    facts = await gate.facts()
    assert (await gate.decide(case.case_id, decision)).state is DECIDED[
        decision
    ]  # the same again does nothing (RPL-15)
    for other in set(Decision) - {decision}:
        assert await gate.refused(gate.decide(case.case_id, other)) is RefusalCode.CASE_CLOSED
    assert await gate.refused(gate.move(customer)) is RefusalCode.ONBOARDING_FAILED
    assert (await gate.set_up(customer)).state is OnboardingState.ERROR
    assert await gate.facts() == facts


async def test_a_decision_at_the_very_last_moment_counts(gate: Gate) -> None:
    """At 72:00:00 a decision is taken; a microsecond later none is, though nothing has timed out yet (RPL-08, RPL-12)."""
    customer, case = await gate.held()
    other, late = await gate.held()
    await gate.freeze(late.deadline_at + MOMENT)
    for decision in Decision:
        assert await gate.refused(gate.decide(late.case_id, decision)) is RefusalCode.CASE_CLOSED
    assert (await gate.see(other)).state is OnboardingState.PENDING_RPL_REVIEW
    await gate.freeze(case.deadline_at)
    assert (await gate.decide(case.case_id)).decided_at == case.deadline_at
    assert (await gate.see(customer)).state is OnboardingState.PROVISIONING


async def test_the_process_waits_for_the_very_last_moment(gate: Gate) -> None:
    """At 72:00:00 the review is open, strictly later it has timed out, and never ahead of the clock (RPL-07, RPL-08, P13)."""
    customer, case = await gate.held()
    await gate.freeze(case.deadline_at)
    assert (await gate.look_at_case(case)).state is CaseState.OPEN
    with pytest.raises(Refusal) as ahead:
        await gate.look_at_case(case, case.deadline_at + MOMENT)
    assert ahead.value.code is RefusalCode.CLOCK_AHEAD
    await gate.freeze(case.deadline_at + HOUR)
    assert (await gate.look_at_case(case, case.deadline_at)).state is CaseState.OPEN
    assert (await gate.look_at_case(case, case.deadline_at + MOMENT)).state is CaseState.TIMED_OUT
    failed = await gate.see(customer)
    assert (failed.state, failed.reason) == (OnboardingState.ERROR, OnboardingReason.RPL_REVIEW_TIMEOUT)
    timed_out = await gate.case(customer)
    assert (timed_out.state, timed_out.decided_by) == (CaseState.TIMED_OUT, None)
    facts = await gate.facts()
    assert (await gate.look_at_case(case)).state is CaseState.TIMED_OUT
    assert await gate.facts() == facts
    assert await gate.refused(gate.decide(case.case_id)) is RefusalCode.CASE_CLOSED


async def test_of_two_decisions_one_is_taken(gate: Gate) -> None:
    """Reviewers who decide at once: one decision stands, and whoever said otherwise is told (RPL-15)."""
    for _ in range(3):
        customer, case = await gate.held()
        answers = await asyncio.gather(
            *(gate.decide(case.case_id, decision) for decision in (*Decision, *Decision)), return_exceptions=True
        )
        taken = (await gate.case(customer)).state
        codes = [refusal_of(answer) for answer in answers]
        expected = [None if DECIDED[decision] is taken else RefusalCode.CASE_CLOSED for decision in Decision] * 2
        assert codes == expected
        assert (await gate.town.audit(customer.organisation_id)).count("review_closed") == 1


async def test_a_decision_against_the_clock(gate: Gate) -> None:
    """A decision in time, and a process that looks too early or too late: exactly one of the two ends it (RPL-08, RPL-15)."""
    for moment in (timedelta(0), MOMENT):
        customer, case = await gate.held()
        await gate.freeze(case.deadline_at + moment)
        answers = await asyncio.gather(
            gate.decide(case.case_id), gate.look_at_case(case), gate.look_at_case(case), return_exceptions=True
        )
        ended = await gate.case(customer)
        assert ended.state is (CaseState.TIMED_OUT if moment else CaseState.APPROVED)
        assert refusal_of(answers[0]) is (RefusalCode.CASE_CLOSED if moment else None)
        assert (await gate.town.audit(customer.organisation_id)).count("review_closed") == 1
        await gate.thaw()


async def test_decisions_while_the_deadline_passes(gate: Gate) -> None:
    """Whichever comes first as the last moment passes, it alone ends the review, and everybody is told the same (RPL-08, RPL-15)."""
    for _ in range(3):
        customer, case = await gate.held()
        await gate.town.advance_to(case.deadline_at - timedelta(milliseconds=15))
        answers = await asyncio.gather(
            *(gate.decide(case.case_id) for _ in range(6)),
            *(gate.look_at_case(case, case.deadline_at + MOMENT) for _ in range(6)),
            return_exceptions=True,
        )
        ended = await gate.case(customer)
        approved = ended.state is CaseState.APPROVED
        assert ended.decided_at is None or (ended.decided_at <= case.deadline_at) is approved
        decided = {refusal_of(answer) for answer in answers[:6]}
        assert decided == {None} if approved else decided == {RefusalCode.CASE_CLOSED}
        looked = {refusal_of(answer) for answer in answers[6:]}
        assert looked <= {None, RefusalCode.CLOCK_AHEAD}
        closed = (await gate.town.audit(customer.organisation_id)).count("review_closed")
        assert closed == (ended.state is not CaseState.OPEN)
        assert (await gate.see(customer)).state is {
            CaseState.APPROVED: OnboardingState.PROVISIONING,
            CaseState.TIMED_OUT: OnboardingState.ERROR,
            CaseState.OPEN: OnboardingState.PENDING_RPL_REVIEW,
        }[ended.state]


async def test_only_a_reviewer_decides(gate: Gate) -> None:
    """Not the service provider, its people, a service or an operator; what was found is told to reviewers and operators (RPL-14)."""
    customer, case = await gate.held()
    others = (OPERATOR, SERVICE, provider(gate.north), seller(gate.north), TIMER)
    for caller in others:
        assert await gate.refused(gate.decide(case.case_id, by=caller)) is RefusalCode.FORBIDDEN
    for caller in (SERVICE, provider(gate.north), seller(gate.north)):
        for read in (
            gate.reviews.page(caller),
            gate.reviews.show(caller, case.case_id),
            gate.reviews.screenings(caller, customer.organisation_id),
        ):
            assert refusal_of((await asyncio.gather(read, return_exceptions=True))[0]) is RefusalCode.FORBIDDEN
    assert (await gate.reviews.show(OPERATOR, case.case_id)).state is CaseState.OPEN
    assert len((await gate.reviews.screenings(OPERATOR, customer.organisation_id)).screenings) == 1
    missing = RplCaseId("case_0")
    assert await gate.refused(gate.decide(missing)) is RefusalCode.CASE_NOT_FOUND


async def test_the_queue(gate: Gate) -> None:
    """Cases by their deadlines, page by page; older than an hour they are slow, and nothing else follows (RPL-13)."""
    seen = []
    for _ in range(3):
        seen.append((await gate.held())[1].case_id)
        await gate.town.advance(timedelta(minutes=40))
    page = await gate.reviews.page(REVIEWER, state=CaseState.OPEN, limit=2)
    assert [case.case_id for case in page.cases] == seen[:2]
    assert [case.slow for case in page.cases] == [True, True]
    assert page.next_after == seen[1]
    rest = await gate.reviews.page(REVIEWER, state=CaseState.OPEN, after=page.next_after, limit=2)
    assert [(case.case_id, case.slow) for case in rest.cases] == [(seen[2], False)]
    assert rest.next_after is None
    assert timedelta(minutes=40) <= rest.cases[0].age < timedelta(minutes=41)
    older = await gate.reviews.page(REVIEWER, state=CaseState.OPEN, older_than_minutes=75)
    assert [case.case_id for case in older.cases] == seen[:2]
    await gate.decide(seen[0])
    await gate.town.advance(HOUR)
    assert [case.case_id for case in (await gate.reviews.page(REVIEWER, state=CaseState.OPEN)).cases] == seen[1:]
    [approved] = (await gate.reviews.page(REVIEWER, state=CaseState.APPROVED)).cases
    assert not approved.slow
    assert approved.age < timedelta(minutes=121)


async def test_what_was_decided_last_comes_first(gate: Gate) -> None:
    """Closed cases from the newest decision on, whatever their deadlines; all of them from the newest on (RPL-13)."""
    seen = []
    for _ in range(4):
        seen.append((await gate.held())[1].case_id)
        await gate.town.advance(timedelta(minutes=1))
    decided = [seen[place] for place in (1, 2, 0)]
    for case_id in decided:
        await gate.decide(case_id)
        await gate.town.advance(timedelta(minutes=1))
    first = await gate.reviews.page(REVIEWER, state=CaseState.APPROVED, limit=2)
    rest = await gate.reviews.page(REVIEWER, state=CaseState.APPROVED, after=first.next_after, limit=2)
    assert [case.case_id for case in (*first.cases, *rest.cases)] == decided[::-1]
    assert all(case.decided_at is not None for case in first.cases)
    first = await gate.reviews.page(REVIEWER, limit=3)
    rest = await gate.reviews.page(REVIEWER, after=first.next_after, limit=3)
    assert [case.case_id for case in (*first.cases, *rest.cases)] == seen[::-1]


async def test_a_decision_between_two_pages_hides_no_case(gate: Gate) -> None:
    """The last case of a page is decided before the next is asked for, which goes on behind it (RPL-13)."""
    seen = [(await gate.held())[1].case_id for _ in range(2)]
    first = await gate.reviews.page(REVIEWER, state=CaseState.OPEN, limit=1)
    await gate.decide(seen[0])
    rest = await gate.reviews.page(REVIEWER, state=CaseState.OPEN, after=first.next_after, limit=1)
    assert [case.case_id for case in rest.cases] == seen[1:]


async def test_every_screening_is_kept(gate: Gate) -> None:
    """Clear or match, by a request or a new address, with what was screened, against what, and when (RPL-19)."""
    customer = await gate.active()
    await gate.move(customer)
    await gate.screen_address(customer, hit())
    page = await gate.reviews.screenings(REVIEWER, customer.organisation_id)
    told = [(each.trigger, each.result, len(each.hits), each.lists) for each in page.screenings]
    assert told == [
        (ScreeningTrigger.ADDRESS_UPDATE, ScreeningResult.MATCH, 1, LISTS),
        (ScreeningTrigger.CREATE, ScreeningResult.CLEAR, 0, LISTS),
    ]
    subjects = [each.subject and (each.subject.country, each.subject.address) for each in page.screenings]
    assert subjects == [("FR", PARIS.line), ("DE", "Hauptstr. 1, Berlin, 10115")]
    assert page.screenings[0].case_id == (await gate.case(customer)).case_id
    first = await gate.reviews.screenings(REVIEWER, customer.organisation_id, limit=1)
    assert first.next_before is not None
    rest = await gate.reviews.screenings(REVIEWER, customer.organisation_id, before=first.next_before, limit=1)
    assert (*first.screenings, *rest.screenings) == page.screenings


async def test_nobody_decides_on_who_is_gone(gate: Gate) -> None:
    """An organisation that is being erased leaves the queue, and its processes end (SF-11)."""
    customer, case = await gate.held()
    await gate.town.execute(
        "update organisations set state = 'erasing' where organisation_id = $1", customer.organisation_id
    )
    assert await gate.refused(gate.decide(case.case_id)) is RefusalCode.ORG_DELETED
    assert (await gate.reviews.page(REVIEWER)).cases == ()
    assert (await gate.look_at_case(case)).state is None
    assert (await gate.look(customer)).state is None
    assert set((await gate.town.processes(customer.organisation_id)).values()) == {"closed"}
    assert (await gate.customers.page(SERVICE)).customers == ()
    assert (
        await gate.refused(gate.customers.show(provider(gate.north), customer.organisation_id))
        is RefusalCode.ORG_DELETED
    )
