-- Names as people type them: without case, accents and strokes. Each is folded once, when it is written, and no more for
-- each search; by the Unicode tables of Postgres itself, so that what is stored holds on whatever system, in any locale.
create function folded(value text) returns text language sql immutable strict parallel safe
return replace(translate(regexp_replace(normalize(casefold(value collate "pg_unicode_fast"), NFD), '[\u0300-\u036f]', '', 'g'),
                         'łđøı', 'ldoi'), 'ß', 'ss');
alter table organisations add column folded_name text collate "C" generated always as (folded(name)) stored;
comment on column organisations.folded_name is 'What a search looks into; it is erased with the name.';
