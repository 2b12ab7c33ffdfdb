"""Who may launch an organisation and go on with its wizard (WIZ-01, WIZ-03)."""

from typing import Final

import asyncpg

from adapters.postgres.database import Connection
from adapters.postgres.people import roles_in
from adapters.postgres.visibility import require_visible
from adapters.postgres.wholesale.authority import require_provider
from adapters.postgres.wholesale.rows import find, require_ready
from tenure.contracts.credential import OF_SCREENING
from tenure.contracts.organisation import CONSUMER, Access, Role
from tenure.contracts.wizard import WizardCommand
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId
from tenure.ports import Caller

_OPENERS: Final = frozenset({Role.CUSTOMER_FULL_ADMIN, Role.PARTNER_FULL_ADMIN})
"""Who opens their own organisation; the latter is there at partners alone."""
_ACCESS: Final = """
select p.organisation_id = $2 as own, m.access
  from partners p left join managements m on m.partner_id = p.partner_id and m.organisation_id = $2
 where p.partner_id = $1
"""


async def require_acquainted(connection: Connection, caller: Caller, organisation_id: OrganisationId) -> None:
    """Refuse whoever has nothing to do with an organisation, as if it were not there (P14); no lock is needed for that.

    Raises:
        Refusal: `forbidden` to a reviewer or list keeper, or `organisation_not_found`.
    """
    if caller.role in OF_SCREENING:
        raise Refusal(RefusalCode.FORBIDDEN)
    if organisation_id == CONSUMER:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    if caller.partner_id is not None and not (await _access(connection, caller.partner_id, organisation_id))["own"]:
        await require_visible(connection, caller, organisation_id)


async def require_opener(connection: Connection, caller: Caller, command: WizardCommand) -> PersonId:
    """The person who opens an organisation: terms are accepted by people, not by programs.

    A service or an operator asks in the name of a full admin of the organisation. A partner's person acts in their own:
    on the partner's own organisation, and on customers that it administers fully.

    Raises:
        Refusal: `person_not_found`, `role_not_allowed`; `access_level_insufficient` to a partner without full access;
            `forbidden` to a partner's system, to its token that only reads, and in the name of somebody else; and as
            `require_ready` does while a customer has no account.
    """
    if caller.partner_id is None:
        person_id = await _full_admin(connection, command)
    else:
        person_id = await _seller(connection, caller, caller.partner_id, command)
    customer = await find(connection, command.organisation_id)
    if customer is not None and not customer.own_organisation:
        require_ready(customer)
    return person_id


async def _full_admin(connection: Connection, command: WizardCommand) -> PersonId:
    person_id = command.person_id
    roles = None if person_id is None else await roles_in(connection, command.organisation_id, person_id)
    if person_id is None or roles is None:
        raise Refusal(RefusalCode.PERSON_NOT_FOUND, "Say who does it: a full admin of the organisation.")
    if not _OPENERS & roles:
        raise Refusal(RefusalCode.ROLE_NOT_ALLOWED)
    return person_id


async def _seller(connection: Connection, caller: Caller, partner_id: PartnerId, command: WizardCommand) -> PersonId:
    if caller.person_id is None or command.person_id not in {None, caller.person_id}:
        raise Refusal(RefusalCode.FORBIDDEN)
    await require_provider(connection, caller, partner_id)
    access = await _access(connection, partner_id, command.organisation_id)
    if not access["own"] and access["access"] != Access.FULL:
        raise Refusal(RefusalCode.ACCESS_LEVEL_INSUFFICIENT)
    return caller.person_id


async def _access(connection: Connection, partner_id: PartnerId, organisation_id: OrganisationId) -> asyncpg.Record:
    """What a partner has to do with an organisation: whether it is its own, and how it manages it."""
    row = await connection.fetchrow(_ACCESS, partner_id, organisation_id)
    if row is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    return row
