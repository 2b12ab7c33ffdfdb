"""How a process has a customer screened and reviewed: until there is an answer, at once when a list has come."""

from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from typing import Protocol

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.screenings import ScreeningActivities
    from tenure.contracts.base import Contract, Instant
    from tenure.contracts.onboarding import ScreeningTask
    from workflows import _options
    from workflows._waiting import Watch


class Step(Protocol):
    """Where the facts say that the screening stands."""

    @property
    def state(self) -> StrEnum | None:
        """None once the organisation is gone."""
        ...

    @property
    def looks_at(self) -> Instant | None:
        """When to try again, where it was not possible before (RPL-16)."""
        ...


async def until_decided[Found: Step](
    watch: Watch,
    task: ScreeningTask,
    read: Callable[[], Awaitable[Found]],
    next_run: Contract,
    *,
    screening: Collection[StrEnum],
    review: StrEnum,
) -> Found:
    """Screen, and where there is a hit wait for the review; answers where that has led.

    Without an answer nothing goes on (RPL-16). The review has a process of its own, whose end wakes this one (RPL-05).

    Args:
        watch: Told when something was committed that may concern the process.
        task: Whom to screen, and why.
        read: Reads where it stands; what a list that came meanwhile has told stays told.
        next_run: What the process goes on with as new, where this run has become long.
        screening: The states in which there is no answer yet.
        review: The one in which a reviewer is waited for.
    """
    watch.look()
    step = await read()
    while step.state in screening:
        _renew(watch, next_run)
        await _screen(watch, task, step.looks_at)
        step = await read()
    while step.state is review:
        _renew(watch, next_run)
        await watch.wait()
        watch.look()
        step = await read()
    return step


async def _screen(watch: Watch, task: ScreeningTask, looks_at: Instant | None) -> None:
    """Screen once; what was found is for the next look at the facts."""
    if looks_at is not None:
        await watch.rest(looks_at, "RPL-16: cannot be screened, and is tried again; waits")
    watch.look()  # what is told from here on may have come too late for this attempt
    await workflow.execute_activity_method(
        ScreeningActivities.screen, task, **_options.screening("Screen against the restricted-party lists")
    )


def _renew(watch: Watch, next_run: Contract) -> None:
    if watch.long_run():
        workflow.continue_as_new(next_run)
