"""Who acts on a trial, and whether they may (TR-01, TR-02, TC-21, P14)."""

import asyncpg

from adapters.postgres.database import Connection
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId
from tenure.ports import Caller

_SELLERS_ONLY = "Only a full admin or a sales admin of the partner may do that."
_ADMIN = """
select a.partner_id, a.sells, t.certified
  from partner_admins a join partners t using (partner_id) where a.person_id = $1
"""


async def require_partner(connection: Connection, caller: Caller, partner_id: PartnerId) -> asyncpg.Record:
    """Read a partner that is certified, and that the caller may act for.

    Raises:
        Refusal: `partner_not_found`, `partner_not_certified`, or `forbidden` to another partner's caller.
    """
    if caller.partner_id is not None and caller.partner_id != partner_id:
        raise Refusal(RefusalCode.FORBIDDEN)
    partner = await connection.fetchrow("select * from partners where partner_id = $1", partner_id)
    if partner is None:
        raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
    if not partner["certified"]:
        raise Refusal(RefusalCode.PARTNER_NOT_CERTIFIED)
    return partner


async def require_seller(connection: Connection, caller: Caller, partner_id: PartnerId, person_id: PersonId) -> None:
    """Refuse whoever may not start a trial for this partner: its full admins and sales admins may (TR-02).

    Raises:
        Refusal: `forbidden` where a partner's caller acts for somebody else; `role_not_allowed`.
    """
    _require_self(caller, partner_id, person_id)
    admin = await connection.fetchrow(_ADMIN, person_id)
    if admin is None or admin["partner_id"] != partner_id or not admin["sells"]:
        raise Refusal(RefusalCode.ROLE_NOT_ALLOWED, _SELLERS_ONLY)


async def require_admin(
    connection: Connection, caller: Caller, partner_id: PartnerId, person_id: PersonId, *, seller: bool = True
) -> None:
    """Refuse whoever may not change a trial that this partner has started; a `seller` is a full admin or a sales admin.

    Raises:
        Refusal: `forbidden` where a partner's caller acts for somebody else; `role_not_allowed`, `not_trial_owner`
            for another partner's admin, or `partner_not_certified`.
    """
    _require_self(caller, partner_id, person_id)
    admin = await connection.fetchrow(_ADMIN, person_id)
    if admin is None:
        raise Refusal(RefusalCode.ROLE_NOT_ALLOWED, "Only an admin of the partner that started a trial may do that.")
    if admin["partner_id"] != partner_id:
        raise Refusal(RefusalCode.NOT_TRIAL_OWNER)
    if seller and not admin["sells"]:
        raise Refusal(RefusalCode.ROLE_NOT_ALLOWED, _SELLERS_ONLY)
    if not admin["certified"]:
        raise Refusal(RefusalCode.PARTNER_NOT_CERTIFIED)


def _require_self(caller: Caller, partner_id: PartnerId, person_id: PersonId) -> None:
    """A partner's token acts for the person whose it is, and for nobody else (P14)."""
    if caller.partner_id is not None and (caller.partner_id, caller.person_id) != (partner_id, person_id):
        raise Refusal(RefusalCode.FORBIDDEN)


async def is_full_admin(
    connection: Connection, organisation_id: OrganisationId, person_id: PersonId, address: int | None = None
) -> bool:
    """Whether a person decides for an organisation at this moment (CO-05, CO-07).

    `address` is which of their addresses a link was sent to: it has to be the present one (SF-09).
    """
    found: bool = await connection.fetchval(
        "select exists (select from full_admins where organisation_id = $1 and person_id = $2"
        " and ($3::int is null or email_version = $3))",
        organisation_id,
        person_id,
        address,
    )
    return found
