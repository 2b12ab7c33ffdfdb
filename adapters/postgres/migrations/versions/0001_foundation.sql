-- Facts of the foundation. Locks are taken in this order, always: organisations (in id order), activity, the rest.

create type installation_kind as enum ('production', 'simulation');

create table installation (
    singleton boolean primary key default true check (singleton),
    kind installation_kind not null,
    clock_offset interval not null default interval '0',
    created_at timestamptz not null default clock_timestamp(),
    check (kind = 'simulation' or clock_offset = interval '0')
);
comment on table installation is 'One row: what this database was created as. A production clock has no offset (SF-10).';

-- What an installation was created as is never changed, and a simulation's clock never goes back.
create function installation_guard() returns trigger language plpgsql as $$
begin
    if new.kind <> old.kind then
        raise exception 'an installation stays what it was created as';
    end if;
    if new.clock_offset < old.clock_offset then
        raise exception 'a simulation''s clock never goes back';
    end if;
    return new;
end $$;
create trigger installation_guard before update on installation for each row execute function installation_guard();

create function business_now() returns timestamptz language sql volatile parallel safe as
$$ select clock_timestamp() + clock_offset from installation $$;
comment on function business_now is 'The only clock of intake, watermarks, breaker and fence (SF-10).';

-- Ids compare byte by byte, so that the order of locks is the same in SQL and in programs.
create domain organisation_id as text collate "C" check (value ~ '^org_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');
create domain partner_id as text collate "C" check (value ~ '^ptr_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');
create domain person_id as text collate "C" check (value ~ '^per_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');
create domain licence_set_id as text collate "C" check (value ~ '^lic_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');
create domain trial_request_id as text collate "C" check (value ~ '^req_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$');

create table organisations (
    organisation_id organisation_id primary key,
    name text,
    country text,
    language text not null default 'en',
    time_zone text not null default 'UTC',
    state text not null default 'live' check (state in ('live', 'marked', 'warned', 'erasing', 'deleted')),
    generation integer not null default 0 check (generation >= 0),
    marked_at timestamptz,
    created_at timestamptz not null,
    check (state = 'deleted' or (name is not null and country is not null)),
    check ((state in ('marked', 'warned')) = (marked_at is not null))
);
comment on column organisations.generation is 'Counts the countdowns: each marking, and each aborted erasure, begins the next.';
comment on column organisations.name is 'Null in the tombstone of a deleted organisation.';
create index organisations_state on organisations (state, organisation_id) where state <> 'live';

create table partners (
    partner_id partner_id primary key,
    name text not null,
    organisation_id organisation_id unique references organisations,
    created_at timestamptz not null
);
comment on column partners.organisation_id is 'The partner''s own organisation.';

create table managements (
    partner_id partner_id not null references partners,
    organisation_id organisation_id not null references organisations,
    access text not null default 'provisioning' check (access in ('provisioning', 'full')),
    since timestamptz not null,
    primary key (partner_id, organisation_id)
);
comment on table managements is 'Which partner manages which customer.';
create index managements_organisation on managements (organisation_id);

create table people (
    person_id person_id primary key,
    organisation_id organisation_id not null references organisations,
    origin_organisation_id organisation_id references organisations,
    name text not null,
    email text not null,
    email_version integer not null default 1,
    language text,
    time_zone text,
    created_at timestamptz not null
);
create index people_organisation on people (organisation_id);
create index people_origin on people (origin_organisation_id) where origin_organisation_id is not null;
comment on column people.email_version is 'Counts the addresses: who was refused at one is tried at the next, and no copy of it is kept.';
create function another_address() returns trigger language plpgsql as $$
begin
    new.email_version := old.email_version + 1;
    return new;
end $$;
create trigger another_address before update of email on people
    for each row when (new.email is distinct from old.email) execute function another_address();

create table person_roles (
    person_id person_id not null references people on delete cascade,
    role text not null check (role in ('customer_full_admin', 'customer_admin', 'user',
                                       'partner_full_admin', 'partner_sales_admin', 'partner_admin')),
    primary key (person_id, role)
);

create table licence_sets (
    licence_set_id licence_set_id primary key,
    organisation_id organisation_id not null references organisations,
    kind text not null check (kind in ('trial', 'subscription')),
    state text not null check (state in ('active', 'suspended', 'removed')),
    meetings boolean not null default false,
    expires_at timestamptz,
    removal_due_at timestamptz,
    removed_at timestamptz,
    active_since timestamptz not null,
    expired_at timestamptz,
    generation integer not null default 0 check (generation >= 0),
    created_at timestamptz not null,
    check ((state = 'suspended') = (removal_due_at is not null)),
    check (state = 'active' or expired_at is not null)
);
comment on column licence_sets.active_since is 'The last grant or restoration: no expiry before it ends what was paid for since.';
comment on column licence_sets.expired_at is 'The newest expiry that was reported, so that one delivered again is known as such.';
create index licence_sets_organisation on licence_sets (organisation_id);

create table trial_requests (
    trial_request_id trial_request_id primary key,
    organisation_id organisation_id not null references organisations,
    partner_id partner_id not null references partners,
    state text not null default 'pending' check (state in ('pending', 'accepted', 'lapsed', 'withdrawn', 'declined')),
    requested_at timestamptz not null,
    deadline_at timestamptz not null
);
create index trial_requests_pending on trial_requests (organisation_id) where state = 'pending';

-- A row of its own for each organisation, created with it: the one fact outside the organisation's lock.
-- last_activity_at is unindexed and the page has room, so that an update stays on its page (HOT).
create table activity (
    organisation_id organisation_id primary key references organisations,
    last_activity_at timestamptz,
    last_kind text,
    last_source text,
    watched boolean not null default false,
    closed boolean not null default false,
    fenced_at timestamptz,
    late_at timestamptz
) with (fillfactor = 75);
comment on column activity.watched is 'Warned: the countdown wants to hear of activity at once.';
comment on column activity.closed is 'Set by the fence in its transaction; intake answers org_deleted from then on.';
comment on column activity.late_at is 'The newest event dated before the fence, newer than last_activity_at, that came after it (SF-11).';

create table feeds (
    source text primary key check (source ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    rhythm interval not null check (rhythm > interval '0'),
    needed boolean not null default true,
    watermark timestamptz,
    heard_at timestamptz,
    secret_hint text
);
create table feed_gaps (
    gap_id bigint generated always as identity primary key,
    source text not null references feeds,
    lost_from timestamptz not null,
    lost_until timestamptz not null,
    reason text not null,
    declared_by text not null,
    declared_at timestamptz not null,
    check (lost_from < lost_until)
);

-- One row for each countdown; the newest generation is the organisation's.
create table countdowns (
    organisation_id organisation_id not null references organisations,
    generation integer not null,
    cycle integer not null default 0,
    counting_from timestamptz not null,
    turn_at timestamptz,
    turn_lag interval not null default '0',
    held_by trial_request_id,
    hold_reason text,
    hold_detail text,
    rules_version text,
    ended_at timestamptz,
    end_reason text,
    primary key (organisation_id, generation)
);
comment on column countdowns.counting_from is 'The marking, or the abort of an erasure.';
comment on column countdowns.turn_lag is 'How far the clock of who took that place was behind.';
comment on column countdowns.turn_at is 'The place that the rate has given to the next warning or fence (SF-05).';
comment on column countdowns.held_by is 'The trial request that has deferred this cycle''s deletion (DP-05).';
comment on column countdowns.rules_version is 'The rules of the last look at it: a fence under others looks again first (SF-04).';

create table promises (
    organisation_id organisation_id not null,
    generation integer not null,
    cycle integer not null check (cycle > 0),
    base_at timestamptz not null,
    not_before timestamptz not null,
    first_attempt_at timestamptz,
    first_accepted_at timestamptz,
    settled boolean not null default false,
    void_at timestamptz,
    primary key (organisation_id, generation, cycle),
    foreign key (organisation_id, generation) references countdowns
);
comment on column promises.not_before is 'The date printed in the warning. It only ever moves later (SF-01).';
create function promise_only_later() returns trigger language plpgsql as $$
begin
    if new.not_before < old.not_before then
        raise exception 'a promise never moves earlier';
    end if;
    return new;
end $$;
create trigger promise_only_later before update on promises for each row execute function promise_only_later();

create table notices (
    notice_id uuid primary key,
    kind text not null,
    organisation_id organisation_id not null references organisations,
    subject text not null,
    generation integer not null,
    cycle integer not null,
    recipient person_id not null,
    message_id text not null unique,
    state text not null default 'queued' check (state in ('queued', 'accepted', 'refused', 'dropped')),
    attempts integer not null default 0,
    email_version integer not null,
    refusals integer not null default 0,
    last_refusal_at timestamptz,
    created_at timestamptz not null,
    first_attempt_at timestamptz,
    last_attempt_at timestamptz,
    accepted_at timestamptz,
    server_answer text,
    unique (kind, subject, generation, cycle, recipient)
);
comment on table notices is 'One row for each kind, subject, cycle and recipient (XC-02). Holds no address: it is read when the mail is sent.';
comment on column notices.email_version is 'Which of its recipient''s addresses it was last sent to, or will be.';
comment on column notices.refusals is 'Refusals of that address that count, the last of them at last_refusal_at; after some it is final (SF-02).';
create index notices_organisation on notices (organisation_id);

create table next_dates (
    organisation_id organisation_id not null references organisations,
    kind text not null,
    subject text not null,
    due_at timestamptz not null,
    rule text not null,
    reason text not null,
    looks_at timestamptz,
    primary key (organisation_id, kind, subject)
);
comment on column next_dates.looks_at is 'When the process looks next, where that is not the due date itself.';
create index next_dates_due on next_dates ((coalesce(looks_at, due_at)));

-- Activity moves a warning without a write here: intake touches one row only. So whoever shows dates reads them so.
create function upcoming(silence interval) returns setof next_dates language sql stable as $$
    select d.organisation_id, d.kind, d.subject,
           greatest(d.due_at, silent.until_at),
           case when silent.until_at > d.due_at then 'DM-05' else d.rule end,
           case when silent.until_at > d.due_at then 'silence' else d.reason end,
           case when silent.until_at > d.due_at then coalesce(d.looks_at, d.due_at) else d.looks_at end
      from next_dates d
      left join activity a on a.organisation_id = d.organisation_id and d.kind = 'deletion_warning'
     cross join lateral (select case when a.organisation_id is not null
                                     then greatest(a.last_activity_at, (select max(lost_until) from feed_gaps)) + silence
                                end as until_at) as silent
$$;
comment on function upcoming is 'The next dates as of the newest activity; the sleeping process finds out when it looks.';

create table processes (
    workflow_id text primary key,
    type text not null,
    organisation_id organisation_id not null references organisations,
    input jsonb not null,
    state text not null default 'pending' check (state in ('pending', 'started', 'closed')),
    due_at timestamptz,
    import_id text,
    created_at timestamptz not null,
    started_at timestamptz,
    closed_at timestamptz,
    wakes integer not null default 0,
    wakes_sent integer not null default 0,
    restarts integer not null default 0
);
comment on column processes.restarts is 'Counted by the repair when it makes a started process pending again (EV-03).';
create index processes_to_start on processes (created_at, workflow_id) where state = 'pending';
create index processes_to_wake on processes (workflow_id) where state = 'started' and wakes > wakes_sent;
create index processes_organisation on processes (organisation_id);
create index processes_import on processes (import_id) where import_id is not null;
create function processes_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('processes', '');
    return null;
end $$;
create trigger processes_notify after insert or update of wakes on processes
    for each statement execute function processes_notify();

create table erasures (
    organisation_id organisation_id not null references organisations,
    generation integer not null,
    cause text not null check (cause in ('unused', 'own_request')),
    state text not null default 'quarantine' check (state in ('quarantine', 'purging', 'erased', 'aborted')),
    fenced_at timestamptz not null,
    quarantine_until timestamptz not null,
    partner_ids text[] not null default '{}',
    evidence jsonb not null,
    held_because text,
    ended_at timestamptz,
    primary key (organisation_id, generation)
);
comment on column erasures.partner_ids is 'Who managed the organisation at the fence: whose breaker counts it.';
comment on column erasures.evidence is 'What the fence saw, for the receipt. Free of personal data.';
create index erasures_recent on erasures (fenced_at);

create table erased_stores (
    organisation_id organisation_id not null,
    generation integer not null,
    store text not null,
    removed integer not null check (removed >= 0),
    remaining integer not null check (remaining >= 0),
    remains text,
    erased_at timestamptz not null,
    primary key (organisation_id, generation, store),
    foreign key (organisation_id, generation) references erasures
);
comment on table erased_stores is 'What the eraser removed and read back, for the receipt: it is the truth, no process''s memory is (SF-07).';
comment on column erased_stores.removed is 'By all attempts together.';

-- Content of the platform that Tenure purges itself; other platforms come behind the same port.
create table content (
    organisation_id organisation_id not null references organisations,
    store text not null check (store in ('messages', 'files', 'recordings', 'numbers', 'mappings')),
    item_id text not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (organisation_id, store, item_id)
);

create table rate (
    singleton boolean primary key default true check (singleton),
    next_turn_at timestamptz not null default '-infinity'
);
insert into rate default values;

create table breakers (
    scope text primary key check (scope = 'fleet' or scope ~ '^ptr_'),
    open_since timestamptz,
    reason text,
    released integer not null default 0 check (released >= 0),
    released_by text,
    released_because text,
    released_at timestamptz
);
insert into breakers (scope) values ('fleet');

create table imports (
    import_id text primary key,
    rows integer not null,
    report jsonb not null,
    imported_by text not null,
    imported_at timestamptz not null
);

create table idempotency_keys (
    actor text not null,
    key text not null check (length(key) between 1 and 255),
    command_hash text not null,
    response jsonb not null,
    created_at timestamptz not null,
    primary key (actor, key)
);

create table api_tokens (
    token_hash text primary key,
    name text not null unique,
    role text not null check (role in ('service', 'operator', 'partner')),
    partner_id partner_id references partners,
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz,
    check ((role = 'partner') = (partner_id is not null))
);
comment on table api_tokens is 'SHA-256 of the tokens that the HTTP API takes; the token itself is shown once.';

-- Append-only, and chained by hash: each row names the hash of the row before it of the same subject.
create table audit (
    audit_id bigint generated always as identity primary key,
    subject text not null,
    position integer not null,
    at timestamptz not null,
    actor text not null,
    action text not null,
    from_state text,
    to_state text,
    reason text,
    details jsonb not null default '{}',
    previous_hash text not null,
    hash text not null,
    unique (subject, position)
);
comment on table audit is 'Every state change: who, what, from, to, why, when (XC-04). Free of personal data.';

create table receipts (
    sequence bigint primary key,
    organisation_id organisation_id not null unique references organisations,
    document text not null,
    previous_hash text not null,
    hash text not null unique
);

create function append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$;
create trigger append_only before update or delete or truncate on audit for each statement execute function append_only();
create trigger append_only before update or delete or truncate on receipts for each statement execute function append_only();

-- Nothing brings a deleted organisation back; what is fenced goes on to its end, or back to its mark; and only the eraser
-- makes a deleted one, out of one that is being erased (P11, SF-12).
create function organisation_guard() returns trigger language plpgsql as $$
begin
    if old.state = 'deleted' then
        raise exception 'a deleted organisation stays deleted';
    end if;
    if old.state = 'erasing' and new.state not in ('erasing', 'marked', 'deleted') then
        raise exception 'an organisation that is being erased goes on, or back to its mark';
    end if;
    if (new.state = 'deleted') and (current_user <> 'tenure_erasure' or old.state <> 'erasing') then
        raise exception 'only the erasure role deletes an organisation, and only one that is being erased';
    end if;
    if current_user = 'tenure_erasure' and (old.state <> 'erasing' or new.state not in ('erasing', 'deleted')) then
        raise exception 'the erasure role changes only what is being erased';
    end if;
    return new;
end $$;
create trigger organisation_guard before update on organisations for each row execute function organisation_guard();

create function erasure_guard() returns trigger language plpgsql as $$
begin
    if old.state in ('erased', 'aborted') or (old.state = 'purging' and new.state not in ('purging', 'erased')) then
        raise exception 'a purge only goes forward, and what has ended stays as it is';
    end if;
    if current_user = 'tenure_erasure' and old.state <> 'purging' then
        raise exception 'the erasure role ends a purge, it begins none';
    end if;
    return new;
end $$;
create trigger erasure_guard before update on erasures for each row execute function erasure_guard();

-- The erasure role deletes rows of organisations whose purge has begun, and of no other, whatever it is told.
create function purging_only() returns trigger language plpgsql as $$
begin
    if not exists (select from erasures e where e.organisation_id = old.organisation_id and e.state = 'purging') then
        raise exception 'organisation % is not being purged', old.organisation_id;
    end if;
    return old;
end $$;
create trigger purging_only before delete on people
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on licence_sets
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on trial_requests
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
-- Recordings also go at the end of a grace, where a meetings licence was removed and none is left (RP-05, RP-06).
create function without_meetings(subject text) returns boolean language sql stable as $$
    select bool_and(state = 'removed') from licence_sets where organisation_id = subject and meetings
$$;
create trigger purging_only before delete on content for each row
    when (current_user = 'tenure_erasure' and (old.store <> 'recordings' or without_meetings(old.organisation_id) is not true))
    execute function purging_only();
-- Recordings also go at the end of a grace, while their organisation lives on, where no meetings licence is left (RP-06).
create function recordings_guard() returns trigger language plpgsql as $$
begin
    if not exists (select from erasures e where e.organisation_id = old.organisation_id and e.state = 'purging')
        and (not exists (select from licence_sets l where l.organisation_id = old.organisation_id and l.meetings)
             or exists (select from licence_sets l
                         where l.organisation_id = old.organisation_id and l.meetings and l.state <> 'removed'))
    then
        raise exception 'organisation % keeps its recordings', old.organisation_id;
    end if;
    return old;
end $$;
create trigger recordings_guard before delete on content
    for each row when (current_user = 'tenure_erasure' and old.store = 'recordings')
    execute function recordings_guard();
create trigger purging_only before delete on notices
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on promises
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on managements
    for each row when (current_user = 'tenure_erasure') execute function purging_only();
create trigger purging_only before delete on next_dates
    for each row when (current_user = 'tenure_erasure') execute function purging_only();

do $$
begin
    if not exists (select from pg_roles where rolname = 'tenure_app') then create role tenure_app; end if;
    if not exists (select from pg_roles where rolname = 'tenure_erasure') then create role tenure_erasure; end if;
end $$;
grant usage on schema public to tenure_app, tenure_erasure;
grant select, insert, update on all tables in schema public to tenure_app;
grant usage on all sequences in schema public to tenure_app, tenure_erasure;
revoke insert, update on installation, receipts, erased_stores from tenure_app;
grant update (clock_offset) on installation to tenure_app;
revoke update on audit, imports from tenure_app;
-- Roles, managements and next dates come and go; nothing else is ever deleted by the application.
grant delete on person_roles, managements, next_dates, idempotency_keys to tenure_app;
-- The eraser reads, deletes what an organisation has, blanks what has to stay, and writes down what it did.
grant select on all tables in schema public to tenure_erasure;
grant delete on people, licence_sets, trial_requests, content, notices, promises, managements, next_dates
    to tenure_erasure;
grant update (name, country, language, time_zone, state) on organisations to tenure_erasure;
grant update (last_activity_at, last_kind, last_source, late_at) on activity to tenure_erasure;
grant update (origin_organisation_id) on people to tenure_erasure;
grant update (name) on partners to tenure_erasure;
grant update (revoked_at) on api_tokens to tenure_erasure;
grant update (state, held_because, ended_at) on erasures to tenure_erasure;
grant update (state, closed_at) on processes to tenure_erasure;
grant insert, update on erased_stores to tenure_erasure;
grant insert on audit, receipts to tenure_erasure;
