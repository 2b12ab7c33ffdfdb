"""Wholesale customers: created by their service provider, looked at, moved, and cancelled (ONB, RPL-02, BIL-03)."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response, status

from tenure.contracts.catalogue import PackageOffers
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
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PartnerId
from web.problems import Documented, refusals
from web.security import AnyCommander, AnyReader, Ports

router = APIRouter(prefix="/v1", tags=["customers"])

_ADDRESS = {"lines": ["Rue du Lac 7"], "city": "Genève", "postal_code": "1207", "country": "CH"}
_CREATION = {
    "A customer with ten users to come": {
        "value": {
            "partner_id": "ptr_north",
            "external_id": "C-20417",
            "name": "Atelier Lumière SA",
            "billing_address": _ADDRESS,
            "package": "suite",
            "packages": {"suite": 10, "voice": 2},
            "admin_email": "claire@lumiere.example",
        }
    },
    "With its users, numbers and a site": {
        "value": {
            "partner_id": "ptr_north",
            "external_id": "C-20418",
            "name": "Fjord Shipping AS",
            "billing_address": {"city": "Bergen", "country": "NO"},
            "package": "suite",
            "packages": {"suite": 5},
            "admin_email": "ida@fjord.example",
            "sites": [{"url": "fjord.meet.example", "pstn": "cisco", "telephony_domain": "emea"}],
            "users": [{"email": "per@fjord.example", "package": "suite"}],
            "numbers": [{"phone_number": "+4755123456", "email": "per@fjord.example"}],
        }
    },
}
_ACCEPTED: Documented = {
    202: {"headers": {"Location": {"schema": {"type": "string"}, "description": "Path of the customer."}}}
}
_MOVE = {"A new street": {"value": {"organisation_id": "org_lumiere", "billing_address": _ADDRESS}}}


@router.get("/packages")
async def list_packages(ports: Ports, _caller: AnyReader) -> PackageOffers:
    """Packages and add-ons that can be ordered, by the codes that commands name them with (PKG-04, ADD-02)."""
    return PackageOffers(packages=ports.catalogue.packages, add_ons=ports.catalogue.add_ons)


@router.get("/customers")
async def list_customers(
    ports: Ports,
    caller: AnyReader,
    partner_id: PartnerId | None = None,
    state: OnboardingState | None = None,
    after: Annotated[OrganisationId | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CustomerPage:
    """Wholesale customers in order of id, with what needs attention; a partner sees its own (PO-08)."""
    return await ports.customers.page(caller, partner_id=partner_id, state=state, after=after, limit=limit)


@router.post(
    "/customers/create",
    status_code=status.HTTP_202_ACCEPTED,
    response_description="Taken in: it is screened, and its account is created. Follow it at `Location`.",
    responses=_ACCEPTED
    | refusals(
        RefusalCode.PARTNER_NOT_FOUND,
        RefusalCode.EXTERNAL_ID_REQUIRED,
        RefusalCode.BILLING_COUNTRY_REQUIRED,
        RefusalCode.INVALID_COUNTRY,
        RefusalCode.ORG_COUNTRY_NOT_SETTABLE,
        RefusalCode.UNKNOWN_PACKAGE,
        RefusalCode.UNKNOWN_ADD_ON,
        RefusalCode.INVALID_QUANTITY,
        RefusalCode.ADD_ON_NOT_AVAILABLE,
        RefusalCode.UNKNOWN_TELEPHONY_DOMAIN,
        RefusalCode.SITE_URL_TAKEN,
        RefusalCode.CONFLICT,
    ),
)
async def create_customer(
    ports: Ports,
    caller: AnyCommander,
    command: Annotated[CreateCustomer, Body(openapi_examples=_CREATION)],
    response: Response,
) -> CustomerView:
    """Take in a customer; the same body for the same `external_id` answers the same customer (ONB-03 to ONB-09)."""
    return _accepted(response, await ports.customers.create(caller, command))


@router.post(
    "/customers/update-billing-address",
    status_code=status.HTTP_202_ACCEPTED,
    response_description="Proposed: it is screened, and the address before it stays in force. Follow it at `Location`.",
    responses=_ACCEPTED
    | refusals(
        RefusalCode.CUSTOMER_NOT_FOUND,
        RefusalCode.BILLING_COUNTRY_REQUIRED,
        RefusalCode.INVALID_COUNTRY,
        RefusalCode.RPL_REVIEW_PENDING,
        RefusalCode.ONBOARDING_FAILED,
        RefusalCode.ACCOUNT_NOT_READY,
        RefusalCode.CUSTOMER_CANCELLED,
    ),
)
async def update_billing_address(
    ports: Ports,
    caller: AnyCommander,
    command: Annotated[UpdateBillingAddress, Body(openapi_examples=_MOVE)],
    response: Response,
) -> CustomerView:
    """Propose a new billing address: it is applied once its screening clears (RPL-02, RPL-17, RPL-18)."""
    return _accepted(response, await ports.customers.update_billing_address(caller, command))


@router.post("/customers/cancel-subscription", responses=refusals(RefusalCode.SUBSCRIPTION_NOT_FOUND))
async def cancel_subscription(ports: Ports, caller: AnyCommander, command: CancelSubscription) -> Subscription:
    """End a wholesale subscription; one that is cancelled already stays as it is (PO-08)."""
    return await ports.customers.cancel_subscription(caller, command)


@router.post("/customers/set-payment-state", responses=refusals(RefusalCode.SUBSCRIPTION_NOT_FOUND))
async def set_payment_state(ports: Ports, caller: AnyCommander, command: SetPaymentState) -> Subscription:
    """Say whether a subscription is paid: unpaid, its customer is shown as suspended (BIL-03)."""
    return await ports.customers.set_payment_state(caller, command)


@router.get("/customers/{organisation_id:org}", responses=refusals(RefusalCode.CUSTOMER_NOT_FOUND))
async def get_onboarding(ports: Ports, caller: AnyReader, organisation_id: OrganisationId) -> CustomerView:
    """One customer: where its onboarding stands and why, its review and deadline, caps and sites (ONB-08)."""
    return await ports.customers.show(caller, organisation_id)


def _accepted(response: Response, customer: CustomerView) -> CustomerView:
    response.headers["Location"] = f"/v1/customers/{customer.organisation_id}"
    return customer
