-- The end of a trial's grace moves the people of that moment, once: whoever comes later stays (GR-11).
alter table licence_sets add column users_moved_at timestamptz;
comment on column licence_sets.users_moved_at is 'When the end of its grace moved the users, or found that they stay.';
