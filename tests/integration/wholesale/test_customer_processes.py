"""The processes of customers and lists in the table between facts and executions: whose, begun again, counted (EV-03)."""

from datetime import timedelta

import pytest

from adapters.postgres.forecast import PostgresForecast
from adapters.postgres.processes import PostgresProcesses
from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure import names
from tenure.contracts.onboarding import ListScreeningInput
from tenure.contracts.process import ProcessType
from tenure.contracts.screening import ListId
from tenure.policy import screening as rule
from tenure.policy.rules import DEFAULT
from tests.integration.wholesale.gate import Gate, hit
from tests.integration.wholesale.hall import OPERATOR, provider
from tests.integration.wholesale.test_list_updates import dpl

HOUR = timedelta(hours=1)


@pytest.fixture
def processes(gate: Gate) -> PostgresProcesses:
    """The table of the gate's town."""
    return PostgresProcesses(gate.town.database)


async def states(gate: Gate) -> dict[str, str]:
    """Every process and its state."""
    rows = await gate.town.fetch("select workflow_id, state from processes")
    return {row["workflow_id"]: row["state"] for row in rows}


async def test_whose_processes_are(gate: Gate, processes: PostgresProcesses) -> None:
    """A customer's are its service provider's; what follows the update of a list is nobody's (TL-02)."""
    customer, case = await gate.held(side=gate.south)
    await PostgresScreeningLists(gate.town.database, rule.DEFAULT).update(OPERATOR, dpl(20))
    found = {process.workflow_id: process for process in await processes.to_start(10)}
    for workflow_id in (names.onboarding_id(customer.organisation_id, 1), names.rpl_review_id(case.case_id)):
        owner = found[workflow_id].organisation_id, found[workflow_id].partner_id
        assert owner == (customer.organisation_id, gate.south.partner_id)
    update = found[names.list_screening_id(ListId.US_DPL, 1)]
    assert (update.type, update.organisation_id, update.partner_id) == (ProcessType.LIST_SCREENING, None, None)


async def test_a_review_is_told_to_whom_it_concerns(gate: Gate) -> None:
    """Explain and calendar tell its own service provider of a customer's review, and no other partner that manages it (P14, WH-01)."""
    customer, case = await gate.held()
    await gate.town.execute(
        "insert into managements values ($1, $2, 'provisioning', business_now())",
        gate.south.partner_id,
        customer.organisation_id,
    )
    forecast = PostgresForecast(gate.town.database, DEFAULT)
    for side, told in ((gate.north, [case.case_id]), (gate.south, [])):
        explained = await forecast.explain(provider(side), customer.organisation_id)
        assert [date.subject for date in explained.next] == told
        assert any("undecided, its onboarding fails" in sentence for sentence in explained.sentences) is bool(told)
        assert any(case.case_id in sentence for sentence in explained.would_stop_it) is bool(told)
        assert [entry.subject for entry in (await forecast.calendar(provider(side), None)).dates] == told


async def test_what_is_lost_is_begun_again(gate: Gate, processes: PostgresProcesses) -> None:
    """An execution that is gone begins again while its customer, its case or its list needs it; else its row is closed (EV-03)."""
    held, case = await gate.held()
    moving = await gate.move(await gate.active())
    await PostgresScreeningLists(gate.town.database, rule.DEFAULT).update(OPERATOR, dpl(20))
    onboarding, review = names.onboarding_id(held.organisation_id, 1), names.rpl_review_id(case.case_id)
    change, update = names.address_change_id(moving.organisation_id, 1), names.list_screening_id(ListId.US_DPL, 1)
    needed = (onboarding, review, change, update)
    for workflow_id in needed:
        await processes.started(workflow_id)
        assert await processes.restart(workflow_id)
        assert not await processes.restart(workflow_id)
        await processes.started(workflow_id)
    await gate.decide(case.case_id)
    await gate.set_up(held)
    await gate.screen_address(moving)
    await gate.steps.close_list_screening(ListScreeningInput(list_id=ListId.US_DPL, version=1))
    for workflow_id in needed:
        assert not await processes.restart(workflow_id)
    assert {(await states(gate))[workflow_id] for workflow_id in needed} == {"closed"}
    assert await processes.require_missing() == []


async def test_what_waits_for_people_and_for_lists_is_counted(gate: Gate, processes: PostgresProcesses) -> None:
    """Open cases and how old the oldest is, and who cannot be screened: until each is settled (RPL-07, RPL-16)."""
    quiet = await processes.figures()
    assert (quiet.cases_open, quiet.oldest_case, quiet.screenings_stuck) == (0, timedelta(0), 0)
    _, first = await gate.held()
    await gate.town.advance(3 * HOUR)
    _, second = await gate.held(hit("SDN-2"))
    stuck = await gate.create()
    await gate.look(stuck)
    await gate.steps.record_unavailable(await gate.task(stuck), "The list us-dpl is stale.")
    moving = await gate.move(await gate.active())
    await gate.steps.record_unavailable(await gate.address_task(moving), "The list us-dpl is stale.")
    figures = await processes.figures()
    assert (figures.cases_open, figures.screenings_stuck) == (2, 2)
    assert 3 * HOUR <= figures.oldest_case < 4 * HOUR
    await gate.decide(first.case_id)
    await gate.screen(stuck)
    await gate.screen_address(moving)
    figures = await processes.figures()
    assert (figures.cases_open, figures.screenings_stuck) == (1, 0)
    assert timedelta(0) < figures.oldest_case < HOUR
    await gate.town.execute("update rpl_cases set trigger = 'list_update' where case_id = $1", second.case_id)
    figures = await processes.figures()
    assert (figures.cases_open, figures.oldest_case) == (1, timedelta(0)), "for such a case nothing waits (Q-32)"
    await gate.town.execute("update rpl_cases set trigger = 'create' where case_id = $1", second.case_id)
    await gate.decide(second.case_id)
    assert (await processes.figures()).cases_open == 0
