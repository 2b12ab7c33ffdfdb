"""F6 and F7: what a whole lifecycle leaves in Temporal, counted in real histories, and how fast it is replayed.

An organisation is unused from its marking to its purge, but for so many activity events on the way to its warning. The
peer's workflow lives the same life with short silences: how long they are changes no count.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from adapters.postgres.simulation import PostgresSimulation
from benchmarks.peers import signals
from tenure import names
from tenure.contracts.activity import ActivityEvent, ActivityKind, Feed, Heartbeat
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId
from tenure.plugin import TenurePlugin
from tenure.ports import Caller
from tenure.settings import InstallationKind, ServerSettings
from workers import registry
from workers.application import Application
from workers.development import StackSettings, development
from workers.simulation.clock import SimulationClock
from workers.stack.ports import free_port
from workers.worker import relay

_CALLER: Final = Caller(actor="benchmark")
_FEED: Final = "identity"
_DAY: Final = timedelta(days=1)
_MOMENT: Final = timedelta(minutes=10)
_ACTIVE_DAYS: Final = 20
_SHORT: Final = timedelta(seconds=4)
_ACTIONS: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
}
"""Events that stand for a billable action each (docs.temporal.io/cloud/actions); further attempts of activities count too."""
_OF_THE_CLOCK: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
}
"""What only a simulation's clock leaves in a history."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The histories of one organisation's life."""

    activity_events: int
    histories: Sequence[WorkflowHistory]

    @property
    def actions(self) -> int:
        """Billable actions."""
        return sum(_actions(history) for history in self.histories)

    @property
    def lengths(self) -> list[int]:
        """Events of each history, without those of a simulation's clock."""
        return [sum(event.event_type not in _OF_THE_CLOCK for event in history.events) for history in self.histories]


@dataclass
class Counted:
    """F7, and the lengths of F6."""

    contestant: str
    activity_events: list[int] = field(default_factory=list)
    actions: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    longest: list[int] = field(default_factory=list)
    """Events of each lifecycle's longest history."""
    replays: dict[int, list[float]] = field(default_factory=dict)
    """F6: whole lifecycles replayed per second, by activity events in them."""


async def tenure_lifecycles(folder: Path, counts: Sequence[int], report: Callable[[str], None]) -> list[Lifecycle]:
    """Let organisations live on the whole stack, its clock a simulation's; one for each count of activity events."""
    settings = ServerSettings(installation=InstallationKind.SIMULATION, port=free_port(), starts_per_second=1000)
    stack = StackSettings(
        data=folder / "lifecycles",
        temporal_address="",
        postgres_port=0,
        temporal_port=0,
        temporal_ui_port=0,
        mail_port=0,
        mail_web_port=0,
    )
    async with development(report, settings, stack, relaying=False) as running:
        application, client = running.application, running.client
        simulation = PostgresSimulation(application.database)
        clock = SimulationClock(simulation, client, relay(application, client))
        feeds = application.services.feeds

        async def hear(instant: Instant) -> None:
            await feeds.heartbeat(_CALLER, Heartbeat(source=_FEED, watermark=instant))

        await feeds.register(_CALLER, Feed(source=_FEED, rhythm=timedelta(hours=1)))
        ids = {count: OrganisationId(f"org_life-{count}") for count in counts}
        await _import(application, list(ids.values()), await simulation.now())
        await clock.settle()
        for _ in range(_ACTIVE_DAYS):
            await clock.advance(await simulation.now() + _DAY, hear)
            for count, organisation_id in ids.items():
                await _be_active(application, organisation_id, count // _ACTIVE_DAYS, await simulation.now())
        await clock.advance(await simulation.now() + 31 * _DAY, hear)
        countdowns: dict[OrganisationId, WorkflowHistory] = {}
        for each, deletion_at in sorted(
            [(each, await _deletion_at(application, each)) for each in ids.values()], key=itemgetter(1)
        ):
            await clock.advance(deletion_at + _MOMENT, hear)
            countdowns[each] = await _history(client, names.deletion_id(each, 1))  # the purge takes it along
        await clock.advance(await simulation.now() + 2 * _DAY, hear)
        return [
            Lifecycle(count, [countdowns[each], await _history(client, names.erasure_id(each, 1))])
            for count, each in ids.items()
        ]


async def signal_lifecycles(client: Client, counts: Sequence[int], report: Callable[[str], None]) -> list[Lifecycle]:
    """Let the peer's workflows live; each signal is processed before the next comes, as between days."""
    return [await _signal_lifecycle(client, count, report) for count in counts]


async def _signal_lifecycle(client: Client, count: int, report: Callable[[str], None]) -> Lifecycle:
    life = signals.Life(silence=_SHORT, notice=_SHORT)
    handle = await signals.start(client, f"org_life-{count}", life)
    at = datetime.now(UTC)
    for number in range(1, count + 1):
        if number % 1000 == 0:
            report(f"F7: {number:,} of {count:,} signals to one workflow.")
        await handle.signal(signals.ActiveOrganisation.activity, at + timedelta(milliseconds=number))
        while (await handle.query(signals.ActiveOrganisation.seen)).events < number:
            pass  # each question is a round trip
    await handle.result()
    run_id = handle.first_execution_run_id
    histories = []
    while run_id:
        histories.append(await _history(client, handle.id, run_id))
        last = histories[-1].events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return Lifecycle(count, histories)


async def count(
    contestant: str, lifecycles: Sequence[Lifecycle], replayer: Replayer, *, rounds: int, seconds: float
) -> Counted:
    """Count histories, and replay whole lifecycles."""
    counted = Counted(contestant)
    for lifecycle in lifecycles:
        counted.activity_events.append(lifecycle.activity_events)
        counted.actions.append(lifecycle.actions)
        counted.events.append(sum(lifecycle.lengths))
        counted.longest.append(max(lifecycle.lengths))
        rates = [await _replays_per_second(replayer, lifecycle, seconds)]
        if rates[0] * seconds > 1:  # a life that takes longer than that is replayed once
            rates += [await _replays_per_second(replayer, lifecycle, seconds) for _ in range(rounds - 1)]
        counted.replays[lifecycle.activity_events] = rates
    return counted


def tenure_replayer() -> Replayer:
    """As production replays."""
    return Replayer(workflows=registry.WORKFLOWS, plugins=[TenurePlugin()])


def signal_replayer() -> Replayer:
    """The peer's."""
    return Replayer(workflows=[signals.ActiveOrganisation], data_converter=pydantic_data_converter)


async def _replays_per_second(replayer: Replayer, lifecycle: Lifecycle, seconds: float) -> float:
    start = time.perf_counter()

    async def again() -> AsyncIterator[WorkflowHistory]:
        while time.perf_counter() - start < seconds:
            for history in lifecycle.histories:
                yield history

    replays = 0
    async with replayer.workflow_replay_iterator(again()) as results:
        async for result in results:
            if result.replay_failure is not None:
                raise result.replay_failure
            replays += 1
    return replays / len(lifecycle.histories) / (time.perf_counter() - start)


async def _deletion_at(application: Application, organisation_id: OrganisationId) -> Instant:
    view = await application.services.organisations.show(_CALLER, organisation_id)
    if view.deletion_at is None:
        raise ValueError(f"{organisation_id} has not been warned.")
    return view.deletion_at


async def _history(client: Client, workflow_id: str, run_id: str | None = None) -> WorkflowHistory:
    return await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()


def _actions(history: WorkflowHistory) -> int:
    return sum(
        1 if event.event_type in _ACTIONS else max(event.activity_task_started_event_attributes.attempt - 1, 0)
        for event in history.events
    )


async def _import(application: Application, organisations: Sequence[OrganisationId], now: Instant) -> None:
    """Organisations whose only licences are gone: they are marked."""
    records: list[dict[str, Any]] = []
    for organisation_id in organisations:
        name = organisation_id.removeprefix("org_")
        records += [
            {"record": "organisation", "organisation_id": organisation_id, "name": name, "country": "DE"},
            {
                "record": "person",
                "person_id": f"per_{name}",
                "organisation_id": organisation_id,
                "name": name,
                "email": f"{name}@customer.example",
                "role": "customer_full_admin",
            },
            {
                "record": "licence_set",
                "licence_set_id": f"lic_{name}",
                "organisation_id": organisation_id,
                "kind": "trial",
                "state": "removed",
                "expires_at": (now - 31 * _DAY).isoformat(),
            },
        ]
    content = "\n".join(json.dumps(record) for record in records).encode()
    report = await application.services.imports.store(_CALLER, content, "application/x-ndjson")
    if report.errors:
        raise ValueError(f"The import was refused: {report.errors}")


async def _be_active(application: Application, organisation_id: OrganisationId, events: int, now: Instant) -> None:
    batch = [
        ActivityEvent(
            organisation_id=organisation_id,
            kind=ActivityKind.APP_SIGN_IN,
            at=now - timedelta(milliseconds=number),
            source=_FEED,
        )
        for number in range(events)
    ]
    await application.services.activity.record(batch)
