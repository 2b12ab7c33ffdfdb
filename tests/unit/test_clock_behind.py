"""The boundary compares Temporal's clock with the database's, and tells of one that is behind."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from tenure.contracts.deletion import Assessment, CountdownAt, CountdownStep, Reason, Verdict
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tenure.plugin import TenurePlugin
from tenure.policy.deletion import TURN_LASTS

INFO = ActivityEnvironment.default_info()
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
JITTER = timedelta(seconds=1)


class Answering(ActivityInboundInterceptor):
    """The innermost link of a chain: an activity that looked."""

    def __init__(self, step: CountdownStep) -> None:
        self._step = step

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        """Answer."""
        return self._step


@pytest.mark.parametrize(
    ("waited", "behind", "told"),
    [
        (timedelta(0), timedelta(0), False),
        (timedelta(0), TURN_LASTS - JITTER, False),
        (timedelta(0), TURN_LASTS + JITTER, True),
        (timedelta(hours=2), timedelta(0), False),
        (timedelta(hours=2), timedelta(seconds=45), True),
    ],
)
async def test_a_clock_behind_is_told(
    waited: timedelta, behind: timedelta, *, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Not so a step that waited for its worker through an outage: that is late by every clock (SF-10)."""
    step = CountdownStep(
        assessment=Assessment(verdict=Verdict.WAIT, reason=Reason.SILENCE, rule="DM-05"),
        state=OrganisationState.MARKED,
        looked_at=AS_OF + waited + behind,
    )
    (interceptor,) = TenurePlugin().interceptors or ()
    boundary = interceptor.intercept_activity(Answering(step))  # type: ignore[union-attr]
    at = CountdownAt(organisation_id=OrganisationId("org_1"), generation=1, as_of=AS_OF)
    call = ExecuteActivityInput(fn=lambda: None, args=[at], executor=None, headers={})
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(INFO, scheduled_time=AS_OF, started_time=AS_OF + waited)
    assert await environment.run(boundary.execute_activity, call) == step
    assert ("behind the database" in caplog.text) is told
