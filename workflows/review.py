"""The review of a restricted-party hit: 72 hours for a reviewer to decide."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.onboardings import OnboardingActivities
    from tenure.contracts.base import Instant
    from tenure.contracts.onboarding import ReviewAt, ReviewInput, ReviewResult, ReviewStep, RplReviewContract
    from tenure.contracts.review import CaseState
    from workflows import _options
    from workflows._waiting import Watch, instant, show

_SMALLEST = timedelta(milliseconds=1)
"""Timers know no shorter time. A decision at the very deadline counts: only what comes later is too late (RPL-08)."""


@workflow.defn(name="RplReview")
class RplReview(RplReviewContract):
    """Shown as slow after a while, which changes nothing else (RPL-13); over after its deadline (RPL-07).

    What an updated list has found has no end but a decision: nothing waits for it (Q-32).
    """

    @workflow.init
    def __init__(self, review: ReviewInput) -> None:
        self._review = review
        self._watch = Watch()
        self._step: ReviewStep | None = None

    @workflow.run
    async def run(self, review: ReviewInput) -> ReviewResult:
        """Wait for the decision."""
        step = await self._look()
        while step.state is CaseState.OPEN:
            if self._watch.long_run():
                workflow.continue_as_new(review)
            until = _until(step)
            if until is None:
                await self._watch.wait()
            else:
                counts = until != step.slow_at
                await self._watch.rest(until, "RPL-07: a reviewer can decide" if counts else "RPL-13: not slow")
            step = await self._look()
        return ReviewResult(state=step.state)

    async def _look(self) -> ReviewStep:
        """Read what was decided; after the deadline nobody has, and the review times out."""
        self._watch.look()
        step = await workflow.execute_activity_method(
            OnboardingActivities.check_review,
            ReviewAt(**dict(self._review), as_of=workflow.now()),
            **_options.facts("Look whether a reviewer has decided"),
        )
        self._step = step
        self._show(step)
        return step

    def _show(self, step: ReviewStep) -> None:
        if step.state is not CaseState.OPEN:
            show(f"review_{step.state or 'gone'}", None, f"RPL-07, the review is {step.state or 'gone'}")
            return
        slow = _is_slow(step)
        show(
            "review_slow" if slow else "review_open",
            step.deadline_at,
            "RPL-07, a reviewer can decide",
            f"Case {self._review.case_id} of {self._review.organisation_id}, {step.trigger}",
            *([f"Open since {instant(step.opened_at)}"] if step.opened_at else []),
            *(["RPL-13: open for longer than most cases are"] if slow else []),
        )

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> ReviewStep | None:
        """What was found at the last look."""
        return self._step


def _is_slow(step: ReviewStep) -> bool:
    return step.slow_at is not None and workflow.now() >= step.slow_at


def _until(step: ReviewStep) -> Instant | None:
    """When an open review becomes slow, or is over, whichever comes first; None where neither comes any more."""
    instants = [
        *([step.slow_at] if step.slow_at is not None and not _is_slow(step) else []),
        *([step.deadline_at + _SMALLEST] if step.deadline_at is not None else []),
    ]
    return min(instants, default=None)
