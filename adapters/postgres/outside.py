"""What customers have stored on the platform: it lies behind it, and a simulation writes it here."""

from adapters.postgres.database import Database, lock_one
from tenure.ids import OrganisationId


class PostgresOutside:
    """What other services would report."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_meetings(self, organisation_id: OrganisationId, count: int) -> None:
        """Meetings were recorded; the recordings stay as long as meetings licences, active or suspended, do (RP-06)."""
        async with self._database.write() as connection:
            await lock_one(connection, organisation_id)
            await connection.execute(
                "insert into content (organisation_id, store, item_id, created_at)"
                " select $1, 'recordings', 'meeting-' || number, business_now() from generate_series(1, $2) as number",
                organisation_id,
                count,
            )

    async def recordings(self, organisation_id: OrganisationId) -> int:
        """How many recordings there are."""
        async with self._database.read() as connection:
            count: int = await connection.fetchval(
                "select count(*) from content where organisation_id = $1 and store = 'recordings'", organisation_id
            )
            return count
