"""The boundary: what activities raise becomes what Temporal understands."""

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.common import MetricMeter
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.plugin import CLOCK_TOLERANCE, UNAVAILABLE, TenurePlugin

LARGEST_KEPT = 4096
"""`limit.mutableStateActivityFailureSize.error` of Temporal, in bytes."""


class Raising(ActivityInboundInterceptor):
    """The innermost link of a chain: an activity that raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        """Raise."""
        raise self._error


class Meter:
    """A meter that remembers what was counted."""

    def __init__(self) -> None:
        self._activity: Mapping[str, object] = {}
        self.counted: list[tuple[str, int, dict[str, object]]] = []

    def with_additional_attributes(self, attributes: Mapping[str, object]) -> Self:
        """Temporal adds the type of the activity."""
        self._activity = attributes
        return self

    def create_counter(self, name: str, _description: str) -> SimpleNamespace:
        """A counter."""
        return SimpleNamespace(add=lambda value, told: self.counted.append((name, value, {**told, **self._activity})))


async def at_boundary(error: Exception, meter: Meter | None = None) -> BaseException:
    """What Temporal is told of an error."""
    (interceptor,) = TenurePlugin().interceptors or ()
    boundary = interceptor.intercept_activity(Raising(error))  # type: ignore[union-attr]
    call = ExecuteActivityInput(fn=lambda: None, args=[], executor=None, headers={})
    environment = ActivityEnvironment()
    if meter is not None:
        environment.metric_meter = cast("MetricMeter", meter)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await environment.run(boundary.execute_activity, call)
    return raised.value


@pytest.mark.parametrize("code", [code for code in RefusalCode if code is not RefusalCode.CLOCK_AHEAD])
async def test_a_refusal_is_final_and_keeps_its_code(code: RefusalCode) -> None:
    """No refusal is tried again; its type is the stable code, and it raises no alarm (XC-05)."""
    failure = await at_boundary(Refusal(code, details={"position": 3}))
    assert isinstance(failure, ApplicationError)
    assert (failure.type, failure.non_retryable) == (code, True)
    assert failure.category is ApplicationErrorCategory.BENIGN
    assert failure.details == ({"position": 3},)


@pytest.mark.parametrize(
    ("ahead", "delay"),
    [(timedelta(milliseconds=1), 1), (timedelta(seconds=20), 20), (timedelta(days=40), 60)],
)
async def test_a_clock_ahead_is_waited_for(ahead: timedelta, delay: int, caplog: pytest.LogCaptureFixture) -> None:
    """The step is tried again about when our clock gets there; far ahead, somebody is told (SF-10)."""
    refusal = Refusal(RefusalCode.CLOCK_AHEAD, details={"ahead_seconds": ahead.total_seconds()})
    failure = await at_boundary(refusal)
    assert isinstance(failure, ApplicationError)
    assert (failure.type, failure.non_retryable) == ("clock_ahead", False)
    assert failure.next_retry_delay == timedelta(seconds=delay)
    assert ("ahead of the database" in caplog.text) is (ahead > CLOCK_TOLERANCE)


@pytest.mark.parametrize("rest", [None, timedelta(minutes=7)])
async def test_an_outage_is_tried_again(rest: timedelta | None) -> None:
    """A service that does not answer is a failure that passes; it is left alone as long as it has asked for (PV-04)."""
    meter = Meter()
    failure = await at_boundary(Unavailable("The database does not answer.", retry_after=rest), meter)
    assert isinstance(failure, ApplicationError)
    assert (failure.type, failure.non_retryable, failure.next_retry_delay) == (UNAVAILABLE, False, rest)
    assert meter.counted == []


async def test_of_an_outage_temporal_keeps_the_sentence_alone() -> None:
    """What other programs said of it, addresses included, is in no history, and the failure is small enough to be shown.

    Temporal keeps some 4 kB of the last failure of a step that is tried again (EV-03).
    """
    outage = Unavailable("The mail server did not take the notice.")
    outage.__cause__ = ConnectionError("ada@bakery.example: " + 200 * "no route, ")
    failure = await at_boundary(outage)
    kept = Failure()
    converter = DataConverter.default
    converter.failure_converter.to_failure(failure, converter.payload_converter, kept)
    assert kept.message == "The mail server did not take the notice."
    assert kept.application_failure_info.type == UNAVAILABLE
    assert not kept.HasField("cause")
    assert kept.ByteSize() < LARGEST_KEPT


async def test_a_bug_stays_what_it_is() -> None:
    """Nothing else is translated: it is tried again, shows its own name, and is counted, so that somebody hears of it (P15)."""
    meter = Meter()
    assert isinstance(await at_boundary(ZeroDivisionError("a bug"), meter), ZeroDivisionError)
    [(name, value, told)] = meter.counted
    assert (name, value, told["error"]) == ("tenure_activity_errors", 1, "ZeroDivisionError")
    assert told["activity_type"] == ActivityEnvironment.default_info().activity_type


async def test_what_an_activity_translates_itself_is_no_bug() -> None:
    """A recipient that is refused, say: it stays as it is, and is not counted."""
    meter = Meter()
    refused = ApplicationError("The mail server refuses the recipient.", type="recipient_refused")
    assert await at_boundary(refused, meter) is refused
    assert meter.counted == []
