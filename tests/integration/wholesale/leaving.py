"""The end of wholesale subscriptions: what is said of them, and what the processes then do."""

from adapters.postgres.licences import PostgresLicences
from adapters.postgres.wholesale.customers import PostgresCustomers
from tenure.contracts.customer import CancelSubscription, PaymentState, SetPaymentState, Subscription
from tenure.contracts.licence import GraceOutcome, RenewalGraceInput
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy import telephony
from tenure.policy.catalogue import shipped
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, DOMAIN
from tests.integration.wholesale.hall import SERVICE, Hall


def customers(hall: Hall) -> PostgresCustomers:
    """The customers of a hall."""
    return PostgresCustomers(hall.town.database, hall.town.rules, shipped(), telephony.shipped())


async def cancel(hall: Hall, licence_set_id: LicenceSetId, caller: Caller = SERVICE) -> Subscription:
    """Cancel a subscription."""
    return await customers(hall).cancel_subscription(caller, CancelSubscription(licence_set_id=licence_set_id))


async def pay(hall: Hall, licence_set_id: LicenceSetId, state: PaymentState, caller: Caller = SERVICE) -> Subscription:
    """Say whether a subscription is paid."""
    command = SetPaymentState(licence_set_id=licence_set_id, payment_state=state)
    return await customers(hall).set_payment_state(caller, command)


async def grace_of(hall: Hall, organisation_id: OrganisationId) -> RenewalGraceInput:
    """The grace that the relay is asked to start."""
    [row] = await hall.town.fetch(
        "select input from processes where type = 'RenewalGrace' and organisation_id = $1", organisation_id
    )
    return RenewalGraceInput.model_validate(row["input"])


async def end_grace(hall: Hall, organisation_id: OrganisationId) -> GraceOutcome:
    """Let the grace of a cancelled subscription pass, and its process do what it does; answers how it ended."""
    grace, licences = await grace_of(hall, organisation_id), hall.town.licences
    await hall.town.advance_to(grace.removal_due_at - DAY)
    assert (await licences.check_grace(grace, await hall.town.now())).outcome is None
    await hall.town.advance_to(grace.removal_due_at)
    now = await hall.town.now()
    if (await licences.check_grace(grace, now)).purge_meeting_data:
        destruction = PostgresLicences(hall.town.erasure, hall.town.rules, shipped(), message_domain=DOMAIN)
        await destruction.purge_meeting_data(grace, now)
    return (await licences.conclude_grace(grace, now)).outcome
