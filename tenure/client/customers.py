"""Wholesale customers: created, looked at, moved, limited, and cancelled (ONB, PRV, BIL)."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.catalogue import PackageOffers
from tenure.contracts.customer import (
    CancelSubscription,
    CreateCustomer,
    CustomerPage,
    CustomerSummary,
    CustomerView,
    OnboardingState,
    SetPaymentState,
    Subscription,
    UpdateBillingAddress,
)
from tenure.contracts.package import Quantities, SetQuantities
from tenure.contracts.user import ProvisioningRun, RunProvisioning
from tenure.ids import OrganisationId, PartnerId

_VIEW: TypeAdapter[CustomerView] = TypeAdapter(CustomerView)
_PAGE: TypeAdapter[CustomerPage] = TypeAdapter(CustomerPage)
_OFFERS: TypeAdapter[PackageOffers] = TypeAdapter(PackageOffers)
_SUBSCRIPTION: TypeAdapter[Subscription] = TypeAdapter(Subscription)
_QUANTITIES: TypeAdapter[Quantities] = TypeAdapter(Quantities)
_RUN: TypeAdapter[ProvisioningRun] = TypeAdapter(ProvisioningRun)

PAGE_SIZE = 1000
"""Customers in one request of a list."""


class Customers:
    """Wholesale customers that the token may see: a service provider's sees its own (B annex 4).

    `tenure.errors.RefusalCode` lists every refusal. `key` is the idempotency key; one is made for each call where none is
    given.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list_packages(self) -> PackageOffers:
        """Packages and add-ons that can be ordered, by the codes that commands name them with (PKG-04)."""
        return await self._connection.get("/v1/packages", _OFFERS)

    async def create_customer(self, command: CreateCustomer, *, key: str | None = None) -> CustomerView:
        """Take in a customer: it is screened, and its account is created; `get_onboarding` says how far that is.

        The external id makes it idempotent for good: the same body again answers the same customer (ONB-07).

        Raises:
            Refusal: `external_id_required`, `billing_country_required`, `invalid_country`, `org_country_not_settable`,
                `unknown_package`, `invalid_quantity`, `add_on_not_available`; or `conflict`, where the external id is
                taken by a customer with other contents.
        """
        return await self._connection.command("/v1/customers/create", command, _VIEW, key)

    async def get_onboarding(self, organisation_id: OrganisationId) -> CustomerView:
        """One customer: where its onboarding stands and why, its review, caps, sites and subscription (ONB-08)."""
        return await self._connection.get(f"/v1/customers/{organisation_id}", _VIEW)

    async def list_customers(
        self, *, partner_id: PartnerId | None = None, state: OnboardingState | None = None
    ) -> AsyncIterator[CustomerSummary]:
        """Customers in order of id, page by page as they are read (PO-08).

        Args:
            partner_id: Only those of this partner.
            state: Only those in this state.
        """
        parameters = {"partner_id": partner_id, "state": state, "limit": PAGE_SIZE}
        async for page in self._connection.pages("/v1/customers", _PAGE, parameters):
            for customer in page.customers:
                yield customer

    async def update_billing_address(self, command: UpdateBillingAddress, *, key: str | None = None) -> CustomerView:
        """Propose a new billing address: it is applied once its screening clears (RPL-02, RPL-17).

        Raises:
            Refusal: `billing_country_required`, `invalid_country`; or `rpl_review_pending` while another one is screened
                or reviewed (RPL-18).
        """
        return await self._connection.command("/v1/customers/update-billing-address", command, _VIEW, key)

    async def run_provisioning(self, command: RunProvisioning, *, key: str | None = None) -> ProvisioningRun:
        """Finish users and numbers: what is there stays, and each item says what became of it (PRV-02 to PRV-05).

        Raises:
            Refusal: `rpl_review_pending`, `onboarding_failed` or `account_not_ready` (PRV-03).
        """
        return await self._connection.command("/v1/customers/run-provisioning", command, _RUN, key)

    async def set_quantities(self, command: SetQuantities, *, key: str | None = None) -> Quantities:
        """Raise or lower what a customer may assign; codes that are not named stay as they are (PKG-11).

        Raises:
            Refusal: `quantity_below_assigned`, `invalid_quantity`, `unknown_package` or `unknown_add_on`.
        """
        return await self._connection.command("/v1/customers/set-quantities", command, _QUANTITIES, key)

    async def cancel_subscription(self, command: CancelSubscription, *, key: str | None = None) -> Subscription:
        """End a subscription; with its last one the customer is cancelled. Cancelled already, nothing happens (PO-08)."""
        return await self._connection.command("/v1/customers/cancel-subscription", command, _SUBSCRIPTION, key)

    async def set_payment_state(self, command: SetPaymentState, *, key: str | None = None) -> Subscription:
        """Say whether a subscription is paid: unpaid, its customer is shown as suspended (BIL-03)."""
        return await self._connection.command("/v1/customers/set-payment-state", command, _SUBSCRIPTION, key)
