"""Reviews as those who review see them: the queue, and one case with what was found (RPL-13, RPL-14)."""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from adapters.postgres.database import Connection, business_now
from tenure.contracts.base import Instant
from tenure.contracts.review import CaseState, RplCase, RplCasePage, RplCaseView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import RplCaseId
from tenure.policy.rules import Rules

_VIEW: Final = """
select c.*, s.subject, s.lists, s.hits as found, s.omitted, jsonb_array_length(s.hits) as hits, c.closed_at as decided_at,
       coalesce(s.subject -> 'names' ->> 0, o.name, o.organisation_id) as customer_name
  from rpl_cases c join screenings s using (screening_id) join organisations o on o.organisation_id = c.organisation_id
"""
_ONE: Final = _VIEW + " where c.case_id = $1"


def _page(instant: str, follows: str, direction: str) -> str:
    """A page in order of an instant that never changes once it is there, so that no case is lost between two pages.

    Nobody decides any more on an organisation that is gone.
    """
    return f"""
{_VIEW}
 where ($1::text is null or c.state = $1)
   and (c.state <> 'open' or o.state not in ('erasing', 'deleted'))
   and ($2::timestamptz is null or c.opened_at <= $2)
   and ($3::text is null
        or (c.{instant}, c.case_id) {follows} (select k.{instant}, k.case_id from rpl_cases k where k.case_id = $3))
 order by c.{instant} {direction}, c.case_id {direction} limit $4
"""  # noqa: S608 - constants


_ALL: Final = _page("opened_at", "<", "desc")
_CLOSED: Final = _page("closed_at", "<", "desc")
_PAGES: Final[Mapping[CaseState | None, str]] = {
    None: _ALL,
    CaseState.OPEN: _page("deadline_at", ">", "asc"),
    **dict.fromkeys(set(CaseState) - {CaseState.OPEN}, _CLOSED),
}


async def show(connection: Connection, case_id: RplCaseId, rules: Rules) -> RplCaseView:
    """A case with what was found.

    Raises:
        Refusal: `case_not_found`.
    """
    row = await connection.fetchrow(_ONE, case_id)
    if row is None:
        raise Refusal(RefusalCode.CASE_NOT_FOUND)
    now = await business_now(connection)
    return RplCaseView.model_validate(_fields(row, rules, now) | {"as_of": now})


async def page(
    connection: Connection,
    rules: Rules,
    *,
    state: CaseState | None,
    opened_until: Instant | None,
    after: RplCaseId | None,
    limit: int,
) -> RplCasePage:
    """Up to `limit` cases after one: open ones by deadline, closed ones from the newest decision, all from the newest."""
    now = await business_now(connection)
    rows = await connection.fetch(_PAGES[state], state, opened_until, after, limit + 1)
    cases = tuple(RplCase.model_validate(_fields(row, rules, now)) for row in rows[:limit])
    return RplCasePage(cases=cases, next_after=cases[-1].case_id if len(rows) > limit else None)


def _fields(row: asyncpg.Record, rules: Rules, now: Instant) -> dict[str, Any]:
    """A row with its age: flagged from an hour on while it is open, and nothing else follows from that (RPL-13)."""
    age = (row["closed_at"] or now) - row["opened_at"]
    slow = row["state"] == CaseState.OPEN and age > rules.review_slow
    return {**row, "age": age, "slow": slow}
