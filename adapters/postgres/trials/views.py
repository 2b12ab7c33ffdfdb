"""Reading trials as their partner, operators and services see them (PS)."""

from typing import Any, Final

import asyncpg

from adapters.postgres.database import Connection
from adapters.postgres.named import is_named
from tenure.contracts.forecast import UndatedTrial
from tenure.contracts.trial import Site, TrialContact, TrialPage, TrialService, TrialState, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.ports import Caller

CONTACT: Final = """left join lateral (select a.name, a.email from customer_admins a
                      where a.organisation_id = t.organisation_id and m.access in ('provisioning', 'full')
                      order by a.person_id limit 1) as c on true"""
"""Whom a partner can ask about its trial `t`, where its management `m` lets it know people (PS-08, CO-16)."""
# Gone organisations leave every list (PS-06); an operator may still read one trial of one in quarantine.
_VIEW: Final = f"""
select t.*, o.name as organisation_name, o.state as organisation_state, r.state as consent,
       r.deadline_at as consent_deadline_at, m.access, d.device_ends_at, d.due_at as devices_due_at,
       case p.tier when 2 then p.distributor_id end as distributor_id,
       (select min(n.held_until) from phone_numbers n where n.trial_id = t.trial_id and n.state = 'held') as numbers_held_until,
       (select jsonb_agg(jsonb_build_object('service', s.service, 'state', s.state, 'problem', s.problem) order by s.service)
          from (select distinct on (service) service, state, problem from trial_services
                 where trial_id = t.trial_id order by service, turn desc) as s) as service_states,
       (select jsonb_build_object('state', s.state, 'reason', s.reason, 'problem', s.problem)
          from customer_screenings s where s.trial_id = t.trial_id) as screening,
       c.name as contact_name, c.email as contact_email
  from trials t join organisations o using (organisation_id) join partners p using (partner_id)
  left join trial_requests r on r.trial_id = t.trial_id
  left join managements m on m.partner_id = t.partner_id and m.organisation_id = t.organisation_id
  left join device_returns d on d.trial_id = t.trial_id
  {CONTACT}
"""  # noqa: S608 - no part of it is anybody's input
_ONE: Final = _VIEW + " where t.trial_id = $1 and ($2::text is null or t.partner_id = $2)"
_FILTER: Final = """
 where o.state not in ('erasing', 'deleted')
   and ($1::text is null or t.partner_id = $1)
   and ($2::text is null or t.organisation_id = $2)
   and ($3::text is null or t.state = $3)
   and ($4::int is null or t.state = 'grace'
        or (t.state = 'active' and t.ends_at < business_now() + make_interval(days => $4)))
   and """ + is_named("o.name", "$7")
_PAGE: Final = _VIEW + _FILTER + " and ($5::text is null or t.trial_id > $5) order by t.trial_id limit $6"
# What a trial runs to; one that waits for its partner comes by its request, before all dates to come, and one that is over last.
_TERMED: Final = """
trials t left join trial_requests r on r.trial_id = t.trial_id
  cross join lateral (select case t.state when 'pending_consent' then r.deadline_at when 'active' then t.ends_at
                                          when 'grace' then t.grace_ends_at when 'awaiting_details' then t.requested_at
                                          when 'provisioning' then t.requested_at else 'infinity' end as due) as term
"""
_SOONEST: Final = f"""
with chosen as (
  select t.trial_id, term.due from {_TERMED} join organisations o on o.organisation_id = t.organisation_id
  {_FILTER}
     and ($5::text is null or (term.due, t.trial_id) > (
           coalesce((select term.due from {_TERMED}
                      where t.trial_id = $5 and ($1::text is null or t.partner_id = $1)), '-infinity'), $5))
   order by term.due, t.trial_id limit $6)
{_VIEW} join chosen on chosen.trial_id = t.trial_id order by chosen.due, t.trial_id
"""  # noqa: S608 - constants

# A customer that is screened has dates for that, and nothing is ordered yet.
_UNDATED: Final = """
select t.trial_id, t.state,
       coalesce(jsonb_agg(jsonb_build_object('service', s.service, 'state', s.state, 'problem', s.problem)
                          order by s.service, s.turn) filter (where s.state in ('ordered', 'leaving')), '[]') as services
  from trials t left join trial_services s using (trial_id)
 where t.organisation_id = $1 and ($2::text is null or t.partner_id = $2)
   and not exists (select from customer_screenings c
                    where c.trial_id = t.trial_id and c.state in ('screening', 'pending_rpl_review'))
 group by t.trial_id
having t.state in ('awaiting_details', 'provisioning')
    or bool_or(s.state in ('ordered', 'leaving') and s.problem is not null)
 order by t.trial_id
"""


async def undated(
    connection: Connection, organisation_id: OrganisationId, partner_id: PartnerId | None
) -> tuple[UndatedTrial, ...]:
    """Trials that wait for details or for the platform; of one partner alone where it asks (P14)."""
    rows = await connection.fetch(_UNDATED, organisation_id, partner_id)
    return tuple(UndatedTrial.model_validate(dict(row)) for row in rows)


async def show(connection: Connection, caller: Caller, trial_id: TrialId) -> TrialView:
    """One trial that the caller may see.

    Raises:
        Refusal: `trial_not_found`, also to another partner (P14); `org_deleted` once its organisation is fenced.
    """
    row = await connection.fetchrow(_ONE, trial_id, caller.partner_id)
    if row is None:
        raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
    if caller.partner_id is not None and row["organisation_state"] in {"erasing", "deleted"}:
        raise Refusal(RefusalCode.ORG_DELETED)
    return _view(row)


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
    after: TrialId | None,
    limit: int,
) -> TrialPage:
    """Up to `limit` trials after that of an id, in the order that is asked for; a partner sees its own.

    Raises:
        Refusal: `forbidden` for another partner's.
    """
    if caller.partner_id is not None and partner_id not in {None, caller.partner_id}:
        raise Refusal(RefusalCode.FORBIDDEN)
    scope = caller.partner_id or partner_id
    query = _SOONEST if soonest_first else _PAGE
    rows = await connection.fetch(query, scope, organisation_id, state, ending_within_days, after, limit + 1, named)
    trials = tuple(_view(row) for row in rows[:limit])
    return TrialPage(trials=trials, next_after=trials[-1].trial_id if len(rows) > limit else None)


def contact(row: asyncpg.Record) -> TrialContact | None:
    """Whom `CONTACT` has found; None where a partner may know nobody."""
    return None if row["contact_email"] is None else TrialContact(name=row["contact_name"], email=row["contact_email"])


def _view(row: asyncpg.Record) -> TrialView:
    fields: dict[str, Any] = {name: row[name] for name in TrialView.model_fields if name in row}
    fields["services"] = tuple(TrialService.model_validate(service) for service in _services(row))
    if row["site_url"] is not None:
        fields["site"] = Site(url=row["site_url"], time_zone=row["site_time_zone"])
    fields["contact"] = contact(row)
    if row["activated_at"] is None:
        fields["licence_set_id"] = None
    return TrialView.model_validate(fields)


def _services(row: asyncpg.Record) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = row["service_states"] or []
    return found
