-- Rows that do not fit what is stored, as (line, code, reason); $1 is the latest instant that an event may have.
with known as materialized (
    select organisation_id, state in ('erasing', 'deleted') as gone
      from organisations where organisation_id in (select organisation_id from staged_subjects)
    union all
    select s.organisation_id, false from staged_organisations s
     where not exists (select from organisations o where o.organisation_id = s.organisation_id)
    union all
    select subject, false from staged_rejected r
     where not exists (select from organisations o where o.organisation_id = r.subject)
), known_partners as materialized (
    select partner_id::text from partners
    union select partner_id from staged_partners
    union select subject from staged_rejected
), named as (
    select line, organisation_id from staged_organisations
    union all select line, organisation_id from staged_managements
    union all select line, organisation_id from staged_people
    union all select line, organisation_id from staged_licence_sets
    union all select line, organisation_id from staged_partners where organisation_id is not null
)
select distinct n.line, case when k.gone then 'org_deleted' else 'organisation_not_found' end as code,
       format(case when k.gone then '%s has been deleted' else 'no row and no organisation is %s' end, n.organisation_id)
       as reason
  from named n left join known k using (organisation_id) where k.gone is distinct from false
union all
select m.line, 'partner_not_found', format('no row and no partner is %s', m.partner_id)
  from staged_managements m where not exists (select from known_partners k where k.partner_id = m.partner_id)
union all
select s.line, 'partner_not_found', format('no row and no partner is %s', s.distributor_id)
  from staged_partners s
 where s.distributor_id is not null
   and not exists (select from known_partners k where k.partner_id = s.distributor_id)
union all
select s.line, 'contradiction', format('the own organisation of %s is %s', s.partner_id, p.organisation_id)
  from staged_partners s join partners p using (partner_id) where s.organisation_id <> p.organisation_id
union all
select s.line, 'contradiction', format('%s is the own organisation of %s', s.organisation_id, o.partner_id)
  from staged_partners s
  join (select partner_id::text, organisation_id::text from partners
        union select partner_id, organisation_id from staged_partners) o using (organisation_id)
 where s.partner_id > o.partner_id or (s.partner_id <> o.partner_id
   and not exists (select from staged_partners t where t.partner_id = o.partner_id))
union all
select s.line, 'contradiction', format('the data of %s live in the region %s', s.organisation_id, o.region)
  from staged_organisations s join organisations o using (organisation_id) where s.region <> o.region
union all
select s.line, 'future_event', 'last_activity_at lies in the future'
  from staged_organisations s where s.last_activity_at > $1
union all
select s.line, 'contradiction', format('%s is a person of %s', s.person_id, p.organisation_id)
  from staged_people s join people p using (person_id) where s.organisation_id <> p.organisation_id
union all
select s.line, 'future_event', format('expires_at lies in the future, and the set is %s', s.state)
  from staged_licence_sets s where s.state <> 'active' and s.expires_at > $1
union all
select s.line, 'licence_set_exists',
       format('%s is known, as a %s set of %s that is %s', s.licence_set_id, l.kind, l.organisation_id, l.state)
  from staged_licence_sets s join licence_sets l using (licence_set_id)
 where (s.organisation_id, s.kind, s.state, s.meetings, s.services, s.expires_at)
       is distinct from (l.organisation_id, l.kind, l.state, l.meetings, l.services, l.expires_at)
union all
select s.line, 'licence_set_exists', format('%s is what the trial %s will have', s.licence_set_id, t.trial_id)
  from staged_licence_sets s join trials t using (licence_set_id) where t.activated_at is null
union all
select s.line, 'licence_set_exists', format('%s is what the customer %s will have', s.licence_set_id, n.organisation_id)
  from staged_licence_sets s join onboardings n using (licence_set_id)
 where not exists (select from licence_sets l where l.licence_set_id = s.licence_set_id)
union all
select s.line, 'licence_set_exists', format('%s was a set of %s, which has been erased', s.licence_set_id, p.organisation_id)
  from staged_licence_sets s join processes p on p.workflow_id = 'renewal-grace/' || s.licence_set_id || '/1'
 where not exists (select from licence_sets l where l.licence_set_id = s.licence_set_id)
 order by line
