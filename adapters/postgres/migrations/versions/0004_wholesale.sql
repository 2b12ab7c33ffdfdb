-- Wholesale customers. Locks as before: organisations (in id order), activity, the rest; an external id is locked by its
-- hash before all of them, and the lists that something was screened with after them, shared, in order of id.

create domain rpl_case_id as text collate "C" check (value ~ '^case_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');

create table onboardings (
    organisation_id organisation_id primary key references organisations,
    partner_id partner_id not null references partners,
    external_id text not null,
    request_hash text not null,
    generation integer not null default 1 check (generation > 0),
    state text not null check (state in ('received', 'screening', 'pending_rpl_review', 'provisioning', 'active',
                                         'error', 'cancelled')),
    reason text check (reason in ('rpl_review_timeout', 'rpl_unresolved', 'rpl_rejected', 'provisioning_failed')),
    state_since timestamptz not null,
    requested_at timestamptz not null,
    activated_at timestamptz,
    own_organisation boolean not null default false,
    name text not null,
    billing_address jsonb not null,
    package text not null,
    licence_set_id licence_set_id not null,
    admin_email text,
    admin_name text,
    invoice_reference text,
    sites jsonb not null default '[]',
    users jsonb not null default '[]',
    numbers jsonb not null default '[]',
    provision_after_review boolean not null default false,
    reviewed boolean not null default false,
    attempts integer not null default 0 check (attempts >= 0),
    looks_at timestamptz,
    problem text,
    warnings text[] not null default '{}',
    account text,
    check ((state = 'error') = (reason is not null)),
    check (state <> 'active' or activated_at is not null)
);
comment on table onboardings is 'A wholesale customer: one row each, for a partner''s own organisation the newest onboarding.';
comment on column onboardings.generation is 'Counts its executions: a retry of provisioning begins the next, and so does another onboarding.';
comment on column onboardings.package is 'The creation package level: never changed (ONB-09).';
comment on column onboardings.billing_address is 'The one in force.';
comment on column onboardings.users is 'What came with its creation, until it is provisioned (PRV-06).';
comment on column onboardings.reviewed is 'Its screening had a hit: what came with it waits for a run of provisioning.';
comment on column onboardings.attempts is 'Screenings in a row that were not possible; the next is at looks_at (RPL-16).';
-- What has failed its review, or is over, gives its external id back (RPL-12, Q-29).
create unique index onboardings_external on onboardings (partner_id, external_id)
    where state <> 'cancelled' and (reason is null or reason = 'provisioning_failed');
create index onboardings_under_way on onboardings (organisation_id)
    where state in ('received', 'screening', 'pending_rpl_review', 'provisioning');
create index onboardings_partner on onboardings (partner_id, organisation_id);

create function creation_package_stays() returns trigger language plpgsql as $$
begin
    if new.package <> old.package and new.requested_at = old.requested_at then
        raise exception 'the creation package level of % never changes', old.organisation_id;
    end if;
    return new;
end $$;
create trigger creation_package_stays before update of package on onboardings
    for each row execute function creation_package_stays();

create table address_changes (
    organisation_id organisation_id not null references onboardings on delete cascade,
    generation integer not null check (generation > 0),
    state text not null check (state in ('address_screening', 'address_pending_rpl_review', 'applied', 'error')),
    reason text check (reason in ('rpl_review_timeout', 'rpl_unresolved', 'rpl_rejected', 'subscription_cancelled')),
    billing_address jsonb not null,
    resync boolean not null default false,
    requested_at timestamptz not null,
    state_since timestamptz not null,
    attempts integer not null default 0,
    looks_at timestamptz,
    problem text,
    primary key (organisation_id, generation),
    check ((state = 'error') = (reason is not null))
);
create unique index address_changes_pending on address_changes (organisation_id)
    where state in ('address_screening', 'address_pending_rpl_review');

create table customer_screenings (
    trial_id trial_id primary key references trials on delete cascade,
    organisation_id organisation_id not null references organisations,
    partner_id partner_id not null references partners,
    state text not null default 'screening' check (state in ('screening', 'pending_rpl_review', 'clear', 'error')),
    reason text check (reason in ('rpl_review_timeout', 'rpl_unresolved', 'rpl_rejected')),
    requested_at timestamptz not null,
    state_since timestamptz not null,
    attempts integer not null default 0 check (attempts >= 0),
    looks_at timestamptz,
    problem text,
    check ((state = 'error') = (reason is not null))
);
comment on table customer_screenings is 'Of customers that trials have created: nothing is built for the trial before its one is clear (RPL-01, Q-27).';
create unique index customer_screenings_open on customer_screenings (organisation_id)
    where state in ('screening', 'pending_rpl_review');
create index customer_screenings_organisation on customer_screenings (organisation_id, requested_at);

create table screenings (
    screening_id bigint generated always as identity primary key,
    organisation_id organisation_id not null references organisations,
    trigger text not null check (trigger in ('create', 'address_update', 'list_update')),
    generation integer,
    result text not null check (result in ('clear', 'match')),
    subject jsonb,
    lists jsonb not null,
    hits jsonb not null default '[]',
    known jsonb not null default '[]',
    omitted integer not null default 0,
    screened_at timestamptz not null,
    list_id text,
    list_version integer
);
comment on table screenings is 'Every screening that was done, clear or not (RPL-19). An erasure blanks subject and hits.';
comment on column screenings.known is 'Hits that a reviewer had cleared for this customer.';
comment on column screenings.list_id is 'The list whose update was screened against.';
create index screenings_organisation on screenings (organisation_id, screening_id);
create unique index screenings_list on screenings (organisation_id, list_id, list_version) where list_id is not null;

create table rpl_cases (
    case_id rpl_case_id primary key,
    organisation_id organisation_id not null references organisations,
    partner_id partner_id not null references partners,
    screening_id bigint not null unique references screenings,
    trigger text not null check (trigger in ('create', 'address_update', 'list_update')),
    generation integer not null,
    trial_id trial_id references trials on delete set null,
    state text not null default 'open' check (state in ('open', 'approved', 'rejected', 'unresolved', 'timed_out')),
    opened_at timestamptz not null,
    deadline_at timestamptz not null check (deadline_at > opened_at),
    closed_at timestamptz,
    decided_by text,
    reason text,
    check ((state = 'open') = (closed_at is null)),
    check ((state in ('approved', 'rejected', 'unresolved')) = (decided_by is not null))
);
comment on column rpl_cases.trial_id is 'The trial that has created the customer, and waits for it.';
comment on column rpl_cases.generation is 'Of the onboarding or the change of address that waits for it.';
create index rpl_cases_queue on rpl_cases (deadline_at, case_id);
create index rpl_cases_open on rpl_cases (opened_at) where state = 'open';
create index rpl_cases_organisation on rpl_cases (organisation_id);
create index rpl_cases_trial on rpl_cases (trial_id) where trial_id is not null;

-- Exactly one decision, and what is decided stays (RPL-15).
create function case_guard() returns trigger language plpgsql as $$
begin
    if old.state <> 'open' and new.state <> old.state then
        raise exception 'the review % is closed', old.case_id;
    end if;
    return new;
end $$;
create trigger case_guard before update on rpl_cases for each row execute function case_guard();

create table cleared_hits (
    organisation_id organisation_id not null references organisations,
    list_id text not null,
    entry_id text not null,
    entry_hash text not null,
    subject_hash text not null,
    case_id rpl_case_id not null references rpl_cases,
    cleared_at timestamptz not null,
    primary key (organisation_id, list_id, entry_id, entry_hash, subject_hash)
);
comment on table cleared_hits is 'The memory of decisions: who was cleared of which entry, as both were then.';

create table unit_quantities (
    organisation_id organisation_id not null references organisations,
    kind text not null check (kind in ('package', 'add_on')),
    code text not null,
    quantity integer not null check (quantity >= 0),
    assigned integer not null default 0 check (assigned >= 0),
    primary key (organisation_id, kind, code),
    check (assigned <= quantity)
);
comment on table unit_quantities is 'How many of each package and add-on may be assigned, and are: the cap is checked and taken in one statement (PKG-07).';

create table user_packages (
    person_id person_id primary key references people on delete cascade,
    organisation_id organisation_id not null references organisations,
    package text not null,
    since timestamptz not null
);
comment on table user_packages is 'Exactly one a user: this table''s key (PKG-02).';
create index user_packages_organisation on user_packages (organisation_id, person_id);

-- Outlives its user, for the bill: no foreign key, and an id names nobody.
create table add_on_assignments (
    item_id bigint generated always as identity primary key,
    organisation_id organisation_id not null references organisations,
    partner_id partner_id not null references partners,
    person_id person_id not null,
    add_on text not null,
    started_at timestamptz not null,
    ended_at timestamptz check (ended_at >= started_at)
);
create unique index add_on_assignments_current on add_on_assignments (person_id, add_on) where ended_at is null;
create index add_on_assignments_partner on add_on_assignments (partner_id, item_id);
create index add_on_assignments_organisation on add_on_assignments (organisation_id);

alter table phone_numbers
    add column person_id person_id references people on delete set null,
    add column location text,
    add constraint phone_numbers_one_place check (person_id is null or location is null);
comment on column phone_numbers.person_id is 'The user of a wholesale customer who has it.';
create index phone_numbers_person on phone_numbers (person_id) where person_id is not null;

alter table meeting_sites
    add column time_zone text,
    add column pstn text check (pstn in ('cisco', 'other')),
    add column telephony_domain text,
    add column call_in_number text,
    add column call_in_prefix text,
    add column call_in_rule text check (call_in_rule in ('country', 'location_default')),
    add constraint meeting_sites_call_in check (num_nonnulls(call_in_number, call_in_prefix, call_in_rule) in (0, 3));
comment on column meeting_sites.call_in_number is 'Chosen when the site was created, and by an address change with resync (CIN-11, Q-35).';

alter table licence_sets
    add column wholesale boolean not null default false,
    add column payment_state text not null default 'paid' check (payment_state in ('paid', 'unpaid')),
    add column invoice_reference text;

-- Whose customer list an organisation is in: who manages it, and while its wholesale subscription lives the partner whose
-- own it is (PO-08).
create view customer_lists as
select m.partner_id, m.organisation_id from managements m
union all
select p.partner_id, p.organisation_id from partners p
  join licence_sets l on l.organisation_id = p.organisation_id and l.wholesale and l.state = 'active';

create table wizards (
    organisation_id organisation_id primary key references organisations,
    step text not null default 'accept_terms' check (step in ('accept_terms', 'get_started', 'follow_prompts', 'complete')),
    terms_version text,
    accepted_by text,
    accepted_at timestamptz,
    completed_at timestamptz,
    check ((step = 'accept_terms') = (accepted_at is null)),
    check ((step = 'complete') = (completed_at is not null))
);

-- The account of a wholesale customer is of no trial.
alter table platform_resources alter column trial_id drop not null;

-- What follows the update of a list is of the whole installation.
alter table processes alter column organisation_id drop not null;

alter table api_tokens drop constraint api_tokens_role_check, drop constraint api_tokens_check;
alter table api_tokens
    add constraint api_tokens_role check (role in ('service', 'operator', 'partner', 'service_provider', 'reviewer')),
    add constraint api_tokens_partner check ((role in ('partner', 'service_provider')) = (partner_id is not null));

create trigger purging_only before delete on onboardings
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on cleared_hits
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on unit_quantities
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on wizards
    for each row when (current_user = 'tenure_erasure') execute function purging_only();

grant select, insert, update on onboardings, address_changes, customer_screenings, screenings, rpl_cases, cleared_hits, unit_quantities,
    user_packages, add_on_assignments, wizards to tenure_app;
revoke update on screenings, cleared_hits from tenure_app;
-- A user who is taken out goes, with what was assigned; what goes of the organisation is the eraser's.
grant delete on people, user_packages to tenure_app;
create function users_only() returns trigger language plpgsql as $$
begin
    if not exists (select from user_packages u where u.person_id = old.person_id) then
        raise exception '% is no user of a wholesale customer', old.person_id;
    end if;
    return old;
end $$;
create trigger users_only before delete on people
    for each row when (current_user = 'tenure_app') execute function users_only();
grant select on customer_lists to tenure_app, tenure_erasure;
grant select on onboardings, address_changes, customer_screenings, screenings, rpl_cases, cleared_hits, unit_quantities, user_packages,
    add_on_assignments, wizards to tenure_erasure;
grant delete on onboardings, cleared_hits, unit_quantities, wizards to tenure_erasure;
grant update (subject, hits, known) on screenings to tenure_erasure;
grant update (time_zone, pstn, telephony_domain, call_in_number, call_in_prefix, call_in_rule) on meeting_sites
    to tenure_erasure;
grant update (reason) on rpl_cases to tenure_erasure;
