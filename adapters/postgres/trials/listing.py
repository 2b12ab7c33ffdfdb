"""Lists of trials, page by page, in order of id or as they end (PS-02, PS-04)."""

from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from adapters.postgres.conditions import Conditions
from adapters.postgres.database import Connection
from adapters.postgres.named import IS_NAMED
from adapters.postgres.trials import views
from adapters.postgres.trials.ending import ENDS_BEFORE
from tenure.contracts.base import Instant
from tenure.contracts.trial import TrialState
from tenure.contracts.trial_page import TrialCursor, TrialPage
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.ports import Caller

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_OVER: Final = "over"
_OTHER_ORDER: Final = "This page was of a list in another order: begin at its first page."
_ENDING: Final = ENDS_BEFORE.format("(select business_now()) + make_interval(days => {}::int)")
# What a trial runs to; one that waits for its partner comes by its request, before all dates to come, and one that is over
# last. Gone organisations leave every list (PS-06).
_FOUND: Final = """
select t.trial_id, term.due
  from trials t join organisations o on o.organisation_id = t.organisation_id
  left join trial_requests r on r.trial_id = t.trial_id and r.state = 'pending'
  cross join lateral (select case t.state when 'pending_consent' then r.deadline_at when 'active' then t.ends_at
                                          when 'grace' then t.grace_ends_at when 'awaiting_details' then t.requested_at
                                          when 'provisioning' then t.requested_at else 'infinity' end as due) as term
 where o.state not in ('erasing', 'deleted')"""


async def page(
    connection: Connection,
    caller: Caller,
    *,
    partner_id: PartnerId | None,
    organisation_id: OrganisationId | None,
    state: TrialState | None,
    ending_within_days: int | None,
    named: str | None,
    soonest_first: bool,
    after: TrialCursor | None,
    limit: int,
) -> TrialPage:
    """Up to `limit` trials from where a page has ended, in the order that is asked for; a partner sees its own.

    A trial that stays as it is comes exactly once, whatever becomes of others while the pages are read. Where what ends
    first comes first, one whose date moves meanwhile comes where it stands then: again, or on a page that was read already.

    Raises:
        Refusal: `forbidden` for another partner's; `invalid_input` for a cursor of the other order.
    """
    asked = Conditions()
    asked.ask("t.partner_id = {}::text", caller.scope(partner_id))
    asked.ask("t.organisation_id = {}::text", organisation_id)
    asked.ask("t.state = {}::text", state)
    asked.ask(_ENDING, ending_within_days)
    asked.ask(IS_NAMED, named)
    if soonest_first:
        order = "due, trial_id"
        if after is not None:
            due, trial_id = (asked.place(value) for value in _place(after))
            asked.require(f"(due, t.trial_id) > (coalesce({due}::timestamptz, 'infinity'), {trial_id}::text)")
    else:
        order = "trial_id"
        asked.ask("t.trial_id > {}::text", None if after is None else _trial_id(after))
    rows = await asked.fetch(
        connection,
        f"with chosen as ({asked.first_of(_FOUND, order, limit + 1, whole=named is not None)})"  # noqa: S608 - all ours
        f" select listed.*, nullif(chosen.due, 'infinity') as due"
        f"  from chosen join lateral ({views.VIEW} where t.trial_id = chosen.trial_id) as listed on true"
        f" order by {', '.join(f'chosen.{column}' for column in order.split(', '))}",
    )
    trials = tuple(views.view(row) for row in rows[:limit])
    if len(rows) <= limit:
        return TrialPage(trials=trials)
    return TrialPage(trials=trials, next_after=_cursor(rows[limit - 1]) if soonest_first else trials[-1].trial_id)


def _cursor(row: asyncpg.Record) -> TrialCursor:
    due: Instant | None = row["due"]
    return f"{_OVER if due is None else (due - _EPOCH) // _MICROSECOND}.{row['trial_id']}"


def _place(after: TrialCursor) -> tuple[Instant | None, TrialId]:
    """The date, None for what is over, and the trial that a page ended with."""
    due, found, trial_id = after.rpartition(".")
    if not found:
        raise Refusal(RefusalCode.INVALID_INPUT, _OTHER_ORDER)
    return None if due == _OVER else _EPOCH + int(due) * _MICROSECOND, TrialId(trial_id)


def _trial_id(after: TrialCursor) -> TrialId:
    if "." in after:
        raise Refusal(RefusalCode.INVALID_INPUT, _OTHER_ORDER)
    return TrialId(after)
