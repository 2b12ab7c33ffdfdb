"""Customers that trials create are screened before anything is built for them (RPL-01, RPL-03, Q-27)."""

from datetime import timedelta

import pytest

from adapters.postgres.processes import PostgresProcesses
from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure.contracts.customer_screening import CustomerScreeningReason, CustomerScreeningState
from tenure.contracts.onboarding import ScreeningDone
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.contracts.screening import Subject
from tenure.contracts.trial import TrialState
from tenure.errors import RefusalCode
from tenure.policy.screening import ScreeningRules
from tests.integration.deletion.town import DAY, HOUR, OPERATOR
from tests.integration.newcomers.checkpoint import Checkpoint
from tests.integration.trials.fairground import SITE
from tests.integration.wholesale.gate import Gate, hit
from tests.integration.wholesale.hall import REVIEWER
from tests.integration.wholesale.test_list_updates import dpl

MOMENT = timedelta(microseconds=1)


async def test_a_newcomer_of_whom_nothing_is_found(checkpoint: Checkpoint) -> None:
    """Nothing is ordered before it is clear; then it is built, welcomed and active, and nobody has done anything (RPL-01, RPL-04, TR-12)."""
    trial = await checkpoint.newcomer("messaging", "calling")
    assert trial.screening is not None
    assert (trial.state, trial.screening.state) == (TrialState.PROVISIONING, CustomerScreeningState.SCREENING)
    step = await checkpoint.run(trial.trial_id)
    assert (step.state, step.rule, step.reason, step.orders) == (TrialState.PROVISIONING, "RPL-01", "screening", ())
    assert await checkpoint.ordered() == 0
    wakes = await checkpoint.town.wakes(trial.organisation_id)
    assert await checkpoint.screen(trial) is ScreeningDone.CLEAR
    assert await checkpoint.town.wakes(trial.organisation_id) > wakes
    assert (await checkpoint.check(trial)).state is CustomerScreeningState.CLEAR
    await checkpoint.run(trial.trial_id)
    active = await checkpoint.show(trial.trial_id)
    assert (active.state, await checkpoint.ordered()) == (TrialState.ACTIVE, 2)
    assert {kind for kind, _ in await checkpoint.queued(trial.organisation_id)} == {"welcome"}
    assert await checkpoint.cases(trial.organisation_id) == []
    assert (await checkpoint.town.audit(trial.organisation_id))[:5] == [
        "created",
        "managed",
        "trial_requested",
        "screening_began",
        "screening_clear",
    ]


async def test_what_is_screened(checkpoint: Checkpoint) -> None:
    """Name and country: a trial's form asks for no more; the screening is kept as one of a creation (RPL-19, Q-27)."""
    trial = await checkpoint.newcomer(company_name="Zornig\u0085& Söhne", country="PL")
    subject = Subject(names=("Zornig & Söhne",), country="PL")
    assert await checkpoint.steps.subject(checkpoint.task(trial)) == subject
    await checkpoint.screen(trial)
    [kept] = (await checkpoint.reviews.screenings(REVIEWER, trial.organisation_id)).screenings
    assert (kept.trigger, kept.result, kept.subject) == (ScreeningTrigger.CREATE, "clear", subject)
    refused = checkpoint.newcomer(company_name="***")
    assert await checkpoint.refused(refused) is RefusalCode.INVALID_INPUT


async def test_process_and_date_are_there_until_it_is_over(checkpoint: Checkpoint) -> None:
    """The request leaves both, the repair would find them missing, and a clear customer has neither (P11, EV-03, WH-01)."""
    trial = await checkpoint.newcomer()
    process = f"customer-screening/{trial.trial_id}/1"
    assert (await checkpoint.town.processes(trial.organisation_id))[process] == "pending"
    [date] = await checkpoint.town.next_dates(trial.organisation_id)
    assert (date.kind, date.subject, date.rule) == ("screening", trial.trial_id, "RPL-01")
    processes = PostgresProcesses(checkpoint.town.database)
    listed = {each.workflow_id: each for each in await processes.to_start(10)}
    assert listed[process].partner_id == checkpoint.north.partner_id
    await checkpoint.as_owner("delete from processes where workflow_id = $1", process)
    assert await processes.require_missing() == [process]
    await processes.started(process)
    assert await processes.restart(process)
    await checkpoint.screen(trial)
    assert await checkpoint.town.next_dates(trial.organisation_id) == []
    await processes.started(process)
    assert not await processes.restart(process)
    assert (await checkpoint.town.processes(trial.organisation_id))[process] == "closed"


async def test_without_a_list_nothing_is_built(checkpoint: Checkpoint) -> None:
    """It is tried again, the operator is told why, and never is that taken for "no match"; a list that comes wakes it (RPL-16)."""
    trial = await checkpoint.newcomer()
    for _ in range(3):
        await checkpoint.in_vain(trial)
    step = await checkpoint.check(trial)
    assert step.looks_at is not None
    assert step.looks_at - await checkpoint.town.now() > timedelta(minutes=3)
    assert (await checkpoint.run(trial.trial_id)).orders == ()
    seen = (await checkpoint.show(trial.trial_id)).screening
    assert seen is not None
    assert seen.problem == step.problem == "The list un has never been loaded."
    assert (await PostgresProcesses(checkpoint.town.database).figures()).screenings_stuck == 1
    told = await checkpoint.explain(OPERATOR, trial)
    assert any("cannot be screened" in each and "RPL-01, RPL-16" in each for each in told.sentences)
    wakes = await checkpoint.town.wakes(trial.organisation_id)
    await PostgresScreeningLists(checkpoint.town.database, ScreeningRules()).update(OPERATOR, dpl(20))
    assert await checkpoint.town.wakes(trial.organisation_id) > wakes
    looks_at = (await checkpoint.check(trial)).looks_at
    assert looks_at is not None
    assert looks_at <= await checkpoint.town.now()
    assert await checkpoint.screen(trial) is ScreeningDone.CLEAR
    assert (await PostgresProcesses(checkpoint.town.database).figures()).screenings_stuck == 0
    await checkpoint.run(trial.trial_id)
    assert (await checkpoint.show(trial.trial_id)).state is TrialState.ACTIVE


async def test_a_hit_that_is_approved(checkpoint: Checkpoint) -> None:
    """A reviewer has 72 hours; until then nothing is built, and with the approval it goes on by itself (RPL-05, RPL-06, RPL-09)."""
    trial = await checkpoint.found()
    case = await checkpoint.case(trial)
    assert (case.trial_id, case.partner_id) == (trial.trial_id, checkpoint.north.partner_id)
    assert case.deadline_at - case.opened_at == 72 * HOUR
    step = await checkpoint.run(trial.trial_id)
    assert (step.rule, step.reason, step.orders) == ("RPL-05", "rpl_review", ())
    checked = await checkpoint.check(trial)
    assert (checked.state, checked.due_at) == (CustomerScreeningState.PENDING_RPL_REVIEW, case.deadline_at)
    told = await checkpoint.explain(OPERATOR, trial)
    assert any("undecided, its trial is given up" in each for each in told.sentences)
    await checkpoint.town.advance(71 * HOUR)
    wakes = await checkpoint.town.wakes(trial.organisation_id)
    await checkpoint.decide(trial)
    assert await checkpoint.town.wakes(trial.organisation_id) > wakes
    await checkpoint.run(trial.trial_id)
    assert (await checkpoint.show(trial.trial_id)).state is TrialState.ACTIVE
    assert await checkpoint.ordered() == 1


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (Decision.REJECT, CustomerScreeningReason.RPL_REJECTED),
        (Decision.UNRESOLVED, CustomerScreeningReason.RPL_UNRESOLVED),
        (None, CustomerScreeningReason.RPL_REVIEW_TIMEOUT),
    ],
)
async def test_a_hit_that_stands(
    checkpoint: Checkpoint, decision: Decision | None, reason: CustomerScreeningReason
) -> None:
    """The trial is cancelled with it, as any is before it is active: never built, its site free, the customer marked; the partner sees why (RPL-07, RPL-10 to RPL-12, TC-10)."""
    trial = await checkpoint.found("meetings-enterprise", site=SITE)
    if decision is None:
        case = await checkpoint.case(trial)
        await checkpoint.town.advance_to(case.deadline_at + timedelta(seconds=1))
        assert (await checkpoint.check_case(trial, case.deadline_at)).state is CaseState.OPEN
        assert (await checkpoint.check_case(trial, case.deadline_at + MOMENT)).state is CaseState.TIMED_OUT
    else:
        await checkpoint.decide(trial, decision)
        await checkpoint.check_case(trial)
    over = await checkpoint.show(trial.trial_id)
    assert over.screening is not None
    assert (over.state, over.screening.state, over.screening.reason) == (TrialState.CANCELLED, "error", reason)
    assert (await checkpoint.check(trial)).reason is reason
    await checkpoint.run(trial.trial_id)
    assert await checkpoint.services(trial) == {"meetings-enterprise": "gone"}
    assert (await checkpoint.ordered(), await checkpoint.site(SITE.url)) == (0, "free")
    assert await checkpoint.queued(trial.organisation_id) == set()
    assert await checkpoint.town.state(trial.organisation_id) is OrganisationState.MARKED
    assert await checkpoint.access(checkpoint.north, trial.organisation_id) == "full"
    assert await checkpoint.refused(checkpoint.decide(trial)) is RefusalCode.CASE_CLOSED
    processes = await checkpoint.town.processes(trial.organisation_id)
    assert {name for name, state in processes.items() if state != "closed"} == {f"deletion/{trial.organisation_id}/1"}
    assert set(await checkpoint.dates(trial.organisation_id)) == {"deletion_warning"}
    [audit] = await checkpoint.town.fetch(
        "select reason, to_state from audit where subject = $1 and action = 'trial_cancelled'", trial.organisation_id
    )
    assert (audit["reason"], audit["to_state"]) == (reason, "cancelled")


async def test_what_was_decided_is_remembered(checkpoint: Checkpoint) -> None:
    """A customer that was cleared of an entry is not held by it again, as long as both are what they were (Q-32)."""
    trial = await checkpoint.found()
    await checkpoint.decide(trial, Decision.REJECT)
    other = await checkpoint.again(trial)
    assert await checkpoint.screen(other, hit()) is ScreeningDone.MATCH
    await checkpoint.decide(other, Decision.APPROVE)
    third = await checkpoint.found()
    assert len(await checkpoint.cases(third.organisation_id)) == 1


async def test_only_wholesale_customers_where_the_rules_say_so(checkpoint: Checkpoint) -> None:
    """Narrowed, trials are built at once, and no wholesale customer is left out (RPL-01, RPL-03, Q-27)."""
    checkpoint.screen_who(ScreeningRules(customers="wholesale"))
    trial = await checkpoint.newcomer()
    assert trial.screening is None
    await checkpoint.run(trial.trial_id)
    assert (await checkpoint.show(trial.trial_id)).state is TrialState.ACTIVE
    gate = Gate(checkpoint.town)
    gate.north, gate.south, gate.steps = checkpoint.north, checkpoint.south, checkpoint.steps
    customer = await gate.create()
    assert (await gate.look(customer)).state == "screening"
    assert await gate.screen(customer, hit()) is ScreeningDone.MATCH
    assert (await gate.look(customer)).state == "pending_rpl_review"


async def test_steps_are_safe_to_repeat(checkpoint: Checkpoint) -> None:
    """A step that is done again after a crash does nothing more (RPL-16)."""
    trial = await checkpoint.newcomer()
    await checkpoint.screen(trial)
    await checkpoint.check(trial)
    facts = await checkpoint.facts()
    assert await checkpoint.screen(trial, hit()) is ScreeningDone.VOID
    assert await checkpoint.steps.subject(checkpoint.task(trial)) is None
    await checkpoint.in_vain(trial)
    await checkpoint.check(trial)
    assert await checkpoint.facts() == facts


async def test_no_trace_names_anybody(checkpoint: Checkpoint) -> None:
    """Neither audit nor processes nor dates hold a name (XC-04)."""
    trial = await checkpoint.found(company_name="Zacharias Zorn KG", admin_email="zita@zorn.example")
    await checkpoint.town.advance(DAY)
    await checkpoint.decide(trial, Decision.REJECT)
    for table in ("audit", "processes", "next_dates", "customer_screenings"):
        rows = await checkpoint.town.fetch(f"select r::text as content from {table} r")
        assert rows, table
        assert not [row["content"] for row in rows if "zorn" in row["content"].lower()]
