"""Organisations: the customer list, one of them, who manages them, and their own request to be deleted."""

from functools import partial

import asyncpg

from adapters.postgres import audit, marking, receipts
from adapters.postgres.commands import once
from adapters.postgres.customers import page, show
from adapters.postgres.database import Connection, Database, business_now, lock_one, lock_settled
from adapters.postgres.evidence import read_evidence
from adapters.postgres.fencing import fence, lock_with_managers
from adapters.postgres.people import roles_in
from tenure.contracts.erasure import Erasure, ErasureCause
from tenure.contracts.organisation import (
    FULL_ADMINS,
    GONE,
    Access,
    DeleteNow,
    GrantFullAccess,
    Manage,
    OrganisationPage,
    OrganisationView,
)
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy.rules import Rules
from tenure.ports import Caller


class PostgresOrganisations:
    """The port `Organisations` on Postgres."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def page(
        self,
        caller: Caller,
        *,
        to_be_deleted: bool | None,
        named: str | None = None,
        after: OrganisationId | None,
        limit: int,
    ) -> OrganisationPage:
        """The customer list in order of id, `limit` at a time (PS-01); a partner sees its customers (PS-06)."""
        async with self._database.read() as connection:
            return await page(
                connection, caller, self._rules, to_be_deleted=to_be_deleted, named=named, after=after, limit=limit
            )

    async def show(self, caller: Caller, organisation_id: OrganisationId) -> OrganisationView:
        """One organisation, with the banner of its own console while it is marked (CS-02, DM-04).

        Raises:
            Refusal: `organisation_not_found`, also where the caller may not see it (P14); `org_deleted` from its fence
                on to a partner, and from its receipt on to everybody (SF-11).
        """
        async with self._database.read() as connection:
            return await show(connection, caller, organisation_id, self._rules)

    async def own(self, caller: Caller) -> OrganisationId:
        """The partner's own organisation, where a partner calls (WIZ-01).

        Raises:
            Refusal: `organisation_not_found` where it has none, and to everybody else.
        """
        own = None
        if caller.partner_id is not None:
            async with self._database.read() as connection:
                own = await _own_organisation(connection, caller.partner_id)
        if own is None:
            raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
        return own

    async def manage(self, caller: Caller, command: Manage) -> None:
        """A partner gains a customer: a mark on the partner's own organisation is cleared (DM-02).

        It begins with provisioning access, and is never raised by this (RO-01, RO-02).

        Raises:
            Refusal: `partner_not_found`, `organisation_not_found` or `org_deleted`; `role_not_allowed` where full access
                is asked for, which only the customer grants.
        """
        if command.access is Access.FULL:
            raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)
        await once(self._database, caller, command, type(None), partial(_manage, caller.actor, command))

    async def unmanage(self, caller: Caller, command: Manage) -> None:
        """A partner loses a customer; with the last one its own organisation may be marked (DM-02).

        Its own organisation is no customer: to manage that no more is no loss (DM-01).

        Raises:
            Refusal: `partner_not_found`, `organisation_not_found` or `org_deleted`.
        """
        await once(self._database, caller, command, type(None), partial(self._unmanage, caller.actor, command))

    async def grant_full_access(self, caller: Caller, command: GrantFullAccess) -> None:
        """The customer lets a managing partner administer everything; nobody else can (RO-02).

        Raises:
            Refusal: `organisation_not_found`, `org_deleted`, `partner_not_found` where that partner does not manage it;
                `role_not_allowed` for anybody but a full admin of this very organisation.
        """
        if caller.partner_id is not None:
            raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)
        await once(self._database, caller, command, type(None), partial(_grant_full_access, caller.actor, command))

    async def delete_now(self, caller: Caller, command: DeleteNow) -> Erasure:
        """The customer's own request: final, and without a countdown (DM-11, DM-12).

        Raises:
            Refusal: `organisation_not_found` or `org_deleted`; `person_not_found` or `role_not_allowed` for anybody but
                a full admin of this very organisation; `confirmation_required` unless its name was typed exactly.
        """
        if caller.partner_id is not None:
            raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)
        return await once(self._database, caller, command, Erasure, partial(self._delete_now, caller.actor, command))

    async def _unmanage(self, actor: str, command: Manage, connection: Connection) -> None:
        _, own = await _lock_both(connection, command)
        removed = await connection.fetchval(
            "delete from managements where partner_id = $1 and organisation_id = $2 returning true",
            command.partner_id,
            command.organisation_id,
        )
        if not removed:
            return
        now = await business_now(connection)
        await audit.append(
            connection,
            subject=command.organisation_id,
            at=now,
            actor=actor,
            action="unmanaged",
            details={"partner_id": command.partner_id},
        )
        if own is not None and own["organisation_id"] != command.organisation_id:
            reason = "last_customer_gone"
            await marking.evaluate(connection, own, at=now, actor=actor, reason=reason, rules=self._rules)

    async def _delete_now(self, actor: str, command: DeleteNow, connection: Connection) -> Erasure:
        locked = await lock_with_managers(connection, command.organisation_id)
        organisation = _present(locked.get(command.organisation_id))
        roles = await roles_in(connection, command.organisation_id, command.person_id)
        if roles is None:
            raise Refusal(RefusalCode.PERSON_NOT_FOUND)
        if not FULL_ADMINS & roles:
            raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)
        if command.confirmation != organisation["name"]:
            raise Refusal(RefusalCode.CONFIRMATION_REQUIRED, "Confirm by typing the organisation's name exactly.")
        evidence = await read_evidence(connection, command.organisation_id, lock_activity=True)
        now = await business_now(connection)
        return await fence(
            connection,
            organisation,
            cause=ErasureCause.OWN_REQUEST,
            at=now,
            actor=actor,
            quarantine_until=now,
            evidence=await receipts.evidence(connection, evidence, self._rules),
            rules=self._rules,
        )


async def _grant_full_access(actor: str, command: GrantFullAccess, connection: Connection) -> None:
    await lock_one(connection, command.organisation_id)
    granted_by = await connection.fetchval(
        "select person_id from full_admins where organisation_id = $1 and person_id = $2",
        command.organisation_id,
        command.person_id,
    )
    if granted_by is None:
        raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)
    access = await connection.fetchval(
        "select access from managements where partner_id = $1 and organisation_id = $2",
        command.partner_id,
        command.organisation_id,
    )
    if access is None:
        raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
    if access == Access.FULL:
        return
    await connection.execute(
        "update managements set access = $3, granted_by = $4 where partner_id = $1 and organisation_id = $2",
        command.partner_id,
        command.organisation_id,
        Access.FULL,
        granted_by,
    )
    await audit.append(
        connection,
        subject=command.organisation_id,
        at=await business_now(connection),
        actor=actor,
        action="full_access_granted",
        from_state=access,
        to_state=Access.FULL,
        details={"partner_id": command.partner_id},
    )


async def _manage(actor: str, command: Manage, connection: Connection) -> None:
    _, own = await _lock_both(connection, command)
    if own is not None and own["state"] in GONE:  # the partner goes with it, and gains nobody any more
        raise Refusal(RefusalCode.ORG_DELETED)
    now = await business_now(connection)
    changed = await connection.fetchval(
        "insert into managements as known (partner_id, organisation_id, access, since) values ($1, $2, $3, $4)"
        " on conflict (partner_id, organisation_id) do update set access = $3 where known.access <> $3 returning true",
        command.partner_id,
        command.organisation_id,
        command.access,
        now,
    )
    if not changed:
        return
    await audit.append(
        connection,
        subject=command.organisation_id,
        at=now,
        actor=actor,
        action="managed",
        details={"partner_id": command.partner_id, "access": command.access},
    )
    if own is not None and own["organisation_id"] != command.organisation_id:
        await marking.unmark(connection, own, at=now, actor=actor, reason="customer_gained")


async def _lock_both(connection: Connection, command: Manage) -> tuple[asyncpg.Record, asyncpg.Record | None]:
    """Lock the customer's and the partner's own organisation: the fact is of one, its rule may mark the other."""

    async def concerned() -> set[OrganisationId]:
        own = await _own_organisation(connection, command.partner_id)
        return {command.organisation_id} if own is None else {command.organisation_id, own}

    locked = await lock_settled(connection, concerned)
    own = await _own_organisation(connection, command.partner_id)
    return _present(locked.get(command.organisation_id)), None if own is None else locked[own]


async def _own_organisation(connection: Connection, partner_id: PartnerId) -> OrganisationId | None:
    row = await connection.fetchrow("select organisation_id from partners where partner_id = $1", partner_id)
    if row is None:
        raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
    return OrganisationId(row["organisation_id"]) if row["organisation_id"] else None


def _present(organisation: asyncpg.Record | None) -> asyncpg.Record:
    if organisation is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    if organisation["state"] in GONE:
        raise Refusal(RefusalCode.ORG_DELETED)
    return organisation
