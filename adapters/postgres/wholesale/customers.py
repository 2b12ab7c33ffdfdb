"""The port `Customers` on Postgres: each command one guarded transaction, once for each key (P10)."""

from collections.abc import Awaitable, Callable
from functools import partial

from adapters.postgres.commands import once_shown, once_unkept
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

        return await once_unkept(self._database, caller, command, carry_out, read_again, by_partners=True)

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
        act = partial(self._propose, caller=caller, command=command)
        show = partial(views.show, caller=caller, organisation_id=command.organisation_id)
        return await once_shown(self._database, caller, command, act, show, by_partners=True)

    async def cancel_subscription(self, caller: Caller, command: CancelSubscription) -> Subscription:
        """End the subscription: the customer is `cancelled` with the last one (PO-08)."""
        act = partial(subscriptions.cancel, caller=caller, command=command, packages=self._packages, rules=self._rules)
        return await self._change(caller, command, act)

    async def set_payment_state(self, caller: Caller, command: SetPaymentState) -> Subscription:
        """Say whether it is paid (BIL-03)."""
        act = partial(subscriptions.set_payment_state, caller=caller, command=command)
        return await self._change(caller, command, act)

    async def _change(
        self,
        caller: Caller,
        command: CancelSubscription | SetPaymentState,
        act: Callable[[Connection], Awaitable[None]],
    ) -> Subscription:
        """The service provider's own words are with the subscription, and are not kept either."""
        show = partial(subscriptions.show, caller=caller, licence_set_id=command.licence_set_id)
        return await once_shown(self._database, caller, command, act, show, by_partners=True)

    async def _propose(self, connection: Connection, caller: Caller, command: UpdateBillingAddress) -> None:
        """Lock the customer, once the caller may act on it: nobody learns of another partner's (P14)."""
        seen = await rows.find(connection, command.organisation_id)
        if seen is None:
            raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
        await authority.require_customer(connection, caller, seen)
        customer, _ = await rows.lock_customer(connection, command.organisation_id)
        await addresses.propose(connection, caller, customer, command, self._packages.catalogue)
