"""The abort of erasures that the vendor's own mistake began: one organisation or thousands, while in quarantine (SF-11)."""

from collections.abc import Sequence

from adapters.postgres import marking
from adapters.postgres.database import Connection, business_now, lock
from adapters.postgres.erasure_rows import COLUMNS, erasure_of
from adapters.postgres.pending import wake_processes
from tenure.contracts.base import Instant
from tenure.contracts.erasure import AbortErasures, AbortResult, Erasure, ErasureCause, ErasureState
from tenure.contracts.forecast import NextKind
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.rules import Rules

_NEWEST = f"""
select distinct on (organisation_id) {COLUMNS} from erasures
 where organisation_id = any($1::text[]) order by organisation_id, generation desc
"""  # noqa: S608 - a constant

# In order of id, as the intake visits its rows.
_REOPEN = """
  with fenced as (select organisation_id from activity where organisation_id = any($1::text[])
                   order by organisation_id for update)
update activity set closed = false, fenced_at = null, late_at = null,
                    last_activity_at = greatest(last_activity_at, late_at)
 where organisation_id in (select organisation_id from fenced)
"""

_ALL_MANAGERS = """
with recursive above (organisation_id) as (
       select unnest($1::text[]) collate "C"
        union
       select p.organisation_id::text from above a join managements m on m.organisation_id = a.organisation_id
                                                   join partners p using (partner_id)
        where p.organisation_id is not null)
select organisation_id from above
"""

_MANAGERS = """
select distinct p.organisation_id from managements m join partners p using (partner_id)
 where m.organisation_id = any($1::text[]) and p.organisation_id is not null
"""


# What waited for something beside licences ended with the fence, and goes on: devices are still out, reviews are open.
_RESUME = """
update processes p set state = 'pending', closed_at = null, restarts = restarts + 1, wakes_sent = wakes
  from erasures e
 where p.organisation_id = e.organisation_id and e.organisation_id = any($1::text[]) and e.ended_at = $2
   and p.state = 'closed' and p.closed_at >= e.fenced_at
   and p.type in ('Trial', 'NumberRetention', 'DeviceReturn', 'WholesaleOnboarding', 'RplReview', 'AddressChange',
                  'CustomerScreening')
"""
_RETURN_DATES = """
insert into next_dates (organisation_id, kind, subject, due_at, rule, reason)
select d.organisation_id, $2, d.trial_id, d.due_at, 'DV-02', 'devices_shipped' from device_returns d
 where d.organisation_id = any($1::text[]) and d.overdue_at is null
   and exists (select from trial_devices v where v.trial_id = d.trial_id and v.returned_at is null)
 on conflict do nothing
"""


async def plan(connection: Connection, command: AbortErasures) -> AbortResult:
    """Who comes back: of those named all that can, and with them partners whose own organisations are in quarantine.

    A partner that gains a customer is not unused (DM-02), whatever becomes of that customer later.
    """
    found = await _newest(connection, command.organisations)
    refused = {
        organisation_id: str(code)
        for organisation_id in command.organisations
        if (code := _refuse(found.get(organisation_id)))
    }
    aborted: set[OrganisationId] = set()
    returning = set(command.organisations) - refused.keys()
    while returning:
        aborted |= returning
        managers = [OrganisationId(row[0]) for row in await connection.fetch(_MANAGERS, list(returning))]
        own = await _newest(connection, managers)
        returning = {manager for manager in own.keys() - aborted if _refuse(own[manager]) is None}
    return AbortResult(
        aborted=tuple(sorted(aborted)),
        refused={organisation_id: code for organisation_id, code in refused.items() if organisation_id not in aborted},
    )


async def carry_out(actor: str, command: AbortErasures, rules: Rules, connection: Connection) -> AbortResult:
    """Bring back in one transaction all that can be: marked, base = now, next generation, data as it was."""
    concerned = await connection.fetch(_ALL_MANAGERS, command.organisations)
    locked = await lock(connection, *(OrganisationId(row["organisation_id"]) for row in concerned))
    planned = await plan(connection, command)
    if not planned.aborted:
        return planned
    now = await business_now(connection)
    await connection.execute(_REOPEN, planned.aborted)
    await connection.execute(
        "update erasures set state = 'aborted', held_because = null, ended_at = $2"
        " where organisation_id = any($1::text[]) and state = 'quarantine'",
        planned.aborted,
        now,
    )
    await connection.execute(
        "delete from next_dates where organisation_id = any($1::text[]) and kind = $2", planned.aborted, NextKind.PURGE
    )
    await marking.begin_countdowns(
        connection,
        [locked[organisation_id] for organisation_id in planned.aborted],
        at=now,
        actor=actor,
        action="erasure_aborted",
        reason=command.reason,
        rules=rules,
    )
    await connection.execute(_RESUME, planned.aborted, now)
    await connection.execute(_RETURN_DATES, planned.aborted, NextKind.DEVICE_RETURN)
    await wake_processes(connection, *planned.aborted)
    await _return_customers(connection, planned.aborted, now, actor)
    return planned


def _refuse(erasure: Erasure | None) -> RefusalCode | None:
    """Why an erasure cannot be aborted, or None where it can."""
    if erasure is None or erasure.state is ErasureState.ABORTED:
        return RefusalCode.ERASURE_NOT_FOUND
    if erasure.state is not ErasureState.QUARANTINE or erasure.cause is ErasureCause.OWN_REQUEST:
        return RefusalCode.IRREVERSIBLE
    return None


async def _newest(connection: Connection, organisation_ids: Sequence[OrganisationId]) -> dict[OrganisationId, Erasure]:
    rows = await connection.fetch(_NEWEST, organisation_ids)
    return {OrganisationId(row["organisation_id"]): erasure_of(row) for row in rows}


async def _return_customers(connection: Connection, aborted: Sequence[OrganisationId], at: Instant, actor: str) -> None:
    """Each partner of these gains a customer again: a mark on its own organisation is cleared (DM-02).

    That organisation is locked already, and may have been among the aborted itself: so its row is read again. Managing
    only itself clears nothing: it stays marked by the abort (SF-11, DM-01).
    """
    managers = [OrganisationId(row[0]) for row in await connection.fetch(_MANAGERS, aborted)]
    own = list((await lock(connection, *managers)).values())
    await marking.reconsider_all(connection, own, at=at, actor=actor, reason="customer_gained")
