"""Customers that trials create, on the real servers: screened before anything is built (RPL-01, RPL-03, Q-27)."""

from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from tenure import names, search
from tenure.contracts.customer_screening import CustomerScreeningReason, CustomerScreeningState
from tenure.contracts.review import CaseState, Decision
from tenure.contracts.trial import CancelTrial, TrialState
from tenure.contracts.trial_process import CustomerScreeningContract, TrialContract
from tests.workflows.counter import HOUR, LISTED, Counter
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation


@pytest.fixture
async def counter(world: Installation) -> Counter:
    """Who reviews, and a list that is still to be loaded."""
    return await Counter.open(world, listed=False)


@pytest.fixture
async def fair(counter: Counter) -> Fair:
    """A partner whose new customers are screened."""
    return await Fair.open(counter.world, screened=True)


async def ask(fair: Fair, name: str, company: str = "Clear Works") -> None:
    """A trial for a new customer is asked for; what happens at once happens."""
    request = fair.request(name, company_name=company, admin_email=fair.world.address(name))
    await fair.world.services.trials.request(OPERATOR, request)
    await fair.world.settle()


async def test_newcomers_wait_for_a_list_and_then_for_nobody(counter: Counter, fair: Fair) -> None:
    """Without a list nothing is built and both processes say why; with it one is built at once, and another waits for a reviewer, who rejects it.

    (RPL-04, RPL-05, RPL-11, RPL-16, TR-12, TC-10, TL-01, TL-03)
    """
    world = fair.world
    await ask(fair, "clear")
    await ask(fair, "listed", LISTED)
    await world.advance(2 * HOUR)
    for name in ("clear", "listed"):
        trial = await fair.show(name)
        assert trial.screening is not None
        assert (trial.state, trial.screening.state) == (TrialState.PROVISIONING, CustomerScreeningState.SCREENING)
        assert "us-dpl" in str(trial.screening.problem)
    waiting: WorkflowHandle[TrialContract, Any] = world.client.get_workflow_handle_for(
        TrialContract.run, names.trial_id(fair.trial("clear"), 1)
    )
    step = await waiting.query(TrialContract.state)
    assert step is not None
    assert (step.rule, step.reason, step.orders) == ("RPL-01", "screening", ())
    await counter.list_parties(LISTED, "Abu Feldspar", "Ilia Basaltov", "Jan Gneiss", "Maria Schist")
    assert (await fair.show("clear")).state is TrialState.ACTIVE
    held = await fair.show("listed")
    screening: WorkflowHandle[CustomerScreeningContract, Any] = world.client.get_workflow_handle_for(
        CustomerScreeningContract.run, names.customer_screening_id(held.trial_id)
    )
    found = await screening.query(CustomerScreeningContract.state)
    assert found is not None
    case = await counter.case(held.organisation_id)
    assert (found.state, found.due_at) == (CustomerScreeningState.PENDING_RPL_REVIEW, case.deadline_at)
    attributes = (await screening.describe()).typed_search_attributes
    assert (attributes[search.PHASE], attributes[search.DUE_AT]) == ("pending_rpl_review", case.deadline_at)
    assert attributes[search.PARTNER] == fair.partner
    await counter.decide(held.organisation_id, Decision.REJECT)
    assert (await screening.result()).reason is CustomerScreeningReason.RPL_REJECTED
    assert (await fair.result("listed")).state is TrialState.CANCELLED
    built = "select count(*) from platform_resources where organisation_id = $1"
    assert (await world.row(built, held.organisation_id))[0] == 0
    assert LISTED not in await world.written(screening.id)
    assert world.mails("listed") == []


async def test_nobody_decides_and_another_is_cancelled(counter: Counter, fair: Fair) -> None:
    """After 72 hours the trial is over, and its reason is told; a cancelled one leaves its screening, which ends by itself (RPL-07, TC-10)."""
    world = fair.world
    await counter.list_parties(LISTED)
    await ask(fair, "late", LISTED)
    await ask(fair, "gone", LISTED)
    cancel = CancelTrial(trial_id=fair.trial("gone"), by=fair.seller, confirmed=True)
    await world.services.trials.cancel(OPERATOR, cancel)
    await world.settle()
    assert (await fair.result("gone")).state is TrialState.CANCELLED
    await world.advance(73 * HOUR)
    for name in ("late", "gone"):
        over = await fair.show(name)
        assert over.screening is not None
        assert (over.state, over.screening.reason) == ("cancelled", CustomerScreeningReason.RPL_REVIEW_TIMEOUT)
        assert (await counter.case(over.organisation_id)).state is CaseState.TIMED_OUT
    assert (await fair.result("late")).state is TrialState.CANCELLED
    open_ = [process.workflow_id for process in await world.application.processes.open(None, 100)]
    assert [name for name in open_ if not name.startswith(("deletion/", "list-screening/"))] == []
