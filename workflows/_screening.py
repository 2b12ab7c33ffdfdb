"""How a process has a customer screened: until there is an answer, at once when a list has come."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.screenings import ScreeningActivities
    from tenure.contracts.base import Instant
    from tenure.contracts.onboarding import ScreeningTask
    from workflows import _options
    from workflows._waiting import Watch


async def screen(watch: Watch, task: ScreeningTask, looks_at: Instant | None) -> None:
    """Screen a customer; what was found is for the next look at the facts.

    Args:
        watch: Told when a list was loaded. What it is told from here on may have come too late for this attempt.
        task: Whom, and why.
        looks_at: When to try again, where it was not possible before (RPL-16).
    """
    if looks_at is not None:
        await watch.rest(looks_at, "RPL-16: cannot be screened, and is tried again; waits")
    watch.look()
    await workflow.execute_activity_method(
        ScreeningActivities.screen, task, **_options.screening("Screen against the restricted-party lists")
    )
