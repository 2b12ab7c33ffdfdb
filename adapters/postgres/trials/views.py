"""Reading trials as their partner, operators and services see them (PS)."""

from typing import Any, Final

import asyncpg

from adapters.postgres.database import Connection
from tenure.contracts.forecast import UndatedTrial
from tenure.contracts.trial import Site, TrialContact, TrialService, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.ports import Caller

CONTACT: Final = """left join lateral (select a.name, a.email from customer_admins a
                      where a.organisation_id = t.organisation_id and m.access in ('provisioning', 'full')
                      order by a.person_id limit 1) as c on true"""
"""Whom a partner can ask about its trial `t`, where its management `m` lets it know people (PS-08, CO-16)."""
VIEW: Final = f"""
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
"""A trial `t` with all that its view shows."""
# Gone organisations leave every list (PS-06); an operator may still read one trial of one in quarantine.
_ONE: Final = VIEW + " where t.trial_id = $1 and ($2::text is null or t.partner_id = $2)"

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
    return view(row)


def contact(row: asyncpg.Record) -> TrialContact | None:
    """Whom `CONTACT` has found; None where a partner may know nobody."""
    return None if row["contact_email"] is None else TrialContact(name=row["contact_name"], email=row["contact_email"])


def view(row: asyncpg.Record) -> TrialView:
    """What a row of `VIEW` says."""
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
