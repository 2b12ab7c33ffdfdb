-- A mail that comes back after its acceptance: at most once for each notice, and for the address that it went to (TL-04).
alter table notices
    add column address_digest bytea,
    add column bounced_at timestamptz,
    add column bounce_status text,
    add column bounce_answer text,
    add constraint notices_bounce check ((bounced_at is null) = (bounce_status is null));
comment on column notices.address_digest is 'SHA-256 of notice_id, a space and the address that it was last sent to: what a report is held against.';
comment on column notices.bounced_at is 'When a report said that it was not delivered.';
comment on column notices.bounce_status is 'The enhanced status (RFC 3463) of that report, such as 5.1.1.';
comment on column notices.bounce_answer is 'The words of the mail server that gave up, without addresses.';

alter table promises add column bounced_at timestamptz;
comment on column promises.bounced_at is 'When the last of the warnings that were accepted had come back; null once one is accepted anew.';

-- Of what was sent before, as far as its recipient still has that address.
update notices n
   set address_digest = sha256(convert_to(n.notice_id || ' ' || lower(p.email), 'UTF8'))
  from people p
 where p.person_id = n.recipient and p.email_version = n.email_version and n.attempts > 0;

-- The few that are under way, of all that were ever sent: counted every quarter of a minute.
create index notices_deferred on notices (first_attempt_at) where state = 'queued' and refusals = 0;
