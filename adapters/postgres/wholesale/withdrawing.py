"""The end of a wholesale customer's services: nobody there has a package, an add-on or a number any more (PO-08, ADD-05)."""

from typing import Final

from adapters.postgres.database import Connection
from adapters.postgres.wholesale import numbers
from adapters.postgres.wholesale.work import Work
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId

_END: Final = """
update add_on_assignments set ended_at = greatest($2, started_at) where organisation_id = $1 and ended_at is null
"""


async def end_billing(connection: Connection, organisation_id: OrganisationId, at: Instant) -> None:
    """Nobody of an organisation is billed for an add-on from now on."""
    await connection.execute(_END, organisation_id, at)


async def withdraw(work: Work) -> None:
    """Take everything back that is assigned, as the last subscription is cancelled; the people and their roles stay.

    Billing of add-ons ends, numbers are released, and the quantities are nought: another onboarding states them anew.
    """
    await end_billing(work.connection, work.organisation_id, work.at)
    await numbers.release_all(work)
    await work.connection.execute("delete from user_packages where organisation_id = $1", work.organisation_id)
    await work.connection.execute(
        "update unit_quantities set quantity = 0, assigned = 0 where organisation_id = $1", work.organisation_id
    )
