"""What a wholesale subscription licenses: the services of every package that may be assigned (PKG-03, PKG-05).

So what users of any of them keep stays as long as the subscription does (RP-06), and nobody tries what is bought (TR-15).
"""

from typing import Final

import asyncpg

from adapters.postgres import marking
from adapters.postgres.database import Connection
from adapters.postgres.graces import licence_set, record_licence_set
from adapters.postgres.trials.purchases import take_over
from adapters.postgres.wholesale import units
from adapters.postgres.wholesale.rows import Onboarding
from adapters.postgres.wholesale.work import Work
from tenure.contracts.base import Instant
from tenure.contracts.package import UnitKind
from tenure.policy.catalogue import has_meetings
from tenure.policy.package import Packages
from tenure.ports import TIMER

_GRANT: Final = """
insert into licence_sets (licence_set_id, organisation_id, kind, state, meetings, services, active_since, created_at,
                          wholesale, invoice_reference)
values ($1, $2, 'subscription', 'active', $3, $4, $5, $5, true, $6) returning *
"""
# A set that ever held meetings stays one of meetings: what was recorded is purged with it, and not before.
_COVER: Final = """
update licence_sets set services = $2, meetings = meetings or $3
 where licence_set_id = $1 and state = 'active' and services <> $2 returning *
"""


async def grant(
    connection: Connection, customer: Onboarding, organisation: asyncpg.Record, packages: Packages, at: Instant
) -> None:
    """The subscription begins with the account; it unmarks a partner's own organisation (DP-02, DP-04)."""
    services = await _services(connection, customer, packages)
    row = await connection.fetchrow(
        _GRANT,
        customer.licence_set_id,
        customer.organisation_id,
        has_meetings(services, packages.catalogue),
        list(services),
        at,
        customer.invoice_reference,
    )
    assert row is not None
    licences = licence_set(row)
    await record_licence_set(connection, None, licences, at=at, actor=TIMER.actor, reason="wholesale")
    await marking.unmark(connection, organisation, at=at, actor=TIMER.actor, reason="licences_granted")
    await take_over(connection, licences, packages.catalogue, at=at, actor=TIMER.actor)


async def cover(work: Work) -> None:
    """Quantities have changed: a subscription that is there covers what may be assigned from now on."""
    services = await _services(work.connection, work.customer, work.packages)
    row = await work.connection.fetchrow(
        _COVER, work.customer.licence_set_id, list(services), has_meetings(services, work.packages.catalogue)
    )
    if row is not None:
        await take_over(work.connection, licence_set(row), work.packages.catalogue, at=work.at, actor=work.actor)


async def _services(connection: Connection, customer: Onboarding, packages: Packages) -> tuple[str, ...]:
    known = await units.read(connection, customer.organisation_id)
    offered = {each.code for each in known if each.kind is UnitKind.PACKAGE and each.limit} | {customer.package}
    return tuple(sorted({service for code in offered for service in packages.services(code)}))
