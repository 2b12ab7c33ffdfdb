"""The rows of an import becoming facts: new things are inserted, known ones brought up to date, equal ones left alone."""

from typing import Any, Final, NamedTuple

from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId

# Parts of one statement see what was stored before it: what `created` inserts, `changed` does not touch.
_PARTNERS: Final = """
with created as (
    insert into partners (partner_id, name, organisation_id, certified, tier, distributor_id, created_at)
    select partner_id, name, organisation_id, certified, tier, distributor_id, $1 from staged_partners
    on conflict do nothing returning partner_id
), changed as (
    update partners p
       set name = s.name, organisation_id = coalesce(s.organisation_id, p.organisation_id), certified = s.certified,
           tier = s.tier, distributor_id = coalesce(s.distributor_id, p.distributor_id)
      from staged_partners s
     where p.partner_id = s.partner_id
       and (p.name, p.organisation_id, p.certified, p.tier, p.distributor_id)
           is distinct from (s.name, coalesce(s.organisation_id, p.organisation_id), s.certified, s.tier,
                             coalesce(s.distributor_id, p.distributor_id))
    returning p.partner_id
)
select (select count(*) from staged_partners) as total, (select count(*) from created) as created,
       (select count(*) from changed) as updated
"""

# In the order of ids, as every batch of activity locks them.
_LOCK_ACTIVITY: Final = """
select from activity a join staged_organisations s using (organisation_id)
 where s.last_activity_at > coalesce(a.last_activity_at, '-infinity') order by a.organisation_id for update of a
"""
_ORGANISATIONS: Final = """
with created as (
    insert into organisations (organisation_id, name, country, language, time_zone, industry, region, created_at)
    select organisation_id, name, country, language, time_zone, industry, region, $1 from staged_organisations
    on conflict do nothing returning organisation_id
), changed as (
    update organisations o
       set name = s.name, country = s.country, language = s.language, time_zone = s.time_zone,
           industry = coalesce(s.industry, o.industry), region = coalesce(s.region, o.region)
      from staged_organisations s
     where o.organisation_id = s.organisation_id
       and (o.name, o.country, o.language, o.time_zone, o.industry, o.region)
           is distinct from (s.name, s.country, s.language, s.time_zone, coalesce(s.industry, o.industry),
                             coalesce(s.region, o.region))
    returning o.organisation_id
), moved as (
    update activity a set last_activity_at = s.last_activity_at, last_kind = null, last_source = 'import'
      from staged_organisations s
     where a.organisation_id = s.organisation_id and s.last_activity_at > coalesce(a.last_activity_at, '-infinity')
    returning a.organisation_id, a.watched
)
select (select count(*) from staged_organisations) as total, (select count(*) from created) as created,
       (select count(*) from (select organisation_id from changed union select organisation_id from moved) as u) as updated,
       array(select organisation_id::text from moved where watched) as watched
"""
_ACTIVITY: Final = """
insert into activity (organisation_id, last_activity_at, last_source)
select organisation_id, last_activity_at, case when last_activity_at is not null then 'import' end
  from staged_organisations on conflict do nothing
"""

_MANAGEMENTS: Final = """
with created as (
    insert into managements (partner_id, organisation_id, access, since)
    select partner_id, organisation_id, coalesce(access, 'provisioning'), $1 from staged_managements
    on conflict do nothing returning partner_id
), changed as (
    update managements m set access = s.access from staged_managements s
     where m.partner_id = s.partner_id and m.organisation_id = s.organisation_id and m.access <> s.access
    returning m.partner_id
)
select (select count(*) from staged_managements) as total, (select count(*) from created) as created,
       (select count(*) from changed) as updated
"""

_PEOPLE: Final = """
with created as (
    insert into people (person_id, organisation_id, name, email, language, time_zone, created_at)
    select person_id, organisation_id, name, email, language, time_zone, $1 from staged_people
    on conflict do nothing returning person_id
), changed as (
    update people p set name = s.name, email = s.email, language = s.language, time_zone = s.time_zone
      from staged_people s
     where p.person_id = s.person_id
       and (p.name, p.email, p.language, p.time_zone) is distinct from (s.name, s.email, s.language, s.time_zone)
    returning p.person_id
), dropped as (
    delete from person_roles r using staged_people p
     where r.person_id = p.person_id and r.role <> 'contact_of_record'  -- no base knows of it (Q-01)
       and not exists (select from staged_roles s where s.person_id = r.person_id and s.role = r.role)
    returning r.person_id
), added as (
    insert into person_roles (person_id, role) select person_id, role from staged_roles
    on conflict do nothing returning person_id
)
select (select count(*) from staged_people) as total, (select count(*) from created) as created,
       (select count(*) from (select person_id from changed union select person_id from dropped
                              union select person_id from added except select person_id from created) as u) as updated,
       array(select distinct s.organisation_id::text
               from (select person_id from created union select person_id from changed
                     union select person_id from dropped union select person_id from added) as u
               join staged_people s using (person_id)
               join organisations o on o.organisation_id = s.organisation_id and o.state = 'warned') as watched
"""

# Those that are known equal what is stored, or the import would have been refused: the new ones stay staged.
_LICENCE_SETS_KNOWN: Final = """
delete from staged_licence_sets s using licence_sets l where l.licence_set_id = s.licence_set_id
"""
# A base says of a set that it was paid for until its expiry, or until now where that is still planned: an expiry from then
# on can be reported, also one from before the import; an older one is history, and ends nothing that was paid for since.
_LICENCE_SETS: Final = """
insert into licence_sets
    (licence_set_id, organisation_id, kind, state, meetings, services, expires_at, removal_due_at, removed_at,
     active_since, expired_at, generation, created_at)
select licence_set_id, organisation_id, kind, state, meetings, services, expires_at,
       case when state = 'suspended' then removal_due_at end,
       case when state = 'removed' then least(removal_due_at, $1) end,
       least(expires_at, $1), case when state <> 'active' then expires_at end,
       case when state = 'active' then 0 else 1 end, $1
  from staged_licence_sets
"""


class Stored(NamedTuple):
    """What became of the things in an import."""

    created: dict[str, int]
    updated: dict[str, int]
    unchanged: int
    watched: list[OrganisationId]
    """Warned organisations with newer activity, or other people to be warned (SF-02): their countdowns look at once."""


async def store(connection: Connection, now: Instant) -> Stored:
    """Store what was staged, merged and found right."""
    await connection.execute(_LOCK_ACTIVITY)
    organisations = await _run(connection, _ORGANISATIONS, now)
    await connection.execute(_ACTIVITY)
    counts = {
        "partner": await _run(connection, _PARTNERS, now),
        "organisation": organisations,
        "management": await _run(connection, _MANAGEMENTS, now),
        "person": await _run(connection, _PEOPLE, now),
        "licence_set": await _licence_sets(connection, now),
    }
    watched = {*counts["organisation"]["watched"], *counts["person"]["watched"]}
    changed = sum(count["created"] + count["updated"] for count in counts.values())
    return Stored(
        created={kind: count["created"] for kind, count in counts.items() if count["created"]},
        updated={kind: count["updated"] for kind, count in counts.items() if count["updated"]},
        unchanged=sum(count["total"] for count in counts.values()) - changed,
        watched=[OrganisationId(organisation_id) for organisation_id in sorted(watched)],
    )


async def _run(connection: Connection, statement: str, now: Instant) -> dict[str, Any]:
    row = await connection.fetchrow(statement, now)
    assert row is not None
    return dict(row)


async def _licence_sets(connection: Connection, now: Instant) -> dict[str, int]:
    known = _count(await connection.execute(_LICENCE_SETS_KNOWN))
    created = _count(await connection.execute(_LICENCE_SETS, now))
    return {"total": known + created, "created": created, "updated": 0}


def _count(status: str) -> int:
    """The number at the end of a command's status, such as `INSERT 0 25`."""
    return int(status.rpartition(" ")[2])
