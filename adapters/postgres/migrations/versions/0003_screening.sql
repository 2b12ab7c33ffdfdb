-- Restricted-party lists (RPL). An update takes the list's advisory lock; nothing else is locked with it.

create table screening_lists (
    list_id text not null,
    version integer not null check (version > 0),
    sha256 text not null,
    published_at timestamptz,
    loaded_at timestamptz not null,
    confirmed_at timestamptz not null,
    loaded_by text not null,
    entries integer not null check (entries >= 0),
    names integer not null check (names >= 0),
    primary key (list_id, version)
);
comment on table screening_lists is 'Every version of every list; the highest of a list is in use.';
comment on column screening_lists.confirmed_at is 'When these very files were last presented: the age of the list.';

create table screening_entries (
    list_id text not null,
    entry_id text not null,
    from_version integer not null,
    until_version integer check (until_version > from_version),
    hash text not null,
    document jsonb not null,
    primary key (list_id, entry_id, from_version),
    foreign key (list_id, from_version) references screening_lists deferrable initially deferred
);
comment on table screening_entries is
    'An entry as it was from one version up to, and without, another: what an update changed begins or ends with it.';
create index screening_entries_from on screening_entries (list_id, from_version);
create index screening_entries_until on screening_entries (list_id, until_version);

grant select, insert, update on screening_lists, screening_entries to tenure_app;
grant select on screening_lists, screening_entries to tenure_erasure;
