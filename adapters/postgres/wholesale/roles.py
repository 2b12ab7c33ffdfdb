"""What users may do: administrators hold the package that the organisation was created with (ADM-01, ADM-03, ADM-06)."""

from adapters.postgres.database import Connection
from adapters.postgres.wholesale import user_rows
from adapters.postgres.wholesale.work import Work
from tenure.contracts.organisation import Role
from tenure.contracts.user import SetUserRole
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.policy.package import RANKS, role_of


async def set_role(work: Work, command: SetUserRole) -> None:
    """Make a user an administrator, or an administrator a user; roles of a partner stay as they are.

    Raises:
        Refusal: `user_not_found`, `package_required`, `admin_package_mismatch` or `last_full_admin`.
    """
    user = await user_rows.require(work.connection, work.organisation_id, command.user_id)
    before = role_of(user["roles"])
    if command.role in user["roles"] and command.role is before:
        return
    work.packages.require_holder(command.role, user["package"], work.customer.package)
    if before is Role.CUSTOMER_FULL_ADMIN:
        await require_another(work.connection, work.organisation_id, command.user_id)
    await put(work.connection, command.user_id, command.role)
    change = work.change("role_changed", person_id=command.user_id, from_role=before.value, to_role=command.role.value)
    await work.record(change)


async def put(connection: Connection, person_id: PersonId, role: Role) -> None:
    """Let a user have this one role of the customer's, beside those that are not (PO-07)."""
    await connection.execute(
        "delete from person_roles where person_id = $1 and role = any($2::text[]) and role <> $3",
        person_id,
        list(RANKS),
        role,
    )
    await connection.execute(
        "insert into person_roles (person_id, role) values ($1, $2) on conflict do nothing", person_id, role
    )


async def require_another(connection: Connection, organisation_id: OrganisationId, person_id: PersonId) -> None:
    """Refuse to lose the last one who may decide for the organisation.

    Raises:
        Refusal: `last_full_admin`.
    """
    others = await connection.fetchval(
        "select exists (select from people p join person_roles r using (person_id)"
        " where p.organisation_id = $1 and r.role = $2 and p.person_id <> $3)",
        organisation_id,
        Role.CUSTOMER_FULL_ADMIN,
        person_id,
    )
    if not others:
        raise Refusal(RefusalCode.LAST_FULL_ADMIN)
