-- One row for each thing: the first, since all that are left say the same.
delete from staged_partners s
 using (select partner_id, min(line) as line from staged_partners group by 1 having count(*) > 1) f
 where s.partner_id = f.partner_id and s.line > f.line;
delete from staged_organisations s
 using (select organisation_id, min(line) as line from staged_organisations group by 1 having count(*) > 1) f
 where s.organisation_id = f.organisation_id and s.line > f.line;
delete from staged_people s
 using (select person_id, min(line) as line from staged_people group by 1 having count(*) > 1) f
 where s.person_id = f.person_id and s.line > f.line;
delete from staged_roles s
 using (select person_id, role, min(line) as line from staged_roles group by 1, 2 having count(*) > 1) f
 where s.person_id = f.person_id and s.role = f.role and s.line > f.line;
delete from staged_licence_sets s
 using (select licence_set_id, min(line) as line from staged_licence_sets group by 1 having count(*) > 1) f
 where s.licence_set_id = f.licence_set_id and s.line > f.line;
-- A row that states the access goes before those that only name the partner.
delete from staged_managements s
 using (select distinct on (partner_id, organisation_id) partner_id, organisation_id, line
          from staged_managements order by partner_id, organisation_id, access nulls last, line) f
 where s.partner_id = f.partner_id and s.organisation_id = f.organisation_id and s.line <> f.line;

-- Every organisation whose facts change, or whose mark could: those that exist are locked.
create temporary table staged_subjects on commit drop as
select organisation_id from staged_organisations
 union select organisation_id from staged_managements
 union select organisation_id from staged_people
 union select organisation_id from staged_licence_sets
 union select organisation_id from staged_partners where organisation_id is not null
 union select p.organisation_id from partners p join staged_managements m using (partner_id)
        where p.organisation_id is not null;
analyze staged_subjects;
