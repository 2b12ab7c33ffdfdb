"""A platform that refuses, or does not answer: nothing is tried again in silence, and somebody can do something about it."""

import pytest

from adapters.postgres.forecast import PostgresForecast
from adapters.postgres.processes import PostgresProcesses
from tenure.contracts.platform import NO_ANSWER, PlatformOrder
from tenure.contracts.trial import TrialState, TrialView
from tenure.contracts.trial_process import PlatformProblem, PlatformReport
from tenure.ports import Caller
from tests.integration.deletion.town import SERVICE, Town
from tests.integration.trials.market import Market


async def told(town: Town, trial: TrialView, caller: Caller = SERVICE) -> tuple[list[str], list[str]]:
    """What `explain` says of a trial, and who can do what about it."""
    found = await PostgresForecast(town.database, town.rules).explain(caller, trial.organisation_id)
    sentences, ways_on = (
        [each for each in part if trial.trial_id in each and "NR-02" not in each]
        for part in (found.sentences, found.would_stop_it)
    )
    return sentences, ways_on


async def counted(town: Town) -> tuple[int, int]:
    """How many services the metrics count as refused, and as unanswered."""
    figures = await PostgresProcesses(town.database).figures()
    return figures.services_refused, figures.services_unanswered


async def wakes(town: Town, trial: TrialView) -> int:
    """How often the trial's process was told to look."""
    return await town.value(int, "select wakes from processes where workflow_id = $1", f"trial/{trial.trial_id}/1")


async def meets(town: Town, order: PlatformOrder, code: str) -> None:
    """The platform refuses an order, or nobody knows."""
    await town.trial_steps.record_problem(PlatformProblem(order=order, code=code))


async def test_details_are_waited_for(town: Town, market: Market) -> None:
    """`explain` says so, without a date, and that the partner alone can go on (PV-01, PV-08, WH-01)."""
    trial = await market.ask(await market.customer(), "messaging")
    assert not any("details" in each for each in (await told(town, trial))[0])
    await market.accept(trial)
    waits = f"Trial {trial.trial_id} waits for its partner's provisioning details, without a deadline (PV-01, PV-08)."
    assert await told(town, trial) == (
        [waits],
        [f"Its partner can give the details of trial {trial.trial_id}, or cancel it (PV-01, CO-13)."],
    )


@pytest.mark.parametrize(
    ("code", "counts", "said"),
    [
        ("no_numbers_left", (1, 0), "refuses to build calling of trial {} (no_numbers_left): it is asked again"),
        (NO_ANSWER, (0, 1), "does not answer whether it could build calling of trial {}: it is asked again"),
    ],
)
async def test_why_it_is_not_built_yet(
    town: Town, market: Market, code: str, counts: tuple[int, int], said: str
) -> None:
    """The trial, its process, `explain` and the metrics say why; once it is built, none of them does (PV-04, WH-01)."""
    trial = await town.trials.request(SERVICE, market.request("messaging", "calling"))
    [calling, messaging] = (await market.look(trial.trial_id)).orders
    assert await told(town, trial) == (
        [f"Trial {trial.trial_id} is being built: calling, messaging (PV-03)."],
        [f"Its partner can cancel trial {trial.trial_id} (CO-13)."],
    )
    before = await wakes(town, trial)
    await meets(town, calling, code)
    assert await wakes(town, trial) == before + 1
    await meets(town, calling, code)
    assert await wakes(town, trial) == before + 1, "an old problem is no news"
    assert (await market.look(trial.trial_id)).problems == {calling.key: code}
    assert {each.service: each.problem for each in (await market.show(trial.trial_id)).services} == {
        "calling": code,
        "messaging": None,
    }
    assert await counted(town) == counts
    (_, problem), [way_on] = await told(town, trial)
    assert said.format(trial.trial_id) in problem
    assert "again, which has the platform asked at once, or cancel it" in way_on
    for order in (calling, messaging):
        built = await town.platform.build(order)
        await town.trial_steps.record_platform(PlatformReport(order=order, built=built))
    assert (await market.look(trial.trial_id)).problems == {}
    assert await told(town, trial) == await told(town, await market.show(trial.trial_id))
    assert await counted(town) == (0, 0)
    assert not any("platform" in each for each in (await told(town, trial))[0])


async def test_details_given_again_take_the_problem_away(town: Town, market: Market) -> None:
    """The process is told, and finds the very same order without a problem: it asks at once (PV-04, 18.1)."""
    trial = await town.trials.request(SERVICE, market.request("calling"))
    [calling] = (await market.look(trial.trial_id)).orders
    await meets(town, calling, NO_ANSWER)
    before = await wakes(town, trial)
    again = await market.detail(trial, seats=7)
    assert (again.state, [each.problem for each in again.services]) == (TrialState.PROVISIONING, [None])
    assert await wakes(town, trial) == before + 1
    step = await market.look(trial.trial_id)
    assert (step.orders, step.problems) == ((calling,), {})


async def test_a_tear_down_that_is_refused_is_seen_after_the_end(town: Town, market: Market) -> None:
    """The cancelled trial's process goes on, says why, and ends with the tear-down; partners see their own alone (PV-04, P14)."""
    trial = await market.trial("calling")
    await market.cancel(trial)
    [order] = (await market.look(trial.trial_id)).orders
    await meets(town, order, "in_use")
    assert await counted(town) == (1, 0)
    said = f"The platform refuses to tear down calling of trial {trial.trial_id} (in_use): it is asked again once an hour (PV-04)."
    assert await told(town, trial) == ([said], [])
    await market.manage(market.south, trial.organisation_id)
    owner, other = (Caller(actor="partner:x", partner_id=side.partner_id) for side in (market.north, market.south))
    assert await told(town, trial, owner) == ([said], [])
    assert await told(town, trial, other) == ([], [])
    assert (await market.look(trial.trial_id)).problems == {order.key: "in_use"}
    await market.run(trial.trial_id)
    assert (await told(town, trial), await counted(town)) == (([], []), (0, 0))
