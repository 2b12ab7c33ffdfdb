"""Reading organisations as partners and operators see them (PS, CS)."""

from typing import Any

import asyncpg

from adapters.postgres.conditions import Conditions
from adapters.postgres.database import Connection, business_now
from adapters.postgres.evidence import read_evidence
from adapters.postgres.graces import licence_sets
from adapters.postgres.named import IS_NAMED
from adapters.postgres.visibility import require_alive
from tenure.contracts.organisation import (
    COUNTING,
    Banner,
    OrganisationPage,
    OrganisationState,
    OrganisationSummary,
    OrganisationView,
    Person,
)
from tenure.ids import OrganisationId
from tenure.policy import grace, marking
from tenure.policy.deletion import earliest_deletion_at
from tenure.policy.rules import Rules
from tenure.ports import Caller

_SUMMARY = """
select o.organisation_id, o.name, o.state, next.due_at as next_due_at, next.kind as next_kind,
       array(select m.partner_id::text from managements m
              where m.organisation_id = o.organisation_id order by m.partner_id) as partners,
       exists (select from partners own join customer_lists c using (partner_id, organisation_id)
                where own.organisation_id = o.organisation_id and ($2::text is null or own.partner_id = $2)) as is_own_org,
       p.not_before as deletion_at,
       case when p.bounced_at is not null then 'warning_bounced'
            when p.settled and p.first_accepted_at is null then 'nobody_reachable' else c.hold_reason end as alert
  from organisations o
  left join countdowns c on c.organisation_id = o.organisation_id and c.generation = o.generation and c.ended_at is null
  left join promises p on p.organisation_id = c.organisation_id and p.generation = c.generation and p.cycle = c.cycle
                      and p.void_at is null
  left join lateral (select d.due_at, d.kind from upcoming($1) d
                      where d.organisation_id = o.organisation_id order by d.due_at, d.kind limit 1) as next on true
"""

_LISTED = """
select o.organisation_id from organisations o
 where o.state not in ('erasing', 'deleted') and o.organisation_id <> 'org_consumer'"""
_OF_PARTNER = """o.organisation_id in (
    select c.organisation_id from customer_lists c where c.partner_id = {}::text)"""

_ONE = _SUMMARY + " where o.organisation_id = $3"

_PEOPLE = """
select p.person_id, p.name, p.email, p.language, p.time_zone,
       array(select r.role from person_roles r where r.person_id = p.person_id order by r.role) as roles,
       array(select a.licence_set_id::text from licence_assignments a
              where a.person_id = p.person_id order by a.licence_set_id) as licence_sets
  from people p
 where p.organisation_id = $1
   and ($2::text is null or exists (select from managements m where m.organisation_id = $1 and m.partner_id = $2
                                                                and m.access <> 'none'))
 order by p.person_id
"""


async def page(
    connection: Connection,
    caller: Caller,
    rules: Rules,
    *,
    to_be_deleted: bool | None,
    named: str | None,
    after: OrganisationId | None,
    limit: int,
) -> OrganisationPage:
    """Up to `limit` organisations after an id; one row more is asked for, to know whether there is a next page."""
    asked = Conditions(rules.silence, caller.partner_id)
    asked.ask(_OF_PARTNER, caller.partner_id)
    asked.ask("(o.state in ('marked', 'warned')) = {}", to_be_deleted)
    asked.ask("o.organisation_id > {}::text", after)
    asked.ask(IS_NAMED, named)
    chosen = asked.first_of(_LISTED, "organisation_id", limit + 1, whole=named is not None)
    rows = await asked.fetch(
        connection,
        f"with chosen as ({chosen}) {_SUMMARY} join chosen on chosen.organisation_id = o.organisation_id"
        " order by o.organisation_id",
    )
    organisations = tuple(OrganisationSummary.model_validate(_summary(row)) for row in rows[:limit])
    return OrganisationPage(
        organisations=organisations,
        next_after=organisations[-1].organisation_id if len(rows) > limit else None,
    )


async def show(
    connection: Connection, caller: Caller, organisation_id: OrganisationId, rules: Rules
) -> OrganisationView:
    """One organisation with its licences, people, and banner; see `PostgresOrganisations.show`."""
    organisation = await require_alive(connection, caller, organisation_id)
    evidence = await read_evidence(connection, organisation_id, lock_activity=False)
    licences = await licence_sets(connection, organisation_id)
    summary = await connection.fetchrow(_ONE, rules.silence, caller.partner_id, organisation_id)
    assert summary is not None
    deletion_at = earliest_deletion_at(evidence, await business_now(connection), organisation["time_zone"], rules)
    return OrganisationView(
        **_summary(summary),
        country=organisation["country"],
        industry=organisation["industry"],
        region=organisation["region"],
        language=organisation["language"],
        time_zone=organisation["time_zone"],
        generation=organisation["generation"],
        marked_at=organisation["marked_at"],
        last_activity_at=evidence.last_activity_at,
        meetings_site_suspended=grace.meetings_site_suspended(licences),
        licence_sets=licences,
        people=tuple(
            Person.model_validate(dict(row))
            for row in await connection.fetch(_PEOPLE, organisation_id, caller.partner_id)
        ),
        managed_customers=evidence.customers_managed,
        banner=Banner(organisation_id=organisation_id, deletion_at=deletion_at)
        if organisation["state"] in COUNTING and deletion_at is not None
        else None,
    )


def _summary(row: asyncpg.Record) -> dict[str, Any]:
    return {**row, "to_be_deleted": marking.to_be_deleted(OrganisationState(row["state"]))}
