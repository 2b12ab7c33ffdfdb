"""A change to a customer's users, under way: what all of them need."""

from dataclasses import dataclass
from typing import Self

from adapters.postgres import audit
from adapters.postgres.database import Connection, business_now
from adapters.postgres.wholesale.billing import open_bill
from adapters.postgres.wholesale.rows import Onboarding
from tenure.contracts.base import Instant
from tenure.ids import OrganisationId
from tenure.policy.package import Packages


@dataclass(frozen=True, slots=True)
class Work:
    """The transaction that holds the customer's lock, whose it is, and who changes it when."""

    connection: Connection
    customer: Onboarding
    packages: Packages
    at: Instant
    actor: str

    @classmethod
    async def now(cls, connection: Connection, customer: Onboarding, packages: Packages, actor: str) -> Self:
        """Begin at this moment, which is part of the service provider's bill."""
        await open_bill(connection, customer.partner_id)
        return cls(connection, customer, packages, await business_now(connection), actor)

    @property
    def organisation_id(self) -> OrganisationId:
        """The customer."""
        return self.customer.organisation_id

    def change(self, action: str, **details: object) -> audit.Change:
        """What the audit will say of a change: no address, no name, no number."""
        return audit.Change(
            subject=self.organisation_id,
            at=self.at,
            actor=self.actor,
            action=action,
            from_state=self.customer.state,
            to_state=self.customer.state,
            details=details,
        )

    async def record(self, *changes: audit.Change) -> None:
        """Write changes to the audit."""
        await audit.append_all(self.connection, changes)
