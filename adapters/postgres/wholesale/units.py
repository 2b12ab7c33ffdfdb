"""Units of packages and add-ons: how many a customer may assign, and how many it has assigned (PKG-05 to PKG-11, ADD-04)."""

from collections.abc import Iterable, Mapping
from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.package import Quantity, UnitKind
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId

# Checked and taken at once: of two who want the last unit, the second finds none (PKG-07).
_TAKE: Final = """
update unit_quantities set assigned = assigned + 1
 where organisation_id = $1 and kind = $2 and code = $3 and assigned < quantity returning true
"""
_FREE: Final = """
update unit_quantities set assigned = assigned - 1
 where organisation_id = $1 and kind = $2 and code = $3
"""
_PUT: Final = """
insert into unit_quantities (organisation_id, kind, code, quantity)
select $1, $2, code, quantity from unnest($3::text[], $4::integer[]) as wanted (code, quantity)
on conflict (organisation_id, kind, code) do update set quantity = excluded.quantity
"""
_READ: Final = """
select kind, code, quantity as limit, assigned from unit_quantities where organisation_id = $1 order by kind desc, code
"""
_EXCEEDED: Final = {
    UnitKind.PACKAGE: RefusalCode.PACKAGE_QUANTITY_EXCEEDED,
    UnitKind.ADD_ON: RefusalCode.ADD_ON_QUANTITY_EXCEEDED,
}


async def take_unit(connection: Connection, organisation_id: OrganisationId, kind: UnitKind, code: str) -> None:
    """Take one unit, the last one included; what has no stated quantity has none (PKG-06).

    Raises:
        Refusal: `package_quantity_exceeded` or `add_on_quantity_exceeded`, with the limit, and how many are assigned.
    """
    if await connection.fetchval(_TAKE, organisation_id, kind, code):
        return
    row = await connection.fetchrow(
        "select quantity, assigned from unit_quantities where organisation_id = $1 and kind = $2 and code = $3",
        organisation_id,
        kind,
        code,
    )
    limit, assigned = (0, 0) if row is None else (row["quantity"], row["assigned"])
    raise Refusal(_EXCEEDED[kind], details={"code": code, "limit": limit, "assigned": assigned, "requested": 1})


async def free_unit(connection: Connection, organisation_id: OrganisationId, kind: UnitKind, code: str) -> None:
    """Give back a unit that was taken: the next may have it at once (PKG-08)."""
    await connection.execute(_FREE, organisation_id, kind, code)


async def put(
    connection: Connection,
    organisation_id: OrganisationId,
    packages: Mapping[str, int],
    add_ons: Mapping[str, int],
) -> None:
    """Store quantities that were found right; codes that are not named stay as they are (PKG-11, PKG-12)."""
    for kind, quantities in ((UnitKind.PACKAGE, packages), (UnitKind.ADD_ON, add_ons)):
        await connection.execute(_PUT, organisation_id, kind, list(quantities), list(quantities.values()))


async def read(connection: Connection, organisation_id: OrganisationId) -> tuple[Quantity, ...]:
    """What a customer may assign, and has assigned: packages, then add-ons, by their codes."""
    return tuple(Quantity.model_validate(dict(row)) for row in await connection.fetch(_READ, organisation_id))


async def has_any(connection: Connection, organisation_id: OrganisationId, packages: Iterable[str]) -> bool:
    """Whether a customer may assign one of these packages at all."""
    found: bool = await connection.fetchval(
        "select exists (select from unit_quantities where organisation_id = $1 and kind = $2 and quantity > 0"
        " and code = any($3::text[]))",
        organisation_id,
        UnitKind.PACKAGE,
        list(packages),
    )
    return found
