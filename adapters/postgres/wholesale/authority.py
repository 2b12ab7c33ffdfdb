"""Who acts on a wholesale customer, and whether they may (PO-04, PRV-07, RPL-14, P14)."""

from typing import Final

from adapters.postgres.database import Connection
from adapters.postgres.people import roles_in
from adapters.postgres.wholesale.rows import Onboarding, find
from tenure.contracts.credential import OF_SCREENING, CredentialRole
from tenure.contracts.organisation import Role
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId
from tenure.ports import Caller

_SELLS: Final = "select exists (select from partner_admins where person_id = $1 and partner_id = $2 and sells)"


async def require_provider(connection: Connection, caller: Caller, partner_id: PartnerId) -> None:
    """Let a partner's provisioning system act for its partner, and a seller of it, beside services and operators.

    Raises:
        Refusal: `forbidden` to a reviewer or list keeper, to another partner, and to a partner's token that only reads;
            `role_not_allowed` to a person of the partner who does not sell.
    """
    if caller.role in OF_SCREENING or (caller.partner_id is not None and caller.partner_id != partner_id):
        raise Refusal(RefusalCode.FORBIDDEN)
    if caller.role is CredentialRole.PARTNER:
        if caller.person_id is None:
            raise Refusal(RefusalCode.FORBIDDEN)
        if not await connection.fetchval(_SELLS, caller.person_id, partner_id):
            raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)


async def require_customer(connection: Connection, caller: Caller, customer: Onboarding) -> None:
    """Let the customer's own service provider act on it, beside services and operators.

    Raises:
        Refusal: `customer_not_found` to another partner (P14), and as `require_provider` does.
    """
    if caller.partner_id is not None and caller.partner_id != customer.partner_id:
        raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
    await require_provider(connection, caller, customer.partner_id)


async def require_full_admin(
    connection: Connection, caller: Caller, organisation_id: OrganisationId, person_id: PersonId
) -> None:
    """Let a full admin of the customer act, in whose name a service or an operator asks (PRV-07).

    Raises:
        Refusal: `forbidden` to a partner, who acts in its own name; `person_not_found` or `role_not_allowed`.
    """
    if caller.partner_id is not None or caller.role in OF_SCREENING:
        raise Refusal(RefusalCode.FORBIDDEN)
    roles = await roles_in(connection, organisation_id, person_id)
    if roles is None:
        raise Refusal(RefusalCode.PERSON_NOT_FOUND)
    if Role.CUSTOMER_FULL_ADMIN not in roles:
        raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)


async def require_reader(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> Onboarding:
    """A customer that the caller may read about: a partner of its own ones alone, a reviewer of none (P14).

    Raises:
        Refusal: `customer_not_found`, or `forbidden` to a reviewer or list keeper.
    """
    if caller.role in OF_SCREENING:
        raise Refusal(RefusalCode.FORBIDDEN)
    customer = await find(connection, organisation_id)
    if customer is None or caller.partner_id not in {None, customer.partner_id}:
        raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
    return customer


async def require_set_up(connection: Connection, organisation_id: OrganisationId) -> None:
    """Refuse a console whose organisation has not been through its first-launch wizard (WIZ-05).

    Raises:
        Refusal: `setup_incomplete`.
    """
    complete = "select exists (select from wizards where organisation_id = $1 and step = 'complete')"
    if not await connection.fetchval(complete, organisation_id):
        raise Refusal(RefusalCode.SETUP_INCOMPLETE)
