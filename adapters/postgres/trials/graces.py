"""What the end of a trial's grace takes along: the trial, its users, its services, its numbers (GR-06 to GR-11)."""

from typing import Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.graces import licence_sets
from adapters.postgres.trials import numbers, rows
from adapters.postgres.trials.mailing import Mailing
from adapters.postgres.trials.requests import begin_trial
from adapters.postgres.trials.rows import Trial
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.organisation import CONSUMER, Role
from tenure.contracts.trial import TrialState
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy import grace as rule
from tenure.policy.rules import Rules
from tenure.ports import TIMER

_CONSUMERS: Final = """
insert into organisations (organisation_id, name, country, created_at) values ($1, 'Consumers', 'ZZ', $2)
 on conflict do nothing
"""
_BEGIN_MOVING: Final = """
update licence_sets set users_moved_at = $2 where licence_set_id = $1 and users_moved_at is null returning true
"""
_MOVE: Final = """
update people set organisation_id = $2, origin_organisation_id = $1
 where organisation_id = $1 and person_id not in (select person_id from full_admins where organisation_id = $1)
returning person_id
"""
# Who decided for the organisation stays on record: they can still sign in, be warned, buy and delete.
_RECORD: Final = """
insert into person_roles (person_id, role)
select person_id, $2 from full_admins where organisation_id = $1 on conflict do nothing
"""
_DROP_ROLES: Final = """
delete from person_roles where role <> $2
   and (person_id = any($3::text[]) or person_id in (select person_id from people where organisation_id = $1))
returning role
"""
# A partner whose next trial is to be set up still has what that needs (PV-02).
_END_GRANTS: Final = """
update managements m set access = 'none' where organisation_id = $1 and access <> 'none'
   and not exists (select from trials t where t.organisation_id = m.organisation_id and t.partner_id = m.partner_id
                                          and t.state in ('awaiting_details', 'provisioning'))
returning partner_id
"""


class TrialGraces:
    """The steps at the end of a trial's grace, each inside a transaction that holds the organisation's lock."""

    def __init__(self, rules: Rules, catalogue: Catalogue, message_domain: str) -> None:
        self._rules = rules
        self._catalogue = catalogue
        self._domain = message_domain

    async def end(self, connection: Connection, before: Trial, workflow_id: str, at: Instant) -> None:
        """The trial is over with its licences; who held one is captured to be told, before anybody is moved (NO-07)."""
        trial = await rows.change(
            connection,
            before,
            at=at,
            actor=TIMER.actor,
            action="trial_ended",
            reason="grace_over",
            state=TrialState.ENDED,
            grace_ends_at=None,
            generation=before.generation + 1,
        )
        await rows.release_services(connection, trial.trial_id)
        await begin_trial(connection, trial, at)  # it has the services torn down
        await Mailing(self._domain, trial, workflow_id, at).holders(connection)

    async def move_users(
        self, connection: Connection, organisation: asyncpg.Record, licence_set_id: LicenceSetId, *, at: Instant
    ) -> int:
        """Users go to the free consumer organisation, and all roles and grants end, where no licence is left (GR-07).

        Once for each set that ends: who joins later stays. A partner's own organisation keeps its people: they work
        for its customers. Answers how many were moved.
        """
        organisation_id = OrganisationId(organisation["organisation_id"])
        if not await connection.fetchval(_BEGIN_MOVING, licence_set_id, at):
            return 0
        being_built = await connection.fetchval(
            "select exists (select from trials where organisation_id = $1 and state = 'provisioning')", organisation_id
        )
        if not rule.moves_users(await licence_sets(connection, organisation_id), being_built=being_built):
            return 0
        if await connection.fetchval("select true from partners where organisation_id = $1", organisation_id):
            return 0
        await connection.execute(_CONSUMERS, CONSUMER, at)
        await connection.execute("insert into activity (organisation_id) values ($1) on conflict do nothing", CONSUMER)
        moved = [row["person_id"] for row in await connection.fetch(_MOVE, organisation_id, CONSUMER)]
        await connection.execute(_RECORD, organisation_id, Role.CONTACT_OF_RECORD)
        roles = await connection.fetch(_DROP_ROLES, organisation_id, Role.CONTACT_OF_RECORD, moved)
        grants = await connection.fetch(_END_GRANTS, organisation_id)
        if moved or roles or grants:
            await audit.append(
                connection,
                subject=organisation_id,
                at=at,
                actor=TIMER.actor,
                action="users_moved",
                reason="grace_over",
                details={"people": len(moved), "roles_ended": len(roles), "grants_ended": len(grants)},
            )
        return len(moved)

    async def hold_numbers(self, connection: Connection, trial: Trial, grace_ended_at: Instant, *, at: Instant) -> int:
        """Phone numbers rest until day 45, or go to calling that was bought meanwhile; answers how many rest."""
        await numbers.hold(
            connection,
            trial,
            calling_ended_at=grace_ended_at,
            at=at,
            actor=TIMER.actor,
            rules=self._rules,
            catalogue=self._catalogue,
        )
        held: int = await connection.fetchval(
            "select count(*) from phone_numbers where trial_id = $1 and state = 'held'", trial.trial_id
        )
        return held
