"""What service providers do about their wholesale customers, each with a token of its provisioning system."""

from collections.abc import Awaitable, Callable
from typing import Any

from tenure.client import Tenure
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Instant
from tenure.contracts.customer import (
    CancelSubscription,
    CreateCustomer,
    CustomerView,
    PaymentState,
    SetPaymentState,
    UpdateBillingAddress,
)
from tenure.contracts.package import SetQuantities
from tenure.ids import PartnerId
from workers.demo.acts import Act
from workers.demo.world import World

type Step = Callable[[Tenure, CustomerView], Awaitable[str | None]]
"""What a service provider does about a customer; answers what is to be written down."""


def address(street: str, postal_code: str, city: str, country: str | None) -> BillingAddress:
    """A billing address."""
    return BillingAddress(lines=(street,), postal_code=postal_code, city=city, country=country)


def create(partner: str, reference: str, **fields: Any) -> Act:
    """A customer is created, by the service provider's own reference for it."""
    command = CreateCustomer(partner_id=PartnerId(f"ptr_{partner}"), external_id=reference, **fields)

    async def act(world: World, _now: Instant) -> None:
        provider = await world.provider(command.partner_id)
        call = provider.customers.create_customer(command)
        customer = await world.attempt(
            await world.simulation.now(), world.clientele.name(reference), f"create {reference}", call
        )
        if customer is not None:
            new = "" if world.clientele.take_in(customer) else ", known already"
            await world.told(world.clientele.name(reference), "answer", f"create {reference}: {customer.state}{new}")

    return act


def by_provider(reference: str, what: str, step: Step) -> Act:
    """Something that its service provider does about a customer as it stands."""

    async def act(world: World, _now: Instant) -> None:
        customer = world.clientele.newest(reference)
        provider = await world.provider(customer.partner_id)
        call = step(provider, await provider.customers.get_onboarding(customer.organisation_id))
        subject = world.clientele.name(reference)
        if told := await world.attempt(await world.simulation.now(), subject, what, call):
            await world.told(subject, "answer", f"{what}: {told}")

    return act


def look(reference: str) -> Act:
    """Where does the onboarding stand, and why?"""

    async def step(_provider: Tenure, customer: CustomerView) -> str:
        # Why nothing can be screened names an instant, too: what comes before that is the same at each run.
        problem = customer.problem and customer.problem.partition(":")[0]
        statuses = " ".join(customer.statuses)
        waiting = customer.to_provision and f"{customer.to_provision} to provision"
        return ", ".join(part for part in (customer.state, customer.reason, problem, statuses, waiting) if part)

    return by_provider(reference, "onboarding", step)


def address_in_force(reference: str) -> Act:
    """Which address is in force, and what became of the newest change?"""

    async def step(_provider: Tenure, customer: CustomerView) -> str:
        change = customer.address_change
        assert change is not None
        parts = f"{customer.billing_address.city}, {customer.org_country}", change.state, change.reason
        return "; ".join(part for part in parts if part)

    return by_provider(reference, "address", step)


def call_in(reference: str) -> Act:
    """Which call-in numbers do its sites have, by which rule (CIN-09)?"""

    async def step(_provider: Tenure, customer: CustomerView) -> str:
        numbers = [
            f"{site.url} {site.call_in.phone_number} by {site.call_in.rule}" for site in customer.sites if site.call_in
        ]
        return ", ".join([*numbers, *customer.warnings])

    return by_provider(reference, "call-in numbers", step)


def move(reference: str, to: BillingAddress, *, resync: bool = False) -> Act:
    """A new billing address is proposed."""

    async def step(provider: Tenure, customer: CustomerView) -> str | None:
        command = UpdateBillingAddress(organisation_id=customer.organisation_id, billing_address=to, resync=resync)
        await provider.customers.update_billing_address(command)
        return None

    return by_provider(reference, f"move to {to.city}", step)


def set_quantities(reference: str, **packages: int) -> Act:
    """The service provider changes what may be assigned."""

    async def step(provider: Tenure, customer: CustomerView) -> str:
        command = SetQuantities(organisation_id=customer.organisation_id, packages=packages)
        found = await provider.customers.set_quantities(command)
        return " ".join(f"{each.code} {each.assigned}/{each.limit}" for each in found.quantities)

    return by_provider(reference, "set quantities", step)


def payment(reference: str, state: PaymentState) -> Act:
    """The service provider's billing says whether the subscription is paid."""

    async def step(provider: Tenure, customer: CustomerView) -> str:
        assert customer.subscription is not None
        command = SetPaymentState(licence_set_id=customer.subscription.licence_set_id, payment_state=state)
        return " ".join((await provider.customers.set_payment_state(command)).statuses)

    return by_provider(reference, f"set {state}", step)


def cancel_subscription(reference: str) -> Act:
    """The subscription is cancelled."""

    async def step(provider: Tenure, customer: CustomerView) -> str:
        assert customer.subscription is not None
        command = CancelSubscription(licence_set_id=customer.subscription.licence_set_id)
        return " ".join((await provider.customers.cancel_subscription(command)).statuses)

    return by_provider(reference, "cancel subscription", step)


def listed(partner: str, reference: str) -> Act:
    """The service provider looks for a customer in its list (PO-08, PO-09)."""
    partner_id = PartnerId(f"ptr_{partner}")

    async def act(world: World, _now: Instant) -> None:
        provider = await world.provider(partner_id)
        customers = [customer async for customer in provider.customers.list_customers()]
        found = [customer for customer in customers if customer.external_id == reference]
        rows = sorted("own organisation" if customer.is_own_org else str(customer.state) for customer in found)
        told = f"{len(customers)} customers, {reference}: {', '.join(rows) or 'none'}"
        await world.told(world.clientele.name(reference), "list", told)

    return act
