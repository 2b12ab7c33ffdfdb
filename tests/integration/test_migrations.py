"""A database of the release before trials is brought to head with all that was in it, and everything goes on (EV-01, P12)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

import adapters.postgres.migrate as migrating
from adapters.postgres import ledger
from adapters.postgres.migrate import migrate
from adapters.postgres.processes import PostgresProcesses
from tenure.contracts.deletion import Reason
from tenure.contracts.licence import GraceOutcome, RenewalGraceInput
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import CONSUMER, OrganisationState
from tenure.contracts.trial import RequestTrial, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId, TrialId
from tenure.settings import InstallationKind
from tests.integration.deletion.conftest import QUICK
from tests.integration.deletion.town import SERVICE, Town
from tests.integration.trials.fairground import Fairground

LIVE, MARKED, WARNED, GRACE, GONE = (
    OrganisationId(f"org_{name}") for name in ("live", "marked", "warned", "grace", "gone")
)
_FACTS = """
insert into installation (kind) values ('simulation');
insert into organisations (organisation_id, name, country, state, generation, marked_at, created_at)
select 'org_' || name, initcap(name), 'DE', state, generation,
       case when state in ('marked', 'warned') then now() - interval '31 days' end, now() - interval '900 days'
  from (values ('own', 'live', 0), ('live', 'live', 0), ('marked', 'marked', 1), ('warned', 'warned', 2),
               ('grace', 'live', 0), ('gone', 'erasing', 1)) as o (name, state, generation);
insert into activity (organisation_id, closed, fenced_at, watched)
select organisation_id, state = 'erasing', case when state = 'erasing' then now() end, state = 'warned' from organisations;
insert into partners values ('ptr_old', 'Old Telecom', 'org_own', now());
insert into managements (partner_id, organisation_id, access, since)
values ('ptr_old', 'org_live', 'provisioning', now()), ('ptr_old', 'org_grace', 'full', now());
insert into people (person_id, organisation_id, name, email, created_at)
select 'per_' || name || '-' || n, 'org_' || name, 'Ada', 'ada-' || n || '@' || name || '.example', now()
  from unnest(array['own', 'live', 'marked', 'warned', 'grace', 'gone']) as name cross join generate_series(1, 2) as n;
insert into person_roles
select person_id, case when person_id like 'per_own%' then 'partner_sales_admin'
                       when person_id like '%-1' then 'customer_full_admin' else 'user' end from people;
insert into licence_sets (licence_set_id, organisation_id, kind, state, meetings, expires_at, removal_due_at, removed_at,
                          active_since, expired_at, generation, created_at)
values ('lic_live', 'org_live', 'subscription', 'active', true, null, null, null, now(), null, 0, now()),
       ('lic_marked', 'org_marked', 'subscription', 'removed', true, now(), null, now(), now(), now(), 1, now()),
       ('lic_grace', 'org_grace', 'trial', 'suspended', true, now(), now() + interval '1 day', null, now(), now(), 1, now());
insert into processes (workflow_id, type, organisation_id, input, state, created_at)
values ('deletion/org_marked/1', 'DeletionCountdown', 'org_marked', '{"organisation_id": "org_marked", "generation": 1}',
        'started', now()),
       ('deletion/org_warned/2', 'DeletionCountdown', 'org_warned', '{"organisation_id": "org_warned", "generation": 2}',
        'started', now()),
       ('erasure/org_gone/1', 'Erasure', 'org_gone', '{}', 'started', now());
insert into processes (workflow_id, type, organisation_id, input, state, created_at)
select 'renewal-grace/lic_grace/1', 'RenewalGrace', organisation_id,
       jsonb_build_object('licence_set_id', licence_set_id, 'organisation_id', organisation_id, 'kind', kind,
                          'generation', 1, 'removal_due_at', removal_due_at), 'started', now()
  from licence_sets where state = 'suspended';
insert into countdowns (organisation_id, generation, cycle, counting_from)
values ('org_marked', 1, 0, now() - interval '31 days'), ('org_warned', 2, 1, now() - interval '31 days');
insert into promises (organisation_id, generation, cycle, base_at, not_before)
values ('org_warned', 2, 1, now() - interval '31 days', now() + interval '30 days');
insert into trial_requests (trial_request_id, organisation_id, partner_id, requested_at, deadline_at)
values ('req_before', 'org_warned', 'ptr_old', now(), now() + interval '45 days');
insert into content (organisation_id, store, item_id) values ('org_grace', 'recordings', 'one'), ('org_gone', 'files', 'one');
insert into erasures (organisation_id, generation, cause, fenced_at, quarantine_until, evidence)
values ('org_gone', 1, 'unused', now(), now() + interval '1 day', '{}');
"""
_WARNING = """
insert into notices (notice_id, kind, organisation_id, subject, generation, cycle, recipient, message_id, email_version,
                     created_at, attempts)
values ($1, 'deletion_warning', 'org_warned', 'org_warned', 2, 1, 'per_warned-1', '<1@old>', 1, now(), 1)
"""
# As the release before writes, while both run beside each other.
_OF_THE_OLD_RELEASE = """
insert into licence_sets (licence_set_id, organisation_id, kind, state, meetings, expires_at, active_since, created_at)
values ('lic_late', 'org_live', 'subscription', 'active', false, null, now(), now()) on conflict do nothing;
insert into notices (notice_id, kind, organisation_id, subject, generation, cycle, recipient, message_id, email_version,
                     created_at)
values (gen_random_uuid(), 'deletion_warning', 'org_marked', 'org_marked', 1, 1, 'per_marked-1', '<2@old>', 1, now())
on conflict (notice_id) do update set state = 'queued';
insert into partners (partner_id, name, organisation_id, created_at) values ('ptr_late', 'Late', null, now());
insert into managements (partner_id, organisation_id, access, since)
values ('ptr_late', 'org_live', 'provisioning', now()) on conflict do nothing;
insert into organisations (organisation_id, name, country, language, time_zone, created_at)
values ('org_late', 'Late', 'DE', 'en', 'UTC', now());
insert into trial_requests (trial_request_id, organisation_id, partner_id, requested_at, deadline_at)
values ('req_late', 'org_live', 'ptr_late', now(), now() + interval '1 day');
insert into person_roles (person_id, role) values ('per_live-2', 'customer_admin') on conflict do nothing;
"""


def _to_0001(url: str) -> None:
    """Bring a database to the first revision, by the same revisions."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


@pytest.fixture
async def before(postgres_url: str) -> AsyncIterator[str]:
    """A database of the release before, with all kinds of facts in it."""
    server = await asyncpg.connect(postgres_url)
    await server.execute("drop database if exists of_0001")
    await server.execute("create database of_0001")
    url = f"{postgres_url.rpartition('/')[0]}/of_0001"
    await asyncio.to_thread(_to_0001, url)
    connection = await asyncpg.connect(url)
    await connection.execute(_FACTS)
    notice_id = ledger.notice_id(NoticeKind.DELETION_WARNING, WARNED, 2, 1, "per_warned-1")
    await connection.execute(_WARNING, notice_id)
    await connection.close()
    yield url
    await server.execute("drop database of_0001 with (force)")
    await server.close()


@pytest.fixture
async def town(before: str) -> AsyncIterator[Town]:
    """The same one, at head."""
    await asyncio.to_thread(migrate, before, InstallationKind.SIMULATION)
    async with Town.open(before, QUICK) as town:
        yield town


async def test_a_warned_organisation_is_told_and_deleted_as_promised(town: Town) -> None:
    """Its queued warning goes out, a request of before defers it, and in the end all of it is erased (SF-01, DP-05, XC-07)."""
    [notice] = await town.fetch("select notice_id, workflow_id from notices")
    assert notice["workflow_id"] is None
    await town.deliver(str(notice["notice_id"]))
    step = await town.assess(WARNED)
    assert step.assessment.due_at is not None
    await town.advance_to(step.assessment.due_at)
    assert (await town.assess(WARNED)).assessment.reason is Reason.REQUEST_PENDING
    await town.advance(QUICK.notice_period)
    assert (await town.fence(WARNED)).state is OrganisationState.ERASING
    await town.advance(QUICK.quarantine)
    assert (await town.clear(WARNED)).cleared
    await town.erase(WARNED)
    assert await town.state(WARNED) is OrganisationState.DELETED
    assert await town.fetch("select from trial_requests where organisation_id = $1", WARNED) == []


async def test_a_mail_of_before_can_come_back(town: Town) -> None:
    """What was sent before is known by the address that it went to (TL-04)."""
    [notice] = await town.fetch("select notice_id, address_digest from notices")
    assert notice["address_digest"] == ledger.address_digest(notice["notice_id"], "Ada-1@warned.example")


async def test_a_marked_organisation_is_warned(town: Town) -> None:
    """Its countdown goes on where it was, and warns whoever was full admin then (DM-05, P1)."""
    step = await town.warn(MARKED)
    assert step.state is OrganisationState.WARNED
    [notice] = await town.fetch("select recipient from notices where organisation_id = $1", MARKED)
    assert notice["recipient"] == "per_marked-1"


async def test_an_erasure_goes_on(town: Town) -> None:
    """What was fenced before is purged after, of what it had then (SF-11, XC-07)."""
    await town.advance(QUICK.quarantine)
    assert (await town.clear(GONE)).cleared
    await town.erase(GONE)
    assert await town.state(GONE) is OrganisationState.DELETED


async def test_a_grace_of_a_trial_ends_as_one(town: Town) -> None:
    """A trial set of before has no trial here; its end takes users, roles and recordings along all the same (GR-06, GR-10, Q-01)."""
    ground = Fairground(town)
    [row] = await town.fetch("select input from processes where type = 'RenewalGrace'")
    grace = RenewalGraceInput.model_validate(row["input"])
    await town.advance_to(grace.removal_due_at)
    result = await ground.end_grace(grace)
    assert (result.outcome, result.marked) == (GraceOutcome.REMOVED, True)
    assert await ground.kept(GRACE) == []
    homes = await town.fetch("select organisation_id from people where person_id like 'per_grace%' order by person_id")
    assert [home["organisation_id"] for home in homes] == [GRACE, CONSUMER]
    [contact] = await town.fetch("select person_id from full_admins where organisation_id = $1", GRACE)
    assert contact["person_id"] == "per_grace-1"
    [kept] = await town.fetch("select access from managements where organisation_id = $1", GRACE)
    assert kept["access"] == "none"


async def test_trials_begin(town: Town) -> None:
    """Partners of before are certified and of tier 1, and try with their customers what these have not bought (TR-01, TR-15)."""
    request = RequestTrial(
        trial_id=TrialId("trl_new"),
        partner_id=PartnerId("ptr_old"),
        requested_by=PersonId("per_own-1"),
        services=("messaging", "calling"),
        organisation_id=LIVE,
    )
    trial = await town.trials.request(SERVICE, request)
    await Fairground(town).run(trial.trial_id)
    assert (await Fairground(town).show(trial.trial_id)).state is TrialState.ACTIVE
    owned = request.model_copy(update={"trial_id": TrialId("trl_owned"), "services": ("meetings",)})
    with pytest.raises(Refusal) as refusal:
        await town.trials.request(SERVICE, owned)
    assert refusal.value.code is RefusalCode.SERVICE_ALREADY_OWNED


async def test_the_id_of_a_request_of_before_is_taken(town: Town) -> None:
    """Its trial would have the same request: it is refused by a code (P11, TR-23)."""
    request = RequestTrial(
        trial_id=TrialId("trl_before"),
        partner_id=PartnerId("ptr_old"),
        requested_by=PersonId("per_own-1"),
        services=("messaging",),
        organisation_id=MARKED,
        company_name="Marked",
        admin_email="ada-1@marked.example",
        industry="technology",
        country="DE",
    )
    with pytest.raises(Refusal) as refusal:
        await town.trials.request(SERVICE, request)
    assert refusal.value.code is RefusalCode.TRIAL_EXISTS


async def test_nothing_is_missing_and_the_release_before_goes_on(town: Town) -> None:
    """The repair finds every process of before, and what the old workers still write is taken (EV-03, EV-01)."""
    assert await PostgresProcesses(town.database).require_missing() == []
    await town.execute(_OF_THE_OLD_RELEASE)
    assert await PostgresProcesses(town.database).require_missing() == []
