"""The state of the installation in numbers, for the metrics."""

from datetime import timedelta
from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.breaker import BreakerScope
from tenure.contracts.deletion import HOLDS
from tenure.contracts.erasure import PurgeHold
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.platform import NO_ANSWER
from tenure.contracts.process import Figures
from tenure.contracts.trial import OVER, TrialState
from tenure.policy.onboarding import TIMED

_FIGURES: Final = """
select coalesce((select now - min(coalesce(looks_at, due_at)) from next_dates where kind <> 'licence_expiry'),
                interval '0') as overdue,
       coalesce((select now - min(created_at) from processes where state = 'pending'), interval '0') as lag,
       (select count(*) from processes where state = 'pending') as to_start,
       (select count(*) from feeds where needed and (heard_at is null or heard_at + rhythm < now)) as feeds_late,
       (select count(*) from notices where state = 'queued' and refusals = 0
           and first_attempt_at < now - interval '1 minute') as deferred,
       coalesce((select now - min(state_since) from onboardings join organisations using (organisation_id)
                  where onboardings.state = 'provisioning' and organisations.state not in ('erasing', 'deleted')),
                interval '0') as oldest_account,
       (select count(*) from trial_services where problem <> $1 and state in ('ordered', 'leaving')) as refused,
       (select count(*) from trial_services where problem = $1 and state in ('ordered', 'leaving')) as unanswered
  from business_now() as now
"""
_SCREENING: Final = """
with alive as (select organisation_id from organisations where state not in ('erasing', 'deleted'))
select (select count(*) from rpl_cases join alive using (organisation_id) where state = 'open') as cases,
       coalesce((select business_now() - min(opened_at) from rpl_cases join alive using (organisation_id)
                  where state = 'open' and trigger = any($1::text[])), interval '0') as oldest,
       coalesce((select business_now() - min(confirmed_at)
                   from (select max(confirmed_at) as confirmed_at from screening_lists group by list_id) as lists),
                interval '0') as oldest_list,
       (select count(*) from onboardings join alive using (organisation_id)
         where state in ('received', 'screening') and problem is not null)
     + (select count(*) from address_changes join alive using (organisation_id)
         where state = 'address_screening' and problem is not null)
     + (select count(*) from customer_screenings join alive using (organisation_id)
         where state = 'screening' and problem is not null) as stuck
"""
_ORGANISATIONS: Final = "select state, count(*) as count from organisations group by state"
_TRIALS: Final = """
select state, count(*) as count from trials where state not in ('converted', 'cancelled', 'ended') group by state
"""
_COUNTDOWNS: Final = """
select hold_reason as state, count(*) as count from countdowns
 where ended_at is null and hold_reason is not null group by hold_reason
"""
_BREAKERS: Final = """
select case scope when 'fleet' then 'fleet' else 'partner' end as state, count(*) as count from breakers
 where open_since is not null and released = 0 group by 1
"""
_HOLDS: Final = """
select held_because as state, count(*) as count from erasures
 where state = 'quarantine' and held_because is not null group by held_because
"""


async def read(connection: Connection) -> Figures:
    """All of them in one snapshot; what nothing is in counts zero."""
    organisations = await _counts(connection, _ORGANISATIONS)
    trials = await _counts(connection, _TRIALS)
    held = await _counts(connection, _HOLDS)
    countdowns = await _counts(connection, _COUNTDOWNS)
    breakers = await _counts(connection, _BREAKERS)
    row = await connection.fetchrow(_FIGURES, NO_ANSWER)
    screening = await connection.fetchrow(_SCREENING, sorted(TIMED))
    assert row is not None
    assert screening is not None
    return Figures(
        organisations={state: organisations.get(state, 0) for state in OrganisationState},
        trials={state: trials.get(state, 0) for state in TrialState if state not in OVER},
        oldest_overdue=max(row["overdue"], timedelta(0)),
        to_start=row["to_start"],
        relay_lag=max(row["lag"], timedelta(0)),
        purges_held={hold: held.get(hold, 0) for hold in PurgeHold},
        countdowns_held={reason: countdowns.get(reason, 0) for reason in sorted(HOLDS)},
        breakers_open={scope: breakers.get(scope, 0) for scope in BreakerScope},
        feeds_late=row["feeds_late"],
        notices_deferred=row["deferred"],
        oldest_account=max(row["oldest_account"], timedelta(0)),
        oldest_list=max(screening["oldest_list"], timedelta(0)),
        services_refused=row["refused"],
        services_unanswered=row["unanswered"],
        cases_open=screening["cases"],
        oldest_case=max(screening["oldest"], timedelta(0)),
        screenings_stuck=screening["stuck"],
    )


async def _counts(connection: Connection, query: str) -> dict[str, int]:
    return {row["state"]: row["count"] for row in await connection.fetch(query)}
