"""The restricted-party review, for the reviewers' own systems: queue, case, decision, screenings (RPL)."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from tenure.client.connection import Connection, Parameters
from tenure.contracts.review import (
    CaseState,
    DecideCase,
    RplCase,
    RplCasePage,
    RplCaseView,
    ScreeningPage,
    StoredScreening,
)
from tenure.ids import OrganisationId, RplCaseId

_CASE: TypeAdapter[RplCaseView] = TypeAdapter(RplCaseView)
_CASES: TypeAdapter[RplCasePage] = TypeAdapter(RplCasePage)
_SCREENINGS: TypeAdapter[ScreeningPage] = TypeAdapter(ScreeningPage)

PAGE_SIZE = 1000
"""Cases in one request of the queue."""
SCREENINGS_PAGE_SIZE = 100
"""Screenings in one: each carries all that was found."""


class Reviews:
    """The queue, for reviewers, and for operators, who only look on (RPL-14)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list_rpl_cases(
        self, *, state: CaseState | None = None, older_than_minutes: int | None = None
    ) -> AsyncIterator[RplCase]:
        """Cases, page by page as they are read (RPL-13).

        Args:
            state: Only those in this state: open ones by deadline, the soonest first, others from the newest decision
                on. Without it, all, from the one that was opened last.
            older_than_minutes: Only those that were opened so long ago, or longer.
        """
        parameters: Parameters = {"state": state, "older_than_minutes": older_than_minutes, "limit": PAGE_SIZE}
        async for page in self._connection.pages("/v1/reviews", _CASES, parameters):
            for case in page.cases:
                yield case

    async def get_rpl_case(self, case_id: RplCaseId) -> RplCaseView:
        """One case: the customer beside each entry that it may be, and why."""
        return await self._connection.get(f"/v1/reviews/{case_id}", _CASE)

    async def decide_rpl_case(self, command: DecideCase, *, key: str | None = None) -> RplCaseView:
        """Decide, with a reason that is kept; the same again does nothing (RPL-14, RPL-15).

        Raises:
            Refusal: `case_closed` after another decision, and later than 72 hours; `forbidden` to all but reviewers.
        """
        return await self._connection.command("/v1/reviews/decide", command, _CASE, key)

    async def list_screenings(self, organisation_id: OrganisationId) -> AsyncIterator[StoredScreening]:
        """Every screening of a customer, newest first, page by page as they are read (RPL-19)."""
        parameters: Parameters = {"organisation_id": organisation_id, "limit": SCREENINGS_PAGE_SIZE}
        async for page in self._connection.pages("/v1/screenings", _SCREENINGS, parameters, cursor="before"):
            for screening in page.screenings:
                yield screening
