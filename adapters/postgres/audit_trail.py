"""The audit, to read (XC-04)."""

from collections.abc import Sequence

from adapters.postgres.database import Database
from adapters.postgres.visibility import require_visible
from tenure.contracts.audit import AuditEntry
from tenure.ids import OrganisationId
from tenure.ports import Caller


class PostgresAuditTrail:
    """The audit of organisations; it outlives them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, caller: Caller, organisation_id: OrganisationId) -> Sequence[AuditEntry]:
        """What happened to an organisation that the caller may see, oldest first, also after its deletion.

        Raises:
            Refusal: `organisation_not_found` (P14).
        """
        async with self._database.read() as connection:
            await require_visible(connection, caller, organisation_id)
            rows = await connection.fetch(
                "select position, at, actor, action, from_state, to_state, reason, details, hash"
                " from audit where subject = $1 order by position",
                organisation_id,
            )
        return [AuditEntry.model_validate(dict(row)) for row in rows]
