"""Facts of parts of the platform that have no door of their own yet: trial requests, and what customers have stored.

Trial requests get theirs with trials; the platform's content lies behind it. Until then a simulation writes them here.
"""

from datetime import timedelta

from adapters.postgres.database import Database, business_now, lock_one
from adapters.postgres.pending import wake_processes
from tenure.ids import OrganisationId, PartnerId, TrialRequestId

_CONSENT = timedelta(days=10)
"""How long a customer may take to accept (CO-06)."""


class PostgresOutside:
    """What other services would report."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def request_trial(
        self, trial_request_id: TrialRequestId, organisation_id: OrganisationId, partner_id: PartnerId
    ) -> None:
        """A partner asks for a trial, and the customer has ten days to consent; until then it may hold a deletion (DP-05).

        Raises:
            Refusal: `organisation_not_found` or `org_deleted`.
        """
        async with self._database.write() as connection:
            await lock_one(connection, organisation_id)
            now = await business_now(connection)
            await connection.execute(
                "insert into trial_requests (trial_request_id, organisation_id, partner_id, requested_at, deadline_at)"
                " values ($1, $2, $3, $4, $5)",
                trial_request_id,
                organisation_id,
                partner_id,
                now,
                now + _CONSENT,
            )
            await wake_processes(connection, organisation_id)

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
