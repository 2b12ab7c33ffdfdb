"""Onboardings on the real servers, under the simulation's clock: clear, hit, decided, too late, and not possible."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from tenure import names, search
from tenure.contracts.customer import OnboardingReason, OnboardingState
from tenure.contracts.onboarding import RplReviewContract, WholesaleOnboardingContract
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.contracts.screening import Screening, Subject
from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.ids import OrganisationId
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.counter import HOUR, LISTED, MOMENT, REVIEWER, Counter, decided
from tests.workflows.installation import OPERATOR, Installation, installation
from tests.workflows.plain_screener import PlainScreener
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal
from workers.worker import polling


@pytest.fixture
async def counter(world: Installation) -> Counter:
    """A service provider in an empty installation, with a short list loaded."""
    return await Counter.open(world)


def onboarding(counter: Counter, organisation_id: OrganisationId) -> WorkflowHandle[WholesaleOnboardingContract, Any]:
    """The execution of a customer's first onboarding."""
    return counter.world.client.get_workflow_handle_for(
        WholesaleOnboardingContract.run, names.onboarding_id(organisation_id, 1)
    )


async def details(handle: WorkflowHandle[Any, Any]) -> str:
    """What the Temporal UI says of an execution at this moment."""
    metadata: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


async def test_nothing_is_found(counter: Counter) -> None:
    """Screened and given an account without a pause, a person or a case; no history names the customer.

    (RPL-01, RPL-04, ONB-01, ONB-08, PRV-01, TL-01)
    """
    world = counter.world
    organisation_id = await counter.create()
    assert (await counter.show(organisation_id)).state is OnboardingState.ACTIVE
    assert await counter.states(organisation_id) == ["received", "screening", "provisioning", "active"]
    assert (await counter.result(organisation_id)).state is OnboardingState.ACTIVE
    assert (await world.row("select count(*) from rpl_cases"))[0] == 0
    assert (await world.row("select count(*) from platform_resources where service = 'account'"))[0] == 1
    history = await world.written(names.onboarding_id(organisation_id, 1))
    assert organisation_id in history
    for personal in ("Clear Works", "Hauptstr", "Ormond", world.address("eve")):
        assert personal not in history
    assert len(await world.events(names.onboarding_id(organisation_id, 1))) < 40


async def test_a_hit_waits_for_a_reviewer_who_approves(counter: Counter) -> None:
    """A hit stops the onboarding and opens a case; operators see since when and until when; an approval lets it go on.

    (RPL-05, RPL-06, RPL-09, RPL-13, TL-03)
    """
    world = counter.world
    organisation_id = await counter.create(LISTED)
    case = await counter.case(organisation_id)
    assert (case.state, case.deadline_at - case.opened_at) == (CaseState.OPEN, 72 * HOUR)
    assert (await world.row("select count(*) from platform_resources"))[0] == 0
    review = await counter.review(organisation_id)
    for handle, phase in ((review, "review_open"), (onboarding(counter, organisation_id), "pending_rpl_review")):
        attributes = (await handle.describe()).typed_search_attributes
        assert (attributes[search.PHASE], attributes[search.DUE_AT]) == (phase, case.deadline_at)
        assert attributes[search.PARTNER] == counter.partner
    assert f"Open since {case.opened_at:%Y-%m-%d %H:%M} UTC" in await details(review)
    await world.advance(30 * HOUR)
    assert (await counter.show(organisation_id)).state is OnboardingState.PENDING_RPL_REVIEW
    await counter.decide(organisation_id, Decision.APPROVE)
    assert (await counter.show(organisation_id)).state is OnboardingState.ACTIVE
    assert await counter.states(organisation_id) == [
        "received",
        "screening",
        "pending_rpl_review",
        "provisioning",
        "active",
    ]
    assert (await review.result())["state"] == CaseState.APPROVED
    assert LISTED not in await world.written(review.id)


@pytest.mark.parametrize(
    ("decision", "reason"),
    [(Decision.REJECT, OnboardingReason.RPL_REJECTED), (Decision.UNRESOLVED, OnboardingReason.RPL_UNRESOLVED)],
)
async def test_a_hit_that_stands(counter: Counter, decision: Decision, reason: OnboardingReason) -> None:
    """Rejected, or not to be found out: the onboarding is over with its own reason, and nothing was built (RPL-10, RPL-11)."""
    organisation_id = await counter.create(LISTED)
    await counter.decide(organisation_id, decision)
    ended = await counter.result(organisation_id)
    assert (ended.state, ended.reason) == (OnboardingState.ERROR, reason)
    assert (await counter.show(organisation_id)).reason is reason
    assert (await counter.world.row("select count(*) from platform_resources"))[0] == 0


async def test_nobody_decides(counter: Counter) -> None:
    """Slow after an hour, which ends nothing; over after 72 hours, and whoever comes then is told so (RPL-07, RPL-12, RPL-13)."""
    world = counter.world
    organisation_id = await counter.create(LISTED)
    case = await counter.case(organisation_id)
    review = await counter.review(organisation_id)
    await world.advance(HOUR + MOMENT)
    assert (await review.describe()).typed_search_attributes[search.PHASE] == "review_slow"
    assert "RPL-13" in await details(review)
    await world.clock.advance(case.deadline_at - MOMENT, world.hear)
    assert (await counter.case(organisation_id)).state is CaseState.OPEN
    await world.advance(2 * MOMENT)
    ended = await counter.result(organisation_id)
    assert (ended.state, ended.reason) == (OnboardingState.ERROR, OnboardingReason.RPL_REVIEW_TIMEOUT)
    assert (await counter.case(organisation_id)).state is CaseState.TIMED_OUT
    with pytest.raises(Refusal) as late:
        await counter.decide(organisation_id, Decision.APPROVE)
    assert late.value.code is RefusalCode.CASE_CLOSED
    assert len(await world.events(review.id)) < 40


async def stop_clock(world: Installation, expression: str) -> None:
    """Let the database's clock stand still at an instant, or run again."""
    await world.as_owner(
        "create or replace function business_now() returns timestamptz language sql volatile parallel safe as"
        f" $$ select {expression} $$"
    )


RUNNING = "clock_timestamp() + clock_offset from installation"


async def test_a_decision_at_the_very_deadline_counts(counter: Counter) -> None:
    """At 72:00:00 an approval is in time, and stays so when the timer looks; a microsecond later it is not (RPL-08)."""
    world = counter.world
    early = await counter.create(LISTED)
    late = await counter.create("Abu Feldspar")
    for organisation_id, after, counts in ((early, timedelta(0), True), (late, timedelta(microseconds=1), False)):
        case = await counter.case(organisation_id)
        await stop_clock(world, f"'{(case.deadline_at + after).isoformat()}'::timestamptz")
        approve = decided(case.case_id)
        if counts:
            assert (await world.services.reviews.decide(REVIEWER, approve)).state is CaseState.APPROVED
        else:
            with pytest.raises(Refusal) as refused:
                await world.services.reviews.decide(REVIEWER, approve)
            assert refused.value.code is RefusalCode.CASE_CLOSED
        await stop_clock(world, RUNNING)
    await world.advance(73 * HOUR)
    assert (await counter.result(early)).state is OnboardingState.ACTIVE
    assert (await counter.result(late)).reason is OnboardingReason.RPL_REVIEW_TIMEOUT


async def test_without_a_list_nothing_goes_on(world: Installation) -> None:
    """Nothing is screened against nothing: it stays `screening`, is tried again and again, later each time, and an operator sees why.

    The list that is missing comes, and all go on at once (RPL-16).
    """
    counter = await Counter.open(world, listed=False)
    clear, hit = await counter.create(), await counter.create(LISTED)
    waiting = await counter.show(clear)
    assert waiting.state is OnboardingState.SCREENING
    assert waiting.problem is not None
    assert "us-dpl is empty" in waiting.problem
    handle = onboarding(counter, clear)
    assert "us-dpl is empty" in await details(handle)
    assert (await world.application.processes.figures()).screenings_stuck == 2
    await world.advance(HOUR)
    assert (await counter.show(clear)).state is OnboardingState.SCREENING
    attempts = (await world.row("select attempts from onboardings where organisation_id = $1", clear))["attempts"]
    assert 6 <= attempts <= 9  # after 1, 2, 4, 8 and then each 15 minutes
    explained = await world.services.forecast.explain(OPERATOR, clear)
    assert any("cannot be screened" in sentence for sentence in explained.sentences)
    now = await world.simulation.now()
    await counter.list_parties(LISTED, "Abu Feldspar")
    assert (await counter.show(clear)).state is OnboardingState.ACTIVE
    assert (await counter.show(hit)).state is OnboardingState.PENDING_RPL_REVIEW
    assert await world.simulation.now() - now < timedelta(seconds=30)
    assert (await world.application.processes.figures()).screenings_stuck == 0


async def test_a_list_that_comes_while_it_is_missed(world: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told of the list after it had looked in vain, and before that is on record: screened again at once all the same (RPL-16)."""
    counter = await Counter.open(world, listed=False)
    screen, started = PlainScreener.screen, await world.simulation.now()

    async def late(screener: PlainScreener, subject: Subject) -> Screening:
        try:
            return await screen(screener, subject)
        except Unavailable:
            await counter.load(LISTED)
            await world.relay.run_once()
            raise

    monkeypatch.setattr(PlainScreener, "screen", late)
    organisation_id = await counter.create()
    assert (await counter.show(organisation_id)).state is OnboardingState.ACTIVE
    assert await world.simulation.now() - started < timedelta(seconds=30)
    assert (await world.row("select count(*) from screenings"))[0] == 1


async def test_a_list_that_has_grown_stale(counter: Counter) -> None:
    """A week after it was last presented a list is no ground to go on; the same file again is one (RPL-16)."""
    await counter.world.advance(timedelta(days=8))
    organisation_id = await counter.create()
    waiting = await counter.show(organisation_id)
    assert (waiting.state, "us-dpl is stale" in str(waiting.problem)) == (OnboardingState.SCREENING, True)
    assert (await counter.list_parties()).repeated
    assert (await counter.show(organisation_id)).state is OnboardingState.ACTIVE


async def test_a_review_outlives_its_workers(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """Workers come and go in the 72 hours; the deadline is the one that was set when the case was opened (RPL-08)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False) as world:
        async with polling(world.application, world.client):
            counter = await Counter.open(world)
            organisation_id = await counter.create(LISTED)
            case = await counter.case(organisation_id)
            await world.advance(40 * HOUR)
        async with polling(world.application, world.client):
            await world.clock.advance(case.deadline_at - MOMENT, world.hear)
        async with polling(world.application, world.client):
            assert (await counter.case(organisation_id)).state is CaseState.OPEN
            await world.advance(2 * MOMENT)
        closed = await counter.case(organisation_id)
        assert (closed.state, closed.deadline_at) == (CaseState.TIMED_OUT, case.deadline_at)


async def test_the_engine_itself_screens(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """With the real engine: another spelling is a hit, a stranger is clear, and an update finds who is there (RPL-01, Q-32)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, engine=True) as world:
        counter = await Counter.open(world)
        clear, hit = await counter.create("Brouwer & Zonen"), await counter.create("QUARTZOV Theodor")
        assert (await counter.show(clear)).state is OnboardingState.ACTIVE
        assert (await counter.show(hit)).state is OnboardingState.PENDING_RPL_REVIEW
        await counter.list_parties("Brouwer and Zonen B.V.")
        case = await counter.case(clear)
        assert (case.trigger, len(case.found)) == (ScreeningTrigger.LIST_UPDATE, 1)


async def test_state_can_be_asked(counter: Counter) -> None:
    """Both executions of a hit say what they found at their last look (EV-04)."""
    organisation_id = await counter.create(LISTED)
    found = await onboarding(counter, organisation_id).query(WholesaleOnboardingContract.state)
    assert found is not None
    assert found.state is OnboardingState.PENDING_RPL_REVIEW
    review = await (await counter.review(organisation_id)).query(RplReviewContract.state)
    assert review is not None
    assert (review.state, review.deadline_at) == (CaseState.OPEN, found.due_at)
