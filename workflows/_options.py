"""How activities are called: every timeout and retry of the workflows, in one place."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

from tenure import names

LOOK_AGAIN = timedelta(hours=1)
"""How long to rest where the facts do not say until when."""
LOOKS_PER_RUN = 50
"""A month-old execution is replayed at every wake: it continues as new after so many looks, at some 600 events."""

_FOR_EVER = 0
"""Temporal's number of attempts without an end: an outage of any length delays a process and never loses it."""


def facts(summary: str) -> ActivityConfig:
    """A guarded transaction in Postgres: short, and repeated until the database answers."""
    return ActivityConfig(
        summary=summary,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=2,
            maximum_interval=timedelta(minutes=1),
            maximum_attempts=_FOR_EVER,
        ),
    )


def mail(summary: str) -> ActivityConfig:
    """One notice to one recipient, tried until the mail server answers for good, at last once an hour.

    An attempt that is under way when the notice is withdrawn is waited for, so that it is never followed by a twin.
    """
    return ActivityConfig(
        summary=summary,
        start_to_close_timeout=timedelta(minutes=2),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=30),
            backoff_coefficient=3,
            maximum_interval=timedelta(hours=1),
            maximum_attempts=_FOR_EVER,
        ),
    )


def platform(summary: str) -> ActivityConfig:
    """One order to the platform, tried until it is carried out, at last once an hour.

    A trial that is cancelled does not wait for a call that is under way: the call cannot be taken back, is not repeated,
    and what it still reports is judged under lock. The tear-down that follows may overtake it: the platform knows both
    by their place, and builds nothing any more (PV-04, TC-10).
    """
    return ActivityConfig(
        summary=summary,
        start_to_close_timeout=timedelta(minutes=2),
        cancellation_type=ActivityCancellationType.TRY_CANCEL,
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=5),
            backoff_coefficient=3,
            maximum_interval=timedelta(hours=1),
            maximum_attempts=_FOR_EVER,
        ),
    )


def screening(summary: str) -> ActivityConfig:
    """A subject, or a page of customers, against the lists, tried until there is an answer (RPL-16).

    While a worker begins, it waits for dictionaries and for the index of each list, half a minute on a slow machine. One
    that takes longer than allowed goes on by itself: the next attempt finds the index ready.
    """
    return ActivityConfig(
        summary=summary,
        start_to_close_timeout=timedelta(minutes=2),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=2,
            maximum_interval=timedelta(minutes=1),
            maximum_attempts=_FOR_EVER,
        ),
    )


def destruction(summary: str) -> ActivityConfig:
    """Something is deleted for good: on the queue of the workers that alone may do so (SF-12)."""
    return ActivityConfig(
        summary=summary,
        task_queue=names.ERASURE_TASK_QUEUE,
        start_to_close_timeout=timedelta(minutes=10),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=2,
            maximum_interval=timedelta(minutes=10),
            maximum_attempts=_FOR_EVER,
        ),
    )


def sweep(summary: str) -> ActivityConfig:
    """A walk over everything; it says that it is alive, and a broken one is left to the next run of the schedule."""
    return ActivityConfig(
        summary=summary,
        start_to_close_timeout=timedelta(minutes=50),
        heartbeat_timeout=timedelta(minutes=1),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=10),
            backoff_coefficient=2,
            maximum_interval=timedelta(minutes=5),
            maximum_attempts=5,
        ),
    )
