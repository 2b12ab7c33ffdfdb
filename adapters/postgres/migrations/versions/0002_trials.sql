-- Trials. Locks as before: organisations (in id order), activity, the rest; an address that is typed for a new customer is
-- locked by its hash before all of them.

create domain trial_id as text collate "C" check (value ~ '^trl_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');
create domain order_id as text collate "C" check (value ~ '^ord_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');

alter table partners
    add column certified boolean not null default true,
    add column tier smallint not null default 1 check (tier in (1, 2)),
    add column distributor_id partner_id references partners;
comment on column partners.tier is 'A partner of tier 2 converts trials through its distributor (TC-13).';

alter table organisations add column industry text, add column region text;
comment on column organisations.region is 'Where its data live: fixed when it is created (TR-05, TR-06).';

alter table managements add column granted_by person_id;
comment on column managements.granted_by is 'The full admin of the customer who granted full access (RO-02). Not in the audit: it goes with the row.';
alter table managements drop constraint managements_access_check;
alter table managements add constraint managements_access_check check (access in ('none', 'provisioning', 'full'));

alter table person_roles drop constraint person_roles_role_check;
alter table person_roles add constraint person_roles_role_check
    check (role in ('customer_full_admin', 'customer_admin', 'contact_of_record', 'user',
                    'partner_full_admin', 'partner_sales_admin', 'partner_admin'));

create index people_email on people (lower(email));

-- Who decides for a customer, and is warned: full admins, and after the last grace those who were (Q-01).
create view full_admins as
select p.organisation_id, p.person_id, p.name, p.email, p.email_version, p.language
  from people p
 where exists (select from person_roles r
                where r.person_id = p.person_id and r.role in ('customer_full_admin', 'contact_of_record'));
-- Everybody who administers a customer in some way is told of a trial's end (NO-01).
create view customer_admins as
select p.organisation_id, p.person_id, p.name, p.email, p.email_version, p.language
  from people p
 where exists (select from person_roles r
                where r.person_id = p.person_id
                  and r.role in ('customer_full_admin', 'contact_of_record', 'customer_admin'));
create view partner_admins as
select t.partner_id, p.organisation_id, p.person_id, p.name, p.email, p.email_version, p.language,
       exists (select from person_roles r
                where r.person_id = p.person_id and r.role in ('partner_full_admin', 'partner_sales_admin')) as sells
  from partners t join people p on p.organisation_id = t.organisation_id
 where exists (select from person_roles r
                where r.person_id = p.person_id
                  and r.role in ('partner_full_admin', 'partner_sales_admin', 'partner_admin'));

alter table licence_sets add column services text[] not null default '{}';
-- The licences of a trial that is cancelled are removed without ever having expired (TC-11).
alter table licence_sets drop constraint licence_sets_check1;
alter table licence_sets add constraint licence_sets_expiry check (state <> 'suspended' or expired_at is not null);

create table licence_assignments (
    licence_set_id licence_set_id not null references licence_sets on delete cascade,
    person_id person_id not null references people on delete cascade,
    since timestamptz not null,
    primary key (licence_set_id, person_id)
);
comment on table licence_assignments is 'Who holds a licence of a set: the users of a trial (NO-07).';
create index licence_assignments_person on licence_assignments (person_id);

create table trials (
    trial_id trial_id primary key,
    organisation_id organisation_id not null references organisations,
    partner_id partner_id not null references partners,
    path text not null check (path in ('new_customer', 'existing_customer', 'add_on')),
    state text not null check (state in ('pending_consent', 'awaiting_details', 'provisioning', 'active', 'grace',
                                         'converted', 'cancelled', 'ended')),
    generation integer not null default 1 check (generation > 0),
    services text[] not null,
    length_days integer not null check (length_days > 0),
    licence_set_id licence_set_id not null unique,
    requested_by person_id not null,
    requested_at timestamptz not null,
    request_hash text not null,
    admin_email text,
    seats integer,
    site_url text,
    site_time_zone text,
    devices jsonb not null default '[]',
    activated_at timestamptz,
    armed_at timestamptz,
    ends_at timestamptz,
    reminder_at timestamptz,
    grace_ends_at timestamptz,
    cycle integer not null default 0 check (cycle >= 0),
    number_holds integer not null default 0,
    closed_at timestamptz,
    check (state not in ('active', 'grace') or ends_at is not null),
    check ((state = 'grace') = (grace_ends_at is not null)),
    check (state in ('converted', 'cancelled', 'ended') or cardinality(services) > 0)
);
comment on column trials.generation is 'Counts its executions: an extension in grace begins the next.';
comment on column trials.cycle is 'Counts the ends that it has had: each is told once (TC-04).';
comment on column trials.request_hash is 'Of the request, so that one that comes again is known as such (TR-23).';
comment on column trials.admin_email is 'The address that was typed; the consent mail of a stranger goes there (CO-03).';
comment on column trials.reminder_at is 'When its end is told beforehand; null where that was done, or is not (NO-09).';
create index trials_organisation on trials (organisation_id);
create index trials_partner on trials (partner_id, trial_id);

create table trial_services (
    trial_id trial_id not null references trials on delete cascade,
    service text not null,
    state text not null check (state in ('ordered', 'built', 'leaving', 'gone', 'bought')),
    turn integer not null default 1 check (turn > 0),
    resource text,
    problem text,
    primary key (trial_id, service, turn)
);
comment on column trial_services.turn is 'Counts how often it was added: a part of the idempotency key (PV-04). What is added again may find its last turn still standing.';

alter table trial_requests
    add column trial_id trial_id unique references trials on delete cascade,
    add column mailings integer not null default 1 check (mailings > 0),
    add column decided_by person_id,
    add column decided_at timestamptz;
comment on column trial_requests.mailings is 'How often the request was mailed: the cycle of its notices (CO-12).';

create table meeting_sites (
    site_url text primary key check (site_url = lower(site_url)),
    organisation_id organisation_id not null references organisations,
    state text not null default 'in_use' check (state in ('in_use', 'free', 'retired')),
    since timestamptz not null,
    retired_from organisation_id[] not null default '{}'
);
comment on table meeting_sites is 'A free one was asked for and never used. One that was purged is retired.';
comment on column meeting_sites.retired_from is 'Who had it when it was purged: it is never given back to them, whoever had it since (TR-10, GR-08).';
create index meeting_sites_organisation on meeting_sites (organisation_id);

create table phone_numbers (
    phone_number text primary key check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    organisation_id organisation_id not null references organisations,
    trial_id trial_id references trials on delete set null,
    licence_set_id licence_set_id,
    state text not null default 'assigned' check (state in ('assigned', 'held', 'released')),
    hold integer,
    held_until timestamptz,
    check ((state = 'held') = (held_until is not null))
);
comment on table phone_numbers is 'Assigned, on hold after the end of calling, or released for good (A section 18.5).';
create index phone_numbers_organisation on phone_numbers (organisation_id);
create index phone_numbers_trial on phone_numbers (trial_id);

create table orders (
    order_id order_id primary key,
    trial_id trial_id not null references trials on delete cascade,
    organisation_id organisation_id not null references organisations,
    licence_set_id licence_set_id not null,
    services text[] not null,
    ordered_by partner_id references partners,
    contact person_id,
    request_hash text not null,
    converted_at timestamptz not null,
    acting_as text check (acting_as in ('partner', 'customer_admin')),
    tied_at timestamptz
);
create index orders_trial on orders (trial_id);

-- The duty to return devices outlives the organisation (Q-26): nothing here is of a person.
create table device_returns (
    trial_id trial_id primary key,
    organisation_id organisation_id not null references organisations,
    partner_id partner_id not null references partners,
    country text,
    demo_order text not null,
    device_ends_at timestamptz not null,
    due_at timestamptz not null check (due_at > device_ends_at),
    generation integer not null default 1,
    overdue_at timestamptz,
    label_requested_at timestamptz
);
create index device_returns_partner on device_returns (partner_id, due_at);
create table trial_devices (
    trial_id trial_id not null references device_returns,
    serial text not null,
    shipped_at timestamptz not null,
    returned_at timestamptz,
    primary key (trial_id, serial)
);
create unique index trial_devices_out on trial_devices (serial) where returned_at is null;

-- The platform's own record, where no vendor's is used.
create sequence platform_numbers;
create table platform_resources (
    order_key text primary key,
    resource text not null unique,
    organisation_id organisation_id not null references organisations,
    trial_id trial_id not null,
    service text not null,
    region text,
    seats integer,
    site_url text,
    phone_numbers text[] not null default '{}',
    built_at timestamptz,
    torn_down_at timestamptz
);
create index platform_resources_organisation on platform_resources (organisation_id);

alter table notices alter column recipient type text collate "C";
alter table notices
    add constraint notices_recipient check (recipient ~ '^(per|trl)_'),
    add column workflow_id text;
comment on column notices.recipient is 'A person, or a trial whose typed address is meant (CO-03).';
comment on column notices.workflow_id is 'The process whose it is to deliver; null: the countdown of its generation.';
create index notices_queued on notices (workflow_id) where state = 'queued' and workflow_id is not null;

create trigger purging_only before delete on trials
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on meeting_sites
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on phone_numbers
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on orders
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on platform_resources
    for each row when (current_user = 'tenure_erasure') execute function purging_only();

-- A site goes with the recordings, and by the same guard (RP-06).
create function site_guard() returns trigger language plpgsql as $$
begin
    if without_meetings(old.organisation_id) is not true then
        raise exception 'organisation % keeps its meetings site', old.organisation_id;
    end if;
    return new;
end $$;
create trigger site_guard before update on meeting_sites
    for each row when (current_user = 'tenure_erasure') execute function site_guard();

grant select, insert, update on licence_assignments, trials, trial_services, meeting_sites, phone_numbers, orders,
    device_returns, trial_devices, platform_resources to tenure_app;
grant select on full_admins, customer_admins, partner_admins to tenure_app, tenure_erasure;
grant usage on sequence platform_numbers to tenure_app;
grant delete on licence_assignments to tenure_app;
grant select on licence_assignments, trials, trial_services, meeting_sites, phone_numbers, orders, device_returns,
    trial_devices, platform_resources to tenure_erasure;
grant delete on trials, meeting_sites, phone_numbers, orders, platform_resources to tenure_erasure;
grant update (state, retired_from) on meeting_sites to tenure_erasure;
grant update (torn_down_at) on platform_resources to tenure_erasure;
grant update (industry, region) on organisations to tenure_erasure;

-- A partner's token may be a person's, who then acts on the partner's trials (PS-04, TC-21).
alter table api_tokens add column person_id person_id references people on delete set null;
alter table api_tokens add constraint api_tokens_person check (person_id is null or role = 'partner');
