"""The port `Reviews` on Postgres: the queue of the restricted-party review, and its decisions."""

from datetime import timedelta
from functools import partial
from typing import Final

from adapters.postgres.commands import once_shown
from adapters.postgres.database import Connection, Database, business_now, lock_one
from adapters.postgres.wholesale import case_views, cases, decisions, screenings
from tenure.contracts.call_in import Telephony
from tenure.contracts.credential import CredentialRole
from tenure.contracts.review import (
    DECIDED,
    CaseState,
    DecideCase,
    RplCasePage,
    RplCaseView,
    ScreeningPage,
)
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, RplCaseId
from tenure.policy.onboarding import is_late
from tenure.policy.rules import Rules
from tenure.ports import Caller

_READERS: Final = frozenset({CredentialRole.REVIEWER, CredentialRole.OPERATOR, None})
"""Who sees what was found; None is a program that stands beside the database."""


class PostgresReviews:
    """The port `Reviews`. What was found of a customer is for reviewers and operators: not for its service provider."""

    def __init__(self, database: Database, rules: Rules, telephony: Telephony) -> None:
        self._database = database
        self._rules = rules
        self._telephony = telephony

    async def page(
        self,
        caller: Caller,
        *,
        state: CaseState | None = None,
        older_than_minutes: int | None = None,
        after: RplCaseId | None = None,
        limit: int = 100,
    ) -> RplCasePage:
        """Open cases by deadline, the soonest first; others and all from the newest on (RPL-13).

        Raises:
            Refusal: `forbidden` to anybody but reviewers, and operators who read.
        """
        _require_reader(caller)
        async with self._database.read() as connection:
            opened_until = None
            if older_than_minutes is not None:
                opened_until = await business_now(connection) - timedelta(minutes=older_than_minutes)
            return await case_views.page(
                connection, self._rules, state=state, opened_until=opened_until, after=after, limit=limit
            )

    async def show(self, caller: Caller, case_id: RplCaseId) -> RplCaseView:
        """One case with what was found.

        Raises:
            Refusal: `forbidden` as for `page`, or `case_not_found`.
        """
        _require_reader(caller)
        async with self._database.read() as connection:
            return await case_views.show(connection, case_id, self._rules)

    async def decide(self, caller: Caller, command: DecideCase) -> RplCaseView:
        """Decide: once, until 72 hours are over, these included (RPL-08, RPL-15); the same again does nothing.

        Raises:
            Refusal: `forbidden` to anybody but a reviewer (RPL-14); `case_not_found`; `org_deleted`; `case_closed` where
                it was decided otherwise, or the time is over, whether or not that has been carried out (RPL-12).
        """
        if caller.role is not CredentialRole.REVIEWER:
            raise Refusal(RefusalCode.FORBIDDEN)
        act = partial(self._decide, caller=caller, command=command)
        show = partial(case_views.show, case_id=command.case_id, rules=self._rules)
        return await once_shown(self._database, caller, command, act, show)

    async def screenings(
        self, caller: Caller, organisation_id: OrganisationId, *, before: int | None = None, limit: int = 50
    ) -> ScreeningPage:
        """What was screened of a customer, newest first (RPL-19).

        Raises:
            Refusal: `forbidden` as for `page`.
        """
        _require_reader(caller)
        async with self._database.read() as connection:
            return await screenings.page(connection, organisation_id, before=before, limit=limit)

    async def _decide(self, connection: Connection, caller: Caller, command: DecideCase) -> None:
        seen = await cases.find(connection, command.case_id)
        if seen is None:
            raise Refusal(RefusalCode.CASE_NOT_FOUND)
        await lock_one(connection, seen.organisation_id)
        case = await cases.find(connection, command.case_id)
        assert case is not None
        outcome = DECIDED[command.decision]
        if case.state is outcome:
            return
        now = await business_now(connection)
        if case.state is not CaseState.OPEN or is_late(case.trigger, case.deadline_at, now):
            raise Refusal(RefusalCode.CASE_CLOSED, details={"state": case.state})
        await decisions.conclude(
            connection,
            case,
            outcome,
            rules=self._rules,
            telephony=self._telephony,
            at=now,
            actor=caller.actor,
            reason=command.reason,
        )


def _require_reader(caller: Caller) -> None:
    if caller.role not in _READERS or caller.partner_id is not None:
        raise Refusal(RefusalCode.FORBIDDEN)
