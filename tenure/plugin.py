"""The one plugin of every client, worker and replayer, so that all of them read and write the same."""

import dataclasses
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from temporalio import activity
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError
from temporalio.plugin import SimplePlugin
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from tenure.codec import AesGcmCodec
from tenure.contracts.base import Instant
from tenure.contracts.deletion import CountdownStep
from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.policy.deletion import TURN_LASTS

UNAVAILABLE = "unavailable"
"""The type of a failure that passes: a service did not answer."""
CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far Temporal's clock may be ahead of `business_now()` before that is an alarm (SF-10)."""
_SOON = timedelta(seconds=1)
_LATER = timedelta(minutes=1)


class TenurePlugin(SimplePlugin):
    """Pydantic payloads, encrypted where there are keys, and one place where refusals become failures."""

    def __init__(self, payload_keys: SecretStr | None = None) -> None:
        """Make the plugin.

        Args:
            payload_keys: `id:base64,…`: the first encrypts, all decrypt. None leaves payloads readable.

        Raises:
            Misconfigured: the keys cannot be read.
        """
        super().__init__(
            "tenure",
            data_converter=data_converter(payload_keys),
            interceptors=[_Boundary()],
            # No failure exception types: a bug fails the workflow task, which is tried until it is mended, and must not
            # end a process. A type of ours would also be imported into the sandbox a second time, and match nothing.
        )


def data_converter(payload_keys: SecretStr | None = None) -> DataConverter:
    """What turns contracts into payloads. With keys, the texts of failures are encrypted, too."""
    if payload_keys is None:
        return pydantic_data_converter
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=AesGcmCodec.parse(payload_keys.get_secret_value()),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


class _Boundary(Interceptor):
    """Where what activities raise becomes what Temporal understands."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _ActivityBoundary(next)


class _ActivityBoundary(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        try:
            result = await super().execute_activity(input)
        except Refusal as refusal:
            raise _failure(refusal) from None
        except Unavailable as error:
            # The sentence says it all. With what led to it, Temporal would find the failure too large, and show that instead.
            raise ApplicationError(str(error), type=UNAVAILABLE, next_retry_delay=error.retry_after) from None
        except FailureError:
            raise
        except Exception as error:
            # It is tried for ever, and only a release mends it: so it is told at once (P15).
            activity.metric_meter().create_counter(
                "tenure_activity_errors", "Attempts of activities that failed by an error of ours, by its class"
            ).add(1, {"error": type(error).__name__})
            raise
        if isinstance(result, CountdownStep) and result.looked_at is not None:
            _compare(input.args[0].as_of, result.looked_at)
        return result


def _compare(as_of: Instant, looked_at: Instant) -> None:
    """A clock that is behind deletes nobody early, but everything late: that is told, not refused (SF-10)."""
    info = activity.info()
    behind = (looked_at - as_of) - (info.started_time - info.scheduled_time)
    if behind > TURN_LASTS:
        _alert("Temporal's clock is %s behind the database's: everything is that late.", behind)


def _alert(message: str, by: timedelta) -> None:
    activity.logger.error(message, by)
    activity.metric_meter().create_counter(
        "tenure_clock_alerts", "Steps that found Temporal's clock far from the database's"
    ).add(1)


def _failure(refusal: Refusal) -> ApplicationError:
    """A refusal is final, but for `clock_ahead`: the step waits until our clock has got there (SF-10)."""
    delay = None
    if refusal.code is RefusalCode.CLOCK_AHEAD:
        ahead = timedelta(seconds=float(str(refusal.details.get("ahead_seconds", 0))))
        delay = min(max(ahead, _SOON), _LATER)
        if ahead > CLOCK_TOLERANCE:
            _alert("Temporal's clock is %s ahead of the database's: nothing is deleted meanwhile.", ahead)
    return ApplicationError(
        str(refusal),
        refusal.details,
        type=refusal.code,
        non_retryable=delay is None,
        next_retry_delay=delay,
        category=ApplicationErrorCategory.BENIGN,
    )
