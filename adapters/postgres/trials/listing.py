"""Lists of trials, page by page, in order of id or as they end (PS-02, PS-04)."""

from typing import Final

import asyncpg

from adapters.postgres import cursors
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

_OVER: Final = "over"
_OTHER_ORDER: Final = "This page was of a list in another order: begin at its first page."
_ENDING: Final = ENDS_BEFORE.format("(select business_now()) + make_interval(days => {}::int)")
# What a trial runs to; one that waits for its partner comes by its request, before all dates to come, and those that are over
# last, the newest end first. Gone organisations leave every list (PS-06).
_FOUND: Final = """
select t.trial_id, term.due, t.closed_at, term.ago
  from trials t join organisations o on o.organisation_id = t.organisation_id
  left join trial_requests r on r.trial_id = t.trial_id and r.state = 'pending'
  cross join lateral (select case t.state when 'pending_consent' then r.deadline_at when 'active' then t.ends_at
                                          when 'grace' then t.grace_ends_at when 'awaiting_details' then t.requested_at
                                          when 'provisioning' then t.requested_at else 'infinity' end as due,
                              coalesce(-extract(epoch from t.closed_at), 0) as ago) as term
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
        order = "due, ago, trial_id"
        if after is not None:
            due, closed_at, trial_id = (asked.place(value) for value in _place(after))
            asked.require(
                "(term.due, term.ago, t.trial_id) > (coalesce("
                f"{due}::timestamptz, 'infinity'), coalesce(-extract(epoch from {closed_at}::timestamptz), 0), {trial_id}::text)"
            )
    else:
        order = "trial_id"
        asked.ask("t.trial_id > {}::text", None if after is None else _trial_id(after))
    rows = await asked.fetch(
        connection,
        f"with chosen as ({asked.first_of(_FOUND, order, limit + 1, whole=named is not None)})"  # noqa: S608 - all ours
        f" select listed.*, nullif(chosen.due, 'infinity') as due, chosen.closed_at"
        f"  from chosen join lateral ({views.VIEW} where t.trial_id = chosen.trial_id) as listed on true"
        f" order by {', '.join(f'chosen.{column}' for column in order.split(', '))}",
    )
    trials = tuple(views.view(row) for row in rows[:limit])
    if len(rows) <= limit:
        return TrialPage(trials=trials)
    return TrialPage(trials=trials, next_after=_cursor(rows[limit - 1]) if soonest_first else trials[-1].trial_id)


def _cursor(row: asyncpg.Record) -> TrialCursor:
    due: Instant | None = row["due"]
    date = _OVER + cursors.figures(row["closed_at"]) if due is None else cursors.figures(due)
    return f"{date}.{row['trial_id']}"


def _place(after: TrialCursor) -> tuple[Instant | None, Instant | None, TrialId]:
    """The date, or since when it is over, of the trial that a page ended with, and that trial."""
    date, found, trial_id = after.rpartition(".")
    if not found:
        raise Refusal(RefusalCode.INVALID_INPUT, _OTHER_ORDER)
    at = cursors.instant(date.removeprefix(_OVER))
    return (None, at, TrialId(trial_id)) if date.startswith(_OVER) else (at, None, TrialId(trial_id))


def _trial_id(after: TrialCursor) -> TrialId:
    if "." in after:
        raise Refusal(RefusalCode.INVALID_INPUT, _OTHER_ORDER)
    return TrialId(after)
