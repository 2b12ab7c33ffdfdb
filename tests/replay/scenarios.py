"""What is recorded: the paths that executions take, played on real servers with the simulation's clock."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from tenure import names
from tenure.contracts.activity import ActivityEvent, ActivityKind, ActivitySignal
from tenure.contracts.deletion import DeletionCountdownContract
from tenure.contracts.erasure import AbortErasures
from tenure.contracts.licence import ExpireLicences, GrantLicences, LicenceKind, RestoredBy, RestoreLicences
from tenure.contracts.organisation import DeleteNow
from tenure.contracts.process import ReconcileContract, ReconcileInput
from tenure.ids import LicenceSetId, OrganisationId, PersonId
from tests.replay.long_scenarios import first_runs, long_reviews, long_trials, long_update, long_waits
from tests.replay.trial_scenarios import cancellation, consents, devices, left_off, told_late, trial_from_end_to_end
from tests.replay.wholesale_scenarios import newcomers, onboardings, updates
from tests.workflows.installation import FEED, OPERATOR, Installation
from workflows._options import LOOKS_PER_RUN

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MOMENT = timedelta(minutes=3)

type Recorded = Mapping[str, str | tuple[str, str]]
"""`Workflow/case` and the workflow id to fetch, with the run's id where it is not the newest."""
type Scenario = Callable[[Installation], Awaitable[Recorded]]


async def _marked(world: Installation, **options: object) -> tuple[OrganisationId, str]:
    organisation_id = await world.organisation(**options)  # type: ignore[arg-type]
    await world.settle()
    return organisation_id, names.deletion_id(organisation_id, 1)


async def _fenced(world: Installation) -> tuple[OrganisationId, str]:
    organisation_id, countdown = await _marked(world)
    await world.advance(31 * DAY)
    promised = (await world.show(organisation_id)).deletion_at
    assert promised is not None
    await world.clock.advance(promised + MOMENT, world.hear)
    return organisation_id, countdown


async def _sign_in(world: Installation, organisation_id: OrganisationId) -> None:
    at = await world.simulation.now()
    event = ActivityEvent(organisation_id=organisation_id, kind=ActivityKind.APP_SIGN_IN, at=at, source=FEED)
    await world.services.activity.record([event])
    await world.settle()


async def undisturbed(world: Installation) -> Recorded:
    """Nobody comes back; the countdown ends with the fence."""
    _, countdown = await _fenced(world)
    return {"DeletionCountdown/undisturbed": countdown}


async def purged(world: Installation) -> Recorded:
    """The quarantine passes and every store is purged."""
    organisation_id, _ = await _fenced(world)
    await world.advance(25 * HOUR)
    return {"Erasure/purged": names.erasure_id(organisation_id, 1)}


async def aborted(world: Installation) -> Recorded:
    """An operator gives the organisation back in its quarantine."""
    organisation_id, _ = await _fenced(world)
    await world.services.erasures.abort(OPERATOR, AbortErasures(organisations=(organisation_id,), reason="mistake"))
    await world.settle()
    return {"Erasure/aborted": names.erasure_id(organisation_id, 1)}


async def long_quarantine(world: Installation) -> Recorded:
    """A quarantine in which it is looked so often that the execution continues as new."""
    organisation_id, _ = await _fenced(world)
    return await first_runs(world, {"Erasure/continues-as-new": names.erasure_id(organisation_id, 1)})


async def own_request(world: Installation) -> Recorded:
    """The customer deletes its organisation itself."""
    organisation_id = await world.organisation(licences={"kind": "subscription", "state": "active"})
    command = DeleteNow(
        organisation_id=organisation_id,
        person_id=PersonId(f"per_ada-acme-{world.suffix}"),
        confirmation=f"acme {world.suffix}",
    )
    await world.services.organisations.delete_now(OPERATOR, command)
    await world.settle()
    return {"Erasure/own-request": names.erasure_id(organisation_id, 0)}


async def activity(world: Installation) -> Recorded:
    """Activity before the warning, by signal too, and after it; then a purchase."""
    organisation_id, countdown = await _marked(world)
    await world.advance(20 * DAY)
    await _sign_in(world, organisation_id)
    signal = ActivitySignal(at=await world.simulation.now(), kind=ActivityKind.MESSAGE_SENT, source=FEED)
    await world.countdown(organisation_id).signal(DeletionCountdownContract.activity, signal)
    await world.settle()
    await world.advance(40 * DAY)
    await _sign_in(world, organisation_id)
    await world.advance(32 * DAY)
    grant = GrantLicences(
        licence_set_id=LicenceSetId(f"lic_new-{world.suffix}"),
        organisation_id=organisation_id,
        kind=LicenceKind.SUBSCRIPTION,
    )
    await world.services.licences.grant(OPERATOR, grant)
    await world.settle()
    return {"DeletionCountdown/activity-then-purchase": countdown}


async def three_admins(world: Installation) -> Recorded:
    """One address takes the warning, one only at the second attempt, one does not exist."""
    _, countdown = await _marked(world, admins=("ada", "greylisted-bob", "bounce-eve"))
    await world.advance(31 * DAY)
    return {"DeletionCountdown/three-admins": countdown}


async def nobody_to_warn(world: Installation) -> Recorded:
    """There is no full admin: the attempt stands for the acceptance."""
    _, countdown = await _marked(world, admins=())
    await world.advance(31 * DAY)
    return {"DeletionCountdown/nobody-to-warn": countdown}


async def silent_feed(world: Installation) -> Recorded:
    """A feed falls silent, so that the countdown holds and looks again and again, and then is back."""
    _, countdown = await _marked(world)
    await world.advance(29 * DAY)
    world.feeds_live = False
    await world.advance(1.5 * DAY)
    world.feeds_live = True
    await world.advance(2 * DAY)
    return {"DeletionCountdown/silent-feed": countdown}


async def long_run(world: Installation) -> Recorded:
    """So many looks that the execution continues as new."""
    organisation_id, countdown = await _marked(world)
    run_id = (await world.countdown(organisation_id).describe()).run_id
    for _ in range(LOOKS_PER_RUN):
        await world.countdown(organisation_id).signal(DeletionCountdownContract.facts_changed)
        await world.settle()
    return {
        "DeletionCountdown/continues-as-new": (countdown, str(run_id)),
        "DeletionCountdown/continued": countdown,
    }


async def graces(world: Installation) -> Recorded:
    """One grace is paid for; the next ends with licences and recordings removed."""
    await world.organisation(licences={"kind": "trial", "state": "active", "meetings": True})
    licence_set_id = LicenceSetId(f"lic_acme-{world.suffix}")
    for restored in (True, False):
        expiry = ExpireLicences(licence_set_id=licence_set_id, expired_at=await world.simulation.now())
        await world.services.licences.expire(OPERATOR, expiry)
        await world.settle()
        await world.advance(10 * DAY)
        if restored:
            restore = RestoreLicences(licence_set_id=licence_set_id, by=RestoredBy.TRIAL_EXTENSION)
            await world.services.licences.restore(OPERATOR, restore)
            await world.settle()
    await world.advance(21 * DAY)
    return {
        "RenewalGrace/restored": names.renewal_grace_id(licence_set_id, 1),
        "RenewalGrace/removed": names.renewal_grace_id(licence_set_id, 2),
    }


async def repair(world: Installation) -> Recorded:
    """The repair finds a terminated countdown."""
    _, countdown = await _marked(world)
    await world.client.get_workflow_handle(countdown).terminate("by mistake")
    workflow_id = f"reconcile-{world.suffix}"
    await world.starting_client.execute_workflow(
        ReconcileContract.run, ReconcileInput(), id=workflow_id, task_queue=names.TASK_QUEUE
    )
    await world.settle()
    return {"Reconcile/restarted": workflow_id}


SCENARIOS: tuple[Scenario, ...] = (
    undisturbed,
    purged,
    aborted,
    own_request,
    activity,
    three_admins,
    nobody_to_warn,
    silent_feed,
    long_run,
    graces,
    repair,
    trial_from_end_to_end,
    consents,
    cancellation,
    devices,
    left_off,
    told_late,
    long_trials,
    long_waits,
    long_reviews,
    long_update,
    long_quarantine,
    onboardings,
    updates,
    newcomers,
)
