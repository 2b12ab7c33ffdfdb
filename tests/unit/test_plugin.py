"""The boundary: what activities raise becomes what Temporal understands."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.plugin import CLOCK_TOLERANCE, UNAVAILABLE, TenurePlugin


class Raising(ActivityInboundInterceptor):
    """The innermost link of a chain: an activity that raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        """Raise."""
        raise self._error


async def at_boundary(error: Exception) -> BaseException:
    """What Temporal is told of an error."""
    (interceptor,) = TenurePlugin().interceptors or ()
    boundary = interceptor.intercept_activity(Raising(error))  # type: ignore[union-attr]
    call = ExecuteActivityInput(fn=lambda: None, args=[], executor=None, headers={})
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await ActivityEnvironment().run(boundary.execute_activity, call)
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


async def test_an_outage_is_tried_again() -> None:
    """A service that does not answer is a failure that passes."""
    failure = await at_boundary(Unavailable("The database does not answer."))
    assert isinstance(failure, ApplicationError)
    assert (failure.type, failure.non_retryable) == (UNAVAILABLE, False)


async def test_a_bug_stays_what_it_is() -> None:
    """Nothing else is translated: it is tried again, and shows its own name."""
    assert isinstance(await at_boundary(ZeroDivisionError("a bug")), ZeroDivisionError)
