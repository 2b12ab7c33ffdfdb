"""Users being added: each with exactly one package (USR-03, PKG-02, ADM-01).

`add` is the command, and how a new customer gets its first full admin; `ensure` is an item of a run of provisioning.
"""

from typing import Final
from uuid import uuid4

import asyncpg

from adapters.postgres import audit
from adapters.postgres.wholesale import add_ons, roles, user_rows
from adapters.postgres.wholesale.units import take_unit
from adapters.postgres.wholesale.work import Work
from tenure.contracts.package import UnitKind
from tenure.contracts.user import ItemOutcome, UserItem
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.policy.package import RANKS, role_of

_NEW: Final = """
with person as (
    insert into people (person_id, organisation_id, name, email, created_at) values ($1, $2, $3, $4, $5)
    returning person_id
), role as (
    insert into person_roles (person_id, role) select person_id, $6 from person
)
insert into user_packages (person_id, organisation_id, package, since) select person_id, $2, $7, $5 from person
"""
_KNOWN: Final = "insert into user_packages (person_id, organisation_id, package, since) values ($1, $2, $3, $4)"


async def add(work: Work, item: UserItem) -> None:
    """Add a user; where one is there, and identical, nothing is done (USR-03).

    Raises:
        Refusal: `package_required`, `unknown_package`, `unknown_add_on`, `add_on_not_available`,
            `admin_package_mismatch`, `package_quantity_exceeded`, `add_on_quantity_exceeded`; `user_exists` where this
            customer has another user with the address.
    """
    package = work.packages.require_package(item.package)
    known = await user_rows.by_address(work.connection, work.organisation_id, item.email)
    if known is None or known["package"] is None:
        await work.record(await _insert(work, item, package, known))
        return
    _require_name(item, known)
    wanted = (package, item.role, set(item.add_ons))
    if wanted != (known["package"], role_of(known["roles"]), set(known["add_ons"])):
        raise Refusal(RefusalCode.USER_EXISTS)


async def ensure(work: Work, item: UserItem) -> tuple[ItemOutcome, list[audit.Change]]:
    """Let a user be there: what is there stays, add-ons that are missing are added (PRV-04).

    An administrator who is asked for as a user is there, and is not made less by it; nobody is promoted by it (ADM-06).

    Raises:
        Refusal: as `add` does; `user_already_has_package` where another one would come to the user's (PKG-02).
    """
    package = work.packages.require_package(item.package)
    known = await user_rows.by_address(work.connection, work.organisation_id, item.email)
    if known is None or known["package"] is None:
        return ItemOutcome.CREATED, [await _insert(work, item, package, known)]
    if package != known["package"]:
        raise Refusal(RefusalCode.USER_ALREADY_HAS_PACKAGE)
    _require_name(item, known)
    if RANKS[item.role] > RANKS[role_of(known["roles"])]:
        raise Refusal(RefusalCode.USER_EXISTS, "This user is there with a lower role: set the role.")
    missing = [add_on for add_on in dict.fromkeys(item.add_ons) if add_on not in known["add_ons"]]
    for add_on in missing:
        await add_ons.give(work, known["person_id"], add_on)
    changes = [work.change("add_on_assigned", person_id=known["person_id"], add_on=add_on) for add_on in missing]
    return ItemOutcome.COMPLETED if missing else ItemOutcome.PRESENT, changes


def _require_name(item: UserItem, known: asyncpg.Record) -> None:
    """Refuse an address whose user has another name: `user_exists`."""
    if item.name not in {None, known["name"]}:
        raise Refusal(RefusalCode.USER_EXISTS)


async def _insert(work: Work, item: UserItem, package: str, known: asyncpg.Record | None) -> audit.Change:
    """Store a user; a person who is known without a package, such as a partner's own admin, becomes one (PO-07).

    Whoever administers the organisation already is not made less by it: `user_exists`.
    """
    work.packages.require_holder(item.role, package, work.customer.package)
    if known is not None and RANKS[role_of(known["roles"])] > RANKS[item.role]:
        raise Refusal(RefusalCode.USER_EXISTS)
    await take_unit(work.connection, work.organisation_id, UnitKind.PACKAGE, package)
    if known is None:
        person_id = PersonId(f"per_{uuid4().hex}")
        name = item.name or item.email
        await work.connection.execute(
            _NEW, person_id, work.organisation_id, name, item.email, work.at, item.role, package
        )
    else:
        person_id = PersonId(known["person_id"])
        await work.connection.execute(_KNOWN, person_id, work.organisation_id, package, work.at)
        await roles.put(work.connection, person_id, item.role)
    given = list(dict.fromkeys(item.add_ons))
    for add_on in given:
        await add_ons.give(work, person_id, add_on)
    details = {"person_id": person_id, "package": package, "role": item.role.value, "add_ons": given}
    return work.change("user_created", **details)
