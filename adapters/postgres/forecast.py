"""What happens next, answered from facts alone: it works while Temporal is down (WH-01, WH-02)."""

from adapters.postgres import cursors
from adapters.postgres.conditions import Conditions
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.evidence import read_evidence
from adapters.postgres.trials import views
from adapters.postgres.visibility import require_alive
from tenure.contracts.deletion import Evidence
from tenure.contracts.forecast import CalendarCursor, CalendarEntry, CalendarPage, Explanation, NextDate
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy import waiting
from tenure.policy.explanation import Explainer
from tenure.policy.rules import Rules
from tenure.ports import Caller
from tenure.settings import InstallationKind

# Of trials, and of the screening of customers, a partner sees the dates of its own (P14).
_ITS_OWN = """
   and not exists (select from trials t where t.trial_id = d.subject and t.partner_id <> $3::text)
   and not exists (select from onboardings b where b.organisation_id = d.organisation_id
                      and d.kind in ('screening', 'rpl_review') and b.partner_id <> $3::text)
   and not exists (select from rpl_cases c where c.case_id = d.subject and c.partner_id <> $3::text)
"""
_NEXT_DATES = f"""
select d.* from upcoming($2) d
 where d.organisation_id = $1 {_ITS_OWN}
 order by d.due_at, d.kind, d.subject
"""  # noqa: S608 - all ours

_CALENDAR = f"""
select d.*, o.name as organisation_name,
       coalesce($1, (select min(m.partner_id::text collate "C") from managements m
                      where m.organisation_id = o.organisation_id)) as partner_id
  from upcoming($2) d join organisations o using (organisation_id)
 where o.state not in ('erasing', 'deleted') {_ITS_OWN}
"""  # noqa: S608 - all ours
_OF_PARTNER = "o.organisation_id in (select m.organisation_id from managements m where m.partner_id = {}::text)"
_WITHIN = "d.due_at < (select business_now()) + make_interval(days => {}::int)"
_ORDER = "d.due_at, d.organisation_id, d.kind, d.subject"


class PostgresForecast:
    """The port `Forecast` on Postgres."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def explain(self, caller: Caller, organisation_id: OrganisationId) -> Explanation:
        """What happens to an organisation, when, why, and what would stop it (WH-01).

        Raises:
            Refusal: `organisation_not_found`, also where the caller may not see it (P14); `org_deleted` from its fence
                on to a partner, and from its receipt on to everybody (SF-11).
        """
        async with self._database.read() as connection:
            organisation = await require_alive(connection, caller, organisation_id)
            evidence = await read_evidence(connection, organisation_id, lock_activity=False)
            if caller.partner_id is not None:
                evidence = await _own(connection, evidence, caller.partner_id)
            rows = await connection.fetch(_NEXT_DATES, organisation_id, self._rules.silence, caller.partner_id)
            undated = await views.undated(connection, organisation_id, caller.partner_id)
            as_of = await business_now(connection)
        dates = tuple(NextDate.model_validate(dict(row)) for row in rows)
        explainer = Explainer(evidence, dates, organisation["time_zone"], as_of, self._rules)
        return Explanation(
            organisation_id=organisation_id,
            name=organisation["name"],
            state=evidence.state,
            as_of=as_of,
            simulation=self._database.kind is InstallationKind.SIMULATION,
            next=dates,
            sentences=(*explainer.sentences(), *waiting.told(undated)),
            would_stop_it=(*explainer.would_stop_it(), *waiting.ways_on(undated)),
            evidence=evidence,
        )

    async def calendar(
        self,
        caller: Caller,
        partner_id: PartnerId | None,
        *,
        within_days: int | None = None,
        after: CalendarCursor | None = None,
        limit: int = 100,
    ) -> CalendarPage:
        """The next dates of a partner's customers, or of all that the caller may see, earliest first (WH-02, DP-07).

        Up to `limit` of them, from where a page has ended; `within_days` keeps what falls due so soon. A date that stays as
        it is comes once, whatever becomes of others while the pages are read.

        Raises:
            Refusal: `forbidden` for another partner's customers, `partner_not_found`.
        """
        scope = caller.scope(partner_id)
        async with self._database.read() as connection:
            if scope is not None and not await connection.fetchval(
                "select true from partners where partner_id = $1", scope
            ):
                raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
            asked = Conditions(scope, self._rules.silence, caller.partner_id)
            asked.ask(_OF_PARTNER, scope)
            asked.ask(_WITHIN, within_days)
            if after is not None:
                due, *rest = after.split(".")
                places = ", ".join(asked.place(value) for value in (cursors.instant(due), *rest))
                asked.require(f"({_ORDER}) > ({places})")
            rows = await asked.fetch(
                connection, f"{_CALENDAR}{asked.text} order by {_ORDER} limit {asked.place(limit + 1)}"
            )
        dates = tuple(CalendarEntry.model_validate(dict(row)) for row in rows[:limit])
        return CalendarPage(dates=dates, next_after=_cursor(dates[-1]) if len(rows) > limit else None)


def _cursor(date: CalendarEntry) -> CalendarCursor:
    return ".".join((cursors.figures(date.due_at), date.organisation_id, date.kind, date.subject))


async def _own(connection: Connection, evidence: Evidence, partner_id: PartnerId) -> Evidence:
    """The evidence without the requests of other partners (P14)."""
    rows = await connection.fetch(
        "select trial_request_id from trial_requests where organisation_id = $1 and partner_id = $2",
        evidence.organisation_id,
        partner_id,
    )
    own = {row["trial_request_id"] for row in rows}
    pending = tuple(request for request in evidence.pending_requests if request.trial_request_id in own)
    held_by = evidence.held_by if evidence.held_by in own else None
    return evidence.model_copy(update={"pending_requests": pending, "held_by": held_by})
