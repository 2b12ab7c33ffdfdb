-- Rows that say something else about a thing than its first row does, as (line, code, reason).
select s.line, 'duplicate_row' as code, format('line %s says otherwise about %s', f.line, s.partner_id) as reason
  from staged_partners s
  join (select distinct on (partner_id) * from staged_partners order by partner_id, line) f using (partner_id)
 where (s.name, s.organisation_id, s.certified, s.tier, s.distributor_id)
       is distinct from (f.name, f.organisation_id, f.certified, f.tier, f.distributor_id)
union all
select s.line, 'duplicate_row', format('line %s says otherwise about %s', f.line, s.organisation_id)
  from staged_organisations s
  join (select distinct on (organisation_id) * from staged_organisations order by organisation_id, line) f
 using (organisation_id)
 where (s.name, s.country, s.language, s.time_zone, s.industry, s.region, s.last_activity_at)
       is distinct from (f.name, f.country, f.language, f.time_zone, f.industry, f.region, f.last_activity_at)
union all
select s.line, 'duplicate_row',
       format('line %s says otherwise about %s and %s', f.line, s.partner_id, s.organisation_id)
  from staged_managements s
  join (select distinct on (partner_id, organisation_id) * from staged_managements
         where access is not null order by partner_id, organisation_id, line) f using (partner_id, organisation_id)
 where s.access <> f.access
union all
-- A person may have a row for each role.
select s.line, 'duplicate_row', format('line %s says otherwise about %s', f.line, s.person_id)
  from staged_people s
  join (select distinct on (person_id) * from staged_people order by person_id, line) f using (person_id)
 where (s.organisation_id, s.name, s.email, s.language, s.time_zone)
       is distinct from (f.organisation_id, f.name, f.email, f.language, f.time_zone)
union all
select s.line, 'duplicate_row', format('line %s says otherwise about %s', f.line, s.licence_set_id)
  from staged_licence_sets s
  join (select distinct on (licence_set_id) * from staged_licence_sets order by licence_set_id, line) f
 using (licence_set_id)
 where (s.organisation_id, s.kind, s.state, s.meetings, s.services, s.expires_at)
       is distinct from (f.organisation_id, f.kind, f.state, f.meetings, f.services, f.expires_at)
