"""Trials as rows: found, locked with whom they concern, and written with their audit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection, business_now, lock_settled
from tenure.contracts.base import Contract, Instant
from tenure.contracts.licence import ServiceKey
from tenure.contracts.organisation import GONE
from tenure.contracts.trial import Site, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, TrialId, TrialRequestId

_ROW: Final = "select * from trials where trial_id = $1"


class Trial(Contract):
    """A row of `trials`."""

    trial_id: TrialId
    organisation_id: OrganisationId
    partner_id: PartnerId
    path: TrialPath
    state: TrialState
    generation: int
    services: tuple[ServiceKey, ...]
    length_days: int
    licence_set_id: LicenceSetId
    requested_at: Instant
    request_hash: str
    admin_email: str | None
    seats: int | None
    site_url: str | None
    site_time_zone: str | None
    activated_at: Instant | None
    armed_at: Instant | None
    ends_at: Instant | None
    reminder_at: Instant | None
    grace_ends_at: Instant | None
    cycle: int
    number_holds: int

    @property
    def site(self) -> Site | None:
        """Its meetings site."""
        if self.site_url is None or self.site_time_zone is None:
            return None
        return Site(url=self.site_url, time_zone=self.site_time_zone)

    @property
    def until(self) -> Instant | None:
        """When its present state is over by time alone."""
        return self.ends_at if self.state is TrialState.ACTIVE else self.grace_ends_at

    @property
    def request_id(self) -> TrialRequestId:
        """The request for consent to it: there is at most one."""
        return request_id(self.trial_id)


def request_id(trial_id: TrialId) -> TrialRequestId:
    """The id of the request for consent to a trial."""
    return TrialRequestId(f"req_{trial_id.name}")


@dataclass(frozen=True, slots=True)
class Locked:
    """A trial, and the organisations that its change concerns, locked."""

    trial: Trial
    organisation: asyncpg.Record
    own: asyncpg.Record | None
    """The partner's own organisation: gaining or losing a customer may mark or unmark it (DM-02)."""
    now: Instant


async def find(connection: Connection, trial_id: TrialId) -> Trial | None:
    """A trial, where there is one."""
    row = await connection.fetchrow(_ROW, trial_id)
    return None if row is None else Trial.model_validate(dict(row))


async def find_by_licences(connection: Connection, licence_set_id: LicenceSetId) -> Trial | None:
    """The trial that a licence set is of, where it is run here and has been active."""
    row = await connection.fetchrow(
        "select * from trials where licence_set_id = $1 and activated_at is not null", licence_set_id
    )
    return None if row is None else Trial.model_validate(dict(row))


async def lock_trial(connection: Connection, trial_id: TrialId) -> Locked:
    """Lock a trial's organisation and its partner's own, whose ids never change, and read the trial anew.

    Raises:
        Refusal: `trial_not_found`, also once it is purged; `org_deleted` from the fence of its organisation on.
    """
    seen = await find(connection, trial_id)
    if seen is None:
        raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
    customer, own = await lock_with_partner(connection, seen.organisation_id, seen.partner_id)
    trial = await find(connection, trial_id)
    if trial is None or customer is None:
        raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
    if customer["state"] in GONE:
        raise Refusal(RefusalCode.ORG_DELETED)
    return Locked(trial, customer, own, await business_now(connection))


async def lock_with_partner(
    connection: Connection, organisation_id: OrganisationId | None, partner_id: PartnerId
) -> tuple[asyncpg.Record | None, asyncpg.Record | None]:
    """Lock an organisation and a partner's own, in order of id; answers both rows, None where there is none."""

    async def concerned() -> set[OrganisationId]:
        own = await own_organisation(connection, partner_id)
        return {each for each in (organisation_id, own) if each is not None}

    rows = await lock_settled(connection, concerned)
    own = await own_organisation(connection, partner_id)
    customer = rows.get(organisation_id) if organisation_id is not None else None
    return customer, rows.get(own) if own is not None else None


async def own_organisation(connection: Connection, partner_id: PartnerId) -> OrganisationId | None:
    """A partner's own organisation, where it has one."""
    found = await connection.fetchval("select organisation_id from partners where partner_id = $1", partner_id)
    return None if found is None else OrganisationId(found)


async def change(
    connection: Connection,
    before: Trial,
    *,
    at: Instant,
    actor: str,
    action: str,
    reason: str | None = None,
    details: Mapping[str, object] | None = None,
    **columns: Any,
) -> Trial:
    """Write some columns of a trial with its audit row (XC-04); answers the trial as it is then."""
    if columns.get("state") in {TrialState.CONVERTED, TrialState.CANCELLED, TrialState.ENDED}:
        columns["closed_at"] = at
    if columns:
        names = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=2))
        row = await connection.fetchrow(
            f"update trials set {names} where trial_id = $1 returning *",  # noqa: S608 - names of columns, all ours
            before.trial_id,
            *columns.values(),
        )
        assert row is not None
        after = Trial.model_validate(dict(row))
    else:
        after = before
    await record(connection, after, before.state, at=at, actor=actor, action=action, reason=reason, details=details)
    return after


async def record(
    connection: Connection,
    trial: Trial,
    from_state: TrialState | None,
    *,
    at: Instant,
    actor: str,
    action: str,
    reason: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Append what became of a trial to its organisation's audit. No address and no name goes into it."""
    await audit.append(
        connection,
        subject=trial.organisation_id,
        at=at,
        actor=actor,
        action=action,
        from_state=from_state,
        to_state=trial.state,
        reason=reason,
        details={"trial_id": trial.trial_id, **(details or {})},
    )


async def order_services(connection: Connection, trial_id: TrialId, services: Iterable[ServiceKey]) -> None:
    """Have services built; one that was part of the trial before has its next turn, whether or not the last is gone."""
    await connection.execute(
        "insert into trial_services (trial_id, service, turn, state)"
        " select $1::trial_id, wanted, 1 + coalesce((select max(s.turn) from trial_services s"
        "                                   where s.trial_id = $1 and s.service = wanted), 0), 'ordered'"
        "   from unnest($2::text[]) as wanted",
        trial_id,
        list(services),
    )


async def forget_services(
    connection: Connection, trial_id: TrialId, services: Iterable[ServiceKey] | None = None
) -> None:
    """Services that the customer did not consent to, all of them where none are named: the platform was never asked."""
    await connection.execute(
        "update trial_services set state = 'gone'"
        " where trial_id = $1 and state = 'ordered' and ($2::text[] is null or service = any($2))",
        trial_id,
        None if services is None else list(services),
    )


async def release_services(
    connection: Connection, trial_id: TrialId, services: Iterable[ServiceKey] | None = None
) -> None:
    """Have services torn down, all of them where none are named; what was ordered may have been built by now."""
    await connection.execute(
        "update trial_services set state = 'leaving', problem = null"
        " where trial_id = $1 and state in ('ordered', 'built') and ($2::text[] is null or service = any($2))",
        trial_id,
        None if services is None else list(services),
    )


async def leave_to_buyer(connection: Connection, trial_id: TrialId, services: Iterable[ServiceKey]) -> None:
    """Services that were bought stand on, and are the trial's no more, whatever becomes of it (TC-11, TC-12)."""
    await connection.execute(
        "update trial_services set state = 'bought'"
        " where trial_id = $1 and service = any($2::text[]) and state in ('ordered', 'built')",
        trial_id,
        list(services),
    )
