"""What services report: licences, and who manages whom."""

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.licence import ExpireLicences, GrantLicences, LicenceSet, RestoreLicences
from tenure.contracts.organisation import GrantFullAccess, Manage

_LICENCE_SET: TypeAdapter[LicenceSet] = TypeAdapter(LicenceSet)


class Licences:
    """Facts about licence sets. `key` is the idempotency key; one is made for each call where none is given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def grant(self, command: GrantLicences, *, key: str | None = None) -> LicenceSet:
        """A subscription was bought, or a trial became active: the organisation is unmarked (DP-01, DP-02)."""
        return await self._connection.command("/v1/licence-sets/grant", command, _LICENCE_SET, key)

    async def expire(self, command: ExpireLicences, *, key: str | None = None) -> LicenceSet:
        """A trial or subscription ended: its licences are suspended, and their grace begins (RP-01)."""
        return await self._connection.command("/v1/licence-sets/expire", command, _LICENCE_SET, key)

    async def restore(self, command: RestoreLicences, *, key: str | None = None) -> LicenceSet:
        """Bring suspended licences back.

        Raises:
            Refusal: `grace_over`, `irreversible` or `paid_subscription_required` (RP-03, RP-04).
        """
        return await self._connection.command("/v1/licence-sets/restore", command, _LICENCE_SET, key)


class Managements:
    """Who manages whom."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def start(self, command: Manage, *, key: str | None = None) -> None:
        """A partner gains a customer: a mark on the partner's own organisation is cleared (DM-02)."""
        await self._connection.order("/v1/managements/start", command, key)

    async def end(self, command: Manage, *, key: str | None = None) -> None:
        """A partner loses a customer: with the last one, its own organisation may be marked (DM-02)."""
        await self._connection.order("/v1/managements/end", command, key)

    async def grant_full_access(self, command: GrantFullAccess, *, key: str | None = None) -> None:
        """A full admin of the customer lets a managing partner administer everything (RO-02).

        Raises:
            Refusal: `role_not_allowed`, or `wrong_state` where the partner does not manage it.
        """
        await self._connection.order("/v1/managements/grant-full-access", command, key)
