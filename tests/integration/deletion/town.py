"""A town of organisations on a real Postgres whose clock the test moves: the world of the deletion tests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Self

import asyncpg
from pydantic import SecretStr

from adapters.links import Links
from adapters.postgres import marking
from adapters.postgres.activity import PostgresActivity
from adapters.postgres.breakers import PostgresBreakers
from adapters.postgres.countdowns import PostgresCountdowns
from adapters.postgres.database import Database, DatabaseRole, business_now, lock
from adapters.postgres.eraser import PostgresEraser
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.evidence import read_evidence
from adapters.postgres.licences import PostgresLicences
from adapters.postgres.notices import PostgresNotices
from adapters.postgres.organisations import PostgresOrganisations
from adapters.postgres.platform import PostgresPlatform
from adapters.postgres.trials.consents import PostgresConsents
from adapters.postgres.trials.returns import PostgresDevices
from adapters.postgres.trials.steps import PostgresTrialSteps
from adapters.postgres.trials.trials import PostgresTrials
from tenure.contracts.activity import ActivityEvent, ActivityKind, IntakeResult
from tenure.contracts.deletion import CountdownAt, CountdownStep, Evidence, Reason
from tenure.contracts.erasure import (
    AbortErasures,
    AbortResult,
    Clearance,
    EraseStore,
    Erasure,
    ErasureAt,
    IssueReceipt,
    Receipt,
    Store,
)
from tenure.contracts.forecast import NextDate
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.organisation import DeleteNow, OrganisationState
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId
from tenure.policy.catalogue import shipped
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules
from tenure.ports import Caller

OPERATOR = Caller(actor="operator:ada")
SERVICE = Caller(actor="service:orders")
DOMAIN = "tenure.test"
LINK_SECRET = "a-secret-of-the-tests-for-links-of-mails"
LINKS = Links(
    SecretStr(LINK_SECRET),
    public_url="https://tenure.test",
    admin_console_url="https://admin.test",
)
UNSCREENED = ScreeningRules(customers="wholesale")
"""No lists are loaded here: customers of trials, of whom these tests are not about screening, do not wait for any (Q-27)."""
FASTEST = 100
"""Warnings and fences a second: as many as rules may allow."""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Shelf:
    """Temporal's histories, as a shelf of workflow ids."""

    def __init__(self) -> None:
        self.histories: set[str] = set()
        self.stuck: set[str] = set()

    async def delete(self, workflow_ids: Sequence[str]) -> int:
        """Delete every execution with one of these ids."""
        found = (self.histories & set(workflow_ids)) - self.stuck
        self.histories -= found
        return len(found)

    async def remaining(self, workflow_ids: Sequence[str]) -> int:
        """How many of these ids are still known."""
        return len(self.histories & set(workflow_ids))


class Town:
    """Organisations, the adapters under test, and the one clock."""

    def __init__(self, url: str, database: Database, erasure: Database, rules: Rules) -> None:
        self.url = url
        self.database = database
        self.erasure = erasure
        self.shelf = Shelf()
        self._numbers = count(1)
        self.rule(rules)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, rules: Rules, *, max_size: int = 10) -> AsyncIterator[Self]:
        """Open the adapters on a migrated database."""
        async with (
            Database.open(url, max_size=max_size) as database,
            Database.open(url, DatabaseRole.ERASURE) as erasure,
        ):
            town = cls(url, database, erasure, rules)
            async with town.database.write() as connection:
                await connection.execute("insert into feeds (source, rhythm) values ('identity', '15 minutes')")
            await town.heartbeat()
            yield town

    def rule(self, rules: Rules) -> None:
        """Build the adapters on these rules."""
        self.rules = rules
        self.activity = PostgresActivity(self.database)
        self.countdowns = PostgresCountdowns(self.database, rules, activity=self.activity, message_domain=DOMAIN)
        self.notices = PostgresNotices(self.database, rules, message_domain=DOMAIN, links=LINKS, catalogue=shipped())
        self.erasures = PostgresErasures(self.database, rules)
        self.breakers = PostgresBreakers(self.database, rules)
        self.organisations = PostgresOrganisations(self.database, rules)
        self.licences = PostgresLicences(self.database, rules, shipped(), message_domain=DOMAIN)
        self.eraser = PostgresEraser(self.erasure, rules, self.shelf, PostgresPlatform(self.erasure))
        self.trials = PostgresTrials(self.database, rules, UNSCREENED, shipped(), message_domain=DOMAIN)
        self.consents = PostgresConsents(self.database, shipped())
        self.devices = PostgresDevices(self.database, rules, shipped(), message_domain=DOMAIN)
        self.trial_steps = PostgresTrialSteps(self.database, rules, shipped(), message_domain=DOMAIN)
        self.platform = PostgresPlatform(self.database)

    # The clock and the feeds.

    async def now(self) -> datetime:
        """The town's time."""
        async with self.database.read() as connection:
            return await business_now(connection)

    async def advance(self, by: timedelta, *, feeds: bool = True) -> datetime:
        """Move the clock; the feeds say that they delivered all up to then, unless told to be silent."""
        async with self.database.write() as connection:
            await connection.execute("update installation set clock_offset = clock_offset + $1", by)
        if feeds:
            await self.heartbeat()
        return await self.now()

    async def advance_to(self, instant: datetime, *, feeds: bool = True) -> datetime:
        """Move the clock to an instant, or leave it where it is past that."""
        return await self.advance(max(instant - await self.now(), timedelta(0)), feeds=feeds)

    async def heartbeat(self) -> None:
        """Every feed is complete up to now."""
        await self.execute("update feeds set watermark = business_now(), heard_at = business_now()")

    # Facts.

    async def execute(self, statement: str, *arguments: object) -> None:
        """Run a statement as the application."""
        async with self.database.write() as connection:
            await connection.execute(statement, *arguments)

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Read as the application."""
        async with self.database.read() as connection:
            return await connection.fetch(statement, *arguments)

    async def value[T](self, type_: type[T], statement: str, *arguments: object) -> T:
        """Read one value as the application."""
        async with self.database.read() as connection:
            value = await connection.fetchval(statement, *arguments)
        assert isinstance(value, type_), value
        return value

    async def organisation(
        self, *, admins: int = 1, time_zone: str = "UTC", managed_by: PartnerId | None = None
    ) -> OrganisationId:
        """A live organisation that holds nothing, with so many full admins."""
        [organisation_id] = await self.organisations_of(1, admins=admins, time_zone=time_zone, managed_by=managed_by)
        return organisation_id

    async def organisations_of(
        self, number: int, *, admins: int = 1, time_zone: str = "UTC", managed_by: PartnerId | None = None
    ) -> list[OrganisationId]:
        """So many of them."""
        names = [f"{next(self._numbers):05d}" for _ in range(number)]
        async with self.database.write() as connection:
            await connection.execute(
                "insert into organisations (organisation_id, name, country, time_zone, created_at)"
                " select 'org_' || name, 'Name of ' || name, 'DE', $2, business_now() from unnest($1::text[]) as name",
                names,
                time_zone,
            )
            await connection.execute(
                "insert into activity (organisation_id) select 'org_' || name from unnest($1::text[]) as name", names
            )
            await connection.execute(
                "insert into people (person_id, organisation_id, name, email, created_at)"
                " select 'per_' || name || '-' || number, 'org_' || name, 'Ada ' || name,"
                "        'ada-' || number || '@' || name || '.example', business_now()"
                "   from unnest($1::text[]) as name cross join generate_series(1, $2) as number",
                names,
                admins,
            )
            await connection.execute(
                "insert into person_roles select 'per_' || name || '-' || number, 'customer_full_admin'"
                "  from unnest($1::text[]) as name cross join generate_series(1, $2) as number",
                names,
                admins,
            )
            if managed_by is not None:
                await connection.execute(
                    "insert into managements select $2, 'org_' || name, 'full', business_now()"
                    "  from unnest($1::text[]) as name",
                    names,
                    managed_by,
                )
        return [OrganisationId(f"org_{name}") for name in names]

    async def partner(self, organisation_id: OrganisationId | None = None) -> PartnerId:
        """A partner, with that organisation as its own."""
        partner_id = PartnerId(f"ptr_{next(self._numbers):05d}")
        await self.execute(
            "insert into partners (partner_id, name, organisation_id, created_at)"
            " values ($1, 'Partner', $2, business_now())",
            partner_id,
            organisation_id,
        )
        return partner_id

    async def mark(self, *organisation_ids: OrganisationId) -> None:
        """Mark organisations that have nothing left, as the removal of the last licence does."""
        async with self.database.write() as connection:
            rows = await lock(connection, *organisation_ids)
            await marking.evaluate_all(
                connection,
                list(rows.values()),
                at=await business_now(connection),
                actor="timer",
                reason="licences_removed",
                rules=self.rules,
            )

    async def sign_in(self, organisation_id: OrganisationId, at: datetime | None = None) -> IntakeResult:
        """Somebody of the organisation signs in, by default now."""
        event = ActivityEvent(
            organisation_id=organisation_id,
            kind=ActivityKind.APP_SIGN_IN,
            at=at or await self.now(),
            source="identity",
        )
        return await self.activity.record([event])

    async def licence_set(self, organisation_id: OrganisationId, state: str, *, meetings: bool = False) -> LicenceSetId:
        """A licence set as a row, past the facts that would unmark or mark."""
        licence_set_id = LicenceSetId(f"lic_{next(self._numbers):05d}")
        await self.execute(
            "insert into licence_sets (licence_set_id, organisation_id, kind, state, meetings, active_since, expired_at,"
            "                          removal_due_at, removed_at, created_at)"
            " select $1, $2, 'subscription', $3::text, $4, now, case when $3 <> 'active' then now end,"
            "        case when $3 = 'suspended' then now end, case when $3 = 'removed' then now end, now"
            "   from business_now() as now",
            licence_set_id,
            organisation_id,
            state,
            meetings,
        )
        return licence_set_id

    async def buy(self, organisation_id: OrganisationId) -> None:
        """The organisation buys a subscription."""
        command = GrantLicences(
            licence_set_id=LicenceSetId(f"lic_{next(self._numbers):05d}"),
            organisation_id=organisation_id,
            kind=LicenceKind.SUBSCRIPTION,
        )
        await self.licences.grant(SERVICE, command)

    async def delete_now(self, organisation_id: OrganisationId) -> Erasure:
        """A full admin asks for the organisation's deletion."""
        name = await self.value(str, "select name from organisations where organisation_id = $1", organisation_id)
        command = DeleteNow(organisation_id=organisation_id, person_id=admin(organisation_id), confirmation=name)
        return await self.organisations.delete_now(SERVICE, command)

    async def request_trial(self, organisation_id: OrganisationId, deadline_at: datetime) -> str:
        """A partner asks for a trial that waits for consent."""
        request_id = f"req_{next(self._numbers):05d}"
        await self.execute(
            "insert into trial_requests (trial_request_id, organisation_id, partner_id, requested_at, deadline_at)"
            " values ($1, $2, $3, business_now(), $4)",
            request_id,
            organisation_id,
            await self.partner(),
            deadline_at,
        )
        return request_id

    # The steps of a countdown and of an erasure, as of the town's time.

    async def at(self, organisation_id: OrganisationId) -> CountdownAt:
        """The present countdown of an organisation, now."""
        generation = await self.value(
            int, "select generation from organisations where organisation_id = $1", organisation_id
        )
        return CountdownAt(organisation_id=organisation_id, generation=generation, as_of=await self.now())

    async def assess(self, organisation_id: OrganisationId) -> CountdownStep:
        """Look now."""
        return await self.countdowns.assess(await self.at(organisation_id))

    async def warn(self, organisation_id: OrganisationId) -> CountdownStep:
        """Warn now."""
        return await self._in_turn(self.countdowns.warn, organisation_id)

    async def fence(self, organisation_id: OrganisationId) -> CountdownStep:
        """Fence now."""
        return await self._in_turn(self.countdowns.fence, organisation_id)

    async def _in_turn(
        self, act: Callable[[CountdownAt], Awaitable[CountdownStep]], organisation_id: OrganisationId
    ) -> CountdownStep:
        """Act now; a place in the fastest queue that there is comes within milliseconds, and is waited for."""
        while True:
            step = await act(await self.at(organisation_id))
            if step.assessment.reason is not Reason.RATE or self.rules.per_second < FASTEST:
                return step

    async def deliver(self, *notice_ids: str) -> None:
        """A mail server accepts these notices now."""
        for notice_id in notice_ids:
            assert await self.notices.next_attempt(notice_id) is not None
            await self.notices.accepted(notice_id, "250 2.0.0 Ok: queued as 4ABC")

    async def warned(self, organisation_id: OrganisationId | None = None, *, admins: int = 1) -> OrganisationId:
        """An organisation whose warning was accepted just now."""
        organisation_id = organisation_id or await self.organisation(admins=admins)
        await self.mark(organisation_id)
        await self.advance(self.rules.silence)
        step = await self.warn(organisation_id)
        assert step.state is OrganisationState.WARNED, step
        await self.deliver(*step.notices)
        return organisation_id

    async def warned_without_admins(self, organisation_id: OrganisationId) -> None:
        """Warn an organisation that has no full admin, whenever its turn is: the attempt stands for the acceptance."""
        for _ in range(100):
            step = await self.warn(organisation_id)
            if step.state is OrganisationState.WARNED:
                return
            assert step.assessment.reason == "rate", step
            await self.advance(timedelta(milliseconds=100))
        raise AssertionError("its turn never came")

    async def abort(self, *organisation_ids: OrganisationId) -> AbortResult:
        """An operator stops these erasures."""
        command = AbortErasures(organisations=organisation_ids, reason="a stale list")
        return await self.erasures.abort(OPERATOR, command)

    async def ripe(self, organisation_id: OrganisationId | None = None) -> OrganisationId:
        """An organisation that may be fenced now."""
        organisation_id = await self.warned(organisation_id)
        step = await self.assess(organisation_id)
        assert step.assessment.due_at is not None
        await self.advance_to(step.assessment.due_at)
        assert (await self.assess(organisation_id)).assessment.verdict == "fence"
        return organisation_id

    async def fenced(self, organisation_id: OrganisationId | None = None) -> OrganisationId:
        """An organisation in quarantine."""
        organisation_id = await self.ripe(organisation_id)
        assert (await self.fence(organisation_id)).state is OrganisationState.ERASING
        return organisation_id

    async def clear(self, organisation_id: OrganisationId) -> Clearance:
        """Ask whether the purge may begin now."""
        at = await self.at(organisation_id)
        return await self.erasures.clear(ErasureAt.model_validate(at.model_dump()))

    async def purging(self, organisation_id: OrganisationId | None = None) -> OrganisationId:
        """An organisation whose purge has begun."""
        organisation_id = await self.fenced(organisation_id)
        await self.advance(self.rules.quarantine)
        assert (await self.clear(organisation_id)).cleared
        return organisation_id

    async def erase(self, organisation_id: OrganisationId) -> Receipt:
        """Purge every store, and issue the receipt."""
        generation = (await self.at(organisation_id)).generation
        for store in Store:
            command = EraseStore(organisation_id=organisation_id, generation=generation, store=store)
            assert (await self.eraser.erase(command)).remaining == 0
        return await self.eraser.issue_receipt(IssueReceipt(organisation_id=organisation_id, generation=generation))

    # What can be seen.

    async def state(self, organisation_id: OrganisationId) -> OrganisationState:
        """The state of an organisation."""
        return OrganisationState(
            await self.value(str, "select state from organisations where organisation_id = $1", organisation_id)
        )

    async def evidence(self, organisation_id: OrganisationId) -> Evidence:
        """The evidence about an organisation."""
        async with self.database.read() as connection:
            return await read_evidence(connection, organisation_id, lock_activity=False)

    async def erasure_of(self, organisation_id: OrganisationId) -> Erasure:
        """The newest erasure of an organisation."""
        return next(
            erasure for erasure in await self.erasures.all(OPERATOR) if erasure.organisation_id == organisation_id
        )

    async def next_dates(self, organisation_id: OrganisationId) -> list[NextDate]:
        """What happens next to an organisation, as stored."""
        rows = await self.fetch("select * from next_dates where organisation_id = $1 order by due_at", organisation_id)
        return [NextDate.model_validate(dict(row)) for row in rows]

    async def turn(self, organisation_id: OrganisationId) -> datetime | None:
        """The place that the rate has given to it."""
        return (await self.evidence(organisation_id)).turn_at

    async def audit(self, subject: str) -> list[str]:
        """What happened to a subject, in order."""
        rows = await self.fetch("select action from audit where subject = $1 order by position", subject)
        return [row["action"] for row in rows]

    async def processes(self, organisation_id: OrganisationId) -> dict[str, str]:
        """The organisation's processes and their states."""
        rows = await self.fetch("select workflow_id, state from processes where organisation_id = $1", organisation_id)
        return {row["workflow_id"]: row["state"] for row in rows}

    async def wakes(self, organisation_id: OrganisationId) -> int:
        """How often facts have asked that the organisation's processes look."""
        return await self.value(
            int, "select coalesce(sum(wakes), 0)::int from processes where organisation_id = $1", organisation_id
        )


def admin(organisation_id: OrganisationId, number: int = 1) -> PersonId:
    """The n-th full admin of an organisation."""
    return PersonId(f"per_{organisation_id.removeprefix('org_')}-{number}")
