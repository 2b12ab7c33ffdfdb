-- An import's rows, before anything is decided. Each table has one row for each line, then one for each thing.

create temporary table staged_partners (
    line integer not null, partner_id text not null, name text not null, organisation_id text,
    certified boolean not null, tier integer not null, distributor_id text
) on commit drop;
create temporary table staged_organisations (
    line integer not null, organisation_id text not null, name text not null, country text not null,
    language text not null, time_zone text not null, industry text, region text, last_activity_at timestamptz
) on commit drop;
-- access is null where an organisation's row only names the partner: then it stays as it is, or is provisioning.
create temporary table staged_managements (
    line integer not null, partner_id text not null, organisation_id text not null, access text
) on commit drop;
create temporary table staged_people (
    line integer not null, person_id text not null, organisation_id text not null, name text not null,
    email text not null, language text, time_zone text
) on commit drop;
create temporary table staged_roles (
    line integer not null, person_id text not null, role text not null
) on commit drop;
create temporary table staged_licence_sets (
    line integer not null, licence_set_id text not null, organisation_id text not null, kind text not null,
    state text not null, meetings boolean not null, services text[] not null, expires_at timestamptz,
    removal_due_at timestamptz
) on commit drop;
-- Organisations and partners that a wrong row was about: rows that refer to them are not wrong for that.
create temporary table staged_rejected (subject text not null) on commit drop;
