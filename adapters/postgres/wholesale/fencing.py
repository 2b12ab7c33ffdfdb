"""What the fence of an organisation does to the wholesale customer that it is: it is one no more."""

from adapters.postgres.database import Connection, business_now
from adapters.postgres.wholesale import rows
from adapters.postgres.wholesale.billing import open_bill
from adapters.postgres.wholesale.withdrawing import end_billing
from tenure.contracts.base import Instant
from tenure.contracts.customer import OnboardingState
from tenure.ids import OrganisationId
from tenure.policy.onboarding import is_over


async def end_customer(connection: Connection, organisation_id: OrganisationId, *, at: Instant, actor: str) -> None:
    """Its add-ons are billed no more, and its external id is free for another (ADD-05, Q-29).

    Only the customer's own request, which is final, fences one that is not over: an onboarding under way holds a
    countdown. What else there is of it is left to the purge.
    """
    customer = await rows.find(connection, organisation_id)
    if customer is not None:
        await open_bill(connection, customer.partner_id)
        await end_billing(connection, organisation_id, await business_now(connection))
    if customer is not None and not is_over(customer.state, customer.reason):
        await rows.change(
            connection,
            customer,
            at=at,
            actor=actor,
            action="customer_ended",
            details={"because": "fenced"},
            state=OnboardingState.CANCELLED,
        )
