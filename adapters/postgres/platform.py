"""The platform where no vendor's is used: a record of accounts and of what is built, and numbers that reach nobody."""

from typing import Final

from adapters.postgres.database import Connection, Database, lock, lock_one
from tenure.contracts.onboarding import AccountOrder
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.errors import PlatformRefused, Refusal
from tenure.ids import OrganisationId
from tenure.ports import Platform

_FIND: Final = "select resource, phone_numbers from platform_resources where resource = $1 and organisation_id = $2"

_KEEP: Final = """
insert into platform_resources (order_key, resource, organisation_id, trial_id, service, region, seats, site_url,
                                phone_numbers, built_at, torn_down_at)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, case when $10 then now end, case when not $10 then now end
  from business_now() as now
returning resource, phone_numbers
"""

_TEAR_DOWN: Final = """
update platform_resources set torn_down_at = coalesce(torn_down_at, business_now())
 where resource = $1 and organisation_id = $2
returning resource, phone_numbers
"""

_OPEN_ACCOUNT: Final = """
insert into platform_resources (order_key, resource, organisation_id, service, built_at)
values ($1, $2, $3, 'account', business_now()) on conflict (resource) do nothing
"""

# For an organisation that is gone nothing is built, and nothing is left behind that a purge has to find.
_MAY_STILL_BE_BUILT: Final = """
select has_table_privilege('platform_resources', 'insert') and state not in ('erasing', 'deleted')
  from organisations where organisation_id = $1
"""


class PostgresPlatform(Platform):
    """Orders for one organisation follow each other under its lock: one row a place, whatever comes when (PV-04).

    The row that a tear-down finds or leaves stays, so that a build which it has overtaken builds nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def build(self, order: PlatformOrder) -> Built:
        """Build one service; what has been built, or torn down since, answers as it did.

        Raises:
            PlatformRefused: `organisation_not_found`, or `org_deleted` once it is fenced (SF-11).
            Unavailable: the database does not answer.
        """
        async with self._database.write() as connection:
            await _lock_alive(connection, order.organisation_id)
            row = await connection.fetchrow(_FIND, order.place, order.organisation_id)
            if row is not None:
                return Built.model_validate(dict(row))
            return await _keep(connection, order, await _numbers(connection, order.phone_numbers))

    async def tear_down(self, order: PlatformOrder) -> Built:
        """Tear one service down; one that was never built, or is gone, is no error.

        Raises:
            Unavailable: the database does not answer.
        """
        resource = order.resource or order.place
        async with self._database.write() as connection:
            await lock(connection, order.organisation_id)
            row = await connection.fetchrow(_TEAR_DOWN, resource, order.organisation_id)
            if row is not None:
                return Built.model_validate(dict(row))
            if await connection.fetchval(_MAY_STILL_BE_BUILT, order.organisation_id):
                return await _keep(connection, order, [])
            return Built(resource=resource)

    async def open_account(self, order: AccountOrder) -> str:
        """Keep that an organisation has an account; it has one, whatever is ordered later (PRV-04).

        Raises:
            PlatformRefused, Unavailable: as for `build`.
        """
        account = f"{order.organisation_id}/account"
        async with self._database.write() as connection:
            await _lock_alive(connection, order.organisation_id)
            await connection.execute(_OPEN_ACCOUNT, order.key, account, order.organisation_id)
        return account

    async def close_account(self, organisation_id: OrganisationId) -> None:
        """Keep that an account is closed, until the purge takes its row along.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._database.write() as connection:
            await lock(connection, organisation_id)
            await connection.fetchrow(_TEAR_DOWN, f"{organisation_id}/account", organisation_id)


async def _lock_alive(connection: Connection, organisation_id: OrganisationId) -> None:
    try:
        await lock_one(connection, organisation_id)
    except Refusal as refusal:
        raise PlatformRefused(refusal.code) from None


async def _keep(connection: Connection, order: PlatformOrder, numbers: list[str]) -> Built:
    """Store what was built, or that it was torn down before."""
    row = await connection.fetchrow(
        _KEEP,
        f"{order.place}/{Deed.BUILD}",
        order.place,
        order.organisation_id,
        order.trial_id,
        order.service,
        order.region,
        order.seats,
        order.site and order.site.url,
        numbers,
        order.deed is Deed.BUILD,
    )
    assert row is not None
    return Built.model_validate(dict(row))


async def _numbers(connection: Connection, count: int) -> list[str]:
    """Numbers of country code 999, which the ITU holds in reserve; none is ever given twice (NR-02)."""
    rows = await connection.fetch("select nextval('platform_numbers') as number from generate_series(1, $1)", count)
    return [f"+999{row['number']:09}" for row in rows]
