"""The port `Customers` on Postgres: each command one guarded transaction, once for each key (P10)."""

from collections.abc import Awaitable, Callable

from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database
from adapters.postgres.wholesale import addresses, authority, rows, subscriptions, views
from adapters.postgres.wholesale.creating import Creation
from tenure.contracts.call_in import Telephony
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.customer import (
    CancelSubscription,
    CreateCustomer,
    CustomerPage,
    CustomerView,
    OnboardingState,
    SetPaymentState,
    Subscription,
    UpdateBillingAddress,
)
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy.package import Packages
from tenure.policy.rules import Rules
from tenure.ports import Caller


class PostgresCustomers:
    """The port `Customers`. What each command refuses is said where it is carried out.

    An answer that names somebody is not kept: a command that is sent again with its key is answered with what holds now.
    """

    def __init__(self, database: Database, rules: Rules, catalogue: Catalogue, telephony: Telephony) -> None:
        self._database = database
        self._rules = rules
        self._packages = Packages(catalogue, rules)
        self._creation = Creation(self._packages, telephony)

    async def create(self, caller: Caller, command: CreateCustomer) -> CustomerView:
        """Take in a customer (ONB-03 to ONB-09)."""

        async def carry_out(connection: Connection) -> CustomerView:
            return await views.show(connection, caller, await self._creation.create(connection, caller, command))

        async def read_again(connection: Connection) -> CustomerView:
            return await views.show_newest(connection, caller, command.partner_id, command.external_id)

        return await once(
            self._database, caller, command, CustomerView, carry_out, by_partners=True, read_again=read_again
        )

    async def show(self, caller: Caller, organisation_id: OrganisationId) -> CustomerView:
        """One customer with its onboarding; a partner sees its own."""
        async with self._database.read() as connection:
            return await views.show(connection, caller, organisation_id)

    async def page(
        self,
        caller: Caller,
        *,
        partner_id: PartnerId | None = None,
        state: OnboardingState | None = None,
        after: OrganisationId | None = None,
        limit: int = 100,
    ) -> CustomerPage:
        """Customers in order of id; a partner sees its own (PO-08)."""
        async with self._database.read() as connection:
            return await views.page(connection, caller, partner_id=partner_id, state=state, after=after, limit=limit)

    async def update_billing_address(self, caller: Caller, command: UpdateBillingAddress) -> CustomerView:
        """Propose a new address (RPL-02, RPL-17)."""

        async def carry_out(connection: Connection) -> CustomerView:
            await self._propose(connection, caller, command)
            return await read_again(connection)

        async def read_again(connection: Connection) -> CustomerView:
            return await views.show(connection, caller, command.organisation_id)

        return await once(
            self._database, caller, command, CustomerView, carry_out, by_partners=True, read_again=read_again
        )

    async def cancel_subscription(self, caller: Caller, command: CancelSubscription) -> Subscription:
        """End the subscription: the customer is `cancelled` with the last one (PO-08)."""

        async def carry_out(connection: Connection) -> Subscription:
            return await subscriptions.cancel(connection, caller, command, self._packages, self._rules)

        return await self._once(caller, command, carry_out)

    async def set_payment_state(self, caller: Caller, command: SetPaymentState) -> Subscription:
        """Say whether it is paid (BIL-03)."""

        async def carry_out(connection: Connection) -> Subscription:
            return await subscriptions.set_payment_state(connection, caller, command)

        return await self._once(caller, command, carry_out)

    async def _once(
        self,
        caller: Caller,
        command: CancelSubscription | SetPaymentState,
        carry_out: Callable[[Connection], Awaitable[Subscription]],
    ) -> Subscription:
        """The service provider's own words are with the subscription, and are not kept either."""

        async def read_again(connection: Connection) -> Subscription:
            return await subscriptions.show(connection, caller, command.licence_set_id)

        return await once(
            self._database, caller, command, Subscription, carry_out, by_partners=True, read_again=read_again
        )

    async def _propose(self, connection: Connection, caller: Caller, command: UpdateBillingAddress) -> None:
        """Lock the customer, once the caller may act on it: nobody learns of another partner's (P14)."""
        seen = await rows.find(connection, command.organisation_id)
        if seen is None:
            raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
        await authority.require_customer(connection, caller, seen)
        customer, _ = await rows.lock_customer(connection, command.organisation_id)
        await addresses.propose(connection, caller, customer, command, self._packages.catalogue)
