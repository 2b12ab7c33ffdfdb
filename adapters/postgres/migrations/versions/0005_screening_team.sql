-- Whoever loads the lists night by night needs no more than that.
alter table api_tokens drop constraint api_tokens_role;
alter table api_tokens add constraint api_tokens_role
    check (role in ('service', 'operator', 'partner', 'service_provider', 'reviewer', 'list_keeper'));

-- Reviews that are over, from the newest decision on, and all of them from the newest on; `rpl_cases_queue` is of the open.
create index rpl_cases_closed on rpl_cases (closed_at, case_id) where closed_at is not null;
create index rpl_cases_newest on rpl_cases (opened_at, case_id);
