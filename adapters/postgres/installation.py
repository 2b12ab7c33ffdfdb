"""The database as a whole: what it was created as, and its clock."""

from adapters.postgres.database import Database, business_now
from tenure.contracts.base import Instant
from tenure.settings import InstallationKind


class PostgresInstallation:
    """The installation behind one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def kind(self) -> InstallationKind:
        """What the database was created as."""
        return self._database.kind

    async def now(self) -> Instant:
        """`business_now()`, read from the database; raises Unavailable where that does not answer."""
        async with self._database.read() as connection:
            return await business_now(connection)
