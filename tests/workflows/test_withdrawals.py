"""Mails under way when their process has no use for them any more, or goes on in a next run: each once, and no false alarm."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.graces import GraceActivities
from activities.trials import TrialActivities
from tenure import names
from tenure.contracts.base import Contract
from tenure.contracts.device import DeviceReturnInput, DeviceReturnStep
from tenure.contracts.licence import GraceCheck, GraceOutcome, LicenceKind, RenewalGraceInput, RenewalGraceResult
from tenure.contracts.notice import DeliverInput, DeliverResult, NoticeState
from tenure.contracts.trial import ConsentState, TrialState
from tenure.contracts.trial_process import ConsentStep, TrialInput, TrialStep
from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.ids import LicenceSetId, OrganisationId, TrialId
from tenure.ports import Licences, TrialSteps
from tenure.settings import ServerSettings
from workers.connection import connect
from workers.registry import WORKFLOWS
from workers.stack.temporal import Temporal
from workflows import _options

DUE_AT = datetime.now(UTC) + timedelta(days=10)
TRIAL = TrialInput(trial_id=TrialId("trl_one"), organisation_id=OrganisationId("org_one"))
GRACE = RenewalGraceInput(
    licence_set_id=LicenceSetId("lic_one"),
    organisation_id=OrganisationId("org_one"),
    kind=LicenceKind.TRIAL,
    generation=1,
    removal_due_at=DUE_AT,
)


@dataclass
class Post:
    """Facts of processes that wait, and one notice whose attempt lasts until the mail server answers."""

    notices: tuple[str, ...] = ("one",)
    """What is queued."""
    over: bool = False
    """Whether the grace is, and only its mails are left."""
    failure: Exception | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    attempts: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    looks: asyncio.Queue[tuple[str, ...]] = field(default_factory=asyncio.Queue)

    async def check_consent(self, _at: object) -> ConsentStep:
        """Nobody has decided."""
        return ConsentStep(state=ConsentState.PENDING, deadline_at=DUE_AT, notices=self._look())

    async def check_trial(self, at: TrialInput) -> TrialStep:
        """Its end is far."""
        step = TrialStep(state=TrialState.ACTIVE, generation=at.generation, due_at=DUE_AT, reason="trial")
        return step.model_copy(update={"notices": self._look()})

    async def check_devices(self, _at: object) -> DeviceReturnStep:
        """Nothing has come back."""
        return DeviceReturnStep(outstanding=1, due_at=DUE_AT, notices=self._look())

    async def check_grace(self, _grace: object, _as_of: object) -> GraceCheck:
        """Its end is far, or somebody has paid."""
        outcome = GraceOutcome.RESTORED if self.over else None
        return GraceCheck(outcome=outcome, removal_due_at=DUE_AT, notices=self._look())

    async def conclude_grace(self, _grace: object, _as_of: object) -> RenewalGraceResult:
        """Mails may be left."""
        return RenewalGraceResult(outcome=GraceOutcome.RESTORED, notices=self._look())

    @activity.defn(name="deliver_notice")
    async def deliver(self, command: DeliverInput) -> DeliverResult:
        """Wait for the mail server's answer."""
        self.attempts.put_nowait(command.notice_id)
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure
        self.notices = ()
        return DeliverResult(state=NoticeState.ACCEPTED)

    def _look(self) -> tuple[str, ...]:
        self.looks.put_nowait(self.notices)
        return self.notices


type Run = WorkflowHandle[Any, Any]
type Begin = Callable[[str, Contract], Awaitable[Run]]


@asynccontextmanager
async def working(temporal: Temporal, post: Post) -> AsyncIterator[Begin]:
    """A worker at these facts; it begins processes, each gone in the end, and answers their first run."""
    client = await connect(ServerSettings(), address=temporal.address)
    queue = f"withdrawals-{uuid.uuid4().hex[:8]}"
    trials = TrialActivities(cast("TrialSteps", post))
    graces = GraceActivities(cast("Licences", post))
    steps: list[Callable[..., Any]] = [
        trials.check_consent,
        trials.check_trial,
        trials.check_devices,
        graces.check,
        graces.conclude,
        post.deliver,
    ]
    begun: list[str] = []

    async def begin(kind: str, subject: Contract) -> Run:
        started = await client.start_workflow(kind, subject, id=f"{kind}-{queue}", task_queue=queue)
        begun.append(started.id)
        return client.get_workflow_handle(started.id, run_id=started.result_run_id)

    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=steps), asyncio.timeout(30):
        try:
            yield begin
        finally:
            post.answers.set()
            for workflow_id in begun:
                with suppress(RPCError):  # ended by itself
                    await client.get_workflow_handle(workflow_id).terminate()


async def until(handle: Run, *kinds: EventType.ValueType) -> EventType.ValueType:
    """The first event of these kinds, once there is one."""
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type in kinds:
            return event.event_type
    raise AssertionError(f"{handle.id} ended without any of {kinds}")


@pytest.mark.parametrize(
    ("kind", "subject", "over"),
    [
        ("TrialConsent", TRIAL, False),
        ("Trial", TRIAL, False),
        ("DeviceReturn", DeviceReturnInput(**dict(TRIAL)), False),
        ("RenewalGrace", GRACE, False),
        ("RenewalGrace", GRACE, True),
    ],
)
async def test_a_next_run_sends_no_second_copy(
    temporal: Temporal, monkeypatch: pytest.MonkeyPatch, kind: str, subject: Contract, *, over: bool
) -> None:
    """It takes over once the attempt that is under way has had its answer (XC-02, P10)."""
    monkeypatch.setattr(_options, "LOOKS_PER_RUN", 3)
    post = Post(over=over)
    async with working(temporal, post) as begin:
        handle = await begin(kind, subject)
        await post.attempts.get()
        for _ in range(3):
            await post.looks.get()
            await handle.signal(names.FACTS_CHANGED)
        withdrawn = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
        continued = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
        assert await until(handle, withdrawn, continued) == withdrawn
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        post.answers.set()
        await until(handle, continued)
        assert await post.looks.get() == ()
        assert post.attempts.empty()


async def test_a_withdrawn_mail_that_fails_alarms_nobody(temporal: Temporal, caplog: pytest.LogCaptureFixture) -> None:
    """What is void is left off, however its last attempt ends; queued once more, it is delivered (TL-01, XC-02)."""
    post = Post(failure=Unavailable("The mail server is away."))
    async with working(temporal, post) as begin:
        handle = await begin("TrialConsent", TRIAL)
        await post.attempts.get()
        post.notices = ()
        await handle.signal(names.FACTS_CHANGED)
        await until(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
        post.answers.set()
        await until(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
        post.failure, post.notices = None, ("one",)
        await handle.signal(names.FACTS_CHANGED)
        assert await post.attempts.get() == "one"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_mail_that_never_can_be_delivered_is_told_and_left(
    temporal: Temporal, caplog: pytest.LogCaptureFixture
) -> None:
    """One failure for good is one line of the log, and not one after the other; the process goes on (TL-01, P15)."""
    post = Post(failure=Refusal(RefusalCode.ORG_DELETED))
    post.answers.set()
    async with working(temporal, post) as begin:
        handle = await begin("TrialConsent", TRIAL)
        await post.looks.get()
        await post.looks.get()  # it was told of the end of the delivery
        await handle.signal(names.FACTS_CHANGED)
        await post.looks.get()
        await handle.query("state")  # answered after what the look has brought about
        assert post.attempts.qsize() == 1
    assert [record.getMessage()[:30] for record in caplog.records if record.levelno >= logging.ERROR] == [
        "A notice cannot be delivered. "
    ]
