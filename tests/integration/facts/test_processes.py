"""The table between facts and executions: started once, woken, repaired, watched (EV-03, P11, P15)."""

from datetime import timedelta

import asyncpg
import pytest

from adapters.postgres.processes import PostgresProcesses
from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure import names
from tenure.contracts.breaker import BreakerScope
from tenure.contracts.deletion import HOLDS, Reason
from tenure.contracts.device import ShipDevices
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.process import ProcessState, ProcessType
from tenure.ids import OrganisationId, TrialId
from tenure.policy.screening import ScreeningRules
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town
from tests.integration.facts.desk import Desk, end
from tests.integration.newcomers.checkpoint import Checkpoint
from tests.integration.trials.fairground import Fairground
from tests.integration.wholesale.gate import Gate
from tests.integration.wholesale.test_list_updates import dpl

HOUR = timedelta(hours=1)


@pytest.fixture
def processes(town: Town) -> PostgresProcesses:
    """The table."""
    return PostgresProcesses(town.database)


async def marked(town: Town) -> tuple[OrganisationId, str]:
    """A marked organisation, and the workflow id of its countdown."""
    organisation_id = await town.organisation()
    await town.mark(organisation_id)
    return organisation_id, names.deletion_id(organisation_id, 1)


async def test_from_fact_to_start(town: Town, processes: PostgresProcesses) -> None:
    """A process waits in the order of its fact, names its partner, and is started once (P11)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(managed_by=partner_id)
    await town.mark(organisation_id)
    other, _ = await marked(town)
    first, second = await processes.to_start(10)
    assert [each.organisation_id for each in (first, second)] == [organisation_id, other]
    assert (first.workflow_id, first.type) == (names.deletion_id(organisation_id, 1), ProcessType.DELETION_COUNTDOWN)
    assert (first.partner_id, second.partner_id) == (partner_id, None)
    assert first.input == {"organisation_id": organisation_id, "generation": 1}
    assert await processes.to_start(1) == [first]
    await processes.started(first.workflow_id)
    await processes.started(first.workflow_id)
    assert await processes.to_start(10) == [second]


async def test_wakes(town: Town, processes: PostgresProcesses) -> None:
    """A started process is to be woken until the relay has delivered as many changes as there were; a late report of an earlier delivery takes nothing back."""
    organisation_id, workflow_id = await marked(town)
    await town.buy(organisation_id)
    assert await processes.to_wake(10) == []
    await processes.started(workflow_id)
    [process] = await processes.to_wake(10)
    await town.request_trial(organisation_id, await town.now() + DAY)
    await town.mark(organisation_id)
    assert process.wakes == 1
    await processes.woken(workflow_id, 1)
    assert await processes.to_wake(10) == []
    await town.execute("update processes set wakes = 3 where workflow_id = $1", workflow_id)
    await processes.woken(workflow_id, 2)
    assert [each.wakes for each in await processes.to_wake(10)] == [3]
    await processes.woken(workflow_id, 3)
    await processes.woken(workflow_id, 2)
    assert await processes.to_wake(10) == []


async def test_open_ones_page_by_page(town: Town, processes: PostgresProcesses) -> None:
    """The repair sees every process that is not closed, once."""
    ids = sorted([(await marked(town))[1] for _ in range(5)])
    await processes.started(ids[0])
    await town.execute("update processes set state = 'closed' where workflow_id = $1", ids[1])
    seen: list[str] = []
    while page := await processes.open(seen[-1] if seen else None, 2):
        seen += [process.workflow_id for process in page]
    assert seen == [ids[0], *ids[2:]]


async def test_missing_rows_are_written(town: Town, desk: Desk, processes: PostgresProcesses) -> None:
    """Each fact that needs a process and has lost its row gets the very row it had, and others get none (EV-03, P15)."""
    await marked(town)
    await desk.suspended(await town.organisation())
    await desk.grant(await town.organisation())
    await town.fenced()
    await marked(town)
    await trials(town)
    await customers(town)
    needed = await town.fetch(
        "select workflow_id, type, organisation_id, input from processes where state <> 'closed' and (type <> 'DeletionCountdown'"
        " or organisation_id in (select organisation_id from organisations where state = 'marked')) order by 1"
    )
    assert {row["type"] for row in needed} == set(ProcessType)
    assert await processes.require_missing() == []
    await lose_all(town)
    missing = await processes.require_missing()
    assert sorted(missing) == [row["workflow_id"] for row in needed]
    assert needed == await town.fetch("select workflow_id, type, organisation_id, input from processes order by 1")
    assert await processes.require_missing() == []


async def trials(town: Town) -> None:
    """A trial that waits for consent, and an active one with devices and with numbers on hold."""
    ground = await Fairground.open(town)
    await town.trials.request(SERVICE, ground.request("messaging", organisation_id=await town.organisation()))
    trial = await ground.trial("messaging", "calling")
    await ground.edit(trial, "messaging")
    ship = ShipDevices(
        trial_id=trial.trial_id, demo_order="DEMO-1", serials=("FTX1",), device_ends_at=await town.now() + DAY
    )
    await town.devices.ship(SERVICE, ship)


async def customers(town: Town) -> None:
    """Customers that are screened: one of a trial, wholesale ones at every point, and a list that is loaded after them."""
    checkpoint, gate = Checkpoint(town), Gate(town)
    checkpoint.north = gate.north = await gate.partner("provider")
    checkpoint.screen_who(ScreeningRules())
    await checkpoint.newcomer(trial_id=TrialId("trl_new"), admin_email="new@new.example")
    await gate.create()
    await gate.held()
    await gate.move(await gate.active())
    await PostgresScreeningLists(town.database, ScreeningRules()).update(OPERATOR, dpl(20))


async def lose_all(town: Town) -> None:
    """Lose the whole table, as a database that went back in time would."""
    connection = await asyncpg.connect(town.url)
    try:
        await connection.execute("delete from processes")
    finally:
        await connection.close()


async def test_restart(town: Town, desk: Desk, processes: PostgresProcesses) -> None:
    """A process whose execution is gone begins again while its fact needs it; else its row is closed (EV-03)."""
    fenced = await town.fenced()
    organisation_id, workflow_id = await marked(town)
    licences = await desk.suspended(await town.organisation())
    grace_id = names.renewal_grace_id(licences.licence_set_id, 1)
    erasure_id = names.erasure_id(fenced, 1)
    for each in (workflow_id, grace_id, erasure_id):
        assert not await processes.restart(each)
        await processes.started(each)
        assert await processes.restart(each)
        assert not await processes.restart(each)
    pending = {process.workflow_id: process for process in await processes.to_start(10)}
    assert {pending[each].restarts for each in (workflow_id, grace_id, erasure_id)} == {1}
    for each in (workflow_id, grace_id):
        await processes.started(each)
    await town.buy(organisation_id)
    await desk.restore(licences)
    for each in (workflow_id, grace_id):
        assert not await processes.restart(each)
    assert (await town.processes(organisation_id))[workflow_id] == "closed"
    assert (await town.processes(licences.organisation_id))[grace_id] == "closed"
    assert not await processes.restart(names.deletion_id(OrganisationId("org_unknown"), 1))


async def test_restart_of_a_grace_that_was_cut_off(town: Town, desk: Desk, processes: PostgresProcesses) -> None:
    """A grace whose execution was lost between the removal and the mark begins again, and marks (EV-03, GR-11)."""
    licences = await desk.suspended(await town.organisation())
    workflow_id = names.renewal_grace_id(licences.licence_set_id, 1)
    await processes.started(workflow_id)
    await town.advance_to(end(licences))
    await desk.check(licences)
    assert await processes.restart(workflow_id)
    assert (await desk.conclude(licences)).marked
    assert (await town.processes(licences.organisation_id))[workflow_id] == "closed"


async def test_overdue(town: Town, desk: Desk, processes: PostgresProcesses) -> None:
    """A date past due by more than a day counts, unless a hold says when it is looked at again; the expiry that a service has to report does not (P15)."""
    held, _ = await marked(town)
    await marked(town)
    await desk.grant(await town.organisation(), expires_at=await town.now() + DAY)
    due_at = await town.now() + town.rules.silence
    assert await processes.overdue(due_at + DAY - HOUR) == 0
    assert await processes.overdue(due_at + DAY + HOUR) == 2
    await town.advance(town.rules.silence + DAY, feeds=False)
    await town.assess(held)
    assert await processes.overdue(await town.now() + HOUR) == 1


async def test_figures(town: Town, desk: Desk, processes: PostgresProcesses) -> None:
    """The metrics count organisations per state and pending processes, and say how late the oldest of each is."""
    quiet = await processes.figures()
    assert set(quiet.organisations.values()) == {0}
    assert (quiet.oldest_overdue, quiet.to_start, quiet.relay_lag) == (timedelta(0), 0, timedelta(0))
    await desk.grant(await town.organisation())
    await marked(town)
    await town.advance(town.rules.silence + HOUR)
    figures = await processes.figures()
    assert figures.organisations[OrganisationState.LIVE] == 1
    assert figures.organisations[OrganisationState.MARKED] == 1
    assert figures.organisations[OrganisationState.DELETED] == 0
    assert HOUR <= figures.oldest_overdue < 2 * HOUR
    assert figures.to_start == 1
    assert figures.relay_lag > town.rules.silence
    [process] = await processes.open(None, 10)
    assert process.state is ProcessState.PENDING


async def test_figures_of_what_stands_still(town: Town, processes: PostgresProcesses) -> None:
    """A silent feed, a mail that is not taken, an open breaker, what is held, an account that nobody opens, and an old list: each is counted while it lasts (P15, SF-03, SF-05, PRV-01, RPL-16)."""
    quiet = await processes.figures()
    assert (quiet.feeds_late, quiet.notices_deferred, set(quiet.breakers_open.values())) == (0, 0, {0})
    assert (quiet.oldest_list, quiet.oldest_account) == (timedelta(0), timedelta(0))
    gate = Gate(town)
    gate.north = await gate.partner("provider")
    await gate.create()
    await PostgresScreeningLists(town.database, ScreeningRules()).update(OPERATOR, dpl(20))
    await town.warned()
    held, _ = await marked(town)
    await town.advance(town.rules.silence + DAY, feeds=False)
    await town.assess(held)
    later = await processes.figures()
    assert later.feeds_late == 1
    assert later.countdowns_held.keys() == HOLDS
    assert {reason for reason, number in later.countdowns_held.items() if number} == {
        Reason.FEED_SILENT,
        Reason.WARNING_NOT_ACCEPTED,
    }
    assert later.oldest_list > town.rules.silence
    assert later.oldest_account == timedelta(0), "it is screened first"
    await town.execute(
        "update onboardings set state = 'provisioning', state_since = business_now() - interval '2 hours'"
    )
    await town.execute("update breakers set open_since = business_now(), reason = 'too many' where scope = 'fleet'")
    await town.execute("update notices set state = 'queued', first_attempt_at = business_now() - interval '2 minutes'")
    figures = await processes.figures()
    assert figures.notices_deferred == 1
    assert timedelta(hours=2) <= figures.oldest_account < timedelta(hours=3)
    assert figures.breakers_open == {BreakerScope.FLEET: 1, BreakerScope.PARTNER: 0}
    await town.execute("update breakers set released = 1 where scope = 'fleet'")
    assert set((await processes.figures()).breakers_open.values()) == {0}, "it lets somebody through"
