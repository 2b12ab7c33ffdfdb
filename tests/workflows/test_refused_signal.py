"""Activity by signal where the database's clock is behind Temporal's: it refuses what Temporal let pass."""

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from temporalio.worker import Worker

from activities.countdowns import CountdownActivities
from tenure import names
from tenure.contracts.activity import ActivityKind, ActivitySignal, IntakeResult, RejectedLine
from tenure.contracts.base import Instant
from tenure.contracts.deletion import (
    ActivityReport,
    Assessment,
    CountdownAt,
    CountdownInput,
    CountdownStep,
    DeletionCountdownContract,
    Reason,
    Verdict,
)
from tenure.contracts.organisation import OrganisationState
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Countdowns
from tenure.settings import ServerSettings
from workers.connection import connect
from workers.stack.temporal import Temporal
from workflows.deletion import DeletionCountdown

MINUTE = timedelta(minutes=1)


@dataclass
class Ledger:
    """Countdowns that wait, and take activity up to an instant; the first to be written waits until it may go on."""

    limit: Instant
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    offered: list[Instant] = field(default_factory=list)
    taken: asyncio.Queue[Instant] = field(default_factory=asyncio.Queue)

    async def assess(self, at: CountdownAt) -> CountdownStep:
        """Wait for a month."""
        due_at = at.as_of + timedelta(days=30)
        assessment = Assessment(verdict=Verdict.WAIT, reason=Reason.SILENCE, rule="DM-05", due_at=due_at)
        return CountdownStep(assessment=assessment, state=OrganisationState.MARKED)

    async def record(self, report: ActivityReport) -> IntakeResult:
        """Take it, or refuse it as the intake does."""
        at = report.activity.at
        self.offered.append(at)
        await self.go_on.wait()
        if at > self.limit:
            code = RefusalCode.FUTURE_EVENT
            return IntakeResult(rejected=(RejectedLine(line=1, code=code, reason=code.text),))
        self.taken.put_nowait(at)
        return IntakeResult(accepted=1)


def sign_in(at: Instant) -> ActivitySignal:
    return ActivitySignal(at=at, kind=ActivityKind.APP_SIGN_IN, source="app")


async def test_a_signal_that_the_database_refuses_hides_no_other(temporal: Temporal) -> None:
    """What came with it, before it and after it is written: a wrong clock is no evidence, true ones are (AC-10, P1)."""
    client = await connect(ServerSettings(), address=temporal.address)
    now = datetime.now(UTC).replace(microsecond=0)
    ledger = Ledger(limit=now)
    steps = CountdownActivities(cast("Countdowns", ledger))
    queue = f"refused-{uuid.uuid4().hex[:8]}"
    subject = CountdownInput(organisation_id=OrganisationId("org_refused"), generation=1)
    async with Worker(client, task_queue=queue, workflows=[DeletionCountdown], activities=[steps.assess, steps.record]):
        handle = await client.start_workflow(
            DeletionCountdownContract.run,
            subject,
            id=f"{names.deletion_id(subject.organisation_id, 1)}-{queue}",
            task_queue=queue,
        )
        try:
            for at in (now + 4 * MINUTE, now - 2 * MINUTE, now - 3 * MINUTE):
                await handle.signal(DeletionCountdownContract.activity, sign_in(at))
            ledger.go_on.set()
            async with asyncio.timeout(30):
                assert await ledger.taken.get() == now - 2 * MINUTE
                await handle.signal(DeletionCountdownContract.activity, sign_in(now - MINUTE))
                assert await ledger.taken.get() == now - MINUTE
        finally:
            await handle.terminate()
    assert now - 3 * MINUTE not in ledger.offered  # folded into the newer one
    assert ledger.taken.empty()
