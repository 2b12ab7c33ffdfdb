"""The repair: facts and executions find together again, whatever was lost on either side (EV-03, P15)."""

import uuid
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from tenure import names
from tenure.contracts.deletion import CountdownInput
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.process import ReconcileContract, ReconcileInput, ReconcileResult
from tenure.ids import OrganisationId
from tests.workflows.installation import Installation

DAY = timedelta(days=1)


async def repair(world: Installation) -> ReconcileResult:
    """Run the repair once."""
    return await world.starting_client.execute_workflow(
        ReconcileContract.run, ReconcileInput(), id=f"reconcile-{uuid.uuid4()}", task_queue=names.TASK_QUEUE
    )


async def reconcile(world: Installation) -> ReconcileResult:
    """Run the repair once, and let everything happen that it asks for."""
    result = await repair(world)
    await world.settle()
    return result


def mine(world: Installation, workflow_ids: tuple[str, ...]) -> list[str]:
    """Those of this test: others may have left executions in the namespace."""
    return [workflow_id for workflow_id in workflow_ids if world.suffix in workflow_id]


async def marked(world: Installation) -> tuple[OrganisationId, str]:
    organisation_id = await world.organisation()
    await world.settle()
    return organisation_id, names.deletion_id(organisation_id, 1)


async def test_where_all_fits_nothing_is_done(world: Installation) -> None:
    """A sound installation is left alone (EV-03)."""
    _, countdown = await marked(world)
    before = await world.events(countdown)
    result = await reconcile(world)
    assert result.checked == 1
    assert result.restarted == result.missing == ()
    assert mine(world, result.orphaned) == []
    assert await world.events(countdown) == before


async def test_a_terminated_execution_is_begun_again(world: Installation) -> None:
    """Somebody terminated a countdown: it runs again, under its id, with its old date (P15)."""
    organisation_id, countdown = await marked(world)
    due_at = (await world.show(organisation_id)).next_due_at
    await world.client.get_workflow_handle(countdown).terminate("by mistake")
    result = await reconcile(world)
    assert result.restarted == (countdown,)
    assert (await world.countdown(organisation_id).describe()).status is WorkflowExecutionStatus.RUNNING
    assert (await world.show(organisation_id)).next_due_at == due_at
    await world.advance(31 * DAY)
    assert (await world.show(organisation_id)).state is OrganisationState.WARNED


async def test_a_process_row_that_is_lost_is_written_again(world: Installation) -> None:
    """A marked organisation without a row is found; the execution that runs is the one it needs (EV-03, P11)."""
    organisation_id, countdown = await marked(world)
    run_id = (await world.countdown(organisation_id).describe()).run_id
    await world.as_owner("delete from processes")
    result = await reconcile(world)
    assert result.missing == (countdown,)
    assert (await world.countdown(organisation_id).describe()).run_id == run_id
    assert tuple(await world.row("select state, restarts from processes")) == ("started", 0)


async def test_row_and_execution_lost_together_come_back(world: Installation) -> None:
    """The first run finds the fact, the second that its id belongs to an execution that is gone (EV-03, P15)."""
    organisation_id, countdown = await marked(world)
    await world.client.get_workflow_handle(countdown).terminate("lost with the row")
    await world.as_owner("delete from processes")
    assert (await repair(world)).missing == (countdown,)
    await world.relay.run_once()
    assert (await reconcile(world)).restarted == (countdown,)
    assert (await world.countdown(organisation_id).describe()).status is WorkflowExecutionStatus.RUNNING


async def test_an_execution_that_no_fact_needs_is_woken_and_ends(world: Installation) -> None:
    """A countdown of an organisation that is not marked looks at the facts and leaves (EV-03)."""
    organisation_id, countdown = await marked(world)
    await world.as_owner("update organisations set state = 'live', marked_at = null")
    await world.as_owner("delete from next_dates")
    await world.as_owner("update processes set state = 'closed'")
    result = await reconcile(world)
    assert mine(world, result.orphaned) == [countdown]
    assert (await world.countdown(organisation_id).result()).state is OrganisationState.LIVE


async def test_a_database_that_went_back_an_hour_converges(world: Installation) -> None:
    """An execution that has ended, while the facts of an older backup still need it, is begun again (P15, P11)."""
    organisation_id, countdown = await marked(world)
    await world.as_owner("create table backup as select * from organisations")
    await world.as_owner("create table backup_processes as select * from processes")
    await world.as_owner("update organisations set state = 'live', marked_at = null")
    await world.as_owner("update processes set wakes = wakes + 1")
    await world.settle()
    first = await world.countdown(organisation_id).describe()
    assert first.status is WorkflowExecutionStatus.COMPLETED

    await world.as_owner("update organisations o set state = b.state, marked_at = b.marked_at from backup b")
    await world.as_owner("update processes p set state = b.state, closed_at = null from backup_processes b")
    result = await reconcile(world)
    assert result.restarted == (countdown,)
    second = await world.countdown(organisation_id).describe()
    assert (second.status, second.run_id != first.run_id) == (WorkflowExecutionStatus.RUNNING, True)
    assert (await reconcile(world)).restarted == ()


async def test_a_countdown_of_nobody_ends(world: Installation) -> None:
    """Started by hand for an organisation that does not exist, it deletes nothing and does not stay (P4, P10)."""
    organisation_id = world.organisation_id("nobody")
    handle = await world.starting_client.start_workflow(
        "DeletionCountdown",
        CountdownInput(organisation_id=organisation_id, generation=1),
        id=names.deletion_id(organisation_id, 1),
        task_queue=names.TASK_QUEUE,
    )
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert "organisation_not_found" in repr(failure.value.cause.__cause__)
