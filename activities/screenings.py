"""Screening of customers: one that comes or moves, and everybody after the update of a list."""

from typing import Final

from temporalio import activity

from activities.counters import SCREENINGS
from tenure.contracts.onboarding import ListScreeningInput, ListScreeningPage, ScreeningDone, ScreeningTask
from tenure.contracts.screening import Screening, Subject
from tenure.errors import Unavailable
from tenure.ports import OnboardingSteps, Screener, UpdateScreener

_PAGE: Final = 200
"""Customers in one activity: a second's work."""


class ScreeningActivities:
    """Asks who screens, and writes down the answer in the same attempt; whom it concerns stands in no history (TL-01)."""

    def __init__(self, steps: OnboardingSteps, screener: Screener, updates: UpdateScreener | None) -> None:
        """Take the ports; `updates` is None where the lists are kept, and updated, elsewhere."""
        self._steps = steps
        self._screener = screener
        self._updates = updates

    @activity.defn(name="screen_customer")
    async def screen(self, task: ScreeningTask) -> ScreeningDone:
        """Screen one customer; where that is not possible, it is written down why, and nothing goes on (RPL-16)."""
        subject = await self._steps.subject(task)
        if subject is None:
            return ScreeningDone.VOID
        try:
            screening = await self._screen(subject)
        except Unavailable as error:
            await self._steps.record_unavailable(task, str(error))
            done = ScreeningDone.UNAVAILABLE
        else:
            done = await self._steps.record_screening(task, screening)
        SCREENINGS.add(trigger=task.trigger, result=done)
        return done

    @activity.defn(name="screen_customers")
    async def screen_customers(self, update: ListScreeningInput) -> ListScreeningPage:
        """Screen the next page of customers against what an update has changed; after the last one it is over (Q-32).

        Raises:
            Unavailable: the comparing broke off; tried again, and nobody is screened twice.
        """
        customers = [] if self._updates is None else await self._steps.customers_after(update, _PAGE)
        hits = 0
        if self._updates is not None and customers:
            subjects = [subject for _, subject in customers]
            screenings = await self._updates.screen_changes(update.list_id, update.version, subjects)
            for (organisation_id, subject), screening in zip(customers, screenings, strict=True):
                hits += await self._steps.record_list_screening(update, organisation_id, subject, screening)
        if len(customers) < _PAGE:
            await self._steps.close_list_screening(update)
            return ListScreeningPage(screened=len(customers), hits=hits)
        return ListScreeningPage(screened=len(customers), hits=hits, next_after=customers[-1][0])

    async def _screen(self, subject: Subject) -> Screening:
        """Whatever goes wrong is no answer.

        Raises:
            Unavailable: there is none.
        """
        try:
            return await self._screener.screen(subject)
        except Unavailable:
            raise
        except Exception as error:
            activity.logger.exception("A subject cannot be screened.")
            raise Unavailable(f"The screening broke off ({type(error).__name__}).") from error
