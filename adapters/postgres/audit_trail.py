"""The audit, to read."""

from collections.abc import Sequence

from adapters.postgres.database import Database
from adapters.postgres.visibility import require_visible
from tenure.contracts.audit import AuditEntry
from tenure.ids import OrganisationId
from tenure.ports import Caller


class PostgresAuditTrail:
    """The port `AuditTrail` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[AuditEntry]:
        """What happened to an organisation, oldest first; it is kept when the organisation is erased (XC-04).

        Raises:
            Refusal: `organisation_not_found`, also where the caller may not see it (P14).
        """
        async with self._database.read() as connection:
            await require_visible(connection, caller, organisation_id)
            rows = await connection.fetch("select * from audit where subject = $1 order by position", organisation_id)
        return [AuditEntry.model_validate(dict(row)) for row in rows]
